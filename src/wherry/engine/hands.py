"""What the engine works with: the ports, and the mapping already bound to its context."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from wherry.mapping.apply import Result
from wherry.model.errors import Interrupted
from wherry.model.ports import Clock, Destination, Ledger, SecondsLeft, Snapshot
from wherry.model.record import Record

Apply = Callable[[Record], Result]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How the engine spends its time; all durations in seconds of the clock."""

    batch_size: int = 100  # records read, decided and recorded together
    workers: int = 4  # single writes under way at once
    bulk_from: int = 3  # fewer bulk-worthy writes than this go one by one
    bulk_max: int = 100  # rows of one bulk call
    settle_after: float = 10.0  # how long after its answer was given up an unknown write may still arrive
    in_flight: float = 0.0  # how long after it was sent the call of a process that stands still may be open
    job_wait: float = 600.0  # how long a bulk job may take before its rows count as unknown
    poll: float = 0.5  # first wait between two looks at a job; doubled up to poll_max
    poll_max: float = 15.0


@dataclass(slots=True, kw_only=True)
class Stopper:
    """Asks the engine to stop: at the next batch border, or before the next call."""

    _event: threading.Event = field(default_factory=threading.Event)
    _now: threading.Event = field(default_factory=threading.Event)
    guard: Callable[[], None] = lambda: None  # waits, before a call, until this process may send
    left: SecondsLeft | None = None  # for how long it may, seen from now; None: for ever

    def ask(self) -> None:
        """Ask to stop."""
        self._event.set()

    @property
    def asked(self) -> bool:
        """Whether somebody asked."""
        return self._event.is_set()

    def halt(self) -> None:
        """Let nothing more be sent; what is on its way is answered, or settled by the next run."""
        self._event.set()
        self._now.set()

    def fence(self) -> SecondsLeft | None:
        """Return when a call may be sent, and until when; raise Interrupted when none may be any more."""
        self.guard()
        if self.halted:
            raise Interrupted("stopped in the middle of a batch", hint="run the same command again to go on")
        return self.left

    @property
    def halted(self) -> bool:
        """Whether nothing more may be sent."""
        return self._now.is_set()


@dataclass(frozen=True, slots=True, kw_only=True)
class Hands:
    """Everything a batch needs."""

    snapshot: Snapshot
    ledger: Ledger
    destination: Destination
    clock: Clock
    apply: Apply
    link_streams: Mapping[str, Mapping[str, str]]  # source stream → parent stream → name of the links' stream
    unlocked: frozenset[str] = frozenset()  # privacy classes that an approval of this plan opened
    follows: bool = False  # a parent that belongs there no more takes its children with it
    fill_only: bool = True
    writable: Mapping[str, frozenset[str]] = field(default_factory=dict)  # stream → what people may write
    overwrites: Callable[[str, str], bool] = lambda _stream, _name: (
        False
    )  # the source wins over people's edits
    pace: Pace = field(default_factory=Pace)
    stopper: Stopper = field(default_factory=Stopper)
    advance: Callable[[int], None] = lambda _count: None
