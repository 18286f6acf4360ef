"""The end of a store's values: their key first, then they themselves; what proves the migration stays."""

from dataclasses import dataclass

from sqlalchemy import delete, func, select, update

from wherry.model.ledger import OPEN_STATES, EntryState
from wherry.store.chain import Writer
from wherry.store.database import Database, Fields, Transaction
from wherry.store.seal import kept_seal
from wherry.store.tables import attempts, bodies, crosswalk, seal

_REWRITTEN = (bodies, seal, attempts, crosswalk)


@dataclass(frozen=True, slots=True, kw_only=True)
class Holdings:
    """What a purge would end."""

    values: int  # operations whose values are kept
    standing: int  # confirmed writes that a rollback could still take back
    undecided: int  # writes of which nobody knows yet whether they arrived


@dataclass(frozen=True, slots=True, kw_only=True)
class Purged:
    """When the purge of a store began and ended; empty until then."""

    began: str = ""
    ended: str = ""


def holdings(database: Database) -> Holdings:
    """Count what is there; opens no value."""
    confirmed = (attempts.c.confirmed_seq.is_not(None), attempts.c.undone_by == "", attempts.c.undoes == "")
    undecided = [str(state) for state in OPEN_STATES]
    count = select(func.count())
    return Holdings(
        values=database.scalar(count.select_from(bodies)) or 0,
        standing=database.scalar(count.select_from(attempts).where(*confirmed)) or 0,
        undecided=database.scalar(count.select_from(attempts).where(attempts.c.state.in_(undecided))) or 0,
    )


def purged(database: Database) -> Purged:
    """Return how far a purge is."""
    kept = kept_seal(database)
    return Purged() if kept is None else Purged(began=kept.purge_began, ended=kept.purge_ended)


def begin(database: Database, at: str) -> str:
    """Mark the store as purged, and forget the key that lies in it; return when that was first done.

    From then on nothing opens its values any more, whatever else is still there.
    """

    def work(tx: Transaction) -> str:
        there = tx.execute(select(seal)).first()
        if there is not None and there.purge_began:
            return str(there.purge_began)
        if there is None:
            tx.execute(tx.insert(seal).values(id=1, key_id="", purge_began=at, purge_ended=""))
        else:
            tx.execute(update(seal).values(purge_began=at, wrapped=None))
        _enter(tx, at, "purge began")
        return at

    return database.write(work)


def destroy(database: Database) -> int:
    """Delete what was sent, before-images and after-images for good; return how many operations had some.

    Fingerprints of records go too: they are plain hashes. Chain, crosswalk and states stay.
    """

    def work(tx: Transaction) -> int:
        for table in (attempts, crosswalk):
            tx.execute(update(table).where(table.c.fingerprint != "").values(fingerprint=""))
        return tx.execute(delete(bodies)).rowcount

    gone = database.write(work)
    for table in _REWRITTEN:
        database.forget(table)
    return gone


def end(database: Database, at: str) -> str:
    """Note that nothing is left to do; return when that was first so."""

    def work(tx: Transaction) -> str:
        ended = tx.execute(select(seal.c.purge_ended)).scalar_one()
        if ended:
            return str(ended)
        tx.execute(update(seal).values(purge_ended=at))
        _enter(tx, at, "purge ended")
        return at

    return database.write(work)


def _enter(tx: Transaction, at: str, note: str) -> None:
    writer = Writer(tx)
    entry: Fields = {"run": "", "digest": "", "operation_id": "purge", "state": str(EntryState.CONFIRMED)}
    writer.add({**entry, "verb": "purge", "approved_by": "", "at": at, "note": note})
    writer.flush()
