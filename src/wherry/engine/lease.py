"""A worker's own claim: renewed by a heartbeat, checked before every call, and the end of the process when lost.

A process that stood still (stopped, swapped out, its machine asleep) must not go on sending what others
have taken over. So a call is sent only while the lease, as this process last renewed it, has a margin left:
checked before it is begun, and again by the connection before its first byte. What was sent before the
process stood still may be open at the other side for as long as any call may: settle waits that out.
"""

import threading
import time
from collections.abc import Callable

from wherry.engine.hands import Stopper
from wherry.model.errors import WherryError
from wherry.model.ports import Budget, Engine, Leases, SecondsLeft

MARGIN = 0.25  # share of the lease in which nothing new is sent
_STEP = 0.1
_CLOCK = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)  # goes on while a machine sleeps


def uptime() -> float:
    """Return seconds of a clock that nobody sets and that sleeps with nobody."""
    return time.clock_gettime(_CLOCK)


class Heartbeat:
    """Renews one lease every `beat` seconds until it is stopped; calls `lost` once it is gone."""

    def __init__(self, leases: Leases, worker: str, beat: float, lost: Callable[[], None]) -> None:
        self._leases, self._worker, self._beat, self._lost = leases, worker, beat, lost
        self._stop = threading.Event()
        self._until = uptime() + leases.ttl
        self._unbroken = uptime()
        self._thread = threading.Thread(target=self._run, name="heartbeat", daemon=True)

    def start(self) -> None:
        """Begin; the lease must have been taken just now."""
        self._thread.start()

    def stop(self) -> None:
        """Let the lease be."""
        self._stop.set()

    def guard(self, stopper: Stopper) -> None:
        """Wait until the lease has its margin; return at once when nothing may be sent any more anyway."""
        while self.left() <= 0 and not stopper.halted:
            time.sleep(_STEP)

    def left(self) -> float:
        """Return for how many seconds something may still be sent; not above 0 once the margin has begun."""
        return self._until - MARGIN * self._leases.ttl - uptime()

    @property
    def steady(self) -> bool:
        """Whether every beat of a whole lease came through: who was cut off himself must not judge others."""
        return uptime() - self._unbroken >= self._leases.ttl

    def _run(self) -> None:
        while not self._stop.wait(self._beat):
            began = uptime()
            try:
                held = self._leases.renew(self._worker)
            except WherryError:
                continue  # the store has been away for a while; the fence holds meanwhile
            if not held:
                if not self._stop.is_set():
                    self._lost()
                return
            if began - (self._until - self._leases.ttl) > 2 * self._beat:
                self._unbroken = uptime()
            self._until = began + self._leases.ttl


class FencedBudget:
    """A budget whose calls pass the fence after they were booked, as the last thing before they are sent.

    `taken` counts the calls of this process.
    """

    def __init__(self, budget: Budget, stopper: Stopper) -> None:
        self._budget, self._stopper = budget, stopper
        self._counting = threading.Lock()
        self.taken = 0

    def take(self, calls: int = 1) -> SecondsLeft | None:
        """See Budget; raises Interrupted when nothing may be sent any more."""
        self._budget.take(calls)
        with self._counting:
            self.taken += calls
        return self._stopper.fence()

    def learn(self, *, remaining: int | None, retry_after: float | None) -> None:
        """See Budget."""
        self._budget.learn(remaining=remaining, retry_after=retry_after)

    def charge(self, run: str) -> None:
        """See Budget."""
        self._budget.charge(run)


def take_over(engine: Engine, leases: Leases) -> int:
    """Let the batches of executors without a lease wait for others; return how many there were.

    Every executor takes its lease before its first batch, so what is read first must be the batches.
    """
    held = {id_: executor for id_, executor in engine.unfinished().items() if executor}
    if not held:
        return 0
    standing = leases.reap()
    stranded = [id_ for id_, executor in held.items() if executor not in standing]
    engine.resume(stranded)
    return len(stranded)
