"""The development benchmark must not fall below the floors that were promised."""

import csv
from pathlib import Path

import pytest

from wherry.mapping.proposer.advice import NONE
from wherry.mapping.proposer.match import match_columns
from wherry.mapping.proposer.table import SourceColumn, TargetField
from wherry.model.mapping import Band

HERE = Path(__file__).parents[3] / "benchmarks" / "matching"


def rows(name: str) -> list[dict[str, str]]:
    with (HERE / name).open(encoding="utf-8", newline="") as text:
        return list(csv.DictReader(text))


CATALOGUES = pytest.mark.parametrize("catalogue", ["freshsales", "other"])


@CATALOGUES
def test_floors(catalogue: str) -> None:
    floors_hold(catalogue)


@CATALOGUES
@pytest.mark.usefixtures("without_model")
def test_floors_without_the_model(catalogue: str) -> None:
    floors_hold(catalogue)


def floors_hold(catalogue: str) -> None:
    cases = [row for row in rows("columns.csv") if row[catalogue]]
    fields = [
        TargetField(
            object=r["object"],
            field=r["field"],
            label=r["label"],
            type=r["type"],
            picks=tuple(pick for pick in r["picklist"].split("|") if pick),
        )
        for r in rows(f"targets_{catalogue}.csv")
    ]
    columns = [
        SourceColumn(
            object=r["source_object"],
            header=r["source_header"],
            samples=(r["sample_1"], r["sample_2"], r["sample_3"]),
        )
        for r in cases
    ]
    lines = match_columns(columns, fields)
    right = [{NONE if t in "-!" else t for t in row[catalogue].split("/")} for row in cases]
    mappable = [n for n, targets in enumerate(right) if NONE not in targets]
    empty = [n for n, targets in enumerate(right) if targets == {NONE}]
    first = sum(lines[n].target in right[n] for n in mappable)
    five = sum(any(name in right[n] for name, _ in lines[n].candidates) for n in mappable)
    green = [n for n, line in enumerate(lines) if line.band is Band.GREEN]
    assert first / len(mappable) >= 0.90
    assert five / len(mappable) >= 0.98
    assert sum(lines[n].target == NONE for n in empty) / len(empty) >= 0.93
    assert sum(lines[n].target in right[n] for n in green) / len(green) >= 0.98
    assert len(set(green) & set(mappable)) / len(mappable) >= 0.50
    assert not [
        row for row, line in zip(cases, lines, strict=True) if row[catalogue] == "!" and line.target != NONE
    ]
