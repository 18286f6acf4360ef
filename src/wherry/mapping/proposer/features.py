"""What speaks for and against a pair of column and target: a table of features, one function each."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property

from rapidfuzz import fuzz, process
from rapidfuzz.distance import JaroWinkler

from wherry.mapping.proposer.choices import normal, told
from wherry.mapping.proposer.field_types import BY_TYPE, type_of
from wherry.mapping.proposer.lexicon import Concept, concepts, concepts_within, qualifiers
from wherry.mapping.proposer.likeness import phrase_likeness
from wherry.mapping.proposer.table import Column, Meaning, Target
from wherry.mapping.proposer.values import CLOSED, STRONG

_DAYS = frozenset({"date", "datetime"})  # many systems write every date with a midnight
_KIN = 0.96  # how far a concept of the same family counts: an order's number is rather its id than the customer's
_WEAK = frozenset({"words", "name", "text", "enum", "code", "integer", "decimal", "id", "list"})


@dataclass(frozen=True)
class Pair:
    """A column and a target, with what both have in common; `only` is how many targets share the strong type."""

    column: Column
    target: Target
    rivals: int = 1

    @cached_property
    def shared(self) -> tuple[float, str, Concept | None]:
        """The concept that both name: its weight, the alias that the header reads, and the concept."""
        return self._common(lambda own, theirs: own.name == theirs.name or own.family == theirs.family)

    @cached_property
    def near(self) -> float:
        """How far the header names a concept that may stand in for the target's."""
        return self._common(lambda own, theirs: theirs.name in own.near)[0]

    def _common(self, goes: Callable[[Concept, Concept], bool]) -> tuple[float, str, Concept | None]:
        best: tuple[float, str, Concept | None] = (0.0, "", None)
        for name, (own, alias) in self.column.meaning.concepts.items():
            mine = concepts()[name]
            for weight, concept in self.target.concepts.values():
                worth = own * weight * (1.0 if mine.name == concept.name else _KIN)
                if worth > best[0] and goes(mine, concept) and self.may_mean(mine):
                    best = (worth, alias, concept)
        return best

    def may_mean(self, concept: Concept) -> bool:
        """Return whether the concept is one of this kind of object."""
        return not concept.of or bool({self.column.kind, self.target.kind, ""} & concept.of)

    @cached_property
    def values(self) -> frozenset[str]:
        """The semantic types that the target takes; empty where that is not known."""
        found = frozenset(v for _, concept in self.target.concepts.values() for v in concept.values)
        return (found | _DAYS if found & _DAYS else found) or BY_TYPE.get(self.type, frozenset())

    @property
    def type(self) -> str:
        """The target's type in our words, or the empty text for texts and pick lists."""
        return type_of(self.target.given)


def exact_name(pair: Pair) -> float:
    """The header reads as the target's label or name."""
    words = pair.column.meaning.words
    return float(any(words == meaning.words for meaning in pair.target.names))


def alias(pair: Pair) -> float:
    """Header and target name the same concept by listed aliases."""
    return pair.shared[0]


def near_alias(pair: Pair) -> float:
    """The header names a concept that may stand in for the target's."""
    return 0.0 if pair.shared[0] else pair.near


def partial_alias(pair: Pair) -> float:
    """An alias of the target's concept stands in the header beside other words."""
    if pair.shared[0]:
        return 0.0
    within = concepts_within(frozenset(pair.column.meaning.words))
    return max((within.get(name, 0.0) for name in pair.target.concepts), default=0.0)


def token_likeness(pair: Pair) -> float:
    """How alike the words are, whatever their order."""
    own = " ".join(pair.column.meaning.words)
    return max(fuzz.token_sort_ratio(own, " ".join(m.words)) for m in pair.target.names) / 100.0


def char_likeness(pair: Pair) -> float:
    """How alike the letters are; only what is clearly alike counts."""
    own = "".join(pair.column.meaning.words)
    best = max(JaroWinkler.similarity(own, "".join(m.words)) for m in pair.target.names)
    return max(0.0, (best - 0.7) / 0.3)


def value_fit(pair: Pair) -> float:
    """Whether the values are of a type that the target takes: 1, or -1 where they cannot be."""
    types = pair.column.values.types
    if not types:
        return 0.0
    veto = BY_TYPE.get(pair.type)
    if veto and not types & veto and not _by_name(pair):
        return -1.0
    if not pair.values:
        return -0.3 if pair.column.values.strong - _COUNTED else 0.1
    return _fit(types, pair.values)


def _by_name(pair: Pair) -> bool:
    """Numbers that are ids are often found by a name, so that a text may stand for them."""
    return pair.type == "number" and pair.target.given.field.endswith("_id")


_COUNTED = frozenset({"integer", "decimal", "money", "bool"})
BRIDGED = 0.8  # from here `bridge` says that header and field name are listed words for one another
_NUMBERS = frozenset({"integer", "decimal", "money"})
_SPOKEN = frozenset(
    {"words", "text"}
)  # values in letters, which a list of words would hold if it were one of it


def _fit(types: frozenset[str], takes: frozenset[str]) -> float:
    common = types & takes
    if common - _WEAK:
        return 1.0
    if takes & CLOSED and types & _SPOKEN:
        return -1.0
    if "enum" in takes and types & {"words", "name", "bool", "gender", "salutation"}:
        common |= {"enum"}
    if common:
        return 0.4 if (types & STRONG) - common - {"integer", "decimal"} else 0.7
    if types & STRONG:
        return -1.0
    return -0.8 if takes <= (STRONG | {"birth_date"}) else -0.25


def choice_overlap(pair: Pair) -> float:
    """The share of the values that stand in the target's pick list."""
    texts, picks = pair.column.values.texts, pair.target.picks
    if not texts or not picks:
        return 0.0
    share = len(list(told(sorted(texts), sorted(picks)))) / len(texts)
    return share or -0.25


def choice_likeness(pair: Pair) -> float:
    """How like the entries of the target's pick list the values are: `pT1` is not `T1`, but of its kind."""
    texts, picks = pair.column.values.texts, pair.target.picks
    if not texts or not picks:
        return 0.0
    some = [normal(text) for text in sorted(texts)[:_COMPARED]]
    return sum(_nearest_pick(text, picks) for text in some) / len(some)


_COMPARED = 50  # values that are compared with a pick list
_ALIKE = 70.0  # per cent of the letters from which two entries are alike


@cache
def _nearest_pick(text: str, picks: frozenset[str]) -> float:
    found = process.extractOne(text, _entries(picks), scorer=fuzz.ratio, processor=None, score_cutoff=_ALIKE)
    return found[1] / 100.0 if found else 0.0


@cache
def _entries(picks: frozenset[str]) -> tuple[str, ...]:
    return tuple(sorted({normal(pick) for pick in picks}))


def unique_strong_type(pair: Pair) -> float:
    """The values are of a type that only this target of its object takes."""
    strong = frozenset(s for _, concept in pair.target.concepts.values() for s in concept.strong)
    return 1.0 / pair.rivals if pair.column.values.types & strong and pair.rivals else 0.0


def other_concept(pair: Pair) -> float:
    """The header names a concept, and it is not the target's."""
    if pair.shared[0] or pair.near:
        return 0.0
    named = [
        weight
        for name, (weight, _) in pair.column.meaning.concepts.items()
        if pair.may_mean(concepts()[name]) and name not in pair.target.concepts
    ]
    if not named:
        return 0.0
    return max(named) if pair.target.concepts else 0.6 * max(named)


def qualifier(pair: Pair) -> float:
    """Words that change what a header is about stand on one side only."""
    if pair.shared[0] >= 1.0 or exact_name(pair):
        return 0.0
    mine = frozenset(pair.column.meaning.words)
    theirs = _all_words(pair.target.names)
    known = theirs | {
        w for c in pair.target.concepts for alias_words in concepts()[c].aliases for w in alias_words
    }
    missing = (mine & qualifiers()) - known
    extra = (min((frozenset(m.words) for m in pair.target.names), key=len) & qualifiers()) - mine
    return min(2.0, len(missing) + (0.5 * len(extra) if not pair.shared[0] else 0.0))


def contradicted(pair: Pair) -> float:
    """Header and target name the same thing, and the values cannot be that.

    Numbers may be keys of anything, and words a way to write anything but what has a closed list.
    """
    named = pair.shared[0] > 0.0 or exact_name(pair) > 0.0
    form = pair.column.values.strong - _NUMBERS
    return float(named and bool(form or pair.values & CLOSED) and value_fit(pair) <= -1.0)


def somebody_elses(pair: Pair) -> float:
    """The header speaks of somebody else than the record is about, and the target does not."""
    words = pair.column.somebody - _all_words(pair.target.names)
    if exact_name(pair) or (pair.shared[0] >= 1.0 and words <= frozenset(pair.column.meaning.words)):
        return 0.0
    return float(bool(words))


def _all_words(names: Sequence[Meaning]) -> frozenset[str]:
    return frozenset(word for meaning in names for word in meaning.words)


def label_likeness(pair: Pair) -> float:
    """How much header and target name share, telling words counted for more, shortened ones too."""
    own = pair.column.meaning.words
    return max(phrase_likeness(own, meaning.words) for meaning in pair.target.names)


def bridge(pair: Pair) -> float:
    """How far header and target name are like aliases of one concept, without being any."""
    if pair.shared[0]:
        return 0.0
    return max(
        (
            weight * pair.target.near[name]
            for name, weight in pair.column.near.items()
            if name in pair.target.near and pair.may_mean(concepts()[name])
        ),
        default=0.0,
    )


def concept_fit(pair: Pair) -> float:
    """Whether the values are as those of the concept that the target's name is most like."""
    if pair.values or not pair.column.values.types or not pair.target.near:
        return 0.0
    best = max(pair.target.near, key=lambda name: (pair.target.near[name], name))
    takes = concepts()[best].values
    return pair.target.near[best] * _fit(pair.column.values.types, takes) if takes else 0.0


def operational(pair: Pair) -> float:
    """The column is one that a system keeps for itself, and the target is not of the same name."""
    return float(bool(pair.column.internal) and not exact_name(pair))


FEATURES: Mapping[str, Callable[[Pair], float]] = {
    feature.__name__: feature
    for feature in (
        exact_name,
        alias,
        near_alias,
        partial_alias,
        token_likeness,
        char_likeness,
        value_fit,
        choice_overlap,
        choice_likeness,
        unique_strong_type,
        other_concept,
        qualifier,
        contradicted,
        somebody_elses,
        operational,
        label_likeness,
        bridge,
        concept_fit,
    )
}
"""Every feature by its name; its weight stands in lexicon/combiner.yaml."""


def none_features(column: Column, targets: Sequence[Target]) -> dict[str, float]:
    """Return what speaks for no place at all among these targets: a table of features of the column alone."""
    held = {name for target in targets for name in target.concepts}
    families = {concepts()[name].family for name in held}
    named = {
        name: weight
        for name, (weight, _) in column.meaning.concepts.items()
        if name not in held and concepts()[name].family not in families and not concepts()[name].near & held
    }
    near = {name: weight for name, weight in column.near.items() if name not in held}
    return {
        "always": 1.0,
        "internal": float(bool(column.internal)),
        "somebody_elses": float(bool(column.somebody)),
        "aspect": float(bool(frozenset(column.meaning.words) & qualifiers())),
        "named_elsewhere": max(named.values(), default=0.0),
        "near_elsewhere": max(near.values(), default=0.0),
        "odd_values": float(column.values.main in _ODD),
        "no_values": float(not column.values.filled),
    }


_ODD = frozenset({"hash", "uuid", "colour"})
