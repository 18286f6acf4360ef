"""What a system holds: its streams, their fields, and the privacy class of each field."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from wherry.model.jsons import Json, canonical_json


class Privacy(StrEnum):
    """The privacy class of a field; locked classes need a recorded unlock before they are written."""

    IDENTITY = "identity"
    CONTACT = "contact"
    CONSENT = "consent"
    SCHEDULING = "scheduling"
    COMMERCIAL = "commercial"
    CLINICAL = "clinical"
    DOCUMENTS = "documents"
    NATIONAL_ID = "national_id"
    DEMOGRAPHIC_SENSITIVE = "demographic_sensitive"
    THIRD_PARTY = "third_party"

    @property
    def locked(self) -> bool:
        """Whether the class is locked by default."""
        return self not in OPEN_CLASSES


OPEN_CLASSES = frozenset(
    {Privacy.IDENTITY, Privacy.CONTACT, Privacy.CONSENT, Privacy.SCHEDULING, Privacy.COMMERCIAL}
)


class FieldType(StrEnum):
    """The type of a field's values, common to both systems."""

    TEXT = "text"
    TEXTAREA = "textarea"
    INTEGER = "integer"
    NUMBER = "number"  # Decimal
    MONEY = "money"  # Decimal, two places
    BOOLEAN = "boolean"
    DATE = "date"
    DATETIME = "datetime"  # aware
    DROPDOWN = "dropdown"
    MULTI_SELECT = "multi_select"
    REFERENCE = "reference"
    GROUP = "group"  # a structure of the destination's own, such as emails or sales_accounts


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One entry of a pick list; `id` as the system spells it."""

    id: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One attribute of a stream."""

    name: str  # canonical name at the source; API name at the destination (cf_… for custom fields)
    type: FieldType
    label: str = ""
    header: str = ""  # as spelt in the source file, where it differs from name
    required: bool = False
    unique: bool = False
    custom: bool = False
    read_only: bool = False
    max_length: int | None = None  # characters
    choices: tuple[Choice, ...] = ()
    references: str | None = None  # the stream that a REFERENCE points into
    privacy: Privacy = Privacy.COMMERCIAL


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """One kind of record of a system."""

    name: str
    fields: tuple[Field, ...]
    key: str = ""  # name of the key field
    cursor: str | None = None
    records: int | None = None  # how many there were when the catalog was read, where known
    label: str = ""  # under which people know a custom module of the destination

    def field(self, name: str) -> Field | None:
        """Return the field of that name, or None."""
        return next((f for f in self.fields if f.name == name), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A user of the destination who can own records."""

    id: int
    name: str
    email: str
    active: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalog:
    """What one system holds, at one moment.

    `lookups` are named id lists of the destination (lifecycle_stages, contact_statuses, task_types …):
    each a list of JSON objects as the API gave them, reduced to the keys that decide something.
    `limits` are figures such as calls_per_hour; `abilities` are probed or configured yes/no facts
    such as `create_fields` (can standard modules get custom fields by API).
    """

    system: str
    streams: tuple[Stream, ...]
    people: tuple[Person, ...] = ()
    lookups: Mapping[str, Json] = field(default_factory=dict)
    limits: Mapping[str, int] = field(default_factory=dict)
    abilities: Mapping[str, bool] = field(default_factory=dict)

    def stream(self, name: str) -> Stream | None:
        """Return the stream of that name, or None."""
        return next((s for s in self.streams if s.name == name), None)

    def writable(self) -> Mapping[str, frozenset[str]]:
        """Return, per stream, the fields that people may write, under the names that payloads use."""
        return {
            stream.name: frozenset(
                f"custom_field.{f.name}" if f.custom else f.name for f in stream.fields if not f.read_only
            )
            for stream in self.streams
        }

    def digest(self) -> str:
        """Return the sha256 of everything that decides how records are written; record counts excluded."""
        body = {
            "system": self.system,
            "streams": {
                s.name: {
                    f.name: [
                        f.type,
                        f.label,
                        f.required,
                        f.unique,
                        f.max_length,
                        [[c.id, c.value] for c in f.choices],
                    ]
                    for f in s.fields
                }
                for s in self.streams
            },
            "people": sorted([p.id, p.email, p.active] for p in self.people),
            "lookups": dict(self.lookups),
            "abilities": dict(self.abilities),
        }
        return hashlib.sha256(canonical_json(body)).hexdigest()
