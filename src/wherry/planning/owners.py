"""Who owns what there: clinicians matched to users by e-mail, everybody else to the fallback owner."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from wherry.model.catalog import Person
from wherry.model.errors import SettingsInvalid
from wherry.model.record import Record


@dataclass(frozen=True, slots=True, kw_only=True)
class Owners:
    """The resolved owners: clinician id → user id, the fallback's id, and a line per clinician for the plan."""

    by_clinician: Mapping[str, int]
    matched: frozenset[str]  # clinicians that have a user of their own
    fallback: int
    lines: tuple[Mapping[str, str | int], ...]


def resolve_owners(clinicians: Iterable[Record], people: Sequence[Person], fallback_email: str) -> Owners:
    """Match every clinician to an active user by e-mail, regardless of case and spaces.

    Raises SettingsInvalid when the fallback owner is not an active user: nothing may land without one.
    """
    users = {_plain(person.email): person for person in people if person.active and person.email}
    fallback = users.get(_plain(fallback_email))
    if fallback is None:
        said = f"is {fallback_email!r}, which is no active user there" if fallback_email else "is not set"
        raise SettingsInvalid(
            f"wherry.toml: [policy] fallback_owner {said}",
            hint="name the e-mail of an active Freshsales user, for example " + ", ".join(sorted(users)[:3]),
        )
    by_clinician: dict[str, int] = {}
    matched: set[str] = set()
    lines: list[Mapping[str, str | int]] = []
    for clinician in clinicians:
        user = users.get(_plain(str(clinician.values.get("email") or "")))
        if user is not None:
            matched.add(clinician.key.id)
        owner = user or fallback
        by_clinician[clinician.key.id] = owner.id
        lines.append(
            {
                "key": clinician.key.id,
                "owner_id": owner.id,
                "owner_email": owner.email,
                "how": "email" if user else "fallback",
            }
        )
    return Owners(
        by_clinician=by_clinician, matched=frozenset(matched), fallback=fallback.id, lines=tuple(lines)
    )


def _plain(email: str) -> str:
    return "".join(email.split()).casefold()
