"""What the verbs return: one frozen value each, with its JSON document and its exit code.

Here: the verbs up to the first write; runs and what follows them are in run_results.py. The documents are the project's promise to scripts: each passes docs/schemas/<document>.json, and its
keys come in the order written here.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from wherry.model.plan import Plan

Document: TypeAlias = dict[str, Any]
Row: TypeAlias = Mapping[str, Any]

OK = 0
UNEXPECTED = 1
PREFLIGHT_FAILED = 3
FINISHED_WITH_REJECTS = 4
DISCREPANCY = 6
ROLLBACK_INCOMPLETE = 7
PAUSED = 8
INTERRUPTED = 130


@dataclass(frozen=True, kw_only=True)
class Result(ABC):
    """The outcome of a verb. `next_steps` are sentences or commands for a person, not for scripts."""

    next_steps: tuple[str, ...] = ()

    @abstractmethod
    def document(self) -> Document:
        """Return the JSON document, `schema` first."""

    @property
    def exit_code(self) -> int:
        """Return the exit code that this outcome deserves."""
        return OK


@dataclass(frozen=True, kw_only=True)
class InitResult(Result):
    """A workspace was made; `files` are paths below `directory`."""

    directory: str
    files: tuple[str, ...]

    def document(self) -> Document:
        """Return the document of `init`."""
        return {"schema": "wherry/init/1", "directory": self.directory, "files": list(self.files)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing that `doctor` looked at; `remedy` says what to do unless the verdict is ok."""

    id: str
    what: str
    verdict: Literal["ok", "warn", "fail"]
    found: str
    remedy: str = ""


@dataclass(frozen=True, kw_only=True)
class DoctorResult(Result):
    """What `doctor` found; it fails when one check fails."""

    checks: tuple[Check, ...]

    def document(self) -> Document:
        """Return the document of `doctor`."""
        checks = [
            {"id": c.id, "what": c.what, "verdict": c.verdict, "found": c.found, "remedy": c.remedy}
            for c in self.checks
        ]
        return {"schema": "wherry/doctor/1", "checks": checks, "ok": self.exit_code == OK}

    @property
    def exit_code(self) -> int:
        """Return 3 when a check failed; warnings leave it at 0."""
        return PREFLIGHT_FAILED if any(c.verdict == "fail" for c in self.checks) else OK


@dataclass(frozen=True, kw_only=True)
class DiscoverResult(Result):
    """What both systems hold.

    `source` and `destination` are JSON-ready summaries: system, streams (name → records, fields) and
    facts, people, limits and abilities where there are any. `fates` counts staged records per stream and
    fate. `findings` are rows of code, message, file, line, count, hint.
    """

    snapshot: str
    source: Row
    destination: Row
    fates: Mapping[str, Mapping[str, int]]
    findings: tuple[Row, ...] = ()

    def document(self) -> Document:
        """Return the document of `discover`."""
        return {
            "schema": "wherry/discover/1",
            "snapshot": self.snapshot,
            "source": dict(self.source),
            "destination": dict(self.destination),
            "fates": {stream: dict(fates) for stream, fates in self.fates.items()},
            "findings": [dict(f) for f in self.findings],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposalLine:
    """A field's proposed place; `candidates` are (target, confidence), best first, at most five."""

    source_object: str
    source_header: str
    target: str  # object.field or NONE
    confidence: float
    band: str
    candidates: tuple[tuple[str, float], ...]
    evidence: str

    def document(self) -> Document:
        """Return one entry of `proposals`."""
        return {
            "source_object": self.source_object,
            "source_header": self.source_header,
            "target": self.target,
            "confidence": self.confidence,
            "band": self.band,
            "candidates": [{"target": t, "confidence": c} for t, c in self.candidates],
            "evidence": self.evidence,
        }


@dataclass(frozen=True, kw_only=True)
class ProposeResult(Result):
    """The mapping proposals; `written` and `kept` name mapping files (kept: nothing to change, or a person's)."""

    proposals: tuple[ProposalLine, ...]
    written: tuple[str, ...]
    kept: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()  # what a person changed in a review, as lines of a diff
    llm: Row | None = None  # what a language model was asked, where one was
    values: tuple[Row, ...] = ()  # words of the source's lists, and the entries that are proposed for them

    def document(self) -> Document:
        """Return the document of `propose`; `llm` stands in it only where one was asked."""
        asked = {} if self.llm is None else {"llm": dict(self.llm)}
        bands = dict.fromkeys(("green", "amber", "grey", "red"), 0)
        for line in self.proposals:
            bands[line.band] += 1
        return {
            "schema": "wherry/propose/1",
            "bands": bands,
            "proposals": [p.document() for p in self.proposals],
            "values": [dict(v) for v in self.values],
            "written": list(self.written),
            "kept": list(self.kept),
            **asked,
        }


@dataclass(frozen=True, kw_only=True)
class MatchResult(Result):
    """A map for any two column lists."""

    proposals: tuple[ProposalLine, ...]
    engine: str
    lexicon_sha256: str
    model_sha256: str | None
    llm: Row | None = None  # what a language model was asked, where one was

    def document(self) -> Document:
        """Return the document of `match`; `llm` stands in it only where one was asked."""
        asked = {} if self.llm is None else {"llm": dict(self.llm)}
        return {
            "schema": "wherry/match/1",
            "proposals": [p.document() for p in self.proposals],
            "engine": self.engine,
            "lexicon_sha256": self.lexicon_sha256,
            "model_sha256": self.model_sha256,
            **asked,
        }


@dataclass(frozen=True, kw_only=True)
class EstimateResult(Result):
    """Grade, price, timeline, calls and storage, each with the figures it came from."""

    grade: Literal["A", "B", "C", "D"]
    objects: Row  # total, one_to_one, needs_mapping
    factors: Row
    timeline_hours: tuple[float, float]  # low, high
    calls: Row  # by_object, total, rollback_reserve
    price: Row  # currency, amount or None, rule
    storage: Row
    gotchas: tuple[Row, ...]

    def document(self) -> Document:
        """Return the document of `estimate`."""
        low, high = self.timeline_hours
        return {
            "schema": "wherry/estimate/1",
            "grade": self.grade,
            "objects": dict(self.objects),
            "factors": dict(self.factors),
            "timeline_hours": {"low": low, "high": high},
            "calls": dict(self.calls),
            "price": dict(self.price),
            "storage": dict(self.storage),
            "gotchas": [dict(g) for g in self.gotchas],
        }


@dataclass(frozen=True, kw_only=True)
class PlanResult(Result):
    """A frozen plan, the file that holds it, and the papers to read before approving."""

    plan: Plan
    path: str
    reports: tuple[str, ...] = ()

    def document(self) -> Document:
        """Return the document of `plan`: the digest and what a person decides by."""
        plan = self.plan
        stages = [{name: getattr(s, name) for name in s.__dataclass_fields__} for s in plan.stages]
        lists = ("rejects", "no_equivalent", "owners", "adoptions", "demotions", "accounts", "fields")
        more = ("manual_steps", "irreversible", "locked")
        return {
            "schema": "wherry/plan/1",
            "digest": plan.digest,
            "path": self.path,
            "created_at": plan.created_at,
            "stages": [{**stage, "privacy": list(stage["privacy"])} for stage in stages],
            "calls": dict(plan.calls),
            "hours": plan.hours,
            "streams": {name: dict(states) for name, states in plan.streams.items()},
            **{name: [dict(row) for row in getattr(plan, name)] for name in (*lists, *more)},
            "deferred": [dict(row) for row in plan.extra.get("deferred", ())],
            "warnings": list(plan.warnings),
        }


@dataclass(frozen=True, kw_only=True)
class ApproveResult(Result):
    """A yes was recorded: to runs of this digest, to a privacy class, or both."""

    digest: str
    by: str
    at: str  # ISO 8601, UTC
    runs: tuple[str, ...] = ()
    unlock: str = ""
    purpose: str = ""
    basis: str = ""

    def document(self) -> Document:
        """Return the document of `approve`."""
        return {
            "schema": "wherry/approve/1",
            "digest": self.digest,
            "by": self.by,
            "at": self.at,
            "runs": list(self.runs),
            "unlock": self.unlock or None,
            "purpose": self.purpose or None,
            "basis": self.basis or None,
        }


@dataclass(frozen=True, kw_only=True)
class PrepareResult(Result):
    """What was created, what was there already, and what only the admin can do.

    Rows of `created` and `existing`: stream, label, type. Rows of `manual_steps`: id, what, why,
    verified (True, False, or None where the API cannot tell), blocking (whether the load needs it).
    """

    run: str
    digest: str
    created: tuple[Row, ...]
    existing: tuple[Row, ...]
    manual_steps: tuple[Row, ...]
    calls: int

    def document(self) -> Document:
        """Return the document of `prepare`."""
        return {
            "schema": "wherry/prepare/1",
            "run": self.run,
            "digest": self.digest,
            "created": [dict(row) for row in self.created],
            "existing": [dict(row) for row in self.existing],
            "manual_steps": [dict(row) for row in self.manual_steps],
            "calls": self.calls,
            "ok": self.exit_code == OK,
        }

    @property
    def exit_code(self) -> int:
        """Return 3 while a manual step that the load needs is not done."""
        undone = any(s.get("blocking") and s.get("verified") is not True for s in self.manual_steps)
        return PREFLIGHT_FAILED if undone else OK
