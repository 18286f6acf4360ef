"""The durable engine: batches kept by DBOS, on SQLite beside the store or on the user's PostgreSQL.

The only file that imports dbos. It is told ids and nothing else, and it is not asked what was done: the
ledger says that. Its workflows run at least once; load_batch makes that exactly once at the destination.
"""

import logging
import sqlite3
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from dbos import DBOS, DBOSConfig, DBOSPortableJSONSerializer, SetWorkflowID

from wherry.model.errors import Unavailable
from wherry.model.ports import Job

PROTOCOL = "wherry-1"  # changes only when a batch of an older version must not be carried out by a newer one
QUEUE = "wherry-batches"
_OPEN = ["ENQUEUED", "PENDING", "DELAYED"]
_OVER = ["SUCCESS", "ERROR", "CANCELLED", "MAX_RECOVERY_ATTEMPTS_EXCEEDED"]
_PAGE = 1_000
_NOTICE_SECONDS = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """Where the engine keeps its batches, and as whom this process takes them.

    `url` is `sqlite:///FILE` or `postgresql://…` (TCP: a lost Unix socket is not taken up again). The
    executor id must be new for every process: two with one id would carry each other's batches out.
    """

    url: str
    executor: str
    poll: float = 0.05  # seconds between two looks for a batch


class DurableEngine:
    """The port Engine. One a process; use it in a with block."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._work: Callable[[Job], None] | None = None
        self._failure: BaseException | None = None
        self._failed = threading.Event()
        self._closed = threading.Event()
        self._busy = False
        _quiet()
        if home.url.startswith("sqlite"):
            _make_wal(Path(home.url.removeprefix("sqlite:///")))
        DBOS(config=_config(home))
        # A function of its own: the library writes on what it registers, which a bound method refuses.
        self._batch = DBOS.workflow(name="load_batch", max_recovery_attempts=None)(_workflow_of(self._do))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def start(self, work: Callable[[Job], None]) -> None:
        """Begin to take batches, one at a time, and do this work for each.

        An error of the work ends this process's part: its batch stays undone in the ledger.
        """
        self._work = work
        DBOS.launch()
        if DBOS.retrieve_queue(QUEUE) is None:
            self._make_queue()

    def _make_queue(self) -> None:
        """Make the queue, and launch once more: one that is made after the launch is noticed a second late."""
        DBOS.register_queue(
            QUEUE, worker_concurrency=1, polling_interval_sec=self._home.poll, on_conflict="never_update"
        )
        DBOS.destroy()
        DBOS(config=_config(self._home))
        DBOS.launch()

    def enqueue(self, jobs: Iterable[Job]) -> None:
        """Keep batches until some worker takes them; one that is kept already is not kept twice."""
        for job in jobs:
            with SetWorkflowID(job.id):
                DBOS.enqueue_workflow(QUEUE, self._batch, job.run, job.stream, list(job.ids))

    def unfinished(self) -> Mapping[str, str]:
        """Return every batch that is not done: id → the executor that has it, "" while it waits."""
        found: dict[str, str] = {}
        while page := DBOS.list_workflows(
            status=_OPEN, load_input=False, load_output=False, limit=_PAGE, offset=len(found)
        ):
            for one in page:
                found[one.workflow_id] = (one.executor_id or "") if one.status == "PENDING" else ""
            if len(page) < _PAGE:
                break
        return found

    def resume(self, ids: Sequence[str]) -> None:
        """Let batches whose executor is gone wait for another one."""
        if ids:
            DBOS.resume_workflows(list(ids), queue_name=QUEUE)

    def cancel(self, ids: Sequence[str]) -> None:
        """Take batches out that must not be begun any more."""
        if ids:
            DBOS.cancel_workflows(list(ids))

    def forget(self) -> None:
        """Delete what is kept about batches that are done or were cancelled."""
        while page := DBOS.list_workflows(status=_OVER, load_input=False, load_output=False, limit=_PAGE):
            DBOS.delete_workflows([one.workflow_id for one in page])

    def raise_failure(self) -> None:
        """Raise the error that ended a batch here, if one did; no further batch is begun then."""
        if self._failure is not None:
            raise self._failure

    def failed(self, seconds: float) -> bool:
        """Wait that long for a failure; return whether there is one."""
        return self._failed.wait(seconds)

    @property
    def idle(self) -> bool:
        """Whether no batch is under way in this process."""
        return not self._busy

    def close(self, patience: int = 0) -> None:
        """Take no more batches, wait so many seconds for the one that is under way, and let go of the database."""
        self._closed.set()
        DBOS.destroy(destroy_registry=True, workflow_completion_timeout_sec=patience)

    def _do(self, run: str, stream: str, ids: list[str]) -> str:
        """Do the work of one batch; "" when it ended well, else the code of the error that ended it.

        After an error this thread keeps its place until the process has noticed: it must not take one
        batch after the other only to fail with each.
        """
        self._busy = True
        try:
            if self._failure is None and self._work is not None:
                self._work(Job(run, stream, tuple(ids)))
        except BaseException as error:  # noqa: BLE001 - whatever it is, the process that waits must hear of it
            self._failure = error
        finally:
            self._busy = False
        if self._failure is None:
            return ""
        self._failed.set()
        self._closed.wait(_NOTICE_SECONDS)
        return str(getattr(self._failure, "code", "unexpected"))


def _workflow_of(step: Callable[[str, str, list[str]], str]) -> Callable[[str, str, list[str]], str]:
    def load_batch(run: str, stream: str, ids: list[str]) -> str:
        return DBOS.run_step({"name": "load_batch"}, step, run, stream, ids)

    return load_batch


def _config(home: Home) -> DBOSConfig:
    return {
        "name": "wherry",
        "system_database_url": home.url,
        "application_version": PROTOCOL,
        "executor_id": home.executor,
        "serializer": DBOSPortableJSONSerializer(),  # the default would pickle
        "log_level": "CRITICAL",
        "enable_otlp": False,
        "notification_listener_polling_interval_sec": 0.2,
        "scheduler_polling_interval_sec": 3600.0,
    }


def _quiet() -> None:
    """Keep the library's log lines off the screen: what matters reaches people through our own errors."""
    logger = logging.getLogger("dbos")
    logger.propagate = False
    if not logger.handlers:
        logger.addHandler(logging.NullHandler())


def _make_wal(path: Path) -> None:
    """Make the file, for its owner only and in WAL mode, which stays with it: 40 % quicker."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600, exist_ok=True)
    try:
        with closing(sqlite3.connect(path, timeout=30)) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
    except sqlite3.DatabaseError as error:
        raise Unavailable(
            f"the engine's file {path.name} cannot be used ({error})",
            hint="delete it: a run is rebuilt from its plan and the ledger",
        ) from error
