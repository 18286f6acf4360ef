"""A header as the words that it means: case, punctuation, symbols and abbreviations out of the way."""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from functools import cache

_DOTTED = re.compile(r"\b(?:[A-Za-z]\.){2,}[A-Za-z]?")
_SYMBOLS = {
    "£": " currency ",
    "€": " currency ",
    "$": " currency ",
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


@cache
def split(header: str) -> tuple[str, ...]:
    """Return the header's words as spelt, in lower case: `D.O.B.`, `mobileNo` and `Fee (£)` come apart."""
    text = _DOTTED.sub(lambda found: found[0].replace(".", ""), header)
    text = "".join(_SYMBOLS.get(char, char) for char in text)
    text = unicodedata.normalize("NFKD", text)
    text = "".join(char for char in text if not unicodedata.combining(char))
    text = _DIGITS.sub(" ", _CAMEL.sub(" ", _ELIDED.sub("", text)))
    return tuple(word for word in _BREAK.split(text.casefold()) if word)


def expanded(words: Iterable[str], abbreviations: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """Return the words with abbreviations written out; `abbreviations` maps a word to its long form."""
    return tuple(long for word in words for long in abbreviations.get(word, (word,)))


def holds(words: Sequence[str], phrase: Sequence[str]) -> bool:
    """Return whether the phrase stands in the words, its words side by side and in order."""
    size = len(phrase)
    return any(tuple(words[at : at + size]) == tuple(phrase) for at in range(len(words) - size + 1))


def shared_prefix(headers: Sequence[Sequence[str]]) -> str:
    """Return the first word that nearly all headers of a table share, `pt` of PT_NAME, or the empty text."""
    first = [words[0] for words in headers if len(words) > 1]
    if len(first) < 4:
        return ""
    word = max(sorted(set(first)), key=first.count)
    return word if first.count(word) >= 0.8 * len(headers) and len(word) <= 4 else ""
