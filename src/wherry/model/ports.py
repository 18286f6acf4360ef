"""What the parts ask of each other: short protocols, implemented elsewhere."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol, TypeAlias

from wherry.model.catalog import Catalog, Field, Stream
from wherry.model.diff import Observed
from wherry.model.jsons import Json
from wherry.model.ledger import Asked, Attempt, Entry, Event
from wherry.model.operation import Located, Operation
from wherry.model.plan import Approval
from wherry.model.record import Fate, Key, Record, Staged, Value
from wherry.model.run import Reason, RecordState, Run, RunKind, RunState, StateChange, StreamCounts


class Clock(Protocol):
    """Time, so that tests and scaled rehearsals can bend it."""

    def now(self) -> datetime:
        """Return the present moment, aware, in UTC."""

    def sleep(self, seconds: float) -> None:
        """Wait that many seconds of this clock."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueProfile:
    """Counts of one field. `top` are the most frequent values with their counts, at most 50; the repr hides them."""

    records: int
    filled: int
    distinct: int
    top: tuple[tuple[str, int], ...]
    max_length: int  # characters

    def __repr__(self) -> str:
        return f"ValueProfile({self.filled} of {self.records} filled, {self.distinct} distinct)"


class Snapshot(Protocol):
    """The source's records as they were at one moment: immutable, streamed in bounded memory."""

    @property
    def digest(self) -> str:
        """Return the sha256 over every staged record of every stream."""

    @property
    def catalog(self) -> Catalog:
        """Return the source's catalog as discovered."""

    def facts(self) -> Mapping[str, Json]:
        """Return what the source said of itself: tenant, exported_at, tz, currency, window, options."""

    def read(self, stream: str, keys: Sequence[str] | None = None) -> Iterator[Record]:
        """Yield the READY records of a stream in key order (numeric where keys are), or just those keys."""

    def read_where(self, stream: str, field: str, values: Sequence[str]) -> Iterator[Record]:
        """Yield the READY records whose field holds one of these values: the children of some parents."""

    def fates(self, stream: str | None = None) -> Iterator[Staged]:
        """Yield the fate of every source record, ready or not."""

    def counts(self) -> Mapping[str, Mapping[str, int]]:
        """Return per stream how many records have each fate."""

    def findings(self) -> "Sequence[Finding]":
        """Return what was noticed about the source."""

    def value_profile(self, stream: str, field: str) -> ValueProfile:
        """Return how a field is filled in READY records."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """The destination's answer to one write: the record's id and all fields that the answer shows."""

    destination_id: int
    after: Mapping[str, Json]


@dataclass(frozen=True, slots=True, kw_only=True)
class JobProgress:
    """How a bulk job stands; `failures` are per row where the API says so (row → message)."""

    done: bool
    failures: Mapping[int, str]


class DestinationReader(Protocol):
    """Reading the destination. Every call is paced by the API budget. Raises TryAgain and StopRun kinds."""

    def describe(self) -> Catalog:
        """Return the destination's catalog: streams contacts, sales_accounts, tasks, appointments, notes."""

    def scan(
        self, stream: str, since: datetime | None = None, *, known: Collection[int] = ()
    ) -> Iterator[Observed]:
        """Yield live records of a stream that has views, newest change first, down to `since`.

        Records with the ids of `known` may be left out where each of them takes a call.
        """

    def fetch(
        self,
        stream: str,
        ids: Sequence[int],
        parents: Mapping[int, int] | None = None,
        *,
        dependents: bool = False,
    ) -> Iterator[Observed]:
        """Yield the live records with these ids, each once, with all that the API can show.

        `parents` maps ids of tasks, appointments and notes to their contact's id, which saves calls. With
        `dependents` the links also name what hangs on a record: tasks, appointments, notes, deals, contacts.
        """

    def fetch_children(self, wanted: Mapping[int, Mapping[str, Sequence[int]]]) -> Iterator[Observed]:
        """Yield the live tasks, appointments, notes and files with these ids: contact id → stream → ids.

        As few calls as the API allows: one a contact for all its children. Others of the contact that show the
        same text as one of them, or for a file the same name, may come too, where no further call is needed.
        """

    def find(self, operations: Sequence[Operation]) -> Mapping[str, Observed]:
        """Look operations up by match key or by marker; return what was found, by operation id.

        A miss is no proof of absence until search lag is over; see engine/settle.py.
        """


class Destination(DestinationReader, Protocol):
    """Writing the destination. Raises LookFirst when the outcome is open and RefuseRecord on a refusal."""

    def write(self, operation: Operation) -> Written:
        """Send one create, update or delete and return what the server holds now."""

    def submit(self, operations: Sequence[Operation]) -> str:
        """Send up to 100 creates, updates or deletes of one stream as one asynchronous job; return its id."""

    def progress(self, job: str) -> JobProgress:
        """Ask how a job stands."""

    def bulk(self, operation: Operation) -> bool:
        """Return whether this operation may go through submit()."""

    def create_field(self, stream: str, field: Field) -> Field:
        """Create a custom field and return it as the destination shows it."""

    def create_module(self, label: str, plural: str, name: str) -> Stream:
        """Make a custom module, or find the one of that label, and return it as a stream."""


class LedgerReader(Protocol):
    """Reading our own memory; what a page or a report gets."""

    def runs(self) -> Sequence[Run]:
        """Return all runs, oldest first."""

    def counts(self, run: str) -> Mapping[str, StreamCounts]:
        """Return the conservation table of a run, per stream."""

    def rejects(self, run: str) -> Iterator[StateChange]:
        """Yield rejected and deferred records of a run with reason, hint and blocked_by."""

    def noted(self, run: str, reasons: Collection[str]) -> Iterator[StateChange]:
        """Yield the records of a run with one of these reasons, whatever their state."""

    def reasons(self, run: str) -> Sequence[Reason]:
        """Return how many records of a run are in which state for which reason; those without one left out."""

    def locate(self, keys: Iterable[Key]) -> Mapping[Key, Sequence[Located]]:
        """Return where these source records live at the destination, parts in order."""

    def located_at(self, stream: str, ids: Sequence[int]) -> Sequence[Located]:
        """Return the lines of the crosswalk that end at these records of a destination stream."""

    def located(self, source_stream: str | None = None) -> Iterator[Located]:
        """Yield the crosswalk."""

    def attempts(
        self, run: str | None = None, *, newest_first: bool = False, include_undone: bool = False
    ) -> Iterator[Attempt]:
        """Yield confirmed operations with their bodies, in the order in which they were confirmed.

        Those that were taken back are left out unless asked for.
        """

    def written(self, key: Key, part: int) -> Mapping[str, Json]:
        """Return the newest after-image per field of our confirmed, not undone writes to this part."""

    def history(self, key: Key, part: int) -> Sequence[Attempt]:
        """Return every confirmed write to this part, oldest first, those that were taken back included."""

    def open_attempts(self, keys: Collection[Key] | None = None) -> Sequence[Attempt]:
        """Return operations whose outcome is open, oldest first: all of them, or those of these records."""

    def one_of_each(self, run: str, streams: Collection[str]) -> Sequence[Attempt]:
        """Return one confirmed write of a run for each verb, source and destination stream.

        Of the writes that went through bulk jobs, and of those to these destination streams.
        """

    def doubtful(self, run: str) -> Iterator[Attempt]:
        """Yield confirmed creates of a run whose outcome was once open, or that had to be looked up."""

    def entries(self) -> Iterator[Entry]:
        """Yield the chain, oldest first."""

    def approvals(self, digest: str | None = None) -> Sequence[Approval]:
        """Return approvals, oldest first."""


class Ledger(LedgerReader, Protocol):
    """Our own memory, with the right to write. Every method is one transaction."""

    def begin(self, kind: RunKind, digest: str, options: Mapping[str, str]) -> Run:
        """Start a run and return it, or the unfinished one of the same kind, digest and options."""

    def enlist(self, run: str, states: Iterable[StateChange]) -> None:
        """Write down every record of the run with the state it starts in; repeating it changes nothing."""

    def finish(self, run: str, state: RunState) -> Run:
        """Close a run, or mark it paused, interrupted or failed."""

    def pending(self, run: str, stream: str, limit: int, after: str = "") -> Sequence[str]:
        """Return ids of records in state PENDING, in numeric order of id, from after that id on."""

    def states(self, run: str, keys: Iterable[Key]) -> Mapping[Key, RecordState]:
        """Return the state of these records in the run."""

    def record(self, run: str, events: Sequence[Event], states: Sequence[StateChange] = ()) -> frozenset[str]:
        """Append events to the chain and move records to their states, crosswalk included, in one transaction.

        Returns the ids of the operations that are intended by this very call. One that is open or confirmed
        already is not among them: somebody else has sent it, or is about to.
        """

    def approve(self, approval: Approval) -> None:
        """Keep a person's yes, in the chain too."""

    def note_asked(self, asked: Asked) -> None:
        """Keep in the chain that a language model was asked, as the hashes of prompt and answer."""


SecondsLeft: TypeAlias = Callable[[], float]


class Budget(Protocol):
    """The API quota of one destination account, shared by everybody who uses this store."""

    def take(self, calls: int = 1) -> "SecondsLeft | None":
        """Wait until that many calls fit the minute and the hour, and book them.

        Returns what tells for how many seconds from then on they may still be sent, or None where nothing
        limits that. Raises QuotaExhausted instead of waiting longer than was asked for.
        """

    def learn(self, *, remaining: int | None, retry_after: float | None) -> None:
        """Take over what the server's headers say about the quota."""

    def charge(self, run: str) -> None:
        """Count what was taken here so far, and each call from now on as it is taken, to the figures of a run.

        A process that is killed has counted all it took.
        """


@dataclass(frozen=True, slots=True)
class Job:
    """One batch, as the durable engine keeps it: ids only, never a value of a record."""

    run: str
    stream: str
    ids: tuple[str, ...]  # source ids, in the order of the stream; never empty

    @property
    def id(self) -> str:
        """Return the id of the batch: the same for the same records of the same run."""
        return f"{self.run}:{self.stream}:{self.ids[0]}-{self.ids[-1]}"


class Engine(Protocol):
    """Keeps batches and hands each to one worker at a time (engine/durable.py).

    What it keeps is no truth: a batch that it calls done may have left records pending, and its whole
    memory may be lost. The ledger says what is still to do.
    """

    def start(self, work: Callable[[Job], None]) -> None:
        """Begin to take batches, and do this work for each."""

    def enqueue(self, jobs: Iterable[Job]) -> None:
        """Keep batches until some worker takes them; one that is kept already is not kept twice."""

    def unfinished(self) -> Mapping[str, str]:
        """Return every batch that is not done: id → the executor that has it, "" while it waits."""

    def resume(self, ids: Sequence[str]) -> None:
        """Let batches whose executor is gone wait for another one."""

    def cancel(self, ids: Sequence[str]) -> None:
        """Take batches out that must not be begun any more."""

    def forget(self) -> None:
        """Delete what is kept about batches that are done or were cancelled."""

    def raise_failure(self) -> None:
        """Raise the error that ended a batch here, if one did; no further batch is begun then."""


COORDINATOR = "coordinator"
WORKER = "worker"


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """Somebody's part in a run: coordinator or worker, and the process and host for people to read."""

    run: str
    role: str
    place: str


class Leases(Protocol):
    """Timed claims of workers on a run, shared by all machines; `ttl` is in seconds."""

    ttl: float

    def take(self, worker: str, run: str, role: str) -> None:
        """Claim a part in a run; raises UsageInvalid while others carry another run out, or coordinate this one."""

    def renew(self, worker: str) -> bool:
        """Prolong a lease; False when it ran out and was taken away meanwhile."""

    def leave(self, worker: str) -> None:
        """Give a lease back."""

    def live(self) -> Mapping[str, Claim]:
        """Return the leases that have not run out, by worker."""

    def reap(self) -> frozenset[str]:
        """Take away the leases that have run out, for good, and return the workers whose leases stand."""

    def alone(self, work: Callable[[], None]) -> bool:
        """Do the work while no other process does; False, and nothing done, when one does."""


class Lock(Protocol):
    """One process at a time on one workspace; the workers of a run go by their leases instead."""

    def held(self, verb: str = "", *, joining: bool = False) -> AbstractContextManager[None]:
        """Hold the lock for that verb, or raise RunInProgress naming who holds it.

        Live workers are refused too, unless who asks is `joining` their run.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class Extracted:
    """One record as a source connector hands it over: typed values, or a fate that it already has.

    `staged` is READY unless the record alone shows that it cannot move (unreadable amount, ambiguous date,
    no id …); `raw_hash` is over the cells as written, for exact duplicates.
    """

    staged: Staged
    values: Mapping[str, Value] = field(repr=False)
    raw_hash: str
    word: str = field(default="", repr=False)  # of a closed list that does not know it: why it is rejected


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldWord:
    """A word that its closed list does not know, how many records are rejected for it, and the first of these."""

    stream: str
    column: str
    word: str = field(repr=False)
    records: int
    keys: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something about the source as a whole that a person should know; never a value of a record."""

    code: str
    message: str
    file: str = ""
    line: int = 0
    count: int = 0
    hint: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parent:
    """Records of `stream` cannot move without the record of `parent` whose key stands in `field`.

    A key that no record has is refused with `reason`; so is an empty one, where `required`. Without
    `required` an empty one is fine.
    """

    stream: str
    field: str
    parent: str
    reason: str = "orphan"
    required: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Merges:
    """Records of `stream` were merged: `table` says which into which; children follow to the master."""

    stream: str
    table: str
    duplicate: str  # field of `table` with the key that was given up
    master: str  # field of `table` with the key that lives on


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """What the records of a stream must hold together with others, as data.

    `sql` selects the `_seq` of the records at fault. It sees every stream as a table of that name with
    text fields in canonical form (money as `12.50`), `_seq`, `_key` and `_fate`. Of the records it finds,
    those still READY take the fate. With `late`, it is asked after parents have handed on their fates.
    """

    stream: str
    sql: str
    reason: str
    fate: Fate = Fate.REJECTED
    field: str = ""
    detail: str = ""
    late: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Integrity:
    """How the records of a source hang together; what staging decides with."""

    parents: tuple[Parent, ...] = ()
    merges: tuple[Merges, ...] = ()
    checks: tuple[Check, ...] = ()


class Documents(Protocol):
    """The bytes of the source's documents, wherever they lie; safe to use from several threads.

    Raises PreflightFailed where the place itself is not fit.
    """

    def document_size(self, ref: str) -> int | None:
        """Return a document's size in bytes, or None where there is no such document."""

    def open_document(self, ref: str) -> AbstractContextManager[Iterable[bytes]]:
        """Open a document as a stream of blocks of at most 1 MiB; its end is the end of the document."""


class Source(Protocol):
    """Reading the source. Raises PreflightFailed naming file, line, field and remedy."""

    def describe(self) -> Catalog:
        """Return the source's catalog; REFERENCE fields say which stream they point into."""

    def facts(self) -> Mapping[str, Json]:
        """Return what the source says of itself: tenant, exported_at, tz, currency, window, options."""

    def integrity(self) -> Integrity:
        """Return how the streams hang together: parents, merges, checks."""

    def extract(self, stream: str) -> Iterator[Extracted]:
        """Yield every record of a stream in file order, in bounded memory."""

    def findings(self) -> Sequence[Finding]:
        """Return what was noticed; complete once every stream was extracted."""

    def open_document(self, ref: str) -> AbstractContextManager[Iterable[bytes]]:
        """Open a document of the source as a stream of byte blocks."""
