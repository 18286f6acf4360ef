"""One process's part in carrying a run out: its engine, and on PostgreSQL its lease and its eye on the others."""

import logging
import os
import socket
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, NoReturn
from urllib.parse import parse_qs, urlsplit

from wherry.app.workspace import Workspace
from wherry.engine.hands import Hands
from wherry.engine.lease import Heartbeat, take_over, uptime
from wherry.engine.run import carry_out_job, walk
from wherry.engine.sweep import sweep
from wherry.model.errors import RunInProgress, SettingsInvalid
from wherry.model.ports import COORDINATOR, Leases

if TYPE_CHECKING:
    from wherry.engine.durable import DurableEngine

STEADY_GAP = 5.0  # seconds between two looks at the store that count as without a break
FINISH_SECONDS = 3_600  # how long a batch that is under way may take to its end once a stop was asked for

_log = logging.getLogger("wherry.engine")


@dataclass(slots=True, kw_only=True)
class Part:
    """What one process needs to take part in a run."""

    engine: "DurableEngine"
    executor: str
    leases: Leases | None = None
    heartbeat: Heartbeat | None = None
    beat: float = 5.0
    _watched: float = float("-inf")

    def watch(self) -> None:
        """Every beat, look for batches whose worker is gone, and let others have them."""
        if uptime() - self._watched < self.beat:
            return
        self._watched = uptime()
        if self.leases is None:
            _resume_strangers(self.engine, self.executor)
        elif self.heartbeat is not None and self.heartbeat.steady:
            self.leases.alone(partial(_take_over, self.engine, self.leases))

    def abandoned(self) -> bool:
        """Whether nobody coordinates the run any more, as far as this process may judge."""
        if self.leases is None or self.heartbeat is None or not self.heartbeat.steady:
            return False
        if any(claim.role == COORDINATOR for claim in self.leases.live().values()):
            return False
        self.leases.reap()
        return True


def reap_when_steady(ws: Workspace) -> Callable[[], None]:
    """Return what is called again and again by a process without a lease, to take away leases that have run out.

    Only once it could look at the store without a break for a whole lease: where the store itself was away,
    nobody could renew, and nobody is to blame.
    """
    leases = ws.store.leases(ws.settings.engine.lease_seconds)
    unbroken = last = uptime()

    def look() -> None:
        nonlocal unbroken, last
        now = uptime()
        if now - last > STEADY_GAP:
            unbroken = now
        last = now
        if leases is not None and now - unbroken > leases.ttl:
            leases.reap()

    return look


def coordinated_elsewhere(ws: Workspace, run: str) -> bool:
    """Whether another process coordinates this run: then how the run stands is not for this one to say."""
    leases = ws.store.leases(ws.settings.engine.lease_seconds)
    claims = leases.live().values() if leases else ()
    return any(claim.run == run and claim.role == COORDINATOR for claim in claims)


def warm_up() -> None:
    """Load the engine's library aside, while the destination is being asked what it looks like."""
    threading.Thread(target=import_module, args=("wherry.engine.durable",), daemon=True).start()


def carry_through(ws: Workspace, hands: Hands, run: str, streams: Sequence[str]) -> None:
    """Coordinate a run and work on it, until nothing is pending; see engine/run.py for what it raises."""
    with part_in(ws, hands, run, COORDINATOR) as part:
        part.watch()
        walk(hands, part.engine, run, streams, watch=part.watch)
    began = next(one.started_at for one in ws.ledger.runs() if one.id == run)
    sweep(hands, run, began)


@contextmanager
def part_in(ws: Workspace, hands: Hands, run: str, role: str) -> Iterator[Part]:
    """Take part in a run: hold a lease where there are several workers, and take batches.

    When it ends for whatever reason, the batch that is under way is brought to its end first, unless the
    process was told twice to stop.
    """
    from wherry.engine.durable import DurableEngine, Home  # noqa: PLC0415 - half a second, for runs only

    executor = f"{socket.gethostname()}-{os.getpid()}-{uuid.uuid4().hex[:8]}"
    leases = ws.store.leases(ws.settings.engine.lease_seconds)
    with ExitStack() as stack:
        heartbeat = _claim(ws, leases, run, role, executor, stack) if leases else None
        engine = DurableEngine(Home(url=_home(ws), executor=executor))
        stack.callback(_end, engine, hands)
        start = partial(engine.start, partial(carry_out_job, hands, run))
        if leases is None:
            start()
        else:
            _one_at_a_time(leases, start)  # several processes must not make the engine's tables at once
        beat = ws.settings.engine.beat_seconds
        try:
            yield Part(engine=engine, executor=executor, leases=leases, heartbeat=heartbeat, beat=beat)
        except KeyboardInterrupt:
            hands.stopper.halt()
            raise


def _claim(ws: Workspace, leases: Leases, run: str, role: str, executor: str, stack: ExitStack) -> Heartbeat:
    _take(leases, executor, run, role, patience=2 * leases.ttl if role == COORDINATOR else 0)
    stack.callback(leases.leave, executor)
    heartbeat = Heartbeat(leases, executor, ws.settings.engine.beat_seconds, _lost)
    ws.stopper.guard = partial(heartbeat.guard, ws.stopper)
    ws.stopper.left = heartbeat.left
    stack.callback(setattr, ws.stopper, "guard", lambda: None)
    stack.callback(setattr, ws.stopper, "left", None)
    stack.callback(heartbeat.stop)
    heartbeat.start()
    return heartbeat


def _take(leases: Leases, executor: str, run: str, role: str, *, patience: float) -> None:
    """Take the lease; a coordinator waits until that of one that died has run out."""
    until = time.monotonic() + patience
    while True:
        try:
            return leases.take(executor, run, role)
        except RunInProgress:
            if time.monotonic() > until:
                raise
        time.sleep(0.5)


def _one_at_a_time(leases: Leases, start: Callable[[], None]) -> None:
    while not leases.alone(start):
        time.sleep(0.2)


def _end(engine: "DurableEngine", hands: Hands) -> None:
    """Close the engine; a person who is not willing to wait for the batch gets out between two calls."""
    try:
        engine.close(0 if hands.stopper.halted or engine.idle else FINISH_SECONDS)
    except KeyboardInterrupt:
        hands.stopper.halt()
        engine.close()
        raise


def _take_over(engine: "DurableEngine", leases: Leases) -> None:
    count = take_over(engine, leases)
    if count:
        facts = {"action": "engine.taken_over", "batches": count}
        _log.info("batches of a worker that is gone wait for another one", extra=facts)


def _resume_strangers(engine: "DurableEngine", executor: str) -> None:
    """Where one process is all there can be, whatever another one had is free."""
    engine.resume([id_ for id_, holder in engine.unfinished().items() if holder not in ("", executor)])


def _lost() -> NoReturn:
    _log.error(
        "this process was cut off for longer than its lease; others have taken its work over, so it ends",
        extra={"action": "engine.lease_lost"},
    )
    os._exit(1)


def _home(ws: Workspace) -> str:
    """Return where the engine keeps its batches: beside the store's file, or in the store's own database."""
    url = ws.settings.store.url
    if url.startswith("sqlite"):
        return f"sqlite:///{ws.state / 'engine.db'}"
    parts = urlsplit(url.replace("postgresql+psycopg://", "postgresql://", 1))
    host = parts.hostname or parse_qs(parts.query).get("host", [""])[0]
    if not host or host.startswith("/"):
        raise SettingsInvalid(
            "[store] url names no host: over a Unix socket the engine cannot survive a restart of the server",
            hint="write postgresql://user@localhost:5432/name, or the name of the server's machine",
        )
    return parts.geturl()
