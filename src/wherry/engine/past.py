"""What our own earlier writes to a record say about it: pure, over the ledger's history of one part."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from wherry.model.diff import Observed
from wherry.model.jsons import Json
from wherry.model.ledger import Attempt
from wherry.model.operation import Verb


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """What stands of our writes to one destination record.

    `written` is what each field held after our last write to it, `sent` the fields that we gave a value,
    `before` what stood in them when we first did;
    `linked` what we tied it to, and did not find there; `made` the create, empty where somebody else made
    the record.
    """

    written: Mapping[str, Json] = field(default_factory=dict)
    sent: frozenset[str] = frozenset()
    before: Mapping[str, Json] = field(default_factory=dict)
    linked: Mapping[str, frozenset[int]] = field(default_factory=dict)
    made: str = ""


def past_of(history: Sequence[Attempt], destination_id: int) -> Past:
    """Return what stands of these writes at this destination id; writes that were taken back do not."""
    written: dict[str, Json] = {}
    linked: dict[str, set[int]] = {}
    sent: set[str] = set()
    before: dict[str, Json] = {}
    made = ""
    for attempt in history:
        operation = attempt.operation
        if attempt.destination_id != destination_id or attempt.undone_by or operation.verb is Verb.DELETE:
            continue
        written |= operation.fields  # what the answer did not show is there as it was sent, for all we know
        written |= attempt.after or {}
        sent |= operation.fields.keys()
        first = dict.fromkeys(operation.fields) if operation.verb is Verb.CREATE else {}
        before = {**first, **(operation.before or {}), **before}
        if operation.verb is Verb.CREATE:
            made = operation.id
        for relation, to in operation.links.items():
            if to not in _ids(operation.before_links, relation):
                linked.setdefault(relation, set()).add(to)
        for relation, gone in operation.unlinks.items():
            linked[relation] = linked.get(relation, set()) - set(gone)
    frozen = {name: frozenset(ids) for name, ids in linked.items()}
    return Past(written=written, sent=frozenset(sent), before=before, linked=frozen, made=made)


def edits_since(past: Past, observed: Observed, writable: frozenset[str]) -> tuple[str, ...]:
    """Return the fields that hold another value now than after our writes: those we gave one, and writable ones."""
    return tuple(
        name
        for name, value in past.written.items()
        if (name in past.sent or name in writable)
        and name in observed.fields
        and not same(value, observed.fields[name])
    )


def home_of(history: Sequence[Attempt], destination_id: int) -> int | None:
    """Return the contact that we last hung this record on, or None where it hangs on none."""
    homes = [
        attempt.operation.links["targetable"]
        for attempt in history
        if attempt.destination_id == destination_id
        and not attempt.undone_by
        and "targetable" in attempt.operation.links
    ]
    return homes[-1] if homes else None


def _ids(links: Mapping[str, Json] | None, relation: str) -> Sequence[Json]:
    found = (links or {}).get(relation)
    return found if isinstance(found, list) else []


def same(one: Json, other: Json) -> bool:
    """Return whether two values of one server say the same: empty forms, moments and numbers compared as such."""
    if one == other or (one in (None, "", []) and other in (None, "", [])):
        return True
    if isinstance(one, str) and isinstance(other, str):
        return _moment(one) is not None and _moment(one) == _moment(other)
    return False


def _moment(text: str) -> datetime | None:
    if "T" not in text:
        return None
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None
