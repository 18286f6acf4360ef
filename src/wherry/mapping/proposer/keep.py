"""A new proposal is laid over a file that a person may have edited, and no line of theirs is lost.

Three texts: what was proposed last (base), the file as it is now (mine), what is proposed now (theirs).
A line of the base that mine changed or deleted is the person's, and so is every line that mine added.
All other lines follow the new proposal. A changed line is known again by what it is about: the rule's
target and sources, the table's key, the record and its candidate.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from typing import TypeAlias

_RULE = re.compile(r"\s*- *\{ *(?P<first>\w+) *: *(?P<a>\"[^\"]*\"|'[^']*'|[^,}]*)(?P<rest>.*)\Z")
_SECOND = re.compile(r"\A *, *(?:from|id) *: *(?P<b>\[[^\]]*\]|\"[^\"]*\"|'[^']*'|[^,}]*)")
_ENTRY = re.compile(r"(?P<indent>\s*)(?P<key>\"[^\"]*\"|'[^']*'|[\w-]+) *:(?:\s|\Z)")

Topic: TypeAlias = tuple[str, ...]


def topic_of(line: str) -> Topic | None:
    """Return what a line is about, or None for a blank line, a comment, and what has no one subject."""
    rule = _RULE.match(line)
    if rule:
        second = _SECOND.match(rule["rest"])
        return rule["first"], _bare(rule["a"]), _bare(second["b"]) if second else ""
    entry = _ENTRY.match(line)
    return ("entry", str(len(entry["indent"])), _bare(entry["key"])) if entry else None


def _bare(text: str) -> str:
    return text.strip().strip("\"'").strip()


@dataclass(slots=True)
class _Side:
    """What one side did to the base: which lines it kept, and what it put before which line."""

    kept: list[bool]
    added: dict[int, list[str]] = field(default_factory=dict)
    instead: dict[int, str] = field(default_factory=dict)

    def add(self, place: int, line: str) -> None:
        self.added.setdefault(place, []).append(line)


def merged(base: str, mine: str, theirs: str) -> str:
    """Return the file to write: every line of a person as it is, all others as proposed now."""
    if theirs in {mine, base}:
        return mine
    ends = "\r\n" if "\r\n" in mine else "\n"
    old, new = base.split("\n"), theirs.split("\n")
    current = mine.replace("\r\n", "\n").split("\n")
    person = _persons(old, current)
    proposal = _proposals(old, new, person, current)
    return ends.join(_together(old, person, proposal))


def _blocks(old: Sequence[str], new: Sequence[str]) -> Iterator[tuple[str, tuple[int, int], Sequence[str]]]:
    for tag, i1, i2, j1, j2 in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        yield tag, (i1, i2), new[j1:j2]


def _persons(old: Sequence[str], current: Sequence[str]) -> _Side:
    side = _Side(kept=[False] * len(old))
    for tag, (start, end), lines in _blocks(old, current):
        if tag == "equal":
            side.kept[start:end] = [True] * (end - start)
        else:
            for line in lines:
                side.add(start, line)
    return side


def _proposals(old: Sequence[str], new: Sequence[str], person: _Side, current: Sequence[str]) -> _Side:
    side = _Side(kept=[False] * len(old))
    known = {topic: place for place, topic in enumerate(_topics(old)) if topic}
    theirs = {topic for topic in _topics(current) if topic}
    topics = iter(_topics(new))
    for tag, (start, end), lines in _blocks(old, new):
        about = [next(topics) for _ in lines]
        if tag == "equal":
            side.kept[start:end] = [True] * (end - start)
            continue
        untouched = all(person.kept[start:end])
        place = start
        for line, topic in zip(lines, about, strict=True):
            former = known.get(topic) if topic else None
            if former is not None and start <= former < end:
                side.instead[former] = line
                place = former + 1
            elif _welcome(topic, former, person, theirs, untouched=untouched):
                side.add(place, line)
    return side


def _welcome(
    topic: Topic | None, former: int | None, person: _Side, theirs: set[Topic], *, untouched: bool
) -> bool:
    """Return whether a line that is new in the proposal may be added beside what the person has."""
    if topic is None:
        return untouched
    if former is not None:
        return person.kept[former]
    return topic not in theirs


def _topics(lines: Sequence[str]) -> list[Topic | None]:
    """Return the topic of each line, numbered where several lines share it."""
    seen: Counter[Topic] = Counter()
    topics: list[Topic | None] = []
    for line in lines:
        topic = topic_of(line)
        if topic is not None:
            seen[topic] += 1
            topic = (*topic, str(seen[topic]))
        topics.append(topic)
    return topics


def _together(old: Sequence[str], person: _Side, proposal: _Side) -> list[str]:
    lines: list[str] = []
    for place in range(len(old) + 1):
        lines += person.added.get(place, [])
        lines += proposal.added.get(place, [])
        if place == len(old) or not person.kept[place]:
            continue
        if proposal.kept[place]:
            lines.append(old[place])
        elif place in proposal.instead:
            lines.append(proposal.instead[place])
    return lines


def persons_lines(base: str, mine: str) -> tuple[str, ...]:
    """Return the lines of a file that a person added or changed since the base was proposed."""
    side = _persons(base.split("\n"), mine.replace("\r\n", "\n").split("\n"))
    return tuple(line for lines in side.added.values() for line in lines)
