"""Train the combiner: `python tools/matching/train.py`; needs numpy and scipy, which nothing else here does.

Run it twice, with and without `wherry[semantic]`: each has its own features, and its own file of figures.

Learns, as one choice among all targets and none (a conditional logit), from benchmarks/matching/columns.csv,
third.csv and fourth.csv, each against both its catalogues. Each column is seen several times with a part of the lexicon's aliases hidden,
so that the weights are right for headers that the lexicon has never seen; without that the combiner learns
to trust listed aliases alone. How sharp the confidences are is then set on sixth.csv. Writes the
figures with their origin into src/wherry/mapping/lexicon/combiner.yaml or combiner_semantic.yaml. The same inputs give the same file.
"""

import hashlib
import random
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from scipy.optimize import minimize

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / "src"), str(ROOT / "benchmarks" / "matching")]

import heldout
import unseen

from run import CATALOGUES, Case, cases, confirmed, targets
from wherry.mapping.proposer import features, lexicon, likeness, semantic, table, words
from wherry.mapping.proposer.advice import NONE
from wherry.mapping.proposer.catalogue import read_targets
from wherry.mapping.proposer.features import FEATURES, none_features
from wherry.mapping.proposer.meaning import MEANING
from wherry.mapping.proposer.score import features_of
from wherry.mapping.proposer.table import read_columns
from wherry.mapping.proposer.words import split

HIDDEN = (0.0, 0.0, 0.4, 0.6, 0.6, 0.8)  # shares of the aliases hidden, one sight of the data each
LEARNED = ("third", "fourth")  # tables of others that are learned from too; see unseen.py
TUNED = "sixth"
AGAINST = frozenset({"other_concept", "qualifier", "contradicted", "somebody_elses", "operational"})
AT_LEAST = {
    "exact_name": 2.0,
    "token_likeness": 1.0,
    "char_likeness": 0.8,
}  # the lexicon knows the trade of all that is learned from
AT_MOST = {
    "somebody_elses": -9.0,
    "operational": -3.5,
}  # to call somebody else's number is worse than to have none
EITHER = frozenset({"always"})
RIDGE = 0.5
PAIR = (*FEATURES, *(MEANING if semantic.installed() else ()))
EMPTY = (
    "always",
    "internal",
    "somebody_elses",
    "aspect",
    "named_elsewhere",
    "near_elsewhere",
    "odd_values",
    "no_values",
)
_whole = lexicon._read
KEPT = (_whole, lexicon.lexicon_texts)


@dataclass(frozen=True)
class Choice:
    """One column: its targets' features, those for none (last row), and which of them are right."""

    table: np.ndarray
    right: np.ndarray
    style: str
    hidden: float


def hide(share: float, seed: int) -> None:
    """Hide a share of the aliases and of the synonyms from everything that reads the lexicon."""
    rng = random.Random(seed)
    body = dict(_whole("concepts.yaml"))
    for name, entry in body.items():
        kept = [alias for alias in entry["aliases"] if rng.random() >= share]
        body[name] = {**entry, "aliases": kept}
    lines = {
        group: [[word for word in line if rng.random() >= share] for line in some]
        for group, some in _whole("synonyms.yaml").items()
    }
    left = {"concepts.yaml": body, "synonyms.yaml": lines}
    lexicon._read = lambda file: left[file] if file in left else _whole(file)
    for module in (lexicon, likeness, words, features, table):
        for member in vars(module).values():
            if hasattr(member, "cache_clear") and member not in KEPT:
                member.cache_clear()


def choices() -> Iterator[Choice]:
    known = [(cases(catalogue), targets(catalogue)) for catalogue in CATALOGUES]
    known += [
        (unseen.cases(name, catalogue), heldout.targets(catalogue))
        for name in LEARNED
        for catalogue in ("freshsales", name)
    ]
    for seed, share in enumerate(HIDDEN):
        hide(share, seed)
        for some, fields in known:
            yield from _choices(some, fields, share)
            yield from _choices(_nameless(some, fields), fields, share)
            yield from _choices(_swapped(some, fields, seed), fields, share)
            if share:
                yield from _choices([_shortened(case) for case in some], fields, share)
    hide(0.0, 0)


def _nameless(some: list, fields: list) -> list:
    """Return the columns whose values alone tell their place, with headers that tell nothing."""
    fixed, read = confirmed(some), read_targets(fields)
    found = []
    for case, column in zip(some, read_columns([case.column for case in some]), strict=True):
        inside = [(n, t) for n, t in enumerate(read) if t.given.object == fixed.get(column.given.object)]
        pairs = features_of(column, inside)
        alone = [
            t.given.name for (_, t), f in zip(inside, pairs, strict=True) if f["unique_strong_type"] >= 1.0
        ]
        if len(alone) == 1 and alone[0] in case.right:
            found.append(replace(case, column=replace(case.column, header=f"column {len(found) + 1}")))
    return found


def _swapped(some: list, fields: list, seed: int) -> list:
    """Return columns with the values of another of their table, where these cannot be what the header says.

    Right is then no place, or that of the values.
    """
    rng, changed = random.Random(seed), []
    for case in rng.sample(some, len(some) // 5):
        others = [c for c in some if c.column.object == case.column.object and not c.right & case.right]
        if others and case.right != {NONE}:
            changed.append((case, rng.choice(others)))
    columns = [replace(case.column, samples=other.column.samples) for case, other in changed]
    read = read_targets(fields)
    found = []
    for (case, other), column in zip(changed, read_columns(columns), strict=True):
        own = [(n, t) for n, t in enumerate(read) if t.given.name in case.right]
        if own and all(f["contradicted"] for f in features_of(column, own)):
            found.append(replace(case, column=column.given, right=other.right | {NONE}))
    return found


def _shortened(case: Case) -> Case:
    """Return the column with its header's longer words without vowels, as old systems spell them."""
    words = [
        w if len(w) <= 4 else w[0] + "".join(c for c in w[1:] if c not in "aeiou")[:4]
        for w in split(case.column.header)
    ]
    return replace(case, column=replace(case.column, header="_".join(words).upper()))


def _choices(some: list, fields: list, share: float) -> Iterator[Choice]:
    fixed, read = confirmed(some), read_targets(fields)
    columns = read_columns([case.column for case in some])
    for case, column in zip(some, columns, strict=True):
        inside = [(n, t) for n, t in enumerate(read) if t.given.object == fixed.get(column.given.object)]
        if column.barred or not inside:
            continue
        pairs = [[f[name] for name in PAIR] + [0.0] * len(EMPTY) for f in features_of(column, inside)]
        empty = none_features(column, [t for _, t in inside])
        rows = [*pairs, [0.0] * len(PAIR) + [empty[name] for name in EMPTY]]
        names = [*(t.given.name for _, t in inside), NONE]
        right = np.array([name in case.right for name in names])
        if right.any():
            yield Choice(np.array(rows), right, case.style, share)


def fit(data: list[Choice]) -> np.ndarray:
    names = [*PAIR, *EMPTY]
    found = minimize(
        loss, np.zeros(len(names)), args=(data,), jac=True, method="L-BFGS-B", bounds=_bounds(names)
    )
    return found.x


def _bounds(names: list[str]) -> list[tuple[float | None, float | None]]:
    return [
        (None, None)
        if n in EITHER
        else (None, AT_MOST.get(n, 0.0))
        if n in AGAINST and i < len(PAIR)
        else (AT_LEAST.get(n, 0.0), None)
        for i, n in enumerate(names)
    ]


def loss(weights: np.ndarray, data: list[Choice]) -> tuple[float, np.ndarray]:
    total, slope = RIDGE * float(weights @ weights), 2 * RIDGE * weights
    for choice in data:
        worth = choice.table @ weights
        share = np.exp(worth - worth.max())
        share /= share.sum()
        hit = share[choice.right].sum()
        total -= float(np.log(max(hit, 1e-12)))
        own = np.where(choice.right, share / max(hit, 1e-12), 0.0)
        slope = slope + choice.table.T @ (share - own)
    return total, slope


def sharpness(weights: np.ndarray) -> float:
    """Return by how much to multiply the weights so that columns they were not learned from come out as sure as right."""
    left = []
    for catalogue in ("freshsales", TUNED):
        left += _choices(unseen.cases(TUNED, catalogue), heldout.targets(catalogue), 0.0)

    def total(scale: float) -> float:
        return loss(weights * scale, left)[0] - RIDGE * float(weights @ weights) * scale**2

    print({round(0.6 + 0.05 * n, 2): round(total(0.6 + 0.05 * n), 1) for n in range(25)})
    return min((0.6 + 0.05 * n for n in range(25)), key=total)


def main() -> None:
    data = list(choices())
    weights = fit(data)
    scale = sharpness(weights)
    text = written(weights * scale, len(data), scale)
    (ROOT / "src/wherry/mapping/lexicon" / lexicon.figures_file()).write_text(text, encoding="utf-8")
    print(text)


def written(weights: np.ndarray, count: int, scale: float) -> str:
    sums = {
        name: hashlib.sha256((ROOT / "benchmarks" / "matching" / name).read_bytes()).hexdigest()[:16]
        for name in ("columns.csv", *(f"{n}.csv" for n in LEARNED))
    }
    lines = [
        "# The learned combiner: a target's worth is the sum of a pair's features (proposer/features.py), each times its",
        "# weight; `none` does the same for no place at all. Shares of e^worth are the confidences. Written by",
        "# tools/matching/train.py; change that, not this. `green` and `amber` are the least confidence of a band.",
        "trained:",
        *(
            [f"  with: {semantic.MODEL}, sha256 {semantic.WEIGHTS_SHA256[:16]}"]
            if semantic.installed()
            else []
        ),
        f"  on: {{{', '.join(f'{n}: {d}' for n, d in sums.items())}}}",
        f"  choices: {count}",
        f"  hidden_aliases: {list(HIDDEN)}",
        f"  ridge: {RIDGE}",
        f"  sharpness: {scale:.2f}",
        "weights:",
        *(f"  {name}: {weight:.4f}" for name, weight in zip(PAIR, weights, strict=False)),
        "none:",
        *(f"  {name}: {weight:.4f}" for name, weight in zip(EMPTY, weights[len(PAIR) :], strict=True)),
        "green: 0.95",
        "amber: 0.5",
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
