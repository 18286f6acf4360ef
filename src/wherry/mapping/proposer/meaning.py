"""Features by the sentence model: in use, with weights of their own, where it is installed (semantic.py)."""

from collections.abc import Callable, Mapping

from wherry.mapping.proposer.features import Pair
from wherry.mapping.proposer.lexicon import words_of
from wherry.mapping.proposer.semantic import cosine
from wherry.mapping.proposer.table import Column, Target

_KEYS = frozenset({"id", "key"})  # a table's own, which no field's name is near to in meaning
_LEAST = 0.3  # a cosine below this says nothing


def label_meaning(pair: Pair) -> float:
    """How near header and target's names are in meaning."""
    if {*pair.column.meaning.words} <= _KEYS:
        return 0.0
    return _above(_nearest(pair.column, pair.target))


MEANING: Mapping[str, Callable[[Pair], float]] = {f.__name__: f for f in (label_meaning,)}
"""Every such feature by its name; its weight stands in lexicon/combiner_semantic.yaml."""


def _nearest(column: Column, target: Target) -> float:
    """Compare the header with the names; with a field that names its table (`orders.total`), table and all."""
    mine = column.meaning.words
    found = max((cosine(mine, name.words) for name in target.names), default=0.0)
    if "." not in target.given.field:
        return found
    return (found + cosine(words_of(column.given.object) + mine, words_of(target.given.field))) / 2


def _above(found: float) -> float:
    return max(0.0, (found - _LEAST) / (1.0 - _LEAST))
