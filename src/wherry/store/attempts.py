"""Attempted writes: from events to the state of each operation, its bodies and its entries.

An event that is already known changes nothing, so a transaction may be repeated. A confirmation is
final: what a slow twin reports later is only noted.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Connection, Row, bindparam, insert, select, update

from wherry.model.jsons import Json, canonical_json, sha256_of
from wherry.model.ledger import (
    Absent,
    Accepted,
    Attempt,
    Confirmed,
    EntryState,
    Event,
    Intended,
    Refused,
    Unknown,
)
from wherry.model.operation import Operation, Verb
from wherry.model.record import Key
from wherry.store.chain import Writer
from wherry.store.crosswalk import Moves
from wherry.store.database import Fields
from wherry.store.seal import Sealer
from wherry.store.tables import attempts, bodies, chain

_SLICE = 500
_S = EntryState
_OPEN_NEXT = frozenset({_S.ACCEPTED, _S.CONFIRMED, _S.REFUSED, _S.UNKNOWN, _S.ABSENT})
# What may follow what; anything else is a repetition and changes nothing.
_NEXT: Mapping[EntryState, frozenset[EntryState]] = {
    _S.INTENDED: _OPEN_NEXT,
    _S.ACCEPTED: _OPEN_NEXT - {_S.ACCEPTED},
    _S.UNKNOWN: _OPEN_NEXT - {_S.UNKNOWN},
    _S.REFUSED: frozenset({_S.INTENDED, _S.CONFIRMED}),
    _S.ABSENT: frozenset({_S.INTENDED, _S.CONFIRMED}),  # confirmed: it arrived after all
    _S.CONFIRMED: frozenset(),
}
_MUTABLE = (
    "state",
    "destination_id",
    "job",
    "adopted",
    "undone_by",
    "payload_hash",
    "before_hash",
    "after_hash",
    "fingerprint",
    "target_id",
    "at",
    "seq",
    "confirmed_seq",
)


class Fold:
    """Takes events in order and gathers everything that one transaction has to write."""

    def __init__(self, connection: Connection, writer: Writer, run: Fields, sealer: Sealer) -> None:
        self._connection = connection
        self._writer = writer
        self._run = run  # run, digest, approved_by, at
        self._sealer = sealer
        self._known: dict[str, Fields] = {}
        self._new: dict[str, None] = {}
        self._changed: dict[str, None] = {}
        self._sent: dict[str, Fields] = {}
        self._afters: dict[str, bytes] = {}
        self.moves = Moves()

    def take(self, events: Sequence[Event]) -> None:
        """Fold the events in."""
        self._load({_id_of(event) for event in events})
        self._load({row["undoes"] for row in self._known.values()} | _undone_in(events))
        for event in events:
            self._take_one(event)

    def flush(self) -> None:
        """Write attempts and bodies; the chain and the crosswalk are the caller's."""
        fresh = [self._known[id_] for id_ in self._new]
        if fresh:
            self._connection.execute(insert(attempts), fresh)
        changed = [self._known[id_] for id_ in self._changed if id_ not in self._new]
        if changed:
            _update_attempts(self._connection, changed)
        self._flush_bodies()

    def _flush_bodies(self) -> None:
        fresh = [{"after": None, **self._sent[i]} for i in self._sent if i in self._new]
        again = [self._sent[i] for i in self._sent if i not in self._new]
        if fresh:
            self._connection.execute(insert(bodies), fresh)
        for line in again:
            self._connection.execute(
                update(bodies).where(bodies.c.operation_id == line["operation_id"]).values(line)
            )
        if self._afters:
            statement = update(bodies).where(bodies.c.operation_id == bindparam("of"))
            self._connection.execute(
                statement.values(after=bindparam("image")),
                [{"of": id_, "image": image} for id_, image in self._afters.items()],
            )

    def _load(self, ids: Iterable[str]) -> None:
        wanted = sorted(id_ for id_ in ids if id_ and id_ not in self._known)
        for start in range(0, len(wanted), _SLICE):
            query = select(attempts).where(attempts.c.operation_id.in_(wanted[start : start + _SLICE]))
            for row in self._connection.execute(query).mappings():
                self._known[row["operation_id"]] = dict(row)

    def _take_one(self, event: Event) -> None:
        row = self._known.get(_id_of(event))
        if isinstance(event, Intended):
            if row is None or _S.INTENDED in _NEXT[EntryState(row["state"])]:
                self._intend(event.operation, fresh=row is None)
            return
        if row is None:
            raise ValueError(
                f"operation {_id_of(event)} was never intended: record Intended before its outcome"
            )
        state, note = _outcome(event)
        if state in _NEXT[EntryState(row["state"])]:
            self._settle(row, event, state, note)
        elif isinstance(event, Confirmed) and row["destination_id"] != event.destination_id:
            self._note_twin(row, event)

    def _intend(self, operation: Operation, *, fresh: bool) -> None:
        row = _row_of(operation)
        self._known[operation.id] = row
        (self._new if fresh else self._changed)[operation.id] = None
        self._sent[operation.id] = self._bodies_of(operation)
        self._afters.pop(operation.id, None)
        self._enter(row, _S.INTENDED, operation.irreversible)

    def _settle(self, row: Fields, event: Event, state: EntryState, note: str) -> None:
        if isinstance(event, Accepted):
            row["job"] = event.job
        if isinstance(event, Confirmed):
            image = canonical_json(dict(event.after))
            row["destination_id"], row["adopted"] = event.destination_id, event.adopted
            row["after_hash"] = sha256_of(dict(event.after))
            self._afters[row["operation_id"]] = self._sealer.seal(image)
        self._enter(row, state, note)
        if isinstance(event, Confirmed):
            row["confirmed_seq"] = row["seq"]
            self._apply_to_crosswalk(row)

    def _apply_to_crosswalk(self, row: Fields) -> None:
        undone = self._known.get(row["undoes"])
        if undone is not None:
            undone["undone_by"] = row["operation_id"]
            self._changed[undone["operation_id"]] = None
        if row["verb"] == Verb.DELETE or (undone is not None and undone["adopted"]):
            self.moves.drop(row)
        else:
            # After an undo nobody knows what a fingerprint of the restored record would be.
            self.moves.put(row if not row["undoes"] else {**row, "fingerprint": ""})

    def _enter(self, row: Fields, state: EntryState, note: str) -> None:
        row["state"], row["at"] = str(state), self._run["at"]
        row["seq"] = self._writer.add(
            self._entry(row, state, row["destination_id"] or row["target_id"], note)
        )
        if row["operation_id"] not in self._new:
            self._changed[row["operation_id"]] = None
        row.setdefault("run", self._run["run"])
        row.setdefault("digest", self._run["digest"])

    def _note_twin(self, row: Fields, event: Confirmed) -> None:
        """Keep in the chain that the same operation is there twice, once."""
        seen = select(chain.c.seq).where(
            chain.c.operation_id == event.operation_id,
            chain.c.state == _S.CONFIRMED,
            chain.c.destination_id == event.destination_id,
        )
        if self._connection.execute(seen).first() is None:
            note = f"a second record of the same operation; the first is {row['destination_id']}"
            self._writer.add(self._entry(row, _S.CONFIRMED, event.destination_id, note))

    def _entry(self, row: Fields, state: EntryState, destination_id: int | None, note: str) -> Fields:
        same = ("operation_id", "verb", "stream", "part", "payload_hash", "before_hash", "after_hash")
        return {
            **self._run,
            **{name: row[name] for name in same},
            "state": str(state),
            "key": f"{row['source_stream']}/{row['source_id']}",
            "destination_id": destination_id,
            "note": note,
        }

    def _bodies_of(self, operation: Operation) -> Fields:
        before = _before(operation)
        return {
            "operation_id": operation.id,
            "operation": self._sealer.seal(canonical_json(_sent(operation))),
            "before": None if before is None else self._sealer.seal(canonical_json(before)),
        }


def _update_attempts(connection: Connection, changed: Sequence[Fields]) -> None:
    statement = update(attempts).where(attempts.c.operation_id == bindparam("of"))
    connection.execute(
        statement.values({name: bindparam(f"new_{name}") for name in _MUTABLE}),
        [{"of": row["operation_id"], **{f"new_{name}": row[name] for name in _MUTABLE}} for row in changed],
    )


def _id_of(event: Event) -> str:
    return event.operation.id if isinstance(event, Intended) else event.operation_id


def _undone_in(events: Sequence[Event]) -> set[str]:
    return {event.operation.undoes for event in events if isinstance(event, Intended)}


def _outcome(event: Accepted | Confirmed | Refused | Unknown | Absent) -> tuple[EntryState, str]:
    match event:
        case Accepted():
            return _S.ACCEPTED, event.job
        case Confirmed():
            return _S.CONFIRMED, " ".join(
                word for word, on in (("adopted", event.adopted), ("found", event.found)) if on
            )
        case Refused():
            return _S.REFUSED, f"{event.reject.reason} {event.reject.field}".strip()
        case Unknown():
            return _S.UNKNOWN, event.why
        case Absent():
            return _S.ABSENT, event.why


def _sent(operation: Operation) -> dict[str, Any]:
    return {
        "fields": dict(operation.fields),
        "links": dict(operation.links),
        "match": None if operation.match is None else list(operation.match),
        "marker": operation.marker,
        "irreversible": operation.irreversible,
    }


def _before(operation: Operation) -> dict[str, Any] | None:
    if operation.before is None and operation.before_links is None:
        return None
    return {
        "fields": None if operation.before is None else dict(operation.before),
        "links": None if operation.before_links is None else dict(operation.before_links),
    }


def _row_of(operation: Operation) -> Fields:
    before = _before(operation)
    return {
        "operation_id": operation.id,
        "verb": str(operation.verb),
        "stream": operation.stream,
        "source_stream": operation.key.stream,
        "source_id": operation.key.id,
        "part": operation.part,
        "target_id": operation.destination_id,
        "destination_id": None,
        "job": "",
        "adopted": False,
        "fingerprint": operation.fingerprint,
        "undoes": operation.undoes,
        "undone_by": "",
        "payload_hash": sha256_of(_sent(operation)),
        "before_hash": "" if before is None else sha256_of(before),
        "after_hash": "",
        "confirmed_seq": None,
    }


def attempt_of(row: Row[Any], sealer: Sealer) -> Attempt:
    """Return the attempt that lies in a joined line of attempts and bodies; purged bodies come back empty."""
    sent = _opened(row.operation, sealer) or {}
    before = _opened(row.before, sealer) or {}
    match = sent.get("match")
    operation = Operation(
        id=row.operation_id,
        verb=Verb(row.verb),
        stream=row.stream,
        key=Key(row.source_stream, row.source_id),
        part=row.part,
        fields=sent.get("fields", {}),
        links=sent.get("links", {}),
        match=None if match is None else (match[0], match[1]),
        marker=sent.get("marker", ""),
        destination_id=row.target_id,
        before=before.get("fields"),
        before_links=before.get("links"),
        fingerprint=row.fingerprint,
        undoes=row.undoes,
        irreversible=sent.get("irreversible", ""),
    )
    return Attempt(
        operation=operation,
        run=row.run,
        digest=row.digest,
        state=EntryState(row.state),
        at=datetime.fromisoformat(row.at),
        destination_id=row.destination_id,
        after=_opened(row.after, sealer),
        job=row.job,
        adopted=row.adopted,
        undone_by=row.undone_by,
    )


def _opened(sealed: bytes | None, sealer: Sealer) -> Any:
    return None if sealed is None else orjson.loads(sealer.open(bytes(sealed)))


def body_hash(sealed: bytes, sealer: Sealer) -> str:
    """Return the hash of a body as the chain holds it."""
    body: Json = _opened(sealed, sealer)
    return sha256_of(body)


JOINED = select(attempts, bodies.c.operation, bodies.c.before, bodies.c.after).join(
    bodies, bodies.c.operation_id == attempts.c.operation_id, isouter=True
)
