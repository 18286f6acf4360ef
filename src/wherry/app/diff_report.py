"""The field-level diff as people read it: HTML to print, CSV and JSON lines to work with; masked by default."""

import csv
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Self

import orjson

from wherry.app.pages import page
from wherry.model.diff import FieldDiff, Verdict
from wherry.model.jsons import Json
from wherry.model.record import Key
from wherry.reconcile.proof import Proof, is_discrepancy

COLUMNS = (
    *("stream", "key", "part", "destination", "destination_id", "field", "label"),
    *("source", "expected", "read_back", "verdict", "rule"),
)
SHOWN_ON_PAGE = 2_000  # records on the page; the CSV holds all
FORMULA = ("=", "+", "-", "@", "\t", "\r")


class DiffReport:
    """Writes diffs as they come; the page is made from those that a person has to see first."""

    def __init__(self, folder: Path, name: str, *, show_values: bool) -> None:
        self.csv = folder / f"{name}.csv"
        self.html = folder / f"{name}.html"
        self.lines = folder / f"{name}.jsonl"
        self.equal = 0
        self.discrepancies = 0
        self.rules: Counter[str] = Counter()
        self._show = show_values
        self._records: list[tuple[Key, Sequence[FieldDiff]]] = []
        self._files: list[IO[str] | IO[bytes]] = []

    def __enter__(self) -> Self:
        table = self.csv.open("w", encoding="utf-8", newline="")
        self._lines = self.lines.open("wb")
        self._files = [table, self._lines]
        self._table = csv.writer(table)
        self._table.writerow(COLUMNS)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for file in self._files:
            file.close()

    def add(self, key: Key, diffs: Sequence[FieldDiff]) -> None:
        """Add one record with all its diffs."""
        for diff in diffs:
            self.equal += diff.verdict is Verdict.EQUAL
            self.discrepancies += is_discrepancy(diff)
            if diff.verdict is Verdict.EQUAL_AFTER_RULE:
                self.rules[diff.rule] += 1
            row = self._row(diff)
            self._table.writerow([_safe(cell) for cell in row])
            self._lines.write(
                orjson.dumps(dict(zip(COLUMNS, row, strict=True)), option=orjson.OPT_APPEND_NEWLINE)
            )
        wrong = any(is_discrepancy(diff) for diff in diffs)
        if wrong or len(self._records) < SHOWN_ON_PAGE:
            self._records.append((key, diffs))

    def _row(self, diff: FieldDiff) -> list[Json]:
        values = [self._shown(value) for value in (diff.source, diff.expected, diff.observed)]
        where: list[Json] = [
            diff.key.stream,
            diff.key.id,
            diff.part,
            diff.stream,
            diff.destination_id,
            diff.field,
        ]
        return [*where, diff.label, *values, diff.verdict.value, diff.rule]

    def _shown(self, value: Json) -> Json:
        return value if self._show else mask(value)

    def write_page(self, *, title: str, digest: str, proofs: Mapping[str, Proof]) -> None:
        """Write the page: figures per stream, then every record, those with a discrepancy first."""
        records = sorted(self._records, key=lambda r: not any(is_discrepancy(d) for d in r[1]))[
            :SHOWN_ON_PAGE
        ]
        self.html.write_text(
            page("diff.html").render(
                title=title,
                digest=digest,
                proofs=[(name, proof, Verdict) for name, proof in proofs.items() if proof.expected],
                records=[
                    {
                        "key": str(key),
                        "wrong": any(is_discrepancy(d) for d in diffs),
                        "rows": [dict(zip(COLUMNS, self._row(d), strict=True)) for d in diffs],
                    }
                    for key, diffs in records
                ],
                masked=not self._show,
                discrepancies=self.discrepancies,
                not_readable=sum(proof.verdicts[Verdict.NOT_READABLE] for proof in proofs.values()),
                csv=self.csv.name,
            ),
            encoding="utf-8",
        )


def mask(value: Json) -> Json:
    """Return what may be shown of a value to anybody: whether there is one, its kind and its length."""
    if value is None or value == "":
        return None
    if isinstance(value, bool | int | float):
        return "•"
    return f"•••• ({len(value)})"


def _safe(cell: Json) -> Json:
    """Keep a spreadsheet from running a text as a formula."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(FORMULA) else cell
