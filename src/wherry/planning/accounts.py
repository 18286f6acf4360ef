"""Account names are unique there: each practice gets a name that nobody else holds."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from wherry.model.record import Record

UNASSIGNED = "@unassigned"


@dataclass(frozen=True, slots=True, kw_only=True)
class Accounts:
    """The names to write, by practice id, the accounts to adopt, and a line per practice for the plan."""

    names: Mapping[str, str]
    adopt: Mapping[str, int]
    lines: tuple[Mapping[str, str | int | None], ...]


def name_accounts(
    practices: Iterable[Record],
    existing: Mapping[str, int],
    ours: Mapping[str, int],
    decisions: Mapping[str, int],
    unassigned: str,
) -> Accounts:
    """Give every practice an account name that is free.

    `existing` maps names (any case) of accounts that are there to their ids, `ours` practice ids to the
    accounts that already carry them, `decisions` practice ids to accounts that the approver adopts. A
    name held by another account gets the practice's id behind it; the collision is listed.
    """
    taken = {name.strip().casefold(): id_ for name, id_ in existing.items()}
    names: dict[str, str] = {}
    adopt: dict[str, int] = dict(ours)
    lines: list[Mapping[str, str | int | None]] = []
    wanted = [(p.key.id, str(p.values.get("name") or f"Practice {p.key.id}")) for p in practices]
    for key, name in [*wanted, (UNASSIGNED, unassigned)]:
        holder = taken.get(name.strip().casefold())
        if holder is not None and key not in adopt and decisions.get(key) == holder:
            adopt[key] = holder
        free = holder is None or adopt.get(key) == holder
        written = name if free else _free_name(name, key, taken, adopt.get(key))
        taken[written.strip().casefold()] = adopt.get(key, -1)
        names[key] = written
        lines.append(
            {"key": key, "name": written, "collides_with": None if free else holder, "adopts": adopt.get(key)}
        )
    return Accounts(names=names, adopt=adopt, lines=tuple(lines))


def _free_name(name: str, key: str, taken: Mapping[str, int], own: int | None) -> str:
    """Return the name with the practice's id behind it; one that its own account holds already is free."""
    candidate = f"{name} (practice {key.lstrip('@')})"
    number = 2
    while taken.get(candidate.casefold(), own) != own:
        candidate = f"{name} (practice {key.lstrip('@')}, {number})"
        number += 1
    return candidate
