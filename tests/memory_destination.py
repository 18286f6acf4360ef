"""A destination, a source snapshot and a clock in memory, written against the ports; faults on request."""

import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from wherry.engine.hands import Hands, Pace
from wherry.engine.run import carry_out_job, walk
from wherry.engine.settle import settle
from wherry.engine.undo import Judgement, Surroundings, end_runs, ours, take_back
from wherry.model.catalog import Catalog, Field, Stream
from wherry.model.diff import Observed
from wherry.model.errors import DestinationRefused, OutcomeUnknown, RecordGone, Unavailable
from wherry.model.jsons import Json
from wherry.model.operation import Link, Operation, Payload, Verb
from wherry.model.ports import Finding, Job, JobProgress, ValueProfile, Written
from wherry.model.record import Fate, Key, Record, Staged
from wherry.model.run import RecordState, RunKind, RunState, StateChange
from wherry.store import open_store

UNIQUE = {"contacts": "external_id", "sales_accounts": "name"}
PARENT = {"targetable": "contacts", "sales_accounts": "sales_accounts"}


class Crash(BaseException):
    """The process dies here."""


@dataclass(slots=True)
class BentClock:
    """Time that passes only when somebody sleeps."""

    moment: datetime = datetime(2026, 10, 5, 9, tzinfo=UTC)
    slept: float = 0.0

    def now(self) -> datetime:
        return self.moment

    def sleep(self, seconds: float) -> None:
        self.slept += seconds
        self.moment += timedelta(seconds=seconds)


@dataclass(slots=True)
class Row:
    """One record there."""

    fields: dict[str, Json]
    links: dict[str, list[int]]


_NOWHERE = Row({}, {})
Fault = Callable[[str, Operation | None], str]


def no_fault(_call: str, _operation: Operation | None) -> str:
    return ""


@dataclass(slots=True)
class MemoryDestination:
    """Implements model.ports.Destination over a dict; safe to use from several threads.

    `fault` is asked at every call (its name, and the operation where there is one) and answers with what
    goes wrong: "" nothing, "lost" applied and the answer lost, "never" the answer lost and nothing applied,
    "again" nothing done, "refuse", "gone", "taken", "die" before, "die_after". `partial` rows of a job are not applied.
    """

    rows: dict[str, dict[int, Row]] = field(default_factory=dict)
    fault: Fault = no_fault
    bulk_streams: frozenset[str] = frozenset()
    partial: Callable[[Operation], bool] = lambda _operation: False
    job_done: Callable[[str], bool] = lambda _job: True
    calls: list[str] = field(default_factory=list)
    written: list[Operation] = field(default_factory=list)
    _ids: Iterator[int] = field(default_factory=lambda: count(1001))
    _lock: threading.RLock = field(default_factory=threading.RLock)

    # reading

    def describe(self) -> Catalog:
        return Catalog(system="memory", streams=())

    def scan(
        self, stream: str, since: datetime | None = None, *, known: Collection[int] = ()
    ) -> Iterator[Observed]:
        self._ask("scan", None)
        with self._lock:
            yield from [self._seen(stream, id_) for id_ in reversed(list(self.rows.get(stream, {})))]

    def fetch(
        self,
        stream: str,
        ids: Sequence[int],
        parents: Mapping[int, int] | None = None,
        *,
        dependents: bool = False,
    ) -> Iterator[Observed]:
        self._ask("fetch", None)
        with self._lock:
            there = [self._seen(stream, id_) for id_ in ids if id_ in self.rows.get(stream, {})]
        for seen in there:
            yield (
                replace(seen, links={**seen.links, **self._hanging(stream, seen.id)}) if dependents else seen
            )

    def fetch_children(self, wanted: Mapping[int, Mapping[str, Sequence[int]]]) -> Iterator[Observed]:
        self._ask("fetch", None)
        with self._lock:
            there = [
                self._seen(stream, id_)
                for contact, streams in wanted.items()
                for stream, ids in streams.items()
                for id_ in ids
                if contact in self.rows.get(stream, {}).get(id_, _NOWHERE).links.get("targetable", [])
            ]
        yield from there

    def find(self, operations: Sequence[Operation]) -> Mapping[str, Observed]:
        self._ask("find", None)
        found: dict[str, Observed] = {}
        with self._lock:
            for operation in operations:
                rows = self.rows.get(operation.stream, {})
                named = operation.destination_id
                hits = (
                    [id_ for id_, row in rows.items() if _fits(operation, row)] if named is None else [named]
                )
                hits = [id_ for id_ in hits if id_ in rows]
                if hits:
                    found[operation.id] = self._seen(operation.stream, min(hits))
        return found

    def _seen(self, stream: str, id_: int) -> Observed:
        row = self.rows[stream][id_]
        links = {name: tuple(ids) for name, ids in row.links.items()}
        return Observed(stream=stream, id=id_, fields=_shown(row), links=links)

    def _hanging(self, stream: str, id_: int) -> dict[str, tuple[int, ...]]:
        return {
            other: ids
            for other, rows in self.rows.items()
            if (ids := tuple(n for n, row in rows.items() if id_ in _of(row, stream)))
        }

    # writing

    def write(self, operation: Operation) -> Written:
        kind = self._ask("write", operation)
        if kind == "again":
            raise Unavailable("nothing was done")
        if kind == "never":
            raise OutcomeUnknown("sent, answer lost")
        if kind == "refuse":
            raise DestinationRefused("no", reason="too_long", field="title")
        if kind == "gone":
            raise RecordGone("not there")
        if kind == "taken":
            raise DestinationRefused("no", reason="taken", field=UNIQUE.get(operation.stream, ""))
        done = self._apply(operation)
        if kind == "lost":
            raise OutcomeUnknown("sent, answer lost")
        if kind == "die_after":
            raise Crash
        return done

    def submit(self, operations: Sequence[Operation]) -> str:
        kind = self._ask("submit", None)
        if kind == "again":
            raise Unavailable("nothing was done")
        if kind == "refuse":
            raise DestinationRefused("no", reason="refused")
        for operation in operations if kind != "never" else ():
            if not self.partial(operation):
                self._apply(operation)
        if kind in {"lost", "never"}:
            raise OutcomeUnknown("sent, answer lost")
        if kind == "die_after":
            raise Crash
        return f"job{len(self.calls)}"

    def progress(self, job: str) -> JobProgress:
        if self._ask("progress", None) == "again":
            raise Unavailable("not now")
        return JobProgress(done=self.job_done(job), failures={})

    def bulk(self, operation: Operation) -> bool:
        return operation.stream in self.bulk_streams

    def create_field(self, stream: str, field: Field) -> Field:
        return field

    def create_module(self, label: str, plural: str, name: str) -> Stream:
        del plural
        return Stream(name=name, fields=(), label=label)

    def _apply(self, operation: Operation) -> Written:
        with self._lock:
            rows = self.rows.setdefault(operation.stream, {})
            if operation.verb is Verb.CREATE:
                return self._create(rows, operation)
            id_ = operation.destination_id or 0
            if operation.for_good:  # out of the recycle bin, which nobody sees
                self.written.append(operation)
                return Written(destination_id=id_, after={})
            if id_ not in rows:
                raise RecordGone("not there")
            self.written.append(operation)
            if operation.verb is Verb.DELETE:
                del rows[id_]
                return Written(destination_id=id_, after={})
            row = rows[id_]
            row.fields |= operation.fields
            for name, ids in (operation.before_links or {}).items():
                if operation.undoes and isinstance(ids, list):
                    row.links[name] = [i for i in ids if isinstance(i, int)]
            for name, to in operation.links.items() if not operation.undoes else ():
                row.links[name] = sorted({*row.links.get(name, []), to})
            return Written(destination_id=id_, after=_shown(row))

    def _create(self, rows: dict[int, Row], operation: Operation) -> Written:
        unique = UNIQUE.get(operation.stream)
        value = operation.fields.get(unique) if unique else None
        if value is not None and any(row.fields.get(unique or "") == value for row in rows.values()):
            raise DestinationRefused("in use", reason="taken", field=unique or "")
        self.written.append(operation)
        id_ = next(self._ids)
        rows[id_] = Row(dict(operation.fields), {name: [to] for name, to in operation.links.items()})
        return Written(destination_id=id_, after=_shown(rows[id_]))

    def _ask(self, call: str, operation: Operation | None) -> str:
        with self._lock:
            self.calls.append(call)
            kind = self.fault(call, operation)
        if kind == "die":
            raise Crash
        return kind

    # what people do

    def put(self, stream: str, fields: Mapping[str, Json], **links: int) -> int:
        """A person makes a record."""
        id_ = next(self._ids)
        self.rows.setdefault(stream, {})[id_] = Row(dict(fields), {name: [to] for name, to in links.items()})
        return id_

    def state(self) -> Any:
        """Everything that is there, comparable; ids included, for nothing gets a new one by an undo."""
        return {
            stream: {
                id_: (dict(row.fields), {n: list(i) for n, i in row.links.items() if i})
                for id_, row in rows.items()
            }
            for stream, rows in self.rows.items()
            if rows
        }

    def marks(self) -> list[str]:
        """The marker of every record that has one; a doubled record shows twice."""
        return sorted(
            str(row.fields["mark"])
            for rows in self.rows.values()
            for row in rows.values()
            if "mark" in row.fields
        )


def _shown(row: Row) -> dict[str, Json]:
    """A server shows every field that it has, filled or not."""
    return {"city": None, **row.fields}


def _fits(operation: Operation, row: Row) -> bool:
    if operation.match is not None:
        name, value = operation.match
        return row.fields.get(name) == value
    return bool(operation.marker) and row.fields.get("mark") == operation.marker


def _of(row: Row, stream: str) -> list[int]:
    return [id_ for name, ids in row.links.items() if PARENT.get(name) == stream for id_ in ids]


@dataclass(slots=True)
class MemorySnapshot:
    """Implements model.ports.Snapshot over a list of records, all READY."""

    records: list[Record]
    digest: str = "0" * 64
    catalog: Catalog = Catalog(system="memory", streams=())  # noqa: RUF009 - frozen

    def facts(self) -> Mapping[str, Json]:
        return {}

    def read(self, stream: str, keys: Sequence[str] | None = None) -> Iterator[Record]:
        for record in self.records:
            if record.key.stream == stream and (keys is None or record.key.id in keys):
                yield record

    def fates(self, stream: str | None = None) -> Iterator[Staged]:
        yield from (
            Staged(key=r.key, fate=Fate.READY) for r in self.records if stream in (None, r.key.stream)
        )

    def counts(self) -> Mapping[str, Mapping[str, int]]:
        return {}

    def findings(self) -> Sequence[Finding]:
        return ()

    def value_profile(self, stream: str, field: str) -> ValueProfile:
        return ValueProfile(records=0, filled=0, distinct=0, top=(), max_length=0)


HOMES = {"practices": "sales_accounts", "patients": "contacts", "notes": "notes"}
LINKS = {"patients": {"practices": "link.patients.practices"}, "notes": {"patients": "link.notes.patients"}}
ORDER = ("practices", "patients", "notes")


def as_payloads(record: Record) -> tuple[Payload, ...]:
    """The mapping of these tests: practices → accounts, patients → contacts, notes → one or two notes."""
    key, values = record.key, record.values
    stream = HOMES[key.stream]
    fields: dict[str, Json] = {str(n): v for n, v in values.items() if n not in {"parent", "parts", "adopt"}}  # type: ignore[misc]  # these tests use JSON values only
    parent = values.get("parent")
    links: tuple[Link, ...] = ()
    if parent:
        links = (
            (Link("targetable", Key("patients", str(parent))),)
            if stream == "notes"
            else (Link("sales_accounts", Key("practices", str(parent))),)
        )
    parts = int(str(values.get("parts") or 1))
    return tuple(
        Payload(
            stream=stream,
            key=key,
            part=part,
            parts=parts,
            fields={
                **fields,
                "mark": f"[{key} {part}/{parts}]",
                **({UNIQUE[stream]: key.id} if stream in UNIQUE else {}),
            },
            links=links,
            match=(UNIQUE[stream], key.id) if stream in UNIQUE else None,
            marker=f"[{key} {part}/{parts}]",
            adopt=int(str(values["adopt"])) if values.get("adopt") else None,
        )
        for part in range(1, parts + 1)
    )


def record(stream: str, id_: str, **values: Any) -> Record:
    return Record(key=Key(stream, id_), values=values)


def make_hands(
    destination: MemoryDestination,
    records: Sequence[Record],
    *,
    clock: BentClock | None = None,
    ledger: Any = None,
    **pace: Any,
) -> Hands:
    """Hands over a store in memory."""
    clock = clock or BentClock()
    return Hands(
        snapshot=MemorySnapshot(list(records)),
        ledger=ledger or open_store("sqlite://", clock=clock).ledger,
        destination=destination,
        clock=clock,
        apply=as_payloads,
        link_streams=LINKS,
        pace=Pace(**{"workers": 1, "batch_size": 5, "bulk_from": 2, **pace}),
    )


def enlist(hands: Hands, kind: RunKind = RunKind.LOAD, digest: str = "d" * 64) -> str:
    """Begin a run over everything in the snapshot, links included; give its id."""
    run = hands.ledger.begin(kind, digest, {})
    states = []
    for staged in hands.snapshot.fates():
        states.append(StateChange(key=staged.key, state=RecordState.PENDING))
        states += [
            StateChange(key=Key(name, staged.key.id), state=RecordState.PENDING)
            for name in LINKS.get(staged.key.stream, {}).values()
        ]
    hands.ledger.enlist(run.id, states)
    return run.id


def load_all(hands: Hands, digest: str = "d" * 64) -> str:
    """Begin or resume the load under this digest, walk it to its end, and finish it; give its id."""
    run = enlist(hands, digest=digest)
    walk_all(hands, run)
    hands.ledger.finish(run, RunState.FINISHED)
    return run


FIELDS = frozenset({"name", "first", "text", "city", "mark", "external_id"})


def roll_back(hands: Hands, confirm: str = "all") -> list[Judgement]:
    """Take everything back that stands; give the judgements."""
    hands.ledger.begin(RunKind.ROLLBACK, "d" * 64, {"confirm": confirm})
    run = hands.ledger.runs()[-1].id
    settle(hands, run)
    end_runs(hands.ledger)
    standing = [a for a in hands.ledger.attempts() if not a.operation.undoes]
    around = Surroundings(ours=ours(standing), writable=dict.fromkeys(HOMES.values(), FIELDS))
    newest = [a for a in hands.ledger.attempts(newest_first=True) if not a.operation.undoes]
    judged = list(take_back(hands, run, newest, around, write=True))
    hands.ledger.finish(run, RunState.FINISHED)
    return judged


@dataclass(slots=True)
class InlineEngine:
    """Implements model.ports.Engine in the caller's thread: a batch is done whenever somebody waits."""

    work: Callable[[Job], None]
    jobs: dict[str, Job] = field(default_factory=dict)

    def start(self, work: Callable[[Job], None]) -> None:
        self.work = work

    def enqueue(self, jobs: Iterable[Job]) -> None:
        self.jobs |= {job.id: job for job in jobs}

    def unfinished(self) -> Mapping[str, str]:
        return dict.fromkeys(self.jobs, "")

    def resume(self, ids: Sequence[str]) -> None:
        pass

    def cancel(self, ids: Sequence[str]) -> None:
        for id_ in ids:
            self.jobs.pop(id_, None)

    def forget(self) -> None:
        pass

    def raise_failure(self) -> None:
        if self.jobs:
            self.work(self.jobs.pop(next(iter(self.jobs))))


def walk_all(hands: Hands, run: str) -> None:
    """Walk all streams, batches done one after another as they come."""
    engine = InlineEngine(lambda job: carry_out_job(hands, run, job))
    walk(hands, engine, run, ORDER, watch=lambda: None)
