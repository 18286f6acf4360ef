"""What people approved before: suggestions with their own evidence, never applied by themselves."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from wherry.mapping.proposer.lexicon import words_of
from wherry.mapping.proposer.values import look_at

_VERSION = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """Approved places by what they were for; an empty place: the column was left out."""

    places: Mapping[str, str] = field(default_factory=dict)

    def recalled(self, key: str) -> str | None:
        """Return where such a column went before, the empty text where nowhere, None where that is not known."""
        return self.places.get(key)

    def keeping(self, decided: Mapping[str, str]) -> "Memory":
        """Return the memory with these decisions; a newer one takes the place of an older."""
        return Memory(places={**self.places, **decided})

    def text(self) -> str:
        """Return the memory as the file that it is kept in; the same memory gives the same bytes."""
        data = {"version": _VERSION, "places": dict(sorted(self.places.items()))}
        return json.dumps(data, ensure_ascii=False, indent=1) + "\n"


NOTHING = Memory()


def read_memory(text: str) -> Memory:
    """Return the memory that a file holds; what cannot be read is no memory."""
    try:
        data = json.loads(text)
        places = data["places"] if data["version"] == _VERSION else {}
        return Memory(places={str(key): str(place) for key, place in places.items()})
    except (ValueError, TypeError, KeyError, AttributeError):
        return NOTHING


def memory_key(system: str, stream: str, header: str, samples: tuple[str, ...]) -> str:
    """Return what a decision is remembered by: source system, object, header in words, and kind of values."""
    return " / ".join((system, stream, " ".join(words_of(header)), look_at(samples).main or "no values"))


def recalled_phrase(place: str) -> str:
    """Return a remembered decision as evidence."""
    return f"approved before: {place}" if place else "left out before by a person"
