"""Destroying bodies: afterwards the chain still says what was done, but no value is left."""

from sqlalchemy import delete

from wherry.store.database import Database
from wherry.store.tables import bodies


def purge(database: Database) -> int:
    """Delete every body, have the database forget its pages, and return how many there were."""
    gone = database.write(lambda tx: tx.execute(delete(bodies)).rowcount)
    database.forget(bodies)
    return gone
