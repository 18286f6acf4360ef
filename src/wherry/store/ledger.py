"""The ledger: the truth about every write that was attempted, and about every record of every run."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import UTC
from itertools import groupby
from operator import attrgetter
from typing import NamedTuple

from sqlalchemy import func, select

from wherry.model.jsons import Json
from wherry.model.ledger import Asked, Attempt, Entry, Event, Intended
from wherry.model.operation import Located
from wherry.model.plan import Approval
from wherry.model.ports import Clock
from wherry.model.record import Key
from wherry.model.run import Reason, RecordState, Run, RunKind, RunState, StateChange, StreamCounts
from wherry.privacy import Sealer
from wherry.store import approvals, attempts, chain, checkpoints, crosswalk
from wherry.store.database import Database, Transaction
from wherry.store.events import Fold
from wherry.store.group import GroupCommit
from wherry.store.questions import note_asked
from wherry.store.rejects import noted, reasons, rejects
from wherry.store.states import counts, enlist, move, states_of
from wherry.store.tables import attempts as attempts_table
from wherry.store.verify import Verified, verify

_PAGE = 500


class _Outcomes(NamedTuple):
    """What one caller of record() wants durable, where it holds no intent."""

    run: str
    events: Sequence[Event]
    changes: Sequence[StateChange]


class StoreLedger:
    """The port Ledger on a database; safe to use from several threads and processes at once."""

    def __init__(self, database: Database, clock: Clock, sealer: Sealer) -> None:
        self._database = database
        self._clock = clock
        self._sealer = sealer
        self._outcomes = GroupCommit(self._record_outcomes)

    # -- reading

    def runs(self) -> Sequence[Run]:
        """Return all runs, oldest first."""
        return self._database.read(checkpoints.all_runs)

    def counts(self, run: str) -> Mapping[str, StreamCounts]:
        """Return the conservation table of a run, per stream; every state is named, also those with 0."""
        return counts(self._database, run)

    def rejects(self, run: str) -> Iterator[StateChange]:
        """Yield rejected and deferred records of a run with reason, hint and blocked_by."""
        return rejects(self._database, run)

    def noted(self, run: str, reasons: Collection[str]) -> Iterator[StateChange]:
        """Yield the records of a run with one of these reasons, whatever their state."""
        return noted(self._database, run, reasons)

    def reasons(self, run: str) -> Sequence[Reason]:
        """Return how many records of a run are in which state for which reason; those without one left out."""
        return reasons(self._database, run)

    def locate(self, keys: Iterable[Key]) -> Mapping[Key, Sequence[Located]]:
        """Return where these source records live, parts in order; keys that live nowhere are left out."""
        return crosswalk.locate(self._database, keys)

    def located_at(self, stream: str, ids: Sequence[int]) -> Sequence[Located]:
        """Return the lines of the crosswalk that end at these records of a destination stream."""
        return crosswalk.located_at(self._database, stream, ids)

    def located(self, source_stream: str | None = None) -> Iterator[Located]:
        """Yield the crosswalk by stream, in numeric order of id."""
        return crosswalk.located(self._database, source_stream)

    def attempts(
        self, run: str | None = None, *, newest_first: bool = False, include_undone: bool = False
    ) -> Iterator[Attempt]:
        """Yield confirmed operations with their bodies, in the order in which they were confirmed.

        Those that were taken back are left out unless asked for. Operations that take others back are
        confirmed writes like all others; their `operation.undoes` names what they undid. What is
        confirmed after the first is yielded is not in it.
        """
        table = attempts_table
        query = attempts.JOINED.where(table.c.confirmed_seq.is_not(None)).limit(_PAGE)
        if run is not None:
            query = query.where(table.c.run == run)
        if not include_undone:
            query = query.where(table.c.undone_by == "")
        order = table.c.confirmed_seq.desc() if newest_first else table.c.confirmed_seq
        newest = select(func.max(table.c.confirmed_seq))
        end = self._database.scalar(newest) or 0
        query = query.where(table.c.confirmed_seq <= end).order_by(order)
        page_query = query
        while page := self._database.rows(page_query):
            for row in page:
                yield attempts.attempt_of(row, self._sealer)
            last = page[-1].confirmed_seq
            page_query = query.where(
                table.c.confirmed_seq < last if newest_first else table.c.confirmed_seq > last
            )

    def open_attempts(self, keys: Collection[Key] | None = None) -> Sequence[Attempt]:
        """Return operations whose outcome is open, oldest first: all of them, or those of these records."""
        found = attempts.opened_of(self._database, keys)
        return [attempts.attempt_of(row, self._sealer) for row in found]

    def one_of_each(self, run: str, streams: Collection[str]) -> Sequence[Attempt]:
        """Return one confirmed write of a run for each verb, source and destination stream.

        Of the writes that went through bulk jobs, and of those to these destination streams.
        """
        rows = attempts.one_of_each(self._database, run, streams)
        return [attempts.attempt_of(row, self._sealer) for row in rows]

    def doubtful(self, run: str) -> Iterator[Attempt]:
        """Yield confirmed creates of a run whose outcome was once open, or that had to be looked up."""
        for row in attempts.doubted(self._database, run):
            yield attempts.attempt_of(row, self._sealer)

    def written(self, key: Key, part: int) -> Mapping[str, Json]:
        """Return the newest after-image per field of our confirmed, not undone writes to this part.

        A delete, an adoption that was taken back, and a new destination id each begin anew.
        """
        return attempts.written(self._database, self._sealer, key, part)

    def history(self, key: Key, part: int) -> Sequence[Attempt]:
        """Return every confirmed write to this part, oldest first, those that were taken back included."""
        return attempts.history(self._database, self._sealer, key, part)

    def entries(self) -> Iterator[Entry]:
        """Yield the chain, oldest first."""
        return chain.entries(self._database)

    def approvals(self, digest: str | None = None) -> Sequence[Approval]:
        """Return approvals, oldest first."""
        return self._database.read(lambda tx: approvals.listed(tx, digest))

    def verify(self) -> Verified:
        """Walk the whole chain and compare approvals and bodies with it."""
        return verify(self._database, self._sealer)

    # -- writing

    def begin(self, kind: RunKind, digest: str, options: Mapping[str, str]) -> Run:
        """Start a run and return it, or the unfinished one of the same kind, digest and options."""
        wanted = Run(
            id="",
            kind=kind,
            digest=digest,
            state=RunState.RUNNING,
            started_at=self._clock.now().astimezone(UTC),
            options=dict(options),
        )
        return self._database.write(lambda tx: checkpoints.begin(tx, wanted))

    def enlist(self, run: str, states: Iterable[StateChange]) -> None:
        """Write down every record of the run with the state it starts in; repeating it changes nothing.

        One transaction per some thousand records: a crash in between is mended by enlisting again.
        """
        enlist(self._database, run, states)

    def finish(self, run: str, state: RunState) -> Run:
        """Close a run, or mark it paused, interrupted or failed."""
        at = self._now()
        return self._database.write(lambda tx: checkpoints.finish(tx, run, state, at))

    def pending(self, run: str, stream: str, limit: int, after: str = "") -> Sequence[str]:
        """Return ids of records in state PENDING, in numeric order of id, from after that id on."""
        return checkpoints.pending(self._database, run, stream, limit, after)

    def states(self, run: str, keys: Iterable[Key]) -> Mapping[Key, RecordState]:
        """Return the state of these records in the run; keys that were never enlisted are left out."""
        return states_of(self._database, run, keys)

    def record(self, run: str, events: Sequence[Event], states: Sequence[StateChange] = ()) -> frozenset[str]:
        """Append events to the chain and move records to their states, crosswalk included, in one transaction.

        An event that is known already changes nothing. Returns the ids of the operations that are intended
        by this very call. Raises ValueError for the outcome of an operation that was never intended and
        KeyError for no such run; nothing is written then.
        """
        if any(isinstance(event, Intended) for event in events):
            at = self._now()
            return self._database.write(lambda tx: self._record(tx, run, events, states, at))
        self._outcomes.put(_Outcomes(run, events, states))
        return frozenset()

    def _record_outcomes(self, group: Sequence[_Outcomes]) -> None:
        at = self._now()

        def work(tx: Transaction) -> None:
            for run, members in groupby(group, key=attrgetter("run")):
                same = list(members)
                events = [event for one in same for event in one.events]
                changes = [change for one in same for change in one.changes]
                self._record(tx, run, events, changes, at)

        self._database.write(work)

    def _record(
        self,
        tx: Transaction,
        run: str,
        events: Sequence[Event],
        changes: Sequence[StateChange],
        at: str,
    ) -> frozenset[str]:
        writer = chain.Writer(tx)
        stamp = checkpoints.stamp(tx, run)
        fold = Fold(tx, writer, {**stamp, "at": at}, self._sealer)
        fold.take(events)
        fold.flush()
        fold.moves.flush(tx)
        writer.flush()
        move(tx, run, changes)
        return frozenset(fold.intended)

    def approve(self, approval: Approval) -> None:
        """Keep a person's yes, in the chain too."""
        self._database.write(lambda tx: approvals.approve(tx, approval))

    def note_asked(self, asked: Asked) -> None:
        """Keep in the chain that a language model was asked, as the hashes of prompt and answer."""
        at = self._now()
        self._database.write(lambda tx: note_asked(tx, asked, at))

    def _now(self) -> str:
        return self._clock.now().astimezone(UTC).isoformat()
