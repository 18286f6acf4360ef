"""Measure the matcher on column names of public schemas, names only: `python benchmarks/matching/public.py [--rows]`.

OpenEMR, SuiteCRM, Odoo and small clinic programs named these columns, not we. There are no values. At the first
look accuracy@1 was .873 and F1 .900; since then a time of day is joined with its date by its header alone. No word
was added because of them.
"""

import argparse

from heldout import HERE, Case, measure

from wherry.mapping.proposer.advice import NONE
from wherry.mapping.proposer.lexicon import concepts_named, words_of
from wherry.mapping.proposer.table import SourceColumn


def cases() -> list[Case]:
    found = []
    for line in (HERE / "public.psv").read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            continue
        table, gold, header = line.split("|")
        found.append(
            Case(
                style=table,
                column=SourceColumn(object=table, header=header),
                right=frozenset(NONE if t in {"-", "!"} else t for t in gold.split("/")),
                never=gold == "!",
                fresh=not concepts_named(words_of(header)),
                batch=0,
            )
        )
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", action="store_true", help="also list what came out wrong")
    asked = parser.parse_args()
    for automatic in (False, True):
        for line in measure("freshsales", cases(), automatic=automatic, rows=asked.rows and not automatic):
            print(line)


if __name__ == "__main__":
    main()
