"""What a rule is asked with, and what it may answer."""

from collections.abc import Iterator
from collections.abc import Mapping as MappingABC
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import TypeAlias

from wherry.mapping.labels import PAYLOAD_PREFIX, custom_label, normal_label, place_of, predicted_name
from wherry.model.catalog import Catalog, Field, FieldType
from wherry.model.jsons import Json
from wherry.model.mapping import Rule
from wherry.model.policy import Policies
from wherry.model.record import Key, Record, Value

Row: TypeAlias = MappingABC[str, Value]

TEXT_LENGTH = 256  # [D] crmsupport 50000002390
TEXTAREA_LENGTH = 10_000  # [D] same
_LENGTHS = {FieldType.TEXT: TEXT_LENGTH, FieldType.TEXTAREA: TEXTAREA_LENGTH}


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """A value that cannot be written; `detail` never holds the value."""

    reason: str
    detail: str = ""
    hint: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Noted:
    """A value that is written, or left blank, in a way that a person should be able to look up."""

    value: Json
    reason: str
    detail: str = ""


Outcome: TypeAlias = "Json | Noted | Problem"


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """The destination field that a rule writes; `name` as it stands in a payload."""

    name: str
    field: Field | None  # as the destination's catalog shows it; None where it does not

    @property
    def max_length(self) -> int | None:
        """Return how many characters fit, where that is known."""
        return self.field.max_length if self.field else None


@dataclass(frozen=True, kw_only=True, eq=False)
class Context:
    """Everything that decides how a record is written, apart from the mappings and the record itself.

    `lookups` are the small source streams: stream → id → values. `placed` says in which destination
    stream an appointment or a patient already lives, so that one that was an event stays an event when its
    day has passed. `taken_emails` are lower-case addresses of destination contacts that are not ours.
    `adoptions` are keyed by patient id, those of leads by `leads/patient id`, those of other streams by
    `stream/id`. With `foresee`, custom fields that do not exist yet are taken for made: for a dry run before
    they are prepared, never for a write.
    """

    policies: Policies
    source: Catalog
    destination: Catalog
    now: datetime  # aware: when the snapshot was taken
    zone: str = "UTC"  # IANA name, for records whose practice declares none
    owners: MappingABC[str, int] = field(default_factory=dict)  # clinician id → user id
    fallback_owner: int | None = None
    lookups: MappingABC[str, MappingABC[str, Row]] = field(default_factory=dict)
    unlocked: frozenset[str] = frozenset()  # privacy classes opened by an approval
    taken_emails: frozenset[str] = frozenset()
    adoptions: MappingABC[str, int] = field(default_factory=dict)  # → destination id
    account_names: MappingABC[str, str] = field(default_factory=dict)  # practice id → name to write
    field_names: MappingABC[tuple[str, str], str] = field(default_factory=dict)
    placed: MappingABC[Key, str] = field(default_factory=dict)  # → destination stream
    tooth_notation: str = ""  # as the source declares it: FDI, palmer, universal
    foresee: bool = False

    def __repr__(self) -> str:
        return f"Context({self.source.system} to {self.destination.system})"

    @cached_property
    def _source_fields(self) -> dict[tuple[str, str], Field]:
        return {(s.name, f.name): f for s in self.source.streams for f in s.fields}

    @cached_property
    def _fields(self) -> dict[tuple[str, str], Field]:
        return {(s.name, f.name): f for s in self.destination.streams for f in s.fields}

    @cached_property
    def _targets(self) -> dict[tuple[str, str], Target | None]:
        return {}

    @cached_property
    def _labelled(self) -> dict[tuple[str, str], Field]:
        return {
            (s.name, normal_label(f.label or f.name)): f
            for s in self.destination.streams
            for f in s.fields
            if f.custom
        }

    def source_field(self, stream: str, name: str) -> Field | None:
        """Return the source's field, or None."""
        return self._source_fields.get(place_of(stream, name))

    def row(self, stream: str, key: str) -> Row | None:
        """Return a record of one of the small source streams, or None."""
        return self.lookups.get(stream, {}).get(key)

    def target(self, stream: str, to: str) -> Target | None:
        """Return the destination field that `to` names, or None for a custom field that is not there."""
        wanted = (stream, to)
        if wanted not in self._targets:
            self._targets[wanted] = self._target(stream, to)
        return self._targets[wanted]

    def _target(self, stream: str, to: str) -> Target | None:
        label = custom_label(to)
        if label is None:
            return Target(name=to, field=self._fields.get((stream, to)))
        place = (stream, normal_label(label))
        known = self._labelled.get(place)
        name = self.field_names.get(place) or (known.name if known else "")
        if not name and self.foresee:
            name = predicted_name(label)
        return Target(name=PAYLOAD_PREFIX + name, field=known) if name else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """One rule, asked about one record."""

    record: Record
    context: Context
    rule: Rule
    target: Target | None = None

    @property
    def values(self) -> tuple[Value, ...]:
        """Return the values of the rule's source fields, in order; None where a field is not there."""
        return tuple(self.record.values.get(name) for name in self.rule.source)

    @property
    def first(self) -> Value:
        """Return the value of the rule's first source field."""
        return self.value(0)

    def value(self, index: int) -> Value:
        """Return the value of the rule's source field at that place, or None."""
        if index >= len(self.rule.source):
            return None
        return self.record.values.get(self.rule.source[index])

    def of(self, name: str) -> Value:
        """Return the value of a field of the record, or None."""
        return self.record.values.get(name)

    def arg(self, name: str, default: str = "") -> str:
        """Return a text argument of the rule."""
        given = self.rule.args.get(name, default)
        return given if isinstance(given, str) else default

    def table(self, name: str) -> dict[str, str]:
        """Return an argument of the rule that is a table of texts."""
        given = self.rule.args.get(name)
        return {k: str(v) for k, v in given.items()} if isinstance(given, dict) else {}


def length_of(field_type: FieldType) -> int | None:
    """Return the length that a custom field of this type holds, or None where it has none."""
    return _LENGTHS.get(field_type)


def rows_of(destination: Catalog, lookup: str) -> Iterator[MappingABC[str, Json]]:
    """Yield the rows of one of the destination's lookups."""
    rows = destination.lookups.get(lookup)
    for row in rows if isinstance(rows, list) else ():
        if isinstance(row, dict):
            yield row
