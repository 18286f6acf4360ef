"""What `report` and `rehearse` return; see results.py."""

from collections.abc import Mapping
from dataclasses import dataclass

from wherry.app.results import Document, Result


@dataclass(frozen=True, kw_only=True)
class ReportResult(Result):
    """One page for the whole migration was written; these are the figures on it.

    `run` is the one whose states `streams` and `reasons` show; empty before the first. `sample` and `reconcile`
    are the newest documents of those verbs, with `run`, `at` and the runs that wrote `since`.
    """

    path: str
    at: str  # ISO 8601, UTC
    digest: str
    run: str
    streams: Mapping[str, Mapping[str, int]]
    standing: tuple[Document, ...]
    reasons: tuple[Document, ...]
    runs: tuple[Document, ...]
    approvals: tuple[Document, ...]
    sample: Document | None
    reconcile: Document | None
    chain: Document

    def document(self) -> Document:
        """Return the document of `report`."""
        return {
            "schema": "wherry/report/1",
            "path": self.path,
            "at": self.at,
            "digest": self.digest or None,
            "run": self.run or None,
            "streams": {name: dict(line) for name, line in self.streams.items()},
            "standing": list(self.standing),
            "reasons": list(self.reasons),
            "runs": list(self.runs),
            "approvals": list(self.approvals),
            "sample": self.sample,
            "reconcile": self.reconcile,
            "chain": self.chain,
        }
