"""The newest proofs, kept so that the report of the migration can show them: figures, never a value."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias

import orjson

from wherry.app.results import Document, Result
from wherry.app.workspace import Workspace

Kind: TypeAlias = Literal["sample", "reconcile", "rehearse"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """One proof: of which run, when it was made, and the document that its verb printed."""

    run: str
    at: datetime
    document: Document


def keep_proof(ws: Workspace, kind: Kind, run: str, result: Result) -> None:
    """Keep a verb's document as the newest proof of its kind."""
    kept = {"run": run, "at": ws.clock.now(), "document": result.document()}
    path = ws.state / f"proof-{kind}.json"
    new = path.with_suffix(".new")
    new.write_bytes(orjson.dumps(kept))
    new.chmod(0o600)
    new.replace(path)


def last_proof(ws: Workspace, kind: Kind) -> Kept | None:
    """Return the newest proof of that kind, or None where there was none yet."""
    try:
        kept = orjson.loads((ws.state / f"proof-{kind}.json").read_bytes())
    except FileNotFoundError:
        return None
    return Kept(run=kept["run"], at=datetime.fromisoformat(kept["at"]), document=kept["document"])
