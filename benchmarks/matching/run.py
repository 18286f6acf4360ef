"""Measure the matcher on hand-written columns: `python benchmarks/matching/run.py [--rows] [--catalogue NAME]`.

Columns in six header styles, and the headers of neighbouring systems (`peers`, mostly without values, written
before the lexicon had seen them), against two target catalogues, each with the objects confirmed and found by
itself. A right answer is any of those listed under the catalogue's name; `-` has no place there, and `!`
must never be given one. The columns were written by hand for development: they are no third party's test.
"""

import argparse
import csv
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from wherry.mapping.proposer.advice import NONE
from wherry.mapping.proposer.match import match_columns
from wherry.mapping.proposer.table import SourceColumn, TargetField
from wherry.model.mapping import Band, Proposal

HERE = Path(__file__).parent
CATALOGUES = ("freshsales", "other")


@dataclass(frozen=True)
class Case:
    style: str
    column: SourceColumn
    right: frozenset[str]  # empty: no place
    never: bool


def cases(catalogue: str) -> list[Case]:
    with (HERE / "columns.csv").open(encoding="utf-8", newline="") as text:
        return [_case(row, row[catalogue]) for row in csv.DictReader(text) if row[catalogue]]


def _case(row: dict[str, str], gold: str) -> Case:
    samples = tuple(row[f"sample_{n}"] for n in (1, 2, 3))
    column = SourceColumn(object=row["source_object"], header=row["source_header"], samples=samples)
    right = frozenset(NONE if t in {"-", "!"} else t for t in gold.split("/"))
    return Case(style=row["style"], column=column, right=right, never=gold == "!")


def targets(catalogue: str) -> list[TargetField]:
    with (HERE / f"targets_{catalogue}.csv").open(encoding="utf-8", newline="") as text:
        return [
            TargetField(
                object=row["object"],
                field=row["field"],
                label=row["label"],
                type=row["type"],
                required=row["required"] == "true",
                picks=tuple(p for p in row["picklist"].split("|") if p),
            )
            for row in csv.DictReader(text)
        ]


def confirmed(some: list[Case]) -> dict[str, str]:
    """Return the target object that most right answers of each source object are in."""
    votes: dict[str, Counter[str]] = defaultdict(Counter)
    for case in some:
        votes[case.column.object].update(t.partition(".")[0] for t in case.right if t != NONE)
    return {name: count.most_common(1)[0][0] for name, count in votes.items() if count}


@dataclass
class Score:
    """Counts over cases; `mappable` have a place, `empty` have none."""

    mappable: int = 0
    first: int = 0
    five: int = 0
    proposed: int = 0
    empty: int = 0
    kept_empty: int = 0
    green: int = 0
    green_right: int = 0
    green_mappable: int = 0
    never: int = 0

    def add(self, case: Case, line: Proposal) -> None:
        right = line.target in case.right
        if NONE in case.right and len(case.right) == 1:
            self.empty += 1
            self.kept_empty += right
        elif NONE not in case.right:
            self.mappable += 1
            self.first += right
            self.five += right or any(name in case.right for name, _ in line.candidates[:5])
        self.proposed += line.target != NONE
        if line.band is Band.GREEN:
            self.green += 1
            self.green_right += right
        self.never += case.never and line.target != NONE

    def row(self) -> str:
        precision = self.first / self.proposed if self.proposed else 0.0
        recall = self.first / self.mappable if self.mappable else 0.0
        f1 = 2 * precision * recall / (precision + recall) if precision + recall else 0.0
        none = self.kept_empty / self.empty if self.empty else 1.0
        green = self.green_right / self.green if self.green else 1.0
        return (
            f"@1 {recall:.3f}  @5 {self.five / max(1, self.mappable):.3f}  F1 {f1:.3f}  NONE kept {none:.3f}  "
            f"green {green:.3f} ({self.green - self.green_right} wrong)  coverage {self.green_right / max(1, self.mappable):.3f}  "
            f"never proposed {self.never}  n={self.mappable}+{self.empty}"
        )


def measure(catalogue: str, *, automatic: bool, rows: bool) -> Iterator[str]:
    some, fields = cases(catalogue), targets(catalogue)
    fixed = confirmed(some)
    lines = match_columns([c.column for c in some], fields, None if automatic else fixed)
    total, styles = Score(), defaultdict(Score)
    for case, line in zip(some, lines, strict=True):
        total.add(case, line)
        styles[case.style].add(case, line)
        if rows and line.target not in case.right:
            yield (
                f"  {case.style}: {case.column.object}/{case.column.header} → {line.target} ({line.confidence}, "
                f"{line.band}), right: {' or '.join(sorted(case.right))} | {line.evidence} | {line.candidates[:3]}"
            )
    mode = "objects found" if automatic else "objects confirmed"
    yield f"{catalogue}, {mode}: {total.row()}"
    for style, score in styles.items():
        yield f"    {style:8} {score.row()}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", action="store_true", help="also list what came out wrong")
    parser.add_argument("--catalogue", choices=CATALOGUES, action="append")
    asked = parser.parse_args()
    for catalogue in asked.catalogue or CATALOGUES:
        for automatic in (False, True):
            start = time.perf_counter()
            for line in measure(catalogue, automatic=automatic, rows=asked.rows):
                print(line)
            print(f"    {time.perf_counter() - start:.1f} s\n")


if __name__ == "__main__":
    main()
