"""The lexicon: reviewed data about what headers mean, read from mapping/lexicon/*.yaml."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from ruamel.yaml import YAML

from wherry.mapping.proposer.words import expanded, holds, split

_ABBREVIATIONS = "abbreviations.yaml"
_NEVER = "never.yaml"


@cache
def lexicon_texts() -> Mapping[str, str]:
    """Return the files of the lexicon (name → text), in the order of their names."""
    folder = resources.files("wherry.mapping").joinpath("lexicon")
    files = sorted((f for f in folder.iterdir() if f.name.endswith(".yaml")), key=lambda f: f.name)
    return {f.name: f.read_text(encoding="utf-8") for f in files}


@cache
def lexicon_sha256() -> str:
    """Return the sha256 over names and texts of the lexicon's files."""
    digest = hashlib.sha256()
    for name, text in lexicon_texts().items():
        digest.update(f"{name}\0{len(text)}\0{text}".encode())
    return digest.hexdigest()


def read(name: str) -> Any:
    """Return what a file of the lexicon holds."""
    return YAML(typ="safe", pure=True).load(lexicon_texts()[name])


@cache
def abbreviations() -> Mapping[str, tuple[str, ...]]:
    """Return the long form of each abbreviation, as words."""
    return {str(short): tuple(str(long).split()) for short, long in read(_ABBREVIATIONS).items()}


def words_of(header: str) -> tuple[str, ...]:
    """Return the header's words with abbreviations written out."""
    return expanded(split(header), abbreviations())


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
        for name, body in read(_NEVER)["classes"].items()
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
