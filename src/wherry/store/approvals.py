"""A person's yes to one digest, kept in the chain too, so that none can be taken away or slipped in."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, insert, select

from wherry.model.jsons import sha256_of
from wherry.model.ledger import EntryState
from wherry.model.plan import Approval
from wherry.model.run import RunKind
from wherry.store.chain import Writer
from wherry.store.database import Database, Fields, Transaction
from wherry.store.tables import approvals, chain

_COLUMNS = ("digest", "by", "at", "purpose_of_run", "unlock", "purpose", "basis")
# An approval for the load covers what only repeats a part of it.
_COVERED: dict[RunKind, frozenset[str]] = {
    RunKind.RETRY: frozenset({"retry", "load", "delta"}),
    RunKind.LOAD: frozenset({"load", "instalments"}),
}


def approve(tx: Transaction, approval: Approval) -> None:
    """Keep the approval and chain it; the same approval again changes nothing."""
    line = _line(approval)
    same = select(approvals.c.seq).where(*(approvals.c[name] == line[name] for name in _COLUMNS))
    if tx.execute(same).first() is not None:
        return
    writer = Writer(tx)
    seq = writer.add(
        {
            "run": "",
            "digest": approval.digest,
            "operation_id": "",
            "state": str(EntryState.CONFIRMED),
            "verb": "approve",
            "payload_hash": sha256_of(line),
            "approved_by": approval.by,
            "at": line["at"],
            "note": f"unlock {approval.unlock}" if approval.unlock else approval.purpose_of_run,
        }
    )
    writer.flush()
    tx.execute(insert(approvals).values(seq=seq, **line))


def listed(tx: Transaction, digest: str | None) -> Sequence[Approval]:
    """Return approvals, oldest first."""
    query = select(approvals).order_by(approvals.c.seq)
    if digest is not None:
        query = query.where(approvals.c.digest == digest)
    return [_approval(row) for row in tx.execute(query)]


def approver(tx: Transaction, digest: str, kind: RunKind) -> str:
    """Return who said yes to this digest for this kind of run, the newest; empty where nobody had to."""
    kinds = _COVERED.get(kind, frozenset({str(kind)}))
    given = [approval for approval in listed(tx, digest) if approval.purpose_of_run in kinds]
    return given[-1].by if given else ""


def first_broken(database: Database) -> int | None:
    """Return the lowest entry whose approval was removed, changed or added beside the chain."""

    def look(tx: Transaction) -> int | None:
        kept = {row.seq: sha256_of(_line(_approval(row))) for row in tx.execute(select(approvals))}
        query = select(chain.c.seq, chain.c.payload_hash).where(chain.c.verb == "approve")
        chained = {row.seq: row.payload_hash for row in tx.execute(query)}
        wrong = [seq for seq in kept.keys() | chained.keys() if kept.get(seq) != chained.get(seq)]
        return min(wrong, default=None)

    return database.read(look)


def _line(approval: Approval) -> Fields:
    return {name: getattr(approval, name) if name != "at" else approval.at.isoformat() for name in _COLUMNS}


def _approval(row: Row[Any]) -> Approval:
    return Approval(
        **{name: getattr(row, name) for name in _COLUMNS if name != "at"}, at=datetime.fromisoformat(row.at)
    )
