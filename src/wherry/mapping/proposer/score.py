"""How likely a column belongs into each target, or into none: one choice among all, by the table of features."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from wherry.mapping.proposer import semantic
from wherry.mapping.proposer.features import FEATURES, Pair, none_features
from wherry.mapping.proposer.lexicon import combiner
from wherry.mapping.proposer.meaning import MEANING
from wherry.mapping.proposer.table import Column, Target


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored:
    """One pair, scored; `features` hold what it was scored by, `none` how likely the column has no place."""

    target: int  # place in the list of targets
    probability: float
    none: float
    features: Mapping[str, float]


def score_column(column: Column, targets: Sequence[tuple[int, Target]]) -> tuple[Scored, ...]:
    """Return the column's pairs with these targets, likeliest first; ties in the order of the targets.

    The probabilities of one column and that of no place add up to 1.
    """
    if not targets:
        return ()
    figures = combiner()
    tables = features_of(column, targets)
    nothing = _worth(figures.none, none_features(column, [target for _, target in targets]))
    shares = _shares([*(_worth(figures.weights, features) for features in tables), nothing])
    return tuple(
        sorted(
            (
                Scored(target=place, probability=share, none=shares[-1], features=features)
                for (place, _), features, share in zip(targets, tables, shares[:-1], strict=True)
            ),
            key=lambda s: (-s.probability, s.target),
        )
    )


def features_of(column: Column, targets: Sequence[tuple[int, Target]]) -> list[dict[str, float]]:
    """Return the features of the column with each target, in the order of the targets."""
    rivals = rivals_of(target for _, target in targets)
    pairs = [Pair(column, target, _rivals(column, target, rivals)) for _, target in targets]
    features = {**FEATURES, **MEANING} if semantic.installed() else FEATURES
    return [{name: feature(pair) for name, feature in features.items()} for pair in pairs]


def rivals_of(targets: Iterable[Target]) -> Counter[str]:
    """Count for each strong type how many of these targets take it."""
    return Counter(
        strong
        for target in targets
        for strong in {s for _, concept in target.concepts.values() for s in concept.strong}
    )


def _rivals(column: Column, target: Target, rivals: Counter[str]) -> int:
    strong = {s for _, concept in target.concepts.values() for s in concept.strong}
    return max((rivals[name] for name in strong & column.values.types), default=0)


def _worth(weights: Mapping[str, float], features: Mapping[str, float]) -> float:
    return sum(weights[name] * value for name, value in features.items())


def _shares(worths: Sequence[float]) -> list[float]:
    """Return each one's share, in a choice where they weigh e to the power of their worth."""
    most = max(worths)
    weights = [math.exp(worth - most) for worth in worths]
    total = sum(weights)
    return [weight / total for weight in weights]
