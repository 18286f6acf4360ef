"""mapping/values.yaml: proposals behind a `#`, table by table, laid beside what a person decided there."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from wherry.mapping.own_values import Own
from wherry.mapping.proposer.document import quoted
from wherry.mapping.proposer.worded import ValueLine
from wherry.model.mapping import Band

_HEAD = """\
# What words of the source mean in Freshsales' pick lists. Green ones need no line here. A line that begins with
# `#  ` is a proposal: take the `#` away to decide so, or write what is right; until then records that hold the
# word are held. Then: wherry discover, wherry plan.
"""
_MARK = "#  "
_TABLE = re.compile(r"(?P<name>\"(?:[^\"\\]|\\.)*\"|'(?:[^']|'')*'|[^\s#\"'].*?) *:(?:\s|\Z)")
_WORD = re.compile(r"#? +(?P<word>\"(?:[^\"\\]|\\.)*\"|'(?:[^']|'')*'|[^\s#\"'][^:]*?) *:(?:\s|\Z)")


def values_text(lines: Iterable[ValueLine], own: Own | None = None) -> str:
    """Return mapping/values.yaml: a proposal for every word that is not sure, each behind a `#`, by table.

    A table in which a person has decided something keeps its heading, and its place in the file.
    """
    open_lines: dict[str, list[ValueLine]] = {table: [] for table, said in (own or {}).items() if said}
    for line in lines:
        if line.found.band is not Band.GREEN:
            open_lines.setdefault(line.table, []).append(line)
    text = _HEAD
    for table, some in open_lines.items():
        text += f"\n{quoted(table)}:\n" + "".join(f"{_entry(line)}\n" for line in some)
    return text


def _entry(line: ValueLine) -> str:
    found = line.found
    meant = quoted(found.choice) if found.choice else ""
    said = f"{found.band} {found.confidence:.2f}, {line.held_by}; {found.evidence}"
    return f"{_MARK}{quoted(line.word)}: {meant}  # {' '.join(said.split())}"


def decided(text: str, line: ValueLine, choice: str) -> str:
    """Return mapping/values.yaml with a person's word on a line: its proposal, wherever it stands, or a line of its own."""
    own = f"  {quoted(line.word)}: {quoted(choice)}  # confirmed by a person; {line.held_by}"
    lines = text.split("\n")
    start, heading = f"{_MARK}{quoted(line.word)}:", f"{quoted(line.table)}:"
    section = next((n for n, one in enumerate(lines) if one.startswith(heading)), None)
    if section is None:
        return text.rstrip("\n") + f"\n\n{heading}\n{own}\n"
    for number in range(section + 1, len(lines)):
        if lines[number] and not lines[number].startswith(("#", " ")):
            break
        if lines[number].startswith(start):
            return "\n".join([*lines[:number], own, *lines[number + 1 :]])
    return "\n".join([*lines[: section + 1], own, *lines[section + 1 :]])


@dataclass(slots=True)
class _Part:
    """A table's heading (none: what stands before the first) and its lines."""

    heading: str = ""
    lines: list[str] = field(default_factory=list)

    def words(self) -> set[str]:
        """The words that its lines are about, decided or not."""
        return {word for line in self.lines if (word := _word(line))}


def laid(base: str, mine: str, theirs: str) -> str:
    """Return the file to write: every line of a person as it is, under its own table; all proposals as made now.

    `base` is what was proposed last. A proposal that a person deleted or edited is not made again, and no line
    ever goes from one table to another, whatever the order in which tables are proposed.
    """
    ends = "\r\n" if "\r\n" in mine else "\n"
    old, new = _parts(base), _parts(theirs)
    own = _parts(mine.replace("\r\n", "\n"))
    for name, part in own.items():
        before = old.get(name, _Part())
        part.lines = _merged(before, part, new.get(name, _Part()))
    gone = {name for name, part in own.items() if name in old and name not in new and not any(part.lines)}
    kept = [part for name, part in own.items() if name not in gone]
    for name, part in new.items():
        fresh = [line for line in part.lines if _word(line) not in old.get(name, _Part()).words()]
        if name not in own and any(fresh):
            kept.append(_Part(heading=part.heading, lines=fresh))
    return ends.join(_written(kept))


def _parts(text: str) -> dict[str, _Part]:
    """Return the tables of a file by name, the lines before the first under the empty name."""
    parts = {"": _Part()}
    current = parts[""]
    for line in text.split("\n"):
        found = _TABLE.match(line)
        if found and (name := found["name"].strip("\"'").strip()) not in parts:
            current = parts[name] = _Part(heading=line)
        else:
            current.lines.append(line)
    return parts


def _word(line: str) -> str:
    found = _WORD.match(line)
    return found["word"].strip("\"'") if found else ""


def _merged(before: _Part, mine: _Part, now: _Part) -> list[str]:
    """Return a table's lines: proposals that stood there brought up to date where they stood, new ones at the end."""
    proposed = {_word(line): line for line in now.lines if _word(line)}
    known = set(before.lines)
    lines: list[str] = []
    for line in mine.lines:
        if line.startswith(_MARK) and line in known:
            lines += [proposed[_word(line)]] if _word(line) in proposed else []
        else:
            lines.append(line)
    there = mine.words() | before.words()
    fresh = [line for word, line in proposed.items() if word not in there]
    end = len(lines)
    while end and not lines[end - 1].strip():
        end -= 1
    return [*lines[:end], *fresh, *lines[end:]]


def _written(parts: Sequence[_Part]) -> list[str]:
    """Return the lines of the file, tables parted by one empty line at the least, and an end of line at the end."""
    lines: list[str] = []
    for part in parts:
        if part.heading:
            lines += [""] if lines and lines[-1].strip() else []
            lines.append(part.heading)
        lines += part.lines
    return lines if lines and not lines[-1] else [*lines, ""]
