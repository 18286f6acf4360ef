"""From what a record should be to the one write it needs: pure decisions, no calls."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from wherry.engine.past import Past, edits_since, same
from wherry.model.diff import Observed
from wherry.model.jsons import Json
from wherry.model.operation import Blocked, Decision, Located, Operation, Payload, Skip, Verb
from wherry.model.record import Key

HOME = "targetable"  # the relation of a record to the contact that it hangs on
LED = {"contact_status_id": "lifecycle_stage_id"}  # a status is one of its stage's: it changes with the stage


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is known when a payload is decided.

    `located` is where this part lives already; `parents` the destination ids of records it links to;
    `observed` the record as it is there now (for adoptions and updates); `past` what we wrote to it before;
    `fill_only` keeps whatever an adopted record already holds; `overwrites` says of a field whether the
    source wins there over a person's edit; `writable` are, per stream, the fields that people may write;
    `leaving` are contacts that go at the end of the run.
    """

    run: str
    parents: Mapping[Key, int]
    located: Located | None = None
    observed: Observed | None = None
    past: Past = field(default_factory=Past)
    fill_only: bool = True
    overwrites: Callable[[str], bool] = lambda _name: False
    leaving: frozenset[int] = frozenset()
    writable: Mapping[str, frozenset[str]] = field(default_factory=dict)


def needs_observed(payload: Payload, located: Located | None) -> bool:
    """Return whether deciding this payload needs the destination's record as it is now."""
    if located is None:
        return payload.adopt is not None
    return located.fingerprint != payload.fingerprint()


def decide(payload: Payload, known: Known) -> Decision:
    """Return the write that brings the destination to this payload, or why there is none.

    A record that is not there is created. One that is there and whose payload has not changed is
    skipped. Otherwise only the fields that differ are written, and never one that a person changed
    since we wrote it, unless the policy says so; what we wrote and no longer want gets back what stood there
    before. What hangs on another contact now, or is another kind of record, is deleted where it
    is, so that the next pass creates it where it belongs: no call moves every kind of record.
    """
    missing = next((link.to for link in payload.links if link.to not in known.parents), None)
    if missing is not None:
        return Blocked(key=payload.key, blocked_by=missing)
    links = {link.field: known.parents[link.to] for link in payload.links}
    if known.located is None and (payload.adopt is None or known.observed is None):
        return _create(payload, links, known)
    if known.located is not None and known.located.fingerprint == payload.fingerprint():
        return Skip(key=payload.key, part=payload.part, destination_id=known.located.destination_id)
    if known.observed is None:  # it was there and is gone: a person deleted it, and that is their edit
        at = known.located.destination_id if known.located else 0
        return Skip(key=payload.key, part=payload.part, destination_id=at)
    if known.located is not None:
        becomes_another = known.located.stream != payload.stream
        if becomes_another or _moves(links, known.observed, known.past):
            return _move(payload, links, known.observed, known)
    return _update(payload, links, known.observed, known)


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


def _moves(links: Mapping[str, int], observed: Observed, past: Past) -> bool:
    """Return whether a record of ours hangs where we hung it, and belongs on another contact now."""
    there = set(observed.links.get(HOME, ()))
    wanted = links.get(HOME)
    return bool(past.made) and wanted is not None and wanted not in there and bool(there & _hung(past))


def _hung(past: Past) -> frozenset[int]:
    return past.linked.get(HOME, frozenset())


def _move(payload: Payload, links: Mapping[str, int], observed: Observed, known: Known) -> Operation | Skip:
    past = known.past
    if payload.irreversible and known.leaving.issuperset(observed.links.get(HOME, ())):
        return _create(payload, links, known)  # nobody can move a file, and where it is it goes
    edited = edits_since(past, observed, known.writable.get(observed.stream, frozenset()))
    if edited or not past.made:
        return Skip(key=payload.key, part=payload.part, destination_id=observed.id, edited=(*edited, HOME))
    return Operation(
        id=f"{known.run}:{payload.key}:{observed.stream}:{payload.part}:{Verb.DELETE}",
        verb=Verb.DELETE,
        stream=observed.stream,
        key=payload.key,
        part=payload.part,
        fields={},
        links={HOME: homes[0]} if (homes := observed.links.get(HOME, ())) else {},
        marker=payload.marker,
        destination_id=observed.id,
        before=dict(past.written),
        undoes=past.made,
    )


def _update(payload: Payload, links: Mapping[str, int], observed: Observed, known: Known) -> Operation | Skip:
    adopted = known.located is None
    fields, edited, overruled = _fields(payload, observed, known, adopted=adopted)
    new_links = {name: to for name, to in links.items() if to not in observed.links.get(name, ())}
    if not fields and not new_links and not adopted:
        return Skip(key=payload.key, part=payload.part, destination_id=observed.id, edited=tuple(edited))
    return Operation(
        id=operation_id(known.run, payload, Verb.UPDATE),
        verb=Verb.UPDATE,
        stream=payload.stream,
        key=payload.key,
        part=payload.part,
        fields=fields,
        # A note cannot be read, nor updated, without naming the contact that it hangs on.
        links=new_links | {name: to for name, to in links.items() if name == HOME},
        unlinks=_unlinks(new_links, observed, known.past),
        match=payload.match,
        marker=payload.marker,
        destination_id=observed.id,
        before={name: observed.fields.get(name) for name in fields},
        before_links={name: list(observed.links.get(name, ())) for name in new_links},
        adopts=adopted,
        fingerprint=payload.fingerprint(),
        edited=() if adopted else tuple(edited),
        overruled=tuple(overruled),
    )


def _fields(
    payload: Payload, observed: Observed, known: Known, *, adopted: bool
) -> tuple[dict[str, Json], list[str], list[str]]:
    """Return what to write, what a person edited and keeps, and what a person edited and a policy overrules."""
    fields: dict[str, Json] = {}
    edited: list[str] = []
    overruled: list[str] = []
    wanted = {**_withdrawn(payload, observed, known.past), **payload.fields}
    for name, value in wanted.items():
        if observed.fields.get(name) == value:
            continue
        if _ours(name, value, observed, known, adopted=adopted):
            fields[name] = value
        elif value is not None and known.overwrites(name):
            fields[name] = value
            overruled.append(name)
        elif value is not None or name in known.past.written:
            edited.append(name)
    for name in [name for name in edited if LED.get(name) in fields]:
        edited.remove(name)
        fields[name] = wanted[name]
    return fields, edited, overruled


def _withdrawn(payload: Payload, observed: Observed, past: Past) -> dict[str, Json]:
    """Return the fields that we once gave a value and no longer want, with what stood there before."""
    return {
        name: past.before.get(name)
        for name in sorted(past.sent - payload.fields.keys())
        if name in observed.fields and not same(observed.fields[name], past.before.get(name))
    }


def _ours(name: str, value: Json, observed: Observed, known: Known, *, adopted: bool) -> bool:
    """Return whether a field that differs may be written without touching what a person put there."""
    current = observed.fields.get(name)
    written = known.past.written
    if value is None:  # clears only what we wrote ourselves, never what a person put there
        return not adopted and name in written and same(written[name], current)
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
    return same(written[name], current)


def _unlinks(new_links: Mapping[str, int], observed: Observed, past: Past) -> dict[str, list[int]]:
    """Return, per relation that changes, what we tied the record to before: a person's own links stay."""
    gone = {
        name: sorted(past.linked.get(name, frozenset()) & set(observed.links.get(name, ())) - {to})
        for name, to in new_links.items()
        if name != HOME
    }
    return {name: ids for name, ids in gone.items() if ids}


def parents_of(payloads: Sequence[Payload]) -> set[Key]:
    """Return the source keys that these payloads link to."""
    return {link.to for payload in payloads for link in payload.links}
