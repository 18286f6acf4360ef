"""Measure the matcher on column names of public schemas, names only: `python benchmarks/matching/public.py [--rows]`.

OpenEMR, SuiteCRM, Odoo and small clinic programs named these columns, not we. There are no values. At the first
look accuracy@1 was .873 and F1 .900; since then a time of day is joined with its date by its header alone. No word
was added because of them.
"""

from heldout import HERE, Case, case_of, show

from wherry.mapping.proposer.table import SourceColumn


def cases() -> list[Case]:
    found = []
    for line in (HERE / "public.psv").read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            continue
        table, gold, header = line.split("|")
        found.append(case_of(SourceColumn(object=table, header=header), gold))
    return found


if __name__ == "__main__":
    show(__doc__.splitlines()[0], {"freshsales": cases})
