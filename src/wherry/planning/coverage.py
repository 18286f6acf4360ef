"""What becomes of every field of the source: each has one fate, and the report adds up to all of them."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from wherry.mapping.blueprint import StreamFate
from wherry.model.catalog import Catalog, Field, Privacy, Stream
from wherry.model.jsons import Json
from wherry.model.mapping import Mapping as StreamMapping

COMPUTED = "computed_into:"
NONE_THERE = "no_equivalent:"
PLAIN = frozenset({"as_is", "one_text"})
GUIDE = "reports/recall-guide"
SHEET = "reports/instalments.csv"


class FieldFate(StrEnum):
    """What becomes of a field."""

    MOVED = "moved"
    MOVED_AS = "moved_as"
    COMPUTED_INTO = "computed_into"
    LOCKED = "locked"
    NO_EQUIVALENT = "no_equivalent"
    UNEXPLAINED = "unexplained"


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldLine:
    """One field of the source, where it goes, or why it does not."""

    stream: str
    field: str
    fate: FieldFate
    target: str = ""
    reason: str = ""
    privacy: str = ""


# Streams that have no records of their own there: which of their fields are used, and for what. A stream
# that feeds another and is not named here is used whole.
USED: Mapping[str, Mapping[str, str]] = {
    "appointment_types": {
        "id": "the appointment's type",
        "name": "tasks.title, tasks.description",
        "category": "tasks.title, tasks.description",
        "durationDefault": "the appointment's end, where it has no duration",
    },
    "appointment_statuses": {
        "id": "the appointment's status",
        "name": "tasks.status, tasks.outcome_id, tasks.description, where the clinic names it in args.values",
        "canonical": "tasks.status, tasks.outcome_id, tasks.description",
    },
    "care_plans": {"carePlanId": "the patient's care plan", "name": "contacts.custom:Care Plan"},
    "households": {
        "householdId": "contacts.custom:Household Id",
        "headPatientId": "who of a family keeps a shared address",
    },
    "merges": {"duplicateId": "the master's contact", "masterId": "the master's contact"},
    "payments": {
        "paymentId": "deals.custom:Payments",
        "date": "deals.custom:Payments, deals.custom:Paid On",
        "method": "deals.custom:Payments",
        "currency": "deals.custom:Payments",
        "status": "the outstanding balance: only received money settles anything",
    },
    "payment_allocations": {
        "paymentId": "deals.custom:Payments",
        "lineId": "the outstanding balance of the line's invoice",
        "amount": "deals.custom:Payments, deals.custom:Outstanding Balance",
    },
    "adjustments": {
        "patientId": "whose oldest invoices are settled",
        "type": "the outstanding balance",
        "amount": "deals.custom:Adjustments Applied, deals.custom:Outstanding Balance",
    },
    "refunds": {
        "paymentId": "the outstanding balance",
        "target": "the outstanding balance: only refunds against a treatment are owed again",
        "amount": "the outstanding balance",
    },
    "recalls": {
        "patientId": f"contacts.custom:Recall Date, {GUIDE}",
        "dueDate": f"contacts.custom:Recall Date, {GUIDE}",
        "type": GUIDE,
        "intervalMonths": GUIDE,
        "method": GUIDE,
        "status": GUIDE,
        "exempt": GUIDE,
    },
    "instalment_plans": dict.fromkeys(
        ("planId", "patientId", "total", "startDate", "months", "status", "signOffState"), SHEET
    ),
    "instalments": dict.fromkeys(("planId", "dueDate", "amount", "status"), SHEET),
}

# Used by other streams' records too, but only once somebody opens the class that they tell of.
SHUT: Mapping[tuple[str, str], Privacy] = {("appointment_types", "name"): Privacy.CLINICAL}


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """Every field of every stream, once."""

    lines: tuple[FieldLine, ...]

    @property
    def by_fate(self) -> dict[str, int]:
        """Return how many fields have each fate; every fate is named."""
        found = Counter(line.fate for line in self.lines)
        return {fate.value: found[fate] for fate in FieldFate}

    @property
    def explained(self) -> int:
        """Return how many fields have an explicit fate."""
        return sum(line.fate is not FieldFate.UNEXPLAINED for line in self.lines)

    @property
    def percent(self) -> float:
        """Return the share with an explicit fate, 0 to 100; 100 for a source without fields."""
        return 100.0 * self.explained / len(self.lines) if self.lines else 100.0

    @property
    def sentence(self) -> str:
        """Return the one line that a person reads."""
        parts = ", ".join(f"{name.replace('_', ' ')} {n:,}" for name, n in self.by_fate.items() if n)
        return (
            f"fields: {self.explained:,} of {len(self.lines):,} have a fate ({self.percent:.4g} %): {parts}"
        )

    def as_json(self) -> dict[str, Json]:
        """Return the figures as a plan keeps them."""
        return {
            "fields": len(self.lines),
            "explained": self.explained,
            "by_fate": dict(self.by_fate),
            "sentence": self.sentence,
        }


def cover(source: Catalog, mappings: Sequence[StreamMapping], fates: Mapping[str, StreamFate]) -> Coverage:
    """Return the fate of every field of the source.

    `mappings` are those that will be carried out; `fates` say what becomes of streams that are in none.
    Locked means that a rule would move the field once somebody opens its privacy class.
    """
    lines: list[FieldLine] = []
    for stream in source.streams:
        own = [mapping for mapping in mappings if mapping.source == stream.name]
        fed = _fed(stream, fates.get(stream.name), mappings)
        lines += _mapped(stream, own, mappings) if own else fed
    return Coverage(lines=tuple(lines))


def _mapped(
    stream: Stream, own: Sequence[StreamMapping], mappings: Sequence[StreamMapping]
) -> Iterator[FieldLine]:
    for field in stream.fields:
        targets, plain = _targets(field.name, own)
        targets += [place for place in _elsewhere(stream.name, field.name, mappings) if place not in targets]
        reason = next((m.unmapped[field.name] for m in own if field.name in m.unmapped), "")
        if targets and field.privacy.locked:
            yield _line(stream, field, FieldFate.LOCKED, ", ".join(targets), f"class_locked:{field.privacy}")
        elif targets:
            moved = FieldFate.MOVED if plain and len(targets) == 1 else FieldFate.MOVED_AS
            yield _line(stream, field, moved, ", ".join(targets))
        else:
            yield _unmapped(stream, field, reason)


def _targets(name: str, own: Sequence[StreamMapping]) -> tuple[list[str], bool]:
    """Return where rules and links write the field, and whether its value goes there as it is."""
    found: dict[str, bool] = {}
    for mapping in own:
        for rule in mapping.rules:
            if name in rule.source:
                plain = rule.using in PLAIN and len(rule.source) == 1
                found.setdefault(f"{mapping.destination}.{rule.to}", plain)
        for link in mapping.links:
            if link.source == name:
                found.setdefault(f"{mapping.destination} → {link.relation}", False)
    return list(found), all(found.values())


def _elsewhere(stream: str, name: str, mappings: Sequence[StreamMapping]) -> list[str]:
    """Return where rules of other streams' mappings write the field."""
    found = {
        f"{mapping.destination}.{rule.to}": None
        for mapping in mappings
        if mapping.source != stream
        for rule in mapping.rules
        if f"{stream}.{name}" in rule.source
    }
    return list(found)


def _unmapped(stream: Stream, field: Field, reason: str) -> FieldLine:
    if reason.startswith(COMPUTED) and field.privacy.locked:
        target = reason.removeprefix(COMPUTED)
        return _line(stream, field, FieldFate.LOCKED, target, f"class_locked:{field.privacy}")
    if reason.startswith(COMPUTED):
        return _line(stream, field, FieldFate.COMPUTED_INTO, reason.removeprefix(COMPUTED))
    if reason:
        return _line(stream, field, FieldFate.NO_EQUIVALENT, "", reason.removeprefix(NONE_THERE))
    return _line(stream, field, FieldFate.UNEXPLAINED)


def _fed(stream: Stream, fate: StreamFate | None, mappings: Sequence[StreamMapping]) -> Iterator[FieldLine]:
    """Yield the fields of a stream that no mapping takes: used for others, or without a place there."""
    for field in stream.fields:
        if fate is None:
            yield _line(stream, field, FieldFate.UNEXPLAINED)
            continue
        used = USED.get(stream.name, dict.fromkeys([field.name], ", ".join(fate.feeds)) if fate.feeds else {})
        read = _elsewhere(stream.name, field.name, mappings)
        target = ", ".join(read) or used.get(field.name, "")
        shut = SHUT.get((stream.name, field.name), field.privacy)
        if target and shut.locked:
            yield _line(stream, field, FieldFate.LOCKED, target, f"class_locked:{shut}")
        elif target:
            yield _line(stream, field, FieldFate.COMPUTED_INTO, target)
        else:
            yield _line(stream, field, FieldFate.NO_EQUIVALENT, "", fate.reason)


def _line(stream: Stream, field: Field, fate: FieldFate, target: str = "", reason: str = "") -> FieldLine:
    return FieldLine(
        stream=stream.name,
        field=field.name,
        fate=fate,
        target=target,
        reason=reason,
        privacy=field.privacy.value,
    )
