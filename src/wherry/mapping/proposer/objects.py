"""Which target object each source object becomes: by its name, and by how well its columns fit."""

from collections.abc import Mapping, Sequence

from wherry.mapping.proposer.lexicon import kinds, words_of
from wherry.mapping.proposer.score import Scored, score_column
from wherry.mapping.proposer.table import Column, Target, kind_of

_NAME = 1.2  # how much a fitting name counts beside the columns' evidence, which is from 0 to 1
_LEAST_EVIDENCE = 0.3  # where the names say nothing


def choose_objects(
    columns: Sequence[Column], targets: Sequence[Target], fixed: Mapping[str, str]
) -> dict[str, str]:
    """Return for each source object the target object that it becomes, or the empty text.

    `fixed` are a person's decisions; they are kept as they are.
    """
    chosen = dict(fixed)
    for name in dict.fromkeys(c.given.object for c in columns):
        if name not in chosen:
            chosen[name] = _best_object([c for c in columns if c.given.object == name], targets)
    return chosen


def _best_object(columns: Sequence[Column], targets: Sequence[Target]) -> str:
    name = columns[0].given.object
    best, best_score = "", 0.0
    for candidate in dict.fromkeys(t.given.object for t in targets):
        likeness = name_likeness(name, candidate)
        evidence = _evidence(columns, [t for t in targets if t.given.object == candidate])
        if likeness == 0.0 and evidence < _LEAST_EVIDENCE:
            continue
        score = _NAME * likeness + evidence
        if score > best_score:
            best, best_score = candidate, score
    return best


def name_likeness(source: str, target: str) -> float:
    """Return how well the names of two objects go together: 1 for one kind, a little more for one name."""
    mine, theirs = kind_of(source), kind_of(target)
    same_words = set(words_of(source)) == set(words_of(target))
    if same_words:
        return 1.5
    if not mine or not theirs:
        return 0.0
    if mine == theirs:
        return 1.0
    return next((kind.also.get(theirs, 0.0) for kind in kinds() if kind.name == mine), 0.0)


def _evidence(columns: Sequence[Column], targets: Sequence[Target]) -> float:
    """Return the mean over the columns of their best target's likelihood."""
    counted = [c for c in columns if not c.barred and not c.internal]
    places = list(enumerate(targets))
    best: list[Scored] = [score_column(column, places)[0] for column in counted]
    return sum(1.0 - scored.none for scored in best) / len(best) if best else 0.0
