"""From what a record should be to the one write it needs: pure decisions, no calls."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from wherry.model.diff import Observed
from wherry.model.jsons import Json
from wherry.model.operation import Blocked, Decision, Located, Operation, Payload, Skip, Verb
from wherry.model.record import Key


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is known when a payload is decided.

    `located` is where this part lives already; `parents` the destination ids of records it links to;
    `observed` the record as it is there now (for adoptions and updates); `written` what each of its fields
    held after our last write to it; `fill_only` keeps whatever an adopted record already holds.
    """

    run: str
    parents: Mapping[Key, int]
    located: Located | None = None
    observed: Observed | None = None
    written: Mapping[str, Json] | None = None
    fill_only: bool = True


def needs_observed(payload: Payload, located: Located | None) -> bool:
    """Return whether deciding this payload needs the destination's record as it is now."""
    if located is None:
        return payload.adopt is not None
    return located.fingerprint != payload.fingerprint()


def decide(payload: Payload, known: Known) -> Decision:
    """Return the write that brings the destination to this payload, or why there is none.

    A record that is not there is created. One that is there and whose payload has not changed is
    skipped. Otherwise only the fields that differ are written, and never one that a person changed
    since we wrote it.
    """
    missing = next((link.to for link in payload.links if link.to not in known.parents), None)
    if missing is not None:
        return Blocked(key=payload.key, blocked_by=missing)
    links = {link.field: known.parents[link.to] for link in payload.links}
    if known.located is None and (payload.adopt is None or known.observed is None):
        return _create(payload, links, known)
    if known.located is not None and known.located.fingerprint == payload.fingerprint():
        return Skip(key=payload.key, part=payload.part, destination_id=known.located.destination_id)
    return _update(payload, links, known)


def operation_id(run: str, payload: Payload, verb: Verb) -> str:
    """Return the deterministic id of this write in this run."""
    return f"{run}:{payload.key}:{payload.stream}:{payload.part}:{verb}"


def _create(payload: Payload, links: Mapping[str, int], known: Known) -> Operation:
    return Operation(
        id=operation_id(known.run, payload, Verb.CREATE),
        verb=Verb.CREATE,
        stream=payload.stream,
        key=payload.key,
        part=payload.part,
        fields={name: value for name, value in payload.fields.items() if value is not None},
        links=links,
        match=payload.match,
        marker=payload.marker,
        fingerprint=payload.fingerprint(),
        irreversible=payload.irreversible,
        content=payload.content,
    )


def _update(payload: Payload, links: Mapping[str, int], known: Known) -> Operation | Skip:
    observed = known.observed
    adopted = known.located is None
    if observed is None:  # it was there and is gone: a person deleted it, and that is their edit
        return Skip(
            key=payload.key,
            part=payload.part,
            destination_id=known.located.destination_id if known.located else 0,
        )
    fields = {
        name: value
        for name, value in payload.fields.items()
        if _may_write(name, value, observed, known, adopted=adopted)
    }
    new_links = {name: to for name, to in links.items() if to not in observed.links.get(name, ())}
    if not fields and not new_links and not adopted:
        return Skip(key=payload.key, part=payload.part, destination_id=observed.id)
    return Operation(
        id=operation_id(known.run, payload, Verb.UPDATE),
        verb=Verb.UPDATE,
        stream=payload.stream,
        key=payload.key,
        part=payload.part,
        fields=fields,
        # A note cannot be read, nor updated, without naming the contact that it hangs on.
        links=new_links | {name: to for name, to in links.items() if name == "targetable"},
        match=payload.match,
        marker=payload.marker,
        destination_id=observed.id,
        before={name: observed.fields.get(name) for name in fields},
        before_links={name: list(observed.links.get(name, ())) for name in new_links},
        adopts=adopted,
        fingerprint=payload.fingerprint(),
    )


def _may_write(name: str, value: Json, observed: Observed, known: Known, *, adopted: bool) -> bool:
    current = observed.fields.get(name)
    if current == value:
        return False
    written = known.written or {}
    if value is None:  # clears only what we wrote ourselves, never what a person put there
        return not adopted and name in written and written[name] == current
    if adopted:
        return not known.fill_only or current in (None, "", [])
    if name not in observed.fields:
        return True  # nobody can see it, so nobody's edit can be told
    if (
        name not in written
    ):  # new in the mapping, and not shown when we last wrote: it is ours only while empty
        return not known.fill_only or current in (None, "", [])
    # What is there now is what was there after our write: ours to change. Else a person's edit stays, be it
    # that they emptied the field.
    return written[name] == current


def parents_of(payloads: Sequence[Payload]) -> set[Key]:
    """Return the source keys that these payloads link to."""
    return {link.to for payload in payloads for link in payload.links}
