"""What was noticed while reading, counted by code, file and column; never a value."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from wherry.model.ports import Finding

_SAYS: dict[str, tuple[str, str]] = {
    "placeholder_value": (
        "{count} cells of {column} stand for nothing (N/A, AAAA, a dash); read as empty",
        "",
    ),
    "placeholder_email": (
        "{count} addresses of {column} are nobody's (noemail@…, none@…); read as empty",
        "",
    ),
    "invalid_email": (
        "{count} cells of {column} are no single address; kept as they are",
        "The mapping decides what becomes of them.",
    ),
    "placeholder_phone": ("{count} numbers of {column} hold no digit but zero; read as empty", ""),
    "sentinel_date": ("{count} dates of {column} mean that there is none; read as empty", ""),
    "ambiguous_local_time": (
        "{count} times of {column} happened twice when the clocks went back; the first is taken",
        "",
    ),
    "mojibake": (
        "{count} cells of {column} look decoded twice, with signs in place of accented letters; kept as they are",
        "Ask for this file again in UTF-8; what the letters were is not guessed.",
    ),
    "extra_cells": ("{count} records have more cells than the header; the cells beyond it are empty", ""),
    "unnamed_column": (
        "{count} cells stand in a column without a header; they are left out",
        "Give the column a name in the file's first line if it matters.",
    ),
    "unchecked_document": ("{count} documents come without checksum; only their size was compared", ""),
}


@dataclass(slots=True)
class Tally:
    """Counts of one file."""

    file: str
    counts: dict[tuple[str, str], list[int]] = field(default_factory=dict)  # → [count, first line]

    def add(self, code: str, column: str, line: int) -> None:
        """Count one case."""
        entry = self.counts.setdefault((code, column), [0, line])
        entry[0] += 1

    def findings(self) -> Iterator[Finding]:
        """Yield a finding for each code and column."""
        for (code, column), (count, line) in self.counts.items():
            message, hint = _SAYS[code]
            yield Finding(
                code=code,
                message=message.format(count=count, column=column),
                file=self.file,
                line=line,
                count=count,
                hint=hint,
            )
