"""A header as the words that it means: case, punctuation, symbols and abbreviations out of the way."""

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

_DOTTED = re.compile(r"\b(?:[A-Za-z]\.){2,}[A-Za-z]?")
_SYMBOLS = {
    "£": " money ",
    "€": " money ",
    "$": " money ",
    "%": " percent ",
    "#": " number ",
    "&": " and ",
    "@": " at ",
    "№": " number ",
}
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_DIGITS = re.compile(r"(?<=[A-Za-z])(?=\d)|(?<=\d)(?=[A-Za-z])")
_ELIDED = re.compile(r"['’]s\b|['’]")
_BREAK = re.compile(r"[^a-z0-9]+")
_ASIDE = re.compile(r"\([^)]*\)|\[[^\]]*\]|\?.*\Z")
_OTHER = re.compile(
    r"\b(?:other|second|secondary|alternat\w*|home|work|mobile|evening|daytime|2|3)\b", re.IGNORECASE
)
_ASKED = re.compile(r"\A\s*q(?:uestion)?\s*\d+\s*[.:)]?\s+", re.IGNORECASE)  # of a questionnaire
# Prefixes of programmers that say the type: `strForename`, `dtmNextRecall`; what is left has three letters.
_TYPED = re.compile(
    r"^(?:str|lng|int|dtm|dat|bln|bol|cur|mem|txt|num|dbl|sng|byt|vch|chr|fld|cbo)(?=[A-Z][A-Za-z]{2})"
)
_LINE = re.compile(r"(tel|ph|phn|phone)([hwm])\Z")  # `telh` is the phone at home
_GLUED = 5  # letters from which an unknown word may be several known ones
_PIECES = 4
_PREFIX_LEAST, _PREFIX_MOST, _PREFIX_OFTEN = 2, 5, 3  # letters; headers that show it
_SHORT_LAST = frozenset({"no", "id", "dt", "nm", "by", "at", "on", "nr", "ok"})


@cache
def split(header: str) -> tuple[str, ...]:
    """Return the header's words as spelt, in lower case: `D.O.B.`, `mobileNo` and `Fee (£)` come apart."""
    text = _DOTTED.sub(
        lambda found: found[0].replace(".", ""), _TYPED.sub("", _ASKED.sub("", header).strip())
    )
    text = "".join(_SYMBOLS.get(char, char) for char in text)
    text = unicodedata.normalize("NFKD", text)
    text = "".join(char for char in text if not unicodedata.combining(char))
    text = _DIGITS.sub(" ", _CAMEL.sub(" ", _ELIDED.sub("", text)))
    return tuple(word for word in _BREAK.split(text.casefold()) if word)


@dataclass(frozen=True, slots=True, kw_only=True)
class Writing:
    """How words are written out; see lexicon/abbreviations.yaml. `known` are all words of the lexicon."""

    long: Mapping[str, tuple[str, ...]]
    joined: Mapping[tuple[str, ...], str]
    ignored: frozenset[str]
    noise: frozenset[str]
    known: frozenset[str]

    def words(self, header: str) -> tuple[str, ...]:
        """Return the header's words, written out, without those that say nothing."""
        apart = [piece for word in split(header) for piece in self._pieces(word)]
        written = [long for word in apart for long in self._long(word)]
        joined = list(self._joined(written))
        return tuple(singular(word) for word in joined if word not in self.ignored) or tuple(joined)

    def knows(self, word: str) -> bool:
        """Return whether a word is known, or made up of known ones."""
        return all(self._is_known(piece) for piece in self._pieces(word))

    def _long(self, word: str) -> tuple[str, ...]:
        """Write a word out; `invs` as `inv`."""
        short = word if word in self.long else singular(word)
        return self.long.get(short, (word,))

    def _pieces(self, word: str) -> tuple[str, ...]:
        """Take an unknown long word apart into known ones, as few as possible, or leave it whole."""
        if self._is_known(word):
            return (word,)
        if lined := _LINE.match(word):
            return lined.groups()
        if len(word) < _GLUED:
            return (word,)
        best: list[tuple[str, ...] | None] = [(), *([None] * len(word))]
        for end in range(2, len(word) + 1):
            for start in range(end - 1):
                before = best[start]
                piece = word[start:end]
                if before is None or not self._may_stand(piece, first=start == 0, last=end == len(word)):
                    continue
                shortest = best[end]
                if shortest is None or len(before) + 1 < len(shortest):
                    best[end] = (*before, piece)
        found = best[len(word)]
        return found if found and len(found) <= _PIECES else (word,)

    def _is_known(self, word: str) -> bool:
        return word in self.known or word in self.long

    def _may_stand(self, piece: str, *, first: bool, last: bool) -> bool:
        if len(piece) >= 3:
            return self._is_known(piece)
        return (
            piece == "of"
            or (first and piece in self.long)
            or (last and piece in _SHORT_LAST | set(self.long))
        )

    def _joined(self, words: Sequence[str]) -> Iterator[str]:
        at = 0
        while at < len(words):
            for size in (3, 2):
                one = self.joined.get(tuple(words[at : at + size]))
                if one is not None:
                    yield from one.split()
                    at += size
                    break
            else:
                one = "".join(words[at : at + 2])
                if self._is_one(words[at : at + 2], one):
                    yield from self._long(one)
                    at += 2
                    continue
                yield words[at]
                at += 1

    def _is_one(self, pair: Sequence[str], one: str) -> bool:
        """Tell whether two words are one that was parted: `sur name`, `fore name`."""
        known = [self._is_known(word) for word in pair]
        return len(pair) == 2 and not all(known) and len(one) >= _GLUED and self._is_known(one)


def singular(word: str) -> str:
    """Return the word without the s of a plural; what only looks like one loses it everywhere alike."""
    if len(word) > 3 and word.endswith("s") and word[-2] not in "sui":
        return word[:-1]
    return word


def without_aside(header: str) -> str:
    """Return the header without what stands in brackets or after a question mark, unless it says which of two."""
    return _ASIDE.sub(lambda aside: aside[0] if _OTHER.search(aside[0]) else " ", header).strip() or header


def holds(words: Sequence[str], phrase: Sequence[str]) -> bool:
    """Return whether the phrase stands in the words, its words side by side and in order."""
    size = len(phrase)
    return any(tuple(words[at : at + size]) == tuple(phrase) for at in range(len(words) - size + 1))


def glued_prefix(headers: Sequence[str], table: str, knows: Callable[[str], bool]) -> str:
    """Return the letters that stand before a known word in most headers of a table, `ap` of APDATE, APTIME.

    Empty where fewer than three headers have them, or two where the table's name begins with them, or less than
    half of the headers that are one word.
    """
    whole = [words[0] for header in headers if len(words := split(header)) == 1]
    unknown = [word for word in whole if not knows(word)]
    found: Counter[str] = Counter(
        word[:size]
        for word in unknown
        for size in range(_PREFIX_LEAST, min(_PREFIX_MOST, len(word) - 1))
        if knows(word[size:])
    )
    prefix, often = max(found.items(), key=lambda one: (one[1], len(one[0]), one[0]), default=("", 0))
    often += "".join(split(table)).startswith(prefix)
    shared = sum(word.startswith(prefix) for word in whole)
    return prefix if often >= _PREFIX_OFTEN and 2 * shared >= len(whole) else ""


def without_glued(header: str, prefix: str) -> str:
    """Return the header with its table's glued prefix set apart."""
    at = len(prefix)
    return (
        f"{header[:at]}_{header[at:]}"
        if prefix and header.casefold().startswith(prefix) and header[at:]
        else header
    )


def shared_prefix(headers: Sequence[Sequence[str]]) -> str:
    """Return the first word that nearly all headers of a table share, `pt` of PT_NAME, or the empty text."""
    first = [words[0] for words in headers if len(words) > 1]
    if len(first) < 3:
        return ""
    word = max(sorted(set(first)), key=first.count)
    return word if first.count(word) >= 0.7 * len(headers) else ""
