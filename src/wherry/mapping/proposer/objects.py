"""Which target object each source object becomes: by its name, and by how well its columns fit."""

import math
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet

from wherry.mapping.proposer.lexicon import kinds, words_of
from wherry.mapping.proposer.score import score_column
from wherry.mapping.proposer.table import Column, Target, kind_of

_NAME = 1.2  # how much a fitting name counts beside the columns' evidence, which is from 0 to 1
_SAID = 0.75  # how well the names go together where they alone decide
_TOLD = 0.2  # a kind that only fields tell
_SAME = 0.9  # from here two objects are of one kind by their names
_OTHER = -0.3  # of another kind
_LEAST_EVIDENCE = 0.15  # where the names say nothing


def choose_objects(
    columns: Sequence[Column], targets: Sequence[Target], fixed: Mapping[str, str]
) -> dict[str, str]:
    """Return for each source object the target object that it becomes, or the empty text.

    `fixed` are a person's decisions; they are kept as they are.
    """
    chosen = dict(fixed)
    claims = _claims(columns, targets)
    for name in dict.fromkeys(c.given.object for c in columns):
        if name not in chosen:
            own = [c for c in columns if c.given.object == name]
            taken = {target for target, claimed_by in claims.items() if claimed_by - {name}}
            chosen[name] = _best_object(own, targets, taken)
    return chosen


def _claims(columns: Sequence[Column], targets: Sequence[Target]) -> dict[str, set[str]]:
    """Return by target object the source objects of its very kind: what is only akin to it comes after them."""
    first_column = {c.given.object: c for c in reversed(columns)}
    first_target = {t.given.object: t for t in reversed(targets)}
    return {
        name: {s for s, column in first_column.items() if name_likeness(column, target) >= _SAME}
        for name, target in first_target.items()
    }


def sure_objects(columns: Sequence[Column], targets: Sequence[Target], chosen: Mapping[str, str]) -> set[str]:
    """Return the source objects whose own names say that they become what was chosen."""
    first = {t.given.object: t for t in reversed(targets)}
    return {
        column.given.object
        for column in columns
        if chosen[column.given.object] in first
        and kind_of(column.given.object)
        and name_likeness(column, first[chosen[column.given.object]]) >= _SAID
    }


def _best_object(columns: Sequence[Column], targets: Sequence[Target], taken: AbstractSet[str]) -> str:
    best, best_score = "", 0.0
    for candidate in dict.fromkeys(t.given.object for t in targets):
        inside = [t for t in targets if t.given.object == candidate]
        likeness = name_likeness(columns[0], inside[0])
        if candidate in taken and likeness < _SAME:
            likeness = min(likeness, 0.0)
        evidence = _evidence(columns, inside)
        if likeness <= 0.0 and evidence < _LEAST_EVIDENCE:
            continue
        score = _NAME * likeness + evidence
        if score > best_score:
            best, best_score = candidate, score
    return best


def name_likeness(column: Column, target: Target) -> float:
    """Return how well two objects go together: 1 for one kind, more for one name, less than 0 for others.

    A kind that only the fields tell counts for less than one that the name says.
    """
    source, name = column.given.object, target.given.object
    if set(words_of(source)) == set(words_of(name)):
        return 1.5
    mine, theirs = column.kind, target.kind
    if not mine or not theirs:
        return 0.0
    sure = _TOLD ** ((not kind_of(source)) + (not kind_of(name)))
    if mine == theirs:
        return sure
    also = next((kind.also.get(theirs, _OTHER) for kind in kinds() if kind.name == mine), _OTHER)
    return also * sure


def _evidence(columns: Sequence[Column], targets: Sequence[Target]) -> float:
    """Return how well columns and fields fill one another: large objects must not win by size alone."""
    counted = [c for c in columns if not c.barred and not c.internal]
    if not counted:
        return 0.0
    scored = [score_column(column, list(enumerate(targets))) for column in counted]
    placed = sum(1.0 - row[0].none for row in scored) / len(scored)
    best: dict[int, float] = {}
    for one in (one for row in scored for one in row):
        best[one.target] = max(best.get(one.target, 0.0), one.probability)
    return placed * math.sqrt(sum(best.values()) / len(best))
