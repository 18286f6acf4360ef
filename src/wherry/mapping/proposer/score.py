"""How likely a column belongs into each target: the logistic combiner over the table of features."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from wherry.mapping.proposer.features import FEATURES, Pair
from wherry.mapping.proposer.lexicon import combiner
from wherry.mapping.proposer.table import Column, Target


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored:
    """One pair, scored; `features` hold what it was scored by."""

    target: int  # place in the list of targets
    probability: float
    features: Mapping[str, float]


def score_column(column: Column, targets: Sequence[tuple[int, Target]]) -> tuple[Scored, ...]:
    """Return the column's pairs with these targets, likeliest first; ties in the order of the targets."""
    rivals = rivals_of(target for _, target in targets)
    seen = []
    for place, target in targets:
        pair = Pair(column, target, _rivals(column, target, rivals))
        features = {name: feature(pair) for name, feature in FEATURES.items()}
        seen.append((place, features, _log_odds(features)))
    return tuple(sorted(_with_gaps(seen), key=lambda s: (-s.probability, s.target)))


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


def _log_odds(features: Mapping[str, float]) -> float:
    figures = combiner()
    return figures.bias + sum(figures.weights[name] * value for name, value in features.items())


def _with_gaps(seen: Sequence[tuple[int, dict[str, float], float]]) -> list[Scored]:
    """Add to each pair's log-odds a share of its lead over the column's best other target."""
    figures = combiner()
    best, second = sorted((odds for _, _, odds in seen), reverse=True)[:2] if len(seen) > 1 else (0.0, None)
    scored = []
    for place, features, odds in seen:
        lead = 0.0
        if second is not None:
            lead = odds - (second if odds == best else best)
        lead = max(-figures.most_gap, min(figures.most_gap, lead))
        scored.append(
            Scored(target=place, probability=_logistic(odds + figures.gap * lead), features=features)
        )
    return scored


def _logistic(odds: float) -> float:
    return 1.0 / (1.0 + math.exp(-odds))
