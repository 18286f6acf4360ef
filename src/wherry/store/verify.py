"""Is the ledger still as it was written? The chain, the approvals and the bodies against each other."""

from typing import Any, NamedTuple

from sqlalchemy import Row, select

from wherry.privacy import Sealer
from wherry.store import approvals
from wherry.store.attempts import is_body_of
from wherry.store.chain import walk
from wherry.store.database import Database
from wherry.store.tables import attempts, bodies, chain

_PAGE = 1_000
_CHAINED = ("operation_id", "state", "destination_id", "payload_hash", "before_hash", "after_hash")


class Verified(NamedTuple):
    """The answer: how many entries, whether all is sound, and the number of the first that is not."""

    entries: int
    ok: bool
    first_broken: int | None


def verify(database: Database, sealer: Sealer) -> Verified:
    """Walk the chain, then compare approvals and bodies with it; purged bodies are no flaw."""
    flaw = walk(database)
    broken = [
        seq
        for seq in (flaw.first_broken, approvals.first_broken(database), _first_changed(database, sealer))
        if seq is not None
    ]
    return Verified(flaw.entries, not broken, min(broken, default=None))


def _first_changed(database: Database, sealer: Sealer) -> int | None:
    """Return the lowest entry of an attempt whose state or body is no longer what the chain says."""
    query = (
        select(
            attempts,
            bodies.c.operation,
            bodies.c.before,
            bodies.c.after,
            *(chain.c[name].label(f"chained_{name}") for name in _CHAINED),
        )
        .join(bodies, bodies.c.operation_id == attempts.c.operation_id, isouter=True)
        .join(chain, chain.c.seq == attempts.c.seq, isouter=True)
        .order_by(attempts.c.seq)
        .limit(_PAGE)
    )
    page_query = query
    while page := database.rows(page_query):
        for row in page:
            if not (_as_chained(row) and _bodies_as_chained(row, sealer)):
                return int(row.seq)
        page_query = query.where(attempts.c.seq > page[-1].seq)
    return None


def _as_chained(row: Row[Any]) -> bool:
    return (
        bool(row.operation_id == row.chained_operation_id)
        and row.state == row.chained_state
        and (row.destination_id or row.target_id) == row.chained_destination_id
    )


def _bodies_as_chained(row: Row[Any], sealer: Sealer) -> bool:
    pairs = (
        ("operation", row.chained_payload_hash),
        ("before", row.chained_before_hash),
        ("after", row.chained_after_hash),
    )
    try:
        return all(is_body_of(row, column, chained, sealer) for column, chained in pairs)
    except Exception:  # noqa: BLE001  # whatever the sealer or the JSON reader objects to: the body was changed
        return False
