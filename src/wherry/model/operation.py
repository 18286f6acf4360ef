"""One intended write at the destination, and what undoes it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias

from wherry.model.jsons import Json, sha256_of
from wherry.model.record import Key


@dataclass(frozen=True, slots=True)
class Link:
    """A relation of the record to another one that was loaded before it.

    `field` is the destination's name of the relation (sales_accounts, targetable, attendees); `to` the
    source key of the other record, whose destination id the crosswalk knows.
    """

    field: str
    to: Key


@dataclass(frozen=True, slots=True)
class Content:
    """The bytes that a file is made of: the source's reference to them, and their media type ("" unknown)."""

    ref: str
    media_type: str = ""

    def __repr__(self) -> str:
        return "Content(…)"


MODULE_PART = 0
"""The part under which the record of a custom module is kept: a note of the same source record may stand too."""

LEADS = "leads"
"""Only one of Freshsales' editions, Classic, has this stream."""

LEAD_PART = 2
"""The part under which a lead is kept: one who books becomes a contact, which is part 1, and the lead is surplus."""


def lookup_relation(stream: str, field: str) -> str:
    """Return the relation that a lookup field is: the destination stream that it points into, and its name."""
    return f"{stream}:{field}"


def lookup_field(relation: str) -> str:
    """Return the name of the lookup field behind a relation, or the empty text for any other relation."""
    _, _, field = relation.partition(":")
    return field if field.startswith("custom_field.") else ""


def parent_stream(relation: str) -> str:
    """Return the destination stream that a lookup relation points into, or the empty text for any other."""
    return relation.partition(":")[0] if lookup_field(relation) else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Payload:
    """A destination record as it should be, said in source keys: what apply() makes of one record.

    `fields` are flat API names with JSON values, custom fields as `custom_field.cf_…`. `match` is the
    (field, value) that a unique key of the destination recognises, or None where there is only the
    `marker` at the end of a text. `compare` names the canonical rule per field by which a read-back is
    compared (reconcile/fields.py); a field without one compares exactly. `content` is what a file holds.
    `irreversible` says why this write cannot be undone, where it cannot.
    """

    stream: str  # destination stream: contacts, tasks …
    key: Key
    part: int = 1
    parts: int = 1
    fields: Mapping[str, Json]
    links: tuple[Link, ...] = ()
    match: tuple[str, str] | None = None
    marker: str = ""
    compare: Mapping[str, str] = field(default_factory=dict)
    classes: Mapping[str, frozenset[str]] = field(default_factory=dict)  # field → locked classes in it
    sources: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # field → source fields it came from
    adopt: int | None = None  # destination id of a twin that the approved plan names
    content: Content | None = None
    irreversible: str = ""

    def fingerprint(self) -> str:
        """Return the sha256 of what would be written; equal fingerprints mean that nothing changed."""
        links = sorted([link.field, str(link.to)] for link in self.links)
        return sha256_of([self.stream, dict(self.fields), links])

    def __repr__(self) -> str:
        return (
            f"Payload({self.stream} for {self.key} part {self.part}/{self.parts}, {len(self.fields)} fields)"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Located:
    """Where a part of a source record lives at the destination (a line of the crosswalk)."""

    key: Key
    part: int
    stream: str  # destination stream
    destination_id: int
    fingerprint: str
    adopted: bool = False  # it was there before us
    created_in: str = ""  # the run that created or adopted it
    written_in: str = ""  # the run that wrote it last


class Verb(StrEnum):
    """What an operation does there."""

    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One intended write, complete: links are resolved to destination ids.

    `before` is the before-image of an update or delete: the same field names as `fields`. An operation
    with `irreversible` set cannot be undone, and says why.
    """

    id: str  # run:stream/key:part:verb, deterministic
    verb: Verb
    stream: str
    key: Key
    part: int
    fields: Mapping[str, Json]
    links: Mapping[str, int] = field(default_factory=dict)  # relation → destination id
    unlinks: Mapping[str, Sequence[int]] = field(default_factory=dict)  # what we linked and holds no longer
    match: tuple[str, str] | None = None
    marker: str = ""
    destination_id: int | None = None
    before: Mapping[str, Json] | None = None
    before_links: Mapping[str, Json] | None = None
    fingerprint: str = ""
    adopts: bool = False  # it takes over a record that was there before us
    undoes: str = ""  # the operation that this one takes back
    irreversible: str = ""
    for_good: bool = False  # a delete that leaves nothing in the recycle bin
    edited: tuple[str, ...] = ()  # fields that a person changed and that this leaves as they are
    overruled: tuple[str, ...] = ()  # fields that a person changed and that this overwrites by policy
    content: Content | None = None  # what a file to be created holds; not kept in the ledger

    def __repr__(self) -> str:
        return f"Operation({self.id})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Skip:
    """Nothing to write: the destination already holds this."""

    key: Key
    part: int
    destination_id: int
    edited: tuple[str, ...] = ()  # fields that would be written, had a person not changed them


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocked:
    """Nothing can be written yet: a record that this one links to is not there."""

    key: Key
    blocked_by: Key


Decision: TypeAlias = Operation | Skip | Blocked
