"""How near words come to the lexicon's when they are not the same: by spelling, shortening and rarity."""

import math
from collections.abc import Iterable, Mapping, Sequence
from functools import cache

from rapidfuzz.distance import OSA, JaroWinkler

from wherry.mapping.proposer.lexicon import concepts, synonyms, writing
from wherry.mapping.proposer.semantic import is_word

_SPELT = 0.9  # Jaro-Winkler from which two spellings may be of one word
_CUT, _SKELETON = 0.85, 0.8  # how far a word counts that was cut off, or lost its vowels
_SYNONYM = 0.75  # how far a word counts that may stand for another
_LEAST_CUT = 3  # letters that a cut word keeps
_LEAST_RESTORED = 4
_MOST_OF = 0.7  # of a word's consonants
_LEAST_MISTYPED = 6  # letters of a word of which one may be wrong
_LEAST = 0.2  # a likeness below this says nothing
_VOWELS = frozenset("aeiouy")


@cache
def _rarity() -> Mapping[str, float]:
    """Return for each word of the lexicon how telling it is: rarer ones are more so."""
    named: dict[str, set[str]] = {}
    for concept in concepts().values():
        for alias in concept.aliases:
            for word in alias:
                named.setdefault(word, set()).add(concept.name)
    return {word: math.log(1.0 + len(concepts()) / len(names)) for word, names in named.items()}


@cache
def _most_rarity() -> float:
    return math.log(1.0 + len(concepts()))


def rarity(word: str) -> float:
    """Return how telling a word is; one that the lexicon does not have tells as much as the rarest."""
    return _rarity().get(word, _most_rarity())


@cache
def word_likeness(mine: str, theirs: str) -> float:
    """Return from 0 to 1 how likely two words are one: same, another for it, misspelt, cut off, or without vowels."""
    if mine == theirs:
        return 1.0
    if theirs in synonyms().get(mine, ()):
        return _SYNONYM
    if mine[:1] != theirs[:1] or min(len(mine), len(theirs)) < 2 or {mine, theirs} <= writing().known:
        return 0.0
    short, long = sorted((mine, theirs), key=len)
    return _shortened(short, long) or _misspelt(short, long)


def _shortened(short: str, long: str) -> float:
    """Return how likely one word is the other cut off, or without vowels; no whole word is."""
    if is_word(short) or len(short) < _LEAST_CUT:
        return 0.0
    return _CUT if long.startswith(short) else _SKELETON if _is_skeleton(short, long) else 0.0


def _misspelt(short: str, long: str) -> float:
    spelt = JaroWinkler.similarity(short, long)
    return spelt * _CUT if spelt >= _SPELT and len(short) > _LEAST_CUT else 0.0


def _is_skeleton(short: str, long: str) -> bool:
    """Tell whether the short word is the long one's consonants, or the first of them, or most, in their order."""
    bare = long[0] + "".join(letter for letter in long[1:] if letter not in _VOWELS)
    own = short[0] + "".join(letter for letter in short[1:] if letter not in _VOWELS)
    if len(own) < _LEAST_CUT or own != short:
        return False
    rest = iter(bare)
    told = len(own) >= _LEAST_RESTORED and _MOST_OF * len(bare) <= len(own)
    return bare.startswith(own) or (told and all(letter in rest for letter in own))


def phrase_likeness(mine: Sequence[str], theirs: Iterable[str]) -> float:
    """Return from 0 to 1 how much two phrases share, telling words counted for more, in any order."""
    left = list(dict.fromkeys(theirs))
    total = sum(map(rarity, mine)) + sum(map(rarity, left))
    shared = 0.0
    for word in dict.fromkeys(mine):
        best = max(left, key=lambda other: word_likeness(word, other), default="")
        likeness = word_likeness(word, best) if best else 0.0
        if likeness > 0.0:
            shared += likeness * (rarity(word) + rarity(best))
            left.remove(best)
    return shared / total if total else 0.0


@cache
def _aliases_by_word() -> Mapping[str, tuple[tuple[str, frozenset[str]], ...]]:
    found: dict[str, list[tuple[str, frozenset[str]]]] = {}
    for concept in concepts().values():
        for alias in concept.aliases:
            for word in sorted(alias):
                found.setdefault(word, []).append((concept.name, alias))
    return {word: tuple(entries) for word, entries in found.items()}


@cache
def _near_words(word: str) -> tuple[str, ...]:
    return tuple(known for known in _aliases_by_word() if word_likeness(word, known) > 0.0)


@cache
def near_concepts(words: tuple[str, ...]) -> Mapping[str, float]:
    """Return the concepts (by name) with an alias like these words, each with its best likeness."""
    entries = {
        entry: None for word in words for known in _near_words(word) for entry in _aliases_by_word()[known]
    }
    found: dict[str, float] = {}
    for name, alias in entries:
        likeness = phrase_likeness(words, sorted(alias))
        if likeness > max(_LEAST, found.get(name, 0.0)):
            found[name] = likeness
    return found


@cache
def _respelt(word: str) -> str:
    """Return the lexicon's word that differs by one typing error: letters changed places, or one is wrong."""
    letters = sorted(word)
    near = [
        (sorted(other) != letters, -rarity(other), other)
        for other in writing().known
        if other[:1] == word[:1]
        and abs(len(other) - len(word)) <= 1
        and len(other) >= _LEAST_RESTORED
        and (sorted(other) == letters or min(len(word), len(other)) >= _LEAST_MISTYPED)
        and OSA.distance(word, other, score_cutoff=1) <= 1
    ]
    return min(near)[2] if near else ""


@cache
def restored(word: str) -> str:
    """Return the lexicon's word that a shortened or mistyped one most likely stands for, or the word itself."""
    known = writing().known
    if (
        len(word) < _LEAST_RESTORED
        or word in known
        or word in writing().long
        or word.isdigit()
        or is_word(word)
    ):
        return word
    if respelt := _respelt(word):
        return respelt
    near = [
        (word_likeness(word, other), -rarity(other), other)
        for other in sorted(known)
        if len(other) > len(word)
    ]
    likeness, _, best = max(near, default=(0.0, 0.0, word))
    return best if likeness >= _SKELETON else word
