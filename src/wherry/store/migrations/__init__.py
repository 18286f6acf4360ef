"""The steps by which the schema came to be what it is; each is one transaction with its record.

A step is never changed once it was released: what comes later is a new step. tables.py says what all
steps together lead to, and a test compares the two.
"""

from dataclasses import dataclass
from datetime import UTC
from functools import partial

from sqlalchemy import insert, select

from wherry.model.errors import SettingsInvalid
from wherry.model.ports import Clock
from wherry.store.database import Database, Transaction
from wherry.store.migrations import step_0001, step_0002, step_0003
from wherry.store.tables import metadata, steps, writers


@dataclass(frozen=True, slots=True)
class Step:
    """One change of the schema: statements in a SQL that both databases speak once `words` are put in."""

    number: int
    name: str
    statements: tuple[str, ...]


STEPS = (
    Step(1, "begin", step_0001.STATEMENTS),
    Step(2, "leases", step_0002.STATEMENTS),
    Step(3, "seal", step_0003.STATEMENTS),
)

# Where the two databases say the same thing in other words.
WORDS = {
    "sqlite": {
        "text": "TEXT",
        "bytes": "BLOB",
        "big": "INTEGER",
        "float": "FLOAT",
        "without_rowid": "WITHOUT ROWID",
    },
    "postgresql": {
        "text": 'TEXT COLLATE "C"',
        "bytes": "BYTEA",
        "big": "BIGINT",
        "float": "FLOAT(53)",
        "without_rowid": "",
    },
}


def migrate(database: Database, clock: Clock) -> None:
    """Carry out the steps that this database has not seen, one process at a time.

    Raises SettingsInvalid for a store that a newer version wrote.
    """
    done = database.write(_seen)
    newer = done - {step.number for step in STEPS}
    if newer:
        raise SettingsInvalid(
            f"The store was written by a newer version (schema step {max(newer)})",
            hint="Install that version or a later one; the store was not touched.",
        )
    for step in STEPS:
        if step.number not in done:
            at = clock.now().astimezone(UTC).isoformat()
            database.write(partial(_carry_out, step=step, at=at))


def _seen(tx: Transaction) -> set[int]:
    # What the runner and its transactions stand on themselves comes before any step.
    metadata.create_all(tx.connection, tables=[steps, writers])
    return set(tx.execute(select(steps.c.number)).scalars())


def _carry_out(tx: Transaction, step: Step, at: str) -> None:
    if step.number in tx.execute(select(steps.c.number)).scalars().all():
        return  # another process was faster
    words = WORDS[tx.connection.dialect.name]
    for statement in step.statements:
        tx.connection.exec_driver_sql(statement.format_map(words))
    tx.execute(insert(steps).values(number=step.number, name=step.name, at=at))
