"""Records of ours that are at the destination twice although no answer ever left it in doubt.

The sweep at the end of a load looks where an outcome was open. A gateway that delivers a call twice and gives
one good answer leaves nothing open: what it made too many shows only where everything is read.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from wherry.model.catalog import Catalog
from wherry.model.diff import Observed
from wherry.model.operation import Payload
from wherry.model.ports import DestinationReader

UNLISTED = frozenset({"products"})  # listing them takes a call each

_Sign = tuple[str, str, str]  # stream, field, value


@dataclass(slots=True, kw_only=True)
class Doubles:
    """Knows what carries the same key or text as a record of ours and is another one.

    Streams whose key the destination keeps unique are not looked through. The others are listed once, 100 records
    a call, down to those changed at `since`.
    """

    destination: DestinationReader
    catalog: Catalog
    since: datetime | None
    _listed: set[str] = field(default_factory=set)
    _known: dict[_Sign, list[Observed]] = field(default_factory=dict, repr=False)  # texts of records

    def among(self, children: Iterable[Observed]) -> None:
        """Take note of the children of a contact, as they were read."""
        for one in children:
            self._note(one, _text_of(one))

    def of(self, payload: Payload, seen: Observed) -> list[Observed]:
        """Return what else is there of this part of a record; a listing at the first question about a stream."""
        name = self._key_of(payload)
        if name and payload.stream not in self._listed:
            self._listed.add(payload.stream)
            for one in self.destination.scan(payload.stream, self.since):
                self._note(one, name)
        name = name or (_text_of(seen) if payload.marker else "")
        signed = self._known.get(_sign(seen, name), []) if name else []
        return [one for one in signed if one.id != seen.id]

    def _key_of(self, payload: Payload) -> str:
        """Return the field by which copies are told, or "" where there can be none, or it costs too much."""
        if payload.match is None or payload.stream in UNLISTED:
            return ""
        stream, name = self.catalog.stream(payload.stream), payload.match[0]
        known = stream.field(name.removeprefix("custom_field.")) if stream else None
        return "" if known is None or known.unique else name

    def _note(self, one: Observed, name: str) -> None:
        value = one.fields.get(name)
        if value not in (None, "") and not one.deleted:
            self._known.setdefault(_sign(one, name), []).append(one)


def _sign(one: Observed, name: str) -> _Sign:
    home = one.links.get("targetable", ())
    return one.stream, f"{name} {home}", str(one.fields.get(name))


def _text_of(one: Observed) -> str:
    """Return the field at whose end a marker stands: whoever has the same text has the same marker."""
    return "description" if "description" in one.fields else "name"
