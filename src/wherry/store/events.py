"""Attempted writes: from events to the state of each operation, its bodies and its entries.

An event that is already known changes nothing, so a transaction may be repeated. A confirmation is
final: what a slow twin reports later is only noted.
"""

from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import Executable, bindparam, insert, select, update

from wherry.model.jsons import Json, canonical_json
from wherry.model.ledger import (
    Absent,
    Accepted,
    Confirmed,
    EntryState,
    Event,
    Intended,
    Refused,
    Unknown,
)
from wherry.model.operation import Operation, Verb
from wherry.privacy import Sealer
from wherry.store.attempts import before_body, body_mark, sent_body
from wherry.store.chain import Writer
from wherry.store.crosswalk import Moves
from wherry.store.database import Fields, Transaction
from wherry.store.seal import body_name
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
    "seen",
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
_GONE = ("operation_id", "source_stream", "source_id", "part", "destination_id")


class Fold:
    """Takes events in order and gathers everything that one transaction has to write."""

    def __init__(self, tx: Transaction, writer: Writer, run: Fields, sealer: Sealer) -> None:
        self._tx = tx
        self._writer = writer
        self._run = run  # run, digest, approved_by, at
        self._sealer = sealer
        self._known: dict[str, Fields] = {}
        self.intended: set[str] = set()
        self._new: dict[str, None] = {}
        self._changed: dict[str, None] = {}
        self._sent: dict[str, Fields] = {}
        self._afters: dict[str, bytes] = {}
        self._gone: list[Fields] = []
        self.moves = Moves()

    def take(self, events: Sequence[Event]) -> None:
        """Fold the events in."""
        self._load({_id_of(event) for event in events})
        self._load({row["undoes"] for row in self._known.values()} | _undone_in(events))
        for event in events:
            self._take_one(event)

    def flush(self) -> None:
        """Write attempts and bodies; the chain and the crosswalk are the caller's."""
        self._tx.many("attempts.new", lambda: insert(attempts), [self._known[id_] for id_ in self._new])
        changed = [self._known[id_] for id_ in self._changed if id_ not in self._new]
        self._tx.many("attempts.change", _changing_attempts, changed)
        self._tx.many("attempts.gone", _ending_attempts, self._gone)
        fresh = [line for id_, line in self._sent.items() if id_ in self._new]
        self._tx.many("bodies.new", lambda: insert(bodies), fresh)
        again = [line for id_, line in self._sent.items() if id_ not in self._new]
        self._tx.many("bodies.again", _replacing_bodies, again)
        afters = [{"operation_id_": id_, "image": image} for id_, image in self._afters.items()]
        self._tx.many("bodies.after", _completing_bodies, afters)

    def _load(self, ids: Iterable[str]) -> None:
        wanted = sorted(id_ for id_ in ids if id_ and id_ not in self._known)
        for start in range(0, len(wanted), _SLICE):
            query = select(attempts).where(attempts.c.operation_id.in_(wanted[start : start + _SLICE]))
            for row in self._tx.execute(query).mappings():
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
        if state in _NEXT[EntryState(row["state"])] and str(state) not in row["seen"].split():
            self._settle(row, event, state, note)
        elif isinstance(event, Confirmed) and row["destination_id"] != event.destination_id:
            self._note_twin(row, event)

    def _intend(self, operation: Operation, *, fresh: bool) -> None:
        row = self._row_of(operation)
        self._known[operation.id] = row
        self.intended.add(operation.id)
        (self._new if fresh else self._changed)[operation.id] = None
        self._sent[operation.id] = self._bodies_of(operation)
        self._afters.pop(operation.id, None)
        self._enter(row, _S.INTENDED, operation.irreversible)

    def _settle(self, row: Fields, event: Event, state: EntryState, note: str) -> None:
        if isinstance(event, Accepted):
            row["job"] = event.job
        if isinstance(event, Confirmed):
            id_, image = row["operation_id"], dict(event.after)
            row["destination_id"], row["adopted"] = event.destination_id, event.adopted
            row["after_hash"] = body_mark(image, self._sealer)
            self._afters[id_] = self._sealed(id_, "after", image)
        self._enter(row, state, note)
        if isinstance(event, Confirmed):
            row["confirmed_seq"] = row["seq"]
            self._apply_to_crosswalk(row)

    def _apply_to_crosswalk(self, row: Fields) -> None:
        undone = self._known.get(row["undoes"])
        if undone is not None:
            undone["undone_by"] = row["operation_id"]
            self._changed[undone["operation_id"]] = None
        if row["verb"] == Verb.DELETE:
            # With the record goes everything that was ever written to it: none of that stands any more.
            self._gone.append(
                {name: row[name] for name in _GONE} | {"nobody": "", "deletes": str(Verb.DELETE)}
            )
        if row["verb"] == Verb.DELETE or (undone is not None and undone["adopted"]):
            self.moves.drop(row)
        else:
            # After an undo nobody knows what a fingerprint of the restored record would be.
            self.moves.put(row if not row["undoes"] else {**row, "fingerprint": ""})

    def _enter(self, row: Fields, state: EntryState, note: str) -> None:
        row["state"], row["at"] = str(state), self._run["at"]
        row["seen"] = f"{row['seen']} {state}".strip()
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
        if self._tx.execute(seen).first() is None:
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
        before = before_body(operation)
        return {
            "operation_id": operation.id,
            "operation": self._sealed(operation.id, "operation", sent_body(operation)),
            "before": None if before is None else self._sealed(operation.id, "before", before),
            "after": None,
        }

    def _sealed(self, operation_id: str, column: str, body: Json) -> bytes:
        return self._sealer.seal(canonical_json(body), body_name(operation_id, column))

    def _row_of(self, operation: Operation) -> Fields:
        before = before_body(operation)
        return {
            "operation_id": operation.id,
            "verb": str(operation.verb),
            "stream": operation.stream,
            "source_stream": operation.key.stream,
            "source_id": operation.key.id,
            "part": operation.part,
            "seen": "",
            "target_id": operation.destination_id,
            "destination_id": None,
            "job": "",
            "adopted": False,
            "fingerprint": operation.fingerprint,
            "undoes": operation.undoes,
            "undone_by": "",
            "payload_hash": body_mark(sent_body(operation), self._sealer),
            "before_hash": "" if before is None else body_mark(before, self._sealer),
            "after_hash": "",
            "confirmed_seq": None,
        }


def _changing_attempts() -> Executable:
    of = attempts.c.operation_id == bindparam("operation_id")
    return update(attempts).where(of).values({name: bindparam(name) for name in _MUTABLE})


def _ending_attempts() -> Executable:
    same = (attempts.c[name] == bindparam(name) for name in _GONE if name != "operation_id")
    stands = (attempts.c.undone_by == bindparam("nobody"), attempts.c.verb != bindparam("deletes"))
    return update(attempts).where(*same, *stands).values(undone_by=bindparam("operation_id"))


def _replacing_bodies() -> Executable:
    of = bodies.c.operation_id == bindparam("operation_id")
    return (
        update(bodies).where(of).values({name: bindparam(name) for name in ("operation", "before", "after")})
    )


def _completing_bodies() -> Executable:
    return (
        update(bodies)
        .where(bodies.c.operation_id == bindparam("operation_id_"))
        .values(after=bindparam("image"))
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
            words = ("adopted", "found", "along", "gone")
            return _S.CONFIRMED, " ".join(word for word in words if getattr(event, word))
        case Refused():
            return _S.REFUSED, f"{event.reject.reason} {event.reject.field}".strip()
        case Unknown():
            return _S.UNKNOWN, event.why
        case Absent():
            return _S.ABSENT, event.why
