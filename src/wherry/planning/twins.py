"""What was there before: which of them are ours already, and which may be the same person."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from wherry.model.record import Record


@dataclass(frozen=True, slots=True, kw_only=True)
class Existing:
    """A contact, account, deal or product that was at the destination when it was discovered, reduced to what identifies it."""

    id: int
    email: str = ""
    external_id: str = ""
    source_id: str = ""
    first_name: str = ""
    last_name: str = ""
    name: str = ""
    mobile: str = ""
    birth_date: str = ""
    code: str = ""  # of a product

    def __repr__(self) -> str:
        return f"Existing({self.id})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Twin:
    """A candidate: this patient and that contact may be one person."""

    key: str
    destination_id: int
    evidence: str
    same_email: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Index:
    """Existing contacts by what can find them."""

    by_source_id: Mapping[str, int] = field(default_factory=dict)
    by_email: Mapping[str, tuple[Existing, ...]] = field(default_factory=dict)
    by_name: Mapping[tuple[str, str], tuple[Existing, ...]] = field(default_factory=dict)


def index(existing: Iterable[Existing]) -> Index:
    """Index existing contacts by source id, e-mail and name."""
    by_source: dict[str, int] = {}
    by_email: dict[str, list[Existing]] = {}
    by_name: dict[tuple[str, str], list[Existing]] = {}
    for contact in existing:
        for id_ in (contact.source_id, contact.external_id):
            if id_:
                by_source.setdefault(id_, contact.id)
        if contact.email:
            by_email.setdefault(contact.email.casefold(), []).append(contact)
        by_name.setdefault(_name(contact.first_name, contact.last_name), []).append(contact)
    return Index(
        by_source_id=by_source,
        by_email={email: tuple(found) for email, found in by_email.items()},
        by_name={name: tuple(found) for name, found in by_name.items()},
    )


def candidates(patients: Iterable[Record], known: Index) -> Iterator[Twin]:
    """Yield the contacts that may be a patient without carrying its id, with the evidence for it.

    A candidate has the same first and last name, and the same e-mail address, mobile number or birth
    date. A name alone is no candidate, and neither is an address alone: families share addresses.
    """
    for patient in patients:
        values = patient.values
        if patient.key.id in known.by_source_id:
            continue
        name = _name(str(values.get("firstName") or ""), str(values.get("lastName") or ""))
        for contact in known.by_name.get(name, ()):
            if contact.source_id or contact.external_id:
                continue
            same = [what for what, yes in _agreements(values, contact).items() if yes]
            if same:
                yield Twin(
                    key=patient.key.id,
                    destination_id=contact.id,
                    evidence="same name, " + ", ".join(same),
                    same_email="e-mail" in same,
                )


def _agreements(values: Mapping[str, object], contact: Existing) -> dict[str, bool]:
    mobile = _digits(str(values.get("mobile") or ""))
    return {
        "e-mail": bool(contact.email)
        and str(values.get("email") or "").casefold() == contact.email.casefold(),
        "mobile": len(mobile) >= 9 and _digits(contact.mobile).endswith(mobile[-9:]),
        "birth date": bool(contact.birth_date)
        and str(values.get("dateOfBirth") or "") == contact.birth_date[:10],
    }


def _name(first: str, last: str) -> tuple[str, str]:
    return first.strip().casefold(), last.strip().casefold()


def _digits(text: str) -> str:
    return "".join(c for c in text if c.isdigit())
