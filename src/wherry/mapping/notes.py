"""Splitting a long text into parts that join to the original again, byte for byte.

A part reads `(2/3) <header>`, a line end, its body, a blank line and the marker. What is header and what
is marker follows from the place alone, so a body may look like either without harm.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import regex

from wherry.mapping.ask import Problem

_GRAPHEME = regex.compile(r"\X")
_PARAGRAPH = re.compile(r"(?:\r?\n){2,}")
_SENTENCE = re.compile(r"[.!?…]+[\"')\]]*\s+|\r?\n")
_WORD = re.compile(r"\s+")
_END = "\n\n["


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One part as it is written: the whole text, and its marker."""

    text: str
    marker: str


def marker_of(stream: str, key: str, part: int = 1, parts: int = 1) -> str:
    """Return the marker that a record without a field for its source id carries at the end of its text."""
    word = "notes" if stream == "clinical_notes" else stream
    return f"[aerona:{word}:{key} {part}/{parts}]" if parts > 1 else f"[aerona:{word}:{key}]"


def with_marker(text: str, marker: str) -> str:
    """Return the text with the marker at its very end."""
    return text + "\n\n" + marker if text else marker


def split_note(body: str, *, header: str, stream: str, key: str, limit: int) -> tuple[Part, ...] | Problem:
    """Split a text into parts of at most `limit` characters, header and marker included.

    Cuts between paragraphs, else sentences, else words, else graphemes; never inside a grapheme. `header`
    is one line that every part starts with. A Problem where the limit leaves no room for one grapheme.
    """
    head = " ".join(header.split())
    whole = _written(body, head, marker_of(stream, key), 1, 1)
    if len(whole.text) <= limit:
        return (whole,)
    for digits in range(1, 8):
        most = 10**digits - 1
        frame = _written("", head, marker_of(stream, key, most, most), most, most)
        bodies = _cut(body, limit - len(frame.text))
        if bodies is None:
            break
        count = len(bodies)
        if count <= most:
            return tuple(
                _written(piece, head, marker_of(stream, key, n, count), n, count)
                for n, piece in enumerate(bodies, 1)
            )
    return Problem(
        reason="note_unsplittable",
        detail=f"{limit} characters leave no room for the text beside its header",
        hint="raise policy.note_limit",
    )


def join_note(parts: Sequence[str]) -> str:
    """Return the original text of the parts, given in order as they were written."""
    return "".join(text.partition("\n")[2].rpartition(_END)[0] for text in parts)


def _written(body: str, head: str, marker: str, part: int, parts: int) -> Part:
    first = " ".join(filter(None, (f"({part}/{parts})" if parts > 1 else "", head)))
    return Part(text=f"{first}\n{body}\n\n{marker}", marker=marker)


def _cut(text: str, room: int) -> list[str] | None:
    """Return pieces of at most `room` characters, or None where a grapheme alone is longer."""
    pieces: list[str] = []
    start = 0
    while len(text) - start > room:
        end = _border(text, start, room)
        if end == start:
            return None
        pieces.append(text[start:end])
        start = end
    pieces.append(text[start:])
    return pieces


def _border(text: str, start: int, room: int) -> int:
    """Return where the piece that starts here ends; `start` itself where no grapheme fits."""
    borders = {start}
    furthest = start
    for found in _GRAPHEME.finditer(text, start):
        if found.end() - start > room:
            break
        furthest = found.end()
        borders.add(furthest)
    window = text[start:furthest]
    for kind in (_PARAGRAPH, _SENTENCE, _WORD):
        ends = [start + found.end() for found in kind.finditer(window)]
        # A border in the first half would make many short parts, so a lesser one further on is better.
        good = [end for end in ends if end in borders and end - start > room // 2]
        if good:
            return good[-1]
    return furthest
