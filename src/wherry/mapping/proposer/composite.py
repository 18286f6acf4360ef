"""Columns that fill a target only together with others: names to split, minutes to add, times to join."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from wherry.mapping.proposer.choices import told
from wherry.mapping.proposer.table import Column, Target

_CONFIDENCE = 0.6
_BOTH = frozenset({"yes", "no", "true", "false"})
_CODES = frozenset({*_BOTH, "y", "n", "t", "f", "0", "1", "2", "3", "4", "5", "6", "7", "8", "9"})
_CLEAR = 0.85  # how far the header must name the concept


@dataclass(frozen=True, slots=True, kw_only=True)
class Composite:
    """A place that a column shares: `how` says what is done, `others` are the targets or columns beside it."""

    place: int
    how: str  # split | add_minutes | join_time
    others: tuple[str, ...]
    confidence: float = _CONFIDENCE


@dataclass(frozen=True, slots=True, kw_only=True)
class _Field:
    """What is known of one source object and the target object that it becomes."""

    rows: Sequence[tuple[int, Column, int | None]]
    targets: Mapping[int, Target]

    def place_of(self, concept: str) -> int | None:
        """Return the target of that concept, or None."""
        return next((n for n, target in self.targets.items() if concept in target.concepts), None)

    def holder(self, place: int | None) -> str:
        """Return the header of the column that has this place, or the empty text."""
        return next((c.given.header for _, c, p in self.rows if p == place and place is not None), "")


def composites(
    rows: Sequence[tuple[Column, str, int | None]], targets: Sequence[Target]
) -> dict[int, Composite]:
    """Return composite places for columns that have none, by the number of the row."""
    found: dict[int, Composite] = {}
    for name in dict.fromkeys(column.given.object for column, _, _ in rows):
        own = [(n, c, p) for n, (c, _, p) in enumerate(rows) if c.given.object == name]
        chosen = rows[own[0][0]][1]
        inside = {n: t for n, t in enumerate(targets) if t.given.object == chosen}
        around = _Field(rows=own, targets=inside)
        for number, column, place in own:
            if place is None and not column.barred:
                composite = (
                    _split(column, around) or _add_minutes(column, around) or _join_time(column, around)
                )
                if composite is not None:
                    found[number] = composite
    return found


def code_book(column: Column, target: Target) -> bool:
    """Tell whether the values are codes, which have to be spelt out as entries of the target's pick list.

    Such as 1 and 2, or true and false, for a list of sexes: none of them stands in it, or is known to stand for one.
    """
    texts, picks = column.values.texts, target.picks
    if not picks or picks <= _BOTH or not texts or not texts <= _CODES:
        return False
    return not any(told(sorted(texts), sorted(picks)))


def must_split(column: Column, targets: Sequence[Target]) -> bool:
    """Return whether the column holds whole names, and these targets of its object take them only in parts."""
    held = {concept for target in targets for concept in target.concepts}
    return _names(column, "full_name") and "full_name" not in held and {"first_name", "last_name"} <= held


def _names(column: Column, concept: str) -> bool:
    return column.meaning.concepts.get(concept, (0.0, ""))[0] >= _CLEAR


def _split(column: Column, around: _Field) -> Composite | None:
    first, last = around.place_of("first_name"), around.place_of("last_name")
    if first is None or last is None or not _names(column, "full_name"):
        return None
    free = [place for place in (last, first) if not around.holder(place)]
    free.sort(key=lambda place: not around.targets[place].given.required)
    if not free:
        return None
    both = tuple(around.targets[place].given.name for place in (first, last))
    return Composite(place=free[0], how="split", others=both)


def _add_minutes(column: Column, around: _Field) -> Composite | None:
    end = around.place_of("end")
    if end is None or around.holder(end) or not _names(column, "duration"):
        return None
    start = around.holder(around.place_of("start"))
    return Composite(place=end, how="add_minutes", others=(start,)) if start else None


def _join_time(column: Column, around: _Field) -> Composite | None:
    if column.values.main != "time" and (column.values.filled or column.meaning.words[-1:] != ("time",)):
        return None
    for concept in ("start", "end", "due_date"):
        place = around.place_of(concept)
        holder = around.holder(place)
        if place is not None and holder and _names(column, concept):
            return Composite(place=place, how="join_time", others=(holder,))
    return None
