"""Reading a hand-written document key by key, so that every mistake is named with file, line and remedy."""

from collections.abc import Iterable, Iterator
from collections.abc import Mapping as MappingABC
from typing import Any

from rapidfuzz import process
from rapidfuzz.distance import OSA

from wherry.mapping.conditions import CONDITIONS, terms_of
from wherry.mapping.transforms import REGISTRY
from wherry.model.catalog import FieldType
from wherry.model.errors import MappingIncomplete
from wherry.model.jsons import Json
from wherry.model.mapping import Rule

NEAR = 0.7  # of 1: how alike the spelling of two words must be for one to be suggested for the other


def nearest(word: str, known: Iterable[str]) -> str:
    """Return the known word that is spelt almost like this one, or the empty text where none is."""
    found = process.extractOne(
        word, list(known), scorer=OSA.normalized_similarity, processor=_spelling, score_cutoff=NEAR
    )
    return str(found[0]) if found else ""


def _spelling(word: str) -> str:
    return "".join(letter for letter in word.casefold() if letter.isalnum())


class Reader:
    """One mapping of a YAML document (a dict); lines are known where ruamel read it."""

    def __init__(self, data: object, file: str, line: int = 0) -> None:
        self._file = file
        self._line = line
        if not isinstance(data, MappingABC):
            raise MappingIncomplete(f"{self._where(line)}: expected `key: value` lines here")
        self._data = data

    def _where(self, line: int) -> str:
        name = self._file or "mapping"
        return f"{name}, line {line}" if line else name

    def line(self, key: str = "") -> int:
        """Return the line (from 1) where the key, or the whole, stands; 0 where that is not known."""
        marks = getattr(self._data, "lc", None)
        if marks is None:
            return self._line
        if key and key in self._data:
            return int(marks.key(key)[0]) + 1
        return self._line or int(marks.line) + 1

    def error(self, key: str, problem: str, known: Iterable[str] = ()) -> MappingIncomplete:
        """Return the error that names file, line, key and what may stand there."""
        options = list(known)
        hint = f"one of: {', '.join(options)}" if options else ""
        return MappingIncomplete(f"{self._where(self.line(key))}: {key}: {problem}", hint=hint)

    def has(self, key: str) -> bool:
        """Return whether the key is there and filled."""
        return self._data.get(key) not in (None, "")

    def must_have(self, key: str) -> None:
        """Refuse a document without this key."""
        if not self.has(key):
            raise self.error(key, "is missing")

    def known_keys(self, known: Iterable[str]) -> None:
        """Refuse keys that mean nothing."""
        names = list(known)
        for key in self._data:
            if key not in names:
                near = nearest(str(key), names)
                raise self.error(
                    str(key), f"unknown key; did you mean {near}?" if near else "unknown key", names
                )

    def text(self, key: str) -> str:
        """Return a text, or the empty one."""
        value = self._data.get(key)
        if value is None:
            return ""
        if not isinstance(value, str):
            raise self.error(key, "must be a text; put it in quotes")
        return str(value)

    def whole(self, key: str) -> int:
        """Return a whole number, or 0."""
        value = self._data.get(key, 0)
        if not isinstance(value, int) or isinstance(value, bool):
            raise self.error(key, "must be a whole number")
        return int(value)

    def flag(self, key: str, *, default: bool) -> bool:
        """Return true or false."""
        value = self._data.get(key, default)
        if not isinstance(value, bool):
            raise self.error(key, "must be true or false")
        return bool(value)

    def share(self, key: str, default: float) -> float:
        """Return a number from 0 to 1."""
        value = self._data.get(key, default)
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
            raise self.error(key, "must be a number from 0 to 1")
        return float(value)

    def one_of(self, key: str, known: Iterable[str]) -> str:
        """Return one of the known words, or the empty text."""
        value = self.text(key)
        options = [str(word) for word in known]
        if value and value not in options:
            raise self.error(key, f"cannot be {value!r}", options)
        return value

    def listed(self, key: str) -> tuple[str, ...]:
        """Return a text, or a list of texts, as a tuple."""
        value = self._data.get(key)
        items = value if isinstance(value, list) else [] if value is None else [value]
        if not all(isinstance(item, str) for item in items):
            raise self.error(key, "must be a text or a list of texts; put yes, no and numbers in quotes")
        return tuple(str(item) for item in items)

    def texts(self, key: str) -> dict[str, str]:
        """Return a table of texts."""
        value = self._data.get(key) or {}
        if not isinstance(value, MappingABC) or not all(isinstance(v, str) for v in value.values()):
            raise self.error(key, "must be a table of texts")
        return {str(k): str(v) for k, v in value.items()}

    def plain(self, key: str) -> dict[str, Json]:
        """Return a table of any JSON values."""
        value = self._data.get(key) or {}
        if not isinstance(value, MappingABC):
            raise self.error(key, "must be a table")
        return {str(k): _plain(v) for k, v in value.items()}

    def parts(self, key: str, known: Iterable[str]) -> Iterator["Reader"]:
        """Yield the entries of a list of tables."""
        value = self._data.get(key) or []
        if not isinstance(value, list):
            raise self.error(key, "must be a list")
        marks = getattr(value, "lc", None)
        for n, item in enumerate(value):
            part = Reader(item, self._file, int(marks.item(n)[0]) + 1 if marks else self.line(key))
            part.known_keys(known)
            yield part


def _plain(value: Any) -> Json:
    if isinstance(value, MappingABC):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, list):
        return [_plain(v) for v in value]
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return int(value)
    return float(value) if isinstance(value, float) else str(value)


def checked_rule(item: Reader, rule: Rule) -> Rule:
    """Return the rule if its names mean something; raises MappingIncomplete naming the key otherwise."""
    function = REGISTRY.get(rule.using)
    if function is None:
        near = nearest(rule.using, REGISTRY)
        problem = f"there is no value function {rule.using}" + (f"; did you mean {near}?" if near else "")
        raise item.error("using", problem, sorted(REGISTRY))
    for name in rule.args:
        if name not in function.args:
            raise item.error("args", f"{rule.using} has no argument {name}", sorted(function.args))
    least, most = function.sources
    if not least <= len(rule.source) <= most:
        raise item.error("from", f"{rule.using} takes {least} to {most} source fields")
    for _, name in terms_of(rule.when):
        if name not in CONDITIONS:
            raise item.error("when", f"there is no condition {name}", sorted(CONDITIONS))
    if rule.type and rule.type not in set(FieldType):
        raise item.error("type", f"there is no type {rule.type}", sorted(FieldType))
    return rule
