"""Records of a CSV file as RFC 4180 has it, with the physical line on which each begins."""

import csv
from collections.abc import Callable, Iterator
from typing import TextIO, TypeAlias

from wherry.model.errors import PreflightFailed

Row: TypeAlias = tuple[int, list[str]]

DELIMITERS = (",", ";", "\t", "|")
_LARGEST_CELL = 1 << 21  # characters; more than that is a quote that was never closed


def read_rows(open_text: Callable[[], TextIO], delimiter: str, file: str) -> Iterator[Row]:
    """Yield (line, cells) for each record, header included; blank lines are passed over.

    `open_text` opens the file anew with newline="", so that line ends inside cells stay as they are.
    Memory is bounded by one record. Raises PreflightFailed with the line on which an unbalanced quote
    was opened.
    """
    csv.field_size_limit(_LARGEST_CELL)
    with open_text() as text:
        reader = csv.reader(text, delimiter=delimiter, strict=True)
        line = 1
        try:
            for cells in reader:
                if cells:
                    yield line, cells
                line = reader.line_num + 1
        except csv.Error:
            opened = _opened_quote(open_text, line, reader.line_num, delimiter)
            raise PreflightFailed(
                f"{file}, line {opened}: a quote is opened here and never properly closed",
                hint="Quotes inside a cell must be doubled. Ask for the file again, or correct this line.",
            ) from None


def _opened_quote(open_text: Callable[[], TextIO], first: int, last: int, delimiter: str) -> int:
    """Return the line of the quote that spoils the record that begins on line `first`."""
    ends = (delimiter, "\n", "\r")
    state, opened = "start", first
    with open_text() as text:
        for number, line in enumerate(text, start=1):
            if number > last:
                break
            for char in line if number >= first else "":
                before, state = state, _turn(state, char, ends)
                if before == "start" and state == "quoted":
                    opened = number
                if state == "broken":
                    return opened
    return opened


def _turn(state: str, char: str, ends: tuple[str, ...]) -> str:
    """Return the reader's state after one character: start, bare, quoted, closing or broken."""
    if state == "quoted":
        return "closing" if char == '"' else "quoted"
    if char in ends:
        return "start"
    if char == '"' and state != "bare":
        return "quoted"
    return "broken" if state == "closing" else "bare"


def prove_delimiter(first_lines: str, known: Callable[[list[str]], int]) -> str | None:
    """Return the delimiter under which the header makes most sense, or None when no single one does.

    `known` counts how many cells of a header are recognised.
    """
    scores = {}
    for delimiter in DELIMITERS:
        cells = next(csv.reader(first_lines.splitlines()[:1], delimiter=delimiter), [])
        scores[delimiter] = known(cells)
    best = max(scores.values(), default=0)
    winners = [delimiter for delimiter, score in scores.items() if score == best]
    return winners[0] if best and len(winners) == 1 else None
