"""Results on stdout for people: tables and sentences, styled on a terminal, plain elsewhere."""

import os
import sys
from collections.abc import Iterable, Sequence
from io import TextIOWrapper
from textwrap import fill
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from rich.console import Console

Cell = str | int | float | None
_SENTENCE = 40  # letters of a cell that need some room
_HARMLESS = "\n\u00a0\u202f"  # line ends, and spaces that do not break


def terminal(stream: TextIO) -> "Console | None":
    """Return a rich console for a stream that is a terminal, or None where it is not one.

    NO_COLOR is honoured by rich itself.
    """
    if not stream.isatty() or os.environ.get("TERM") == "dumb":
        return None
    from rich.console import Console

    return Console(file=stream, highlight=False, emoji=False)


def printable(text: str) -> str:
    """Return a text that can do nothing to a terminal: what controls one, line ends aside, is written as its code."""
    return "".join(c if c.isprintable() or c in _HARMLESS else repr(c)[1:-1] for c in text)


def speak_any_locale(words: Sequence[str]) -> None:
    """Let no character end a verb that the terminal's encoding lacks; a JSON document is UTF-8 everywhere."""
    for stream in (sys.stdin, sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")
    if "--json" in words and isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8")


def abandon_stdout() -> None:
    """Whoever read us has enough: send the rest nowhere, so that the flush at exit does not complain."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


class Screen:
    """Where a verb's result is shown; built for one result."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stdout
        self._console = terminal(self._stream)

    def line(self, text: str = "") -> None:
        """Print a sentence."""
        if self._console:
            self._console.print(printable(text), markup=False)
        else:
            self._stream.write(printable(text) + "\n")

    def heading(self, text: str) -> None:
        """Print a heading, with an empty line before it."""
        if self._console:
            self._console.print(f"\n{text}", style="bold", markup=False)
        else:
            self._stream.write(f"\n{text}\n")

    def table(self, headers: Sequence[str], rows: Iterable[Sequence[Cell]]) -> None:
        """Print rows under headers; columns of numbers stand to the right. Nothing for no rows."""
        raw = [list(row) for row in rows]
        if not raw:
            return
        lines = [[_text(cell) for cell in row] for row in raw]
        numeric = [all(isinstance(row[i], int | float | None) for row in raw) for i in range(len(headers))]
        if self._console and _squeezed(headers, lines, self._console.width):
            self._below_each_other(lines, self._console.width)
        elif self._console:
            self._rich_table(headers, lines, numeric)
        else:
            for line in _aligned([list(headers), *lines], numeric):
                self._stream.write(line + "\n")

    def facts(self, pairs: Iterable[tuple[str, Cell]]) -> None:
        """Print name and value pairs, leaving out empty values."""
        kept = [(name, _text(value)) for name, value in pairs if value not in {None, ""}]
        width = max((len(name) for name, _ in kept), default=0)
        for name, value in kept:
            self.line(f"{name:<{width}}  {value}")

    def _below_each_other(self, lines: Sequence[Sequence[str]], width: int) -> None:
        for *cells, sentence in lines:
            self.line("  ".join(filter(None, cells)))
            self.line(fill(sentence, width, initial_indent="  ", subsequent_indent="  "))

    def _rich_table(self, headers: Sequence[str], lines: list[list[str]], numeric: list[bool]) -> None:
        from rich.table import Table
        from rich.text import Text

        table = Table(box=None, header_style="bold", pad_edge=False)
        for header, right in zip(headers, numeric, strict=True):
            table.add_column(header, justify="right" if right else "left", overflow="fold")
        for line in lines:
            table.add_row(*(Text(cell) for cell in line))
        if self._console:
            self._console.print(table)


def _squeezed(headers: Sequence[str], lines: Sequence[Sequence[str]], width: int) -> bool:
    """Tell whether a last column of sentences would be left a strip of a few letters beside the others."""
    widths = [max(map(len, column)) for column in zip(headers, *lines, strict=True)]
    return widths[-1] > _SENTENCE and width - sum(widths[:-1]) - 2 * len(widths) < _SENTENCE


def _text(cell: Cell) -> str:
    if cell is None:
        return ""
    if isinstance(cell, float):
        return f"{cell:,.2f}"
    if isinstance(cell, int) and not isinstance(cell, bool):
        return f"{cell:,}"
    return printable(str(cell)).replace("\n", "\\n")


def _aligned(lines: list[list[str]], numeric: list[bool]) -> list[str]:
    widths = [max(len(line[i]) for line in lines) for i in range(len(numeric))]
    return [
        "  ".join(
            cell.rjust(width) if right else cell.ljust(width)
            for cell, width, right in zip(line, widths, numeric, strict=True)
        ).rstrip()
        for line in lines
    ]
