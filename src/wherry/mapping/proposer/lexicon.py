"""The lexicon: reviewed data about what headers mean, read from mapping/lexicon/*.yaml."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from ruamel.yaml import YAML

from wherry.mapping.proposer import semantic
from wherry.mapping.proposer.words import Writing, holds, singular
from wherry.mapping.values import VALUES, values_source


@cache
def lexicon_texts() -> Mapping[str, str]:
    """Return the files of the lexicon (name → text), in the order of their names."""
    folder = resources.files("wherry.mapping").joinpath("lexicon")
    files = sorted((f for f in folder.iterdir() if f.name.endswith(".yaml")), key=lambda f: f.name)
    return {f.name: f.read_text(encoding="utf-8") for f in files}


@cache
def lexicon_sha256() -> str:
    """Return the sha256 over names and texts of the lexicon's files, and of the value tables by which values are told."""
    digest = hashlib.sha256()
    for name, text in {**lexicon_texts(), VALUES: values_source()}.items():
        digest.update(f"{name}\0{len(text)}\0{text}".encode())
    return digest.hexdigest()


@cache
def _read(name: str) -> Any:
    return YAML(typ="safe", pure=True).load(lexicon_texts()[name])


@cache
def writing() -> Writing:
    """Return how headers are written out: abbreviations, joined words, words that say nothing."""
    data = _read("abbreviations.yaml")
    phrases = [str(a) for body in _read("concepts.yaml").values() for a in body["aliases"]]
    phrases += [str(n) for body in _read("objects.yaml").values() for n in body["names"]]
    phrases += [str(p) for body in _read("never.yaml")["classes"].values() for p in body["phrases"]]
    return Writing(
        long={str(short): tuple(str(long).split()) for short, long in data["words"].items()},
        joined={tuple(str(parts).split()): str(one) for parts, one in data["joined"].items()},
        ignored=frozenset(data["ignored"]),
        noise=frozenset(singular(word) for word in data["noise"]),
        known=frozenset(word for phrase in phrases for word in phrase.split()),
    )


@cache
def words_of(header: str) -> tuple[str, ...]:
    """Return the header's words, written out."""
    return writing().words(header)


@dataclass(frozen=True, slots=True, kw_only=True)
class Barred:
    """A class of the never-migrate list; phrases as words, written out."""

    name: str
    why: str
    phrases: tuple[tuple[str, ...], ...]
    but_not: tuple[tuple[str, ...], ...]


@cache
def barred_classes() -> tuple[Barred, ...]:
    """Return the never-migrate list."""
    return tuple(
        Barred(
            name=str(name),
            why=str(body["why"]),
            phrases=tuple(words_of(str(phrase)) for phrase in body["phrases"]),
            but_not=tuple(words_of(str(phrase)) for phrase in body.get("but_not", ())),
        )
        for name, body in _read("never.yaml")["classes"].items()
    )


def never_class(header: str) -> str:
    """Return the class of the never-migrate list that the header falls under, or the empty text."""
    words = words_of(header)
    for barred in barred_classes():
        if any(holds(words, phrase) for phrase in barred.but_not):
            continue
        if any(holds(words, phrase) for phrase in barred.phrases):
            return barred.name
    return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Concept:
    """What a column can mean, whatever it is called; see lexicon/concepts.yaml."""

    name: str
    family: str  # concepts of one family stand for each other
    of: frozenset[str]  # kinds of objects; empty = any
    values: frozenset[str]
    strong: frozenset[str]
    near: frozenset[str]  # concepts that it may stand in for where they have no target of their own
    holds: int
    aliases: Mapping[frozenset[str], str]  # words → the alias as written


@cache
def concepts() -> Mapping[str, Concept]:
    """Return the concepts by name."""
    found: dict[str, Concept] = {}
    for name, body in _read("concepts.yaml").items():
        found[name] = Concept(
            name=name,
            family=str(body.get("same", name)),
            of=frozenset(body.get("of", ())),
            values=frozenset(body.get("values", ())),
            strong=frozenset(body.get("strong", ())),
            near=frozenset(body.get("near", ())),
            holds=int(body.get("holds", 1)),
            aliases={frozenset(words_of(str(alias))): str(alias) for alias in body["aliases"]},
        )
    return found


@cache
def _by_alias() -> Mapping[frozenset[str], tuple[tuple[Concept, str], ...]]:
    found: dict[frozenset[str], list[tuple[Concept, str]]] = {}
    for concept in concepts().values():
        for words, alias in concept.aliases.items():
            found.setdefault(words, []).append((concept, alias))
    return {words: tuple(entries) for words, entries in found.items()}


def concepts_named(words: Sequence[str]) -> tuple[tuple[Concept, str], ...]:
    """Return the concepts that have exactly these words as an alias, each with the alias as written."""
    return _by_alias().get(frozenset(words), ())


@cache
def concepts_within(words: frozenset[str]) -> Mapping[str, float]:
    """Return concepts (by name) with an alias inside these words, and how much of them the alias covers."""
    found: dict[str, float] = {}
    for alias, entries in _by_alias().items():
        if alias < words:
            for concept, _ in entries:
                found[concept.name] = max(found.get(concept.name, 0.0), len(alias) / len(words))
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """What an object can be; `also` names kinds that it may become, with less weight."""

    name: str
    names: tuple[tuple[str, ...], ...]
    also: Mapping[str, float]


@cache
def kinds() -> tuple[Kind, ...]:
    """Return the kinds of objects."""
    return tuple(
        Kind(
            name=str(name),
            names=tuple(words_of(str(one)) for one in body["names"]),
            also={str(k): float(v) for k, v in body.get("also", {}).items()},
        )
        for name, body in _read("objects.yaml").items()
    )


@cache
def qualifiers() -> frozenset[str]:
    """Return the words that change what a header is about."""
    groups = _read("qualifiers.yaml")
    return frozenset(singular(word) for name in ("aspects", "sides") for word in groups[name])


@cache
def others() -> frozenset[str]:
    """Return the words that say that it is somebody else's."""
    return frozenset(singular(word) for word in _read("qualifiers.yaml")["others"])


@cache
def operational() -> Mapping[frozenset[str], str]:
    """Return what a system keeps for itself: words → the group it belongs to."""
    return {
        frozenset(words_of(str(phrase))): str(group)
        for group, phrases in _read("operational.yaml")["groups"].items()
        for phrase in phrases
    }


@cache
def synonyms() -> Mapping[str, frozenset[str]]:
    """Return for each word those that may stand for it, as written out and in the singular."""
    found: dict[str, set[str]] = {}
    for lines in _read("synonyms.yaml").values():
        for line in lines:
            words = {words_of(str(word))[0] for word in line if len(words_of(str(word))) == 1}
            for word in words:
                found.setdefault(word, set()).update(words - {word})
    return {word: frozenset(others_of) for word, others_of in found.items()}


@cache
def word_list(name: str) -> frozenset[str]:
    """Return a closed list of values, in lower case."""
    return frozenset(str(word) for word in _read("words.yaml")[name])


def figures_file() -> str:
    """Return the name of the file with the learned figures in use."""
    return "combiner_semantic.yaml" if semantic.installed() else "combiner.yaml"


def model_sha256() -> str:
    """Return the sha256 of the learned figures in use, and of the sentence model where it is."""
    text = lexicon_texts()[figures_file()]
    return hashlib.sha256((text + semantic.WEIGHTS_SHA256 * semantic.installed()).encode()).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Combiner:
    """The learned combiner's figures; see lexicon/combiner.yaml.

    `weights` are of a pair's features, `none` of those that speak for no place at all.
    """

    weights: Mapping[str, float]
    none: Mapping[str, float]
    green: float
    amber: float


@cache
def combiner() -> Combiner:
    """Return the combiner's figures: those learned with the sentence model where it is installed."""
    data = _read(figures_file())
    return Combiner(
        weights={str(name): float(weight) for name, weight in data["weights"].items()},
        none={str(name): float(weight) for name, weight in data["none"].items()},
        green=float(data["green"]),
        amber=float(data["amber"]),
    )
