"""Opening a store by its URL, with its schema brought up to date."""

import contextlib
from datetime import UTC
from pathlib import Path

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError

from wherry.model.errors import PreflightFailed, SettingsInvalid
from wherry.model.ports import Clock, Lock
from wherry.privacy import Destroyed, Sealer, Unsealed
from wherry.store import purge
from wherry.store.budget import Quota, SharedBudget
from wherry.store.database import Database
from wherry.store.leases import Leases
from wherry.store.ledger import StoreLedger
from wherry.store.lock import FileLock
from wherry.store.migrations import migrate
from wherry.store.seal import Keys, sealer_of
from wherry.store.sqlite import SqliteDatabase, file_of

_POSTGRES = frozenset({"postgresql", "postgresql+psycopg"})


class Store:
    """One migration's memory. Threads may share it; close it when done.

    `ledger` implements the port Ledger, `lock` the port Lock: one process at a time on this store. `sealer`
    is that of this store, for what belongs to it and lies elsewhere.
    """

    def __init__(self, database: Database, lock: Lock, clock: Clock, sealer: Sealer) -> None:
        self._database = database
        self._clock = clock
        self.sealer = sealer
        self.ledger = StoreLedger(database, clock, sealer)
        self.lock: Lock = lock if not isinstance(sealer, Destroyed) else _Closed(sealer)

    def budget(
        self, account: str, per_minute: int, per_hour: int, reserve: float, *, max_wait: float | None
    ) -> SharedBudget:
        """Return the API budget of a destination account, shared with everybody who uses this store.

        `reserve` is the share (0 to below 1) of the hour that stays free for others; `max_wait` is in
        seconds, None waits for as long as it takes.
        """
        quota = Quota(per_minute=per_minute, per_hour=per_hour, reserve=reserve, max_wait=max_wait)
        return SharedBudget(self._database, self._clock, account, quota)

    def leases(self, ttl: float) -> Leases | None:
        """Return the leases of this store's workers, or None where one process is all there can be."""
        return Leases(self._database, ttl) if self._database.shared else None

    def holdings(self) -> purge.Holdings:
        """Return what a purge would end."""
        return purge.holdings(self._database)

    @property
    def purged(self) -> purge.Purged:
        """Return how far a purge is."""
        return purge.purged(self._database)

    def begin_purge(self) -> str:
        """Mark the store as purged, and destroy the key that lies in it; return when that was done first."""
        return purge.begin(self._database, self._now())

    def destroy_values(self) -> int:
        """Destroy what was sent, before-images and after-images for good; return how many operations had some.

        The chain, the crosswalk and the states stay. Nothing can be taken back afterwards.
        """
        return purge.destroy(self._database)

    def end_purge(self) -> str:
        """Note that the purge is done; return when that was so first."""
        return purge.end(self._database, self._now())

    def _now(self) -> str:
        return self._clock.now().astimezone(UTC).isoformat(timespec="seconds")

    def close(self) -> None:
        """Give all connections back; whatever was reported as written stays."""
        self._database.close()


class _Alone:
    """The lock of a store that nobody else can reach."""

    def held(self, verb: str = "", *, joining: bool = False) -> contextlib.AbstractContextManager[None]:  # noqa: ARG002 - nobody asks
        """Hold what needs no holding."""
        return contextlib.nullcontext()


class _Closed:
    """The lock of a store that was purged: nothing is written on its ground any more."""

    def __init__(self, sealer: Destroyed) -> None:
        self._sealer = sealer

    def held(self, verb: str = "", *, joining: bool = False) -> contextlib.AbstractContextManager[None]:  # noqa: ARG002 - whoever it is
        """Raise UsageInvalid: see Destroyed."""
        self._sealer.refuse()


def open_store(url: str, *, clock: Clock, keys: Keys | None = None, sealer: Sealer | None = None) -> Store:
    """Open the store at `sqlite:///FILE` or `postgresql://…` and bring its schema up to date.

    A relative SQLite path is relative to the current folder: resolve it first. `sqlite://` lives in
    memory. Bodies pass through the sealer: the one given, or that of `keys` (see sealer_of, also for what it
    raises), or none. Raises SettingsInvalid for another kind of URL and for a store of a newer version, and
    PreflightFailed where the database cannot be opened.
    """
    database, lock = _reach(_parsed(url))
    with contextlib.ExitStack() as opened:
        opened.callback(database.close)
        try:
            database.probe()
            migrate(database, clock)
            if sealer is None and keys is not None:
                sealer = sealer_of(database, keys)
        except DBAPIError as error:
            raise PreflightFailed(
                f"The store cannot be opened: {_first_line(error)}",
                hint="Check store.url in wherry.toml, and that the server, where it names one, is running.",
            ) from error
        opened.pop_all()
    return Store(database, lock, clock, sealer or Unsealed())


def _parsed(url: str) -> URL:
    hint = "Use sqlite:///.wherry/store.db or postgresql://user@host:5432/name"
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise SettingsInvalid("store.url is no database URL", hint=hint) from error
    if parsed.drivername not in _POSTGRES | {"sqlite"}:
        raise SettingsInvalid(f"store.url names '{parsed.drivername}', which is not supported", hint=hint)
    return parsed


def _reach(url: URL) -> tuple[Database, Lock]:
    if url.drivername in _POSTGRES:
        from wherry.store.postgres import PostgresDatabase, ServerLock  # noqa: PLC0415 - its driver is loaded where it is used

        server = PostgresDatabase(url)
        return server, ServerLock(server)
    path: Path | None = file_of(url)
    try:
        database = SqliteDatabase(url)
    except OSError as error:
        raise PreflightFailed(
            f"The store's file {path} cannot be opened: {error.strerror}",
            hint="Check store.url in wherry.toml.",
        ) from error
    return database, _Alone() if path is None else FileLock(path.with_name(f"{path.name}.lock"))


def _first_line(error: DBAPIError) -> str:
    return str(error.orig).strip().splitlines()[0]
