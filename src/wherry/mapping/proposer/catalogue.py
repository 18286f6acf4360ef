"""The target's catalogue, read as a whole: what each field means, told by the others where its name does not."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from wherry.mapping.proposer import semantic
from wherry.mapping.proposer.assign import assign
from wherry.mapping.proposer.field_types import BY_TYPE, type_of
from wherry.mapping.proposer.lexicon import Concept, concepts, kinds, qualifiers, words_of
from wherry.mapping.proposer.table import (
    Target,
    TargetField,
    is_own_id,
    kind_by_fields,
    kind_of,
    kinds_named,
    meaning_of,
    near_of,
    object_words,
)
from wherry.mapping.proposer.values import CLOSED, look_at

_LEAST = 0.4  # likeness from which a field may be what no other field is
_SEVERAL = 2  # objects whose names say their kind, from which a catalogue is one of business objects
_MOST = 0.8  # how far a field counts for what it only seems to be: not enough for green
_ALIASES = 3  # of a concept, compared by meaning
_BY_WORDS = 0.6  # of a likeness, where the sentence model has the rest


def read_targets(targets: Sequence[TargetField]) -> tuple[Target, ...]:
    """Read the target fields; of what kind an object is, is told by its fields where its name leaves it open.

    `pipelineItem` may be a deal or a product by its name.
    """
    found = [_target(target, kind_of(target.object)) for target in targets]
    named = {name: kinds_named(name) for name in dict.fromkeys(target.object for target in targets)}
    sure = {some[0] for some in named.values() if len(some) == 1}
    told: dict[str, str] = {}
    for name, some in named.items():
        if len(some) != 1:
            fields = [t.near for t in found if t.given.object == name]
            among = some or ([k.name for k in kinds() if k.name not in sure] if len(sure) >= _SEVERAL else ())
            told[name] = kind_by_fields(fields, among) or kind_of(name)
    found = [
        t if told.get(t.given.object, t.kind) == t.kind else _target(t.given, told[t.given.object])
        for t in found
    ]
    return tuple(_settled(found, several=len(sure) >= _SEVERAL))


def _settled(targets: Sequence[Target], *, several: bool) -> list[Target]:
    """Give fields that no alias names the concepts of their kind that are left, so that they all fit best."""
    done = list(targets)
    for name in dict.fromkeys(t.given.object for t in targets):
        inside = [n for n, t in enumerate(targets) if t.given.object == name]
        kind = targets[inside[0]].kind
        rest = _unsaid(targets, inside)
        if not kind or not rest or not (several or kind_of(name)):
            continue
        held = {name for n in inside if n not in rest for name in targets[n].concepts}
        left = [c for c in concepts().values() if (not c.of or kind in c.of) and c.name not in held]
        gains = [_gains(targets[n], left) for n in rest]
        for n, place, gain in zip(rest, assign(gains, {}), gains, strict=True):
            if place is not None:
                found = {left[place].name: (min(gain[place], _MOST), left[place])}
                done[n] = replace(targets[n], concepts=found)
    return done


def _unsaid(targets: Sequence[Target], inside: Sequence[int]) -> list[int]:
    """Return those of an object's fields that no alias names, or none that does not name another one better."""
    best: dict[str, float] = {}
    for n in inside:
        for name, (weight, _) in targets[n].concepts.items():
            best[name] = max(weight, best.get(name, 0.0))
    return [n for n in inside if all(w < best[name] for name, (w, _) in targets[n].concepts.items())]


def _gains(target: Target, left: Sequence[Concept]) -> dict[int, float]:
    found = {n: _seems(target, concept) for n, concept in enumerate(left)}
    return {n: worth for n, worth in found.items() if worth >= _LEAST}


def _seems(target: Target, concept: Concept) -> float:
    """Return from 0 to 1 how likely a field is a concept, by its names and its type."""
    takes = BY_TYPE.get(type_of(target.given))
    if takes and concept.values and not takes & concept.values:
        return 0.0
    if target.picks and concept.values & CLOSED and not concept.values & look_at(tuple(target.picks)).types:
        return 0.0
    said = {word for name in target.names for word in name.words}
    if said & qualifiers() - {word for alias in concept.aliases for word in alias}:
        return 0.0
    by_words = target.near.get(concept.name, 0.0)
    if by_words < _LEAST or not semantic.installed():
        return by_words
    some = [words_of(alias) for alias in list(concept.aliases.values())[:_ALIASES]]
    by_meaning = max((semantic.cosine(n.words, alias) for n in target.names for alias in some), default=0.0)
    return _BY_WORDS * by_words + (1.0 - _BY_WORDS) * max(0.0, by_meaning)


def _target(target: TargetField, kind: str) -> Target:
    name = target.field.removeprefix("cf_")
    spelt = [target.label, name, name.removesuffix("_id")]
    names = tuple(meaning_of(text, target.object, "") for text in dict.fromkeys(filter(None, spelt)))
    found: dict[str, tuple[float, Concept]] = {}
    for meaning in names:
        for concept_name, (weight, _) in meaning.concepts.items():
            concept = concepts()[concept_name]
            fits = not concept.of or not kind or kind in concept.of
            if fits and found.get(concept_name, (0.0, concept))[0] < weight:
                found[concept_name] = (weight, concept)
    if not found and any(is_own_id(n.words, object_words(target.object)) for n in names):
        found["external_id"] = (1.0, concepts()["external_id"])
    return Target(
        given=target,
        kind=kind,
        names=names,
        picks=frozenset(pick.casefold().strip() for pick in target.picks),
        concepts=_unless_clearer(found),
        near=near_of(names),
    )


def _unless_clearer(
    found: Mapping[str, tuple[float, Concept]],
) -> Mapping[str, tuple[float, Concept]]:
    """A target's full words win over what is left of them once words are taken off."""
    best = max((weight for weight, _ in found.values()), default=0.0)
    return {name: entry for name, entry in found.items() if entry[0] == best}
