"""Opening a store by its URL, with its schema brought up to date."""

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from wherry.model.errors import SettingsInvalid
from wherry.model.ports import Clock
from wherry.store.database import Database
from wherry.store.ledger import StoreLedger
from wherry.store.seal import Sealer, Unsealed
from wherry.store.sqlite import SqliteDatabase
from wherry.store.tables import metadata


class Store:
    """One migration's memory. Close it when done; threads may share it."""

    def __init__(self, database: Database, clock: Clock, sealer: Sealer) -> None:
        self._database = database
        self._clock = clock
        self.ledger = StoreLedger(database, clock, sealer)

    def close(self) -> None:
        """Give all connections back; whatever was reported as written stays."""
        self._database.close()


def open_store(url: str, *, clock: Clock, key: str | None = None, sealer: Sealer | None = None) -> Store:
    """Open the store at `sqlite:///FILE` or `postgresql://…` and bring its schema up to date.

    Raises SettingsInvalid for another kind of URL.
    """
    del key
    database = _database(_url(url))
    database.write(lambda tx: metadata.create_all(tx.connection))
    return Store(database, clock, sealer or Unsealed())


def _url(url: str) -> URL:
    try:
        return make_url(url)
    except ArgumentError as error:
        raise SettingsInvalid(
            "store.url is no database URL", hint="Use sqlite:///.wherry/store.db or postgresql://…"
        ) from error


def _database(url: URL) -> Database:
    return SqliteDatabase(url)
