"""Which records a sample takes: every risky case at least once, each with its whole relations; repeatable."""

import hashlib
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from wherry.model.record import Record

LONG_NOTES = 3  # how many of the longest texts of a stream count as a risk of their own
FEATURE_FIELDS: Mapping[str, tuple[str, ...]] = {
    "patients": ("status", "practiceId", "preferredClinicianId", "carePlanId", "sex", "country"),
    "appointments": ("appointmentStatusId", "appointmentTypeId", "practiceId", "allDay", "emergency"),
    "clinical_notes": ("userId",),
}
FACTS = ("never_booked", "email_holder", "email_scope", "merged_ids")


@dataclass(slots=True)
class Candidate:
    """A patient with what is risky about it and how many records come along."""

    key: str
    features: set[str] = field(default_factory=set)
    records: int = 1


@dataclass(slots=True)
class Candidates:
    """All patients, grown stream by stream."""

    patients: dict[str, Candidate] = field(default_factory=dict)
    _longest: dict[str, list[tuple[int, str]]] = field(default_factory=dict)

    def add_patient(self, record: Record, *, adopted: bool) -> None:
        """Add a patient and the features of its own fields."""
        candidate = Candidate(key=record.key.id)
        candidate.features |= _own(record)
        candidate.features |= {
            f"{fact}={record.facts.get(fact) or ''}"[:60] for fact in FACTS if fact != "merged_ids"
        }
        if record.facts.get("merged_ids"):
            candidate.features.add("merged")
        if adopted:
            candidate.features.add("adopted")
        self.patients[candidate.key] = candidate

    def add_child(self, record: Record, patient: str) -> None:
        """Add an appointment or note to its patient."""
        candidate = self.patients.get(patient)
        if candidate is None:
            return
        candidate.records += 1
        candidate.features |= _own(record)
        length = max((len(v) for v in record.values.values() if isinstance(v, str)), default=0)
        top = self._longest.setdefault(record.key.stream, [])
        top.append((length, patient))
        top.sort(reverse=True)
        del top[LONG_NOTES:]

    def choose(self, size: int, seed: int) -> list[str]:
        """Return patient ids: one for every feature, rarest first, then more until `size` records are in."""
        for stream, top in self._longest.items():
            for rank, (_length, patient) in enumerate(top):
                self.patients[patient].features.add(f"{stream} longest {rank}")
        order = sorted(self.patients.values(), key=lambda c: _dice(seed, c.key))
        chosen = _cover(order)
        for candidate in order:
            if sum(c.records for c in chosen.values()) >= size:
                break
            chosen[candidate.key] = candidate
        return sorted(chosen, key=_number)


def _cover(order: Sequence[Candidate]) -> dict[str, Candidate]:
    """Return one candidate for every feature that occurs, rarest features first."""
    holders: dict[str, list[Candidate]] = {}
    for candidate in order:
        for feature in sorted(candidate.features):
            holders.setdefault(feature, []).append(candidate)
    chosen: dict[str, Candidate] = {}
    covered: set[str] = set()
    for feature in sorted(holders, key=lambda f: (len(holders[f]), f)):
        if feature not in covered:
            first = holders[feature][0]
            chosen[first.key] = first
            covered |= first.features
    return chosen


def _own(record: Record) -> set[str]:
    stream = record.key.stream
    features = {
        f"{stream}.{name}={record.values.get(name)}"
        for name in FEATURE_FIELDS.get(stream, ())
        if record.values.get(name) is not None
    }
    features |= {
        f"{stream} has {n}" for n, v in record.values.items() if n.startswith("custom:") and v is not None
    }
    if any(_odd(v) for v in record.values.values() if isinstance(v, str)):
        features.add(f"{stream} odd characters")
    features |= {f"{stream} {kind}" for kind in _times(record)}
    return features


def _odd(text: str) -> bool:
    return any(ord(c) > 0x24F or unicodedata.combining(c) for c in text)


def _times(record: Record) -> Iterable[str]:
    for value in record.values.values():
        if isinstance(value, datetime) and value.tzinfo is not None:
            yield "in summer time" if value.dst() else "in winter time"
            if value.replace(fold=0).utcoffset() != value.replace(fold=1).utcoffset():
                yield "in the autumn fold"


def _dice(seed: int, key: str) -> str:
    return hashlib.sha256(f"{seed}:{key}".encode()).hexdigest()


def _number(key: str) -> tuple[int, str]:
    return (int(key), "") if key.isdigit() else (0, key)


def unknown_keys(wanted: Sequence[str], known: Mapping[str, Candidate]) -> list[str]:
    """Return the keys that name no loadable patient."""
    return [key for key in wanted if key not in known]
