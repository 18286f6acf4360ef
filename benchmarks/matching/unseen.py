"""Measure the matcher on whole tables that others wrote: `python benchmarks/matching/unseen.py [--rows]`.

Their authors saw the catalogue of Freshsales and nothing of the matcher; each thought up a second catalogue too.
third.csv (280 columns of 36 tables in six styles) was looked at, row by row, when the matcher had reached accuracy@1
.883 there (.840 renamed): rules and words were mended. fourth.csv (345 columns of 37 tables of four clinics' systems)
stood at .926 (.901) when it was looked at in the same way. The combiner learns from both now.
fifth.csv (252 columns in six styles) was never looked at: only its totals were, several times. Three more were each
measured once before they were looked at and mended for: sixth.csv (320 columns) at .851 (.673 renamed),
by which the sharpness of the confidences is set, seventh.csv
(294) at .883 (.846), eighth.csv (305) at .880 (.828). Tables that become nothing over there (clinicians, payments)
are left out where the object is given.
"""

import csv
from functools import partial

from heldout import HERE, Case, show

from wherry.mapping.proposer.advice import NONE
from wherry.mapping.proposer.lexicon import concepts_named, words_of
from wherry.mapping.proposer.table import SourceColumn

NAMES = ("third", "fourth", "fifth", "sixth", "seventh", "eighth")


def cases(name: str, catalogue: str) -> list[Case]:
    """Return the set's columns against `freshsales` or against its own catalogue, called as the set is."""
    gold = "gold_freshsales" if catalogue == "freshsales" else "gold_renamed"
    with (HERE / f"{name}.csv").open(encoding="utf-8", newline="") as text:
        rows = list(csv.DictReader(text))
    placed = {row["source_object"] for row in rows if row[gold] != NONE}
    return [_case(row, row[gold]) for row in rows if row["source_object"] in placed]


def _case(row: dict[str, str], gold: str) -> Case:
    header = row["source_header"]
    style, _, kind = row["style"].partition(":")
    samples = tuple(value for name, value in row.items() if name.startswith("sample_"))
    return Case(
        style=style,
        column=SourceColumn(object=row["source_object"], header=header, samples=samples),
        right=frozenset(gold.split("/")),
        never=kind == "never",
        fresh=not concepts_named(words_of(header)),
        batch=0,
    )


if __name__ == "__main__":
    show(
        __doc__.splitlines()[0],
        {f"{name} {c}": partial(cases, name, c) for name in NAMES for c in ("freshsales", name)},
    )
