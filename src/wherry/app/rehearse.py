"""The whole plan, faults and rollback included, against a local emulator that holds what the real account holds."""

import json
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from wherry.app.approve import approve
from wherry.app.discover import look_around
from wherry.app.emulated import API_KEY, Emulated, limits, running
from wherry.app.load import load
from wherry.app.papers import write_table
from wherry.app.plan import plan
from wherry.app.prepare import prepare
from wherry.app.prime import Known, seed_of
from wherry.app.proofs import keep_proof
from wherry.app.reconcile import reconcile
from wherry.app.report_results import RehearseResult
from wherry.app.results import Document, Row
from wherry.app.rollback import rollback
from wherry.app.run_results import ReconcileResult, RollbackResult, StatusResult, stream_document
from wherry.app.runs import check_fresh
from wherry.app.settings import Settings, StoreSettings
from wherry.app.situation import Situation, gather
from wherry.app.workspace import Workspace
from wherry.model.errors import UsageInvalid
from wherry.model.plan import Plan
from wherry.model.run import StateChange
from wherry.planning.approve import unlocked_classes

WHO = "rehearsal"
SETTLE_SECONDS = 1.0
PER_HOUR, PER_MINUTE = 2_000_000, 600_000  # nobody waits for a local account
STREAMS = ("contacts", "leads", "sales_accounts", "deals", "products")
COLUMNS = ("stream", "key", "field", "reason", "hint", "blocked_by")
# What goes wrong on the way, so that the way through it is rehearsed too; a handful of calls more.
FAULTS: tuple[Document, ...] = (
    {"kind": "after_commit", "match": {"method": "POST"}, "after": 20, "every": 25, "times": 2},
    {"kind": "before_commit", "match": {"method": "POST"}, "after": 30, "every": 40, "times": 2},
    {"kind": "reset", "match": {"method": "GET"}, "after": 10, "every": 30, "times": 1},
    {"kind": "rate_storm", "after": 50, "every": 60, "times": 1},
)


def rehearse(ws: Workspace) -> RehearseResult:
    """Carry out the current plan, and take it back, in a scratch workspace against a local emulator.

    The emulator holds the catalog as it was last discovered, and of the records there what identifies them;
    the real destination is not asked and not written. Classes that were opened for this plan are open here too.
    Raises StalePlan when the plan no longer fits, UsageInvalid while there is none.
    """
    real = ws.plan()
    situation = gather(ws, ws.catalog())
    check_fresh(ws, real, situation)
    folder = Path(tempfile.mkdtemp(prefix="wherry-rehearsal-"))
    try:
        with _primed(ws, folder, situation) as emulated, _scratch(ws, folder, emulated) as scratch:
            way = _Way(ws=scratch, emulated=emulated)
            _approve(ws, scratch, real)
            way.go()
            result = _result(ws, real, way)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    keep_proof(ws, "rehearse", way.loaded.run, result)
    return result


@contextmanager
def _primed(ws: Workspace, folder: Path, situation: Situation) -> Iterator[Emulated]:
    """Start the emulator with everything we know of the real account."""
    there = ws.settings.destination
    arguments = ["--plan", there.plan, *limits(PER_HOUR, PER_MINUTE)]
    arguments += ["--switch", f"edition={ws.settings.policy.edition}"]
    with running(folder, "fresh", arguments) as empty:
        fresh = empty.admin("dump")
    creatable = situation.catalog.abilities.get("create_fields", False)
    by_hand = [need for need in situation.needs if not (need.exists or need.module or creatable)]
    known = Known(
        catalog=situation.catalog,
        existing={stream: ws.existing(stream) for stream in STREAMS},
        by_hand=by_hand,
        fresh=fresh,
    )
    path = folder / "seed.json"
    path.write_text(json.dumps(seed_of(known)), encoding="utf-8")
    arguments += ["--seed-file", str(path)]
    if megabytes := situation.catalog.limits.get("storage_mb_per_user"):
        arguments += ["--switch", f"storage.per_user_bytes={megabytes * 1024 * 1024}"]
    with running(folder, "emulator", arguments) as emulated:
        path.unlink()  # it names people who are there; the emulator has read it
        yield emulated


@contextmanager
def _scratch(ws: Workspace, folder: Path, emulated: Emulated) -> Iterator[Workspace]:
    """Open a workspace of the same source and mapping whose destination is the emulator."""
    root = folder / "workspace"
    (root / ".wherry").mkdir(parents=True)
    shutil.copytree(ws.mapping_dir, root / "mapping")
    for name in ("snapshots", "snapshot.json"):
        (root / ".wherry" / name).symlink_to(ws.state / name)
    scratch = Workspace(
        settings=_settings(ws.settings, root, emulated.url),
        progress=ws.progress,
        stopper=ws.stopper,
        lent=ws.sealer,
    )
    try:
        yield scratch
    finally:
        scratch.close()


def _settings(real: Settings, root: Path, url: str) -> Settings:
    environ = {**real.credentials.environ, "WHERRY_DESTINATION__API_KEY": API_KEY}
    environ.pop("WHERRY_DESTINATION__API_KEY_FILE", None)
    return replace(
        real,
        directory=root,
        destination=replace(
            real.destination, base_url=url, calls_per_hour=PER_HOUR, calls_per_minute=PER_MINUTE
        ),
        store=StoreSettings(url=f"sqlite:///{root / '.wherry' / 'store.db'}"),
        engine=replace(real.engine, settle_wait_seconds=SETTLE_SECONDS),
        credentials=replace(real.credentials, environ=environ),
    )


def _approve(ws: Workspace, scratch: Workspace, real: Plan) -> None:
    """Plan and approve there what was planned here, with the same classes opened."""
    look_around(scratch)
    plan(scratch)
    opened = unlocked_classes(ws.ledger.approvals(real.digest), real.digest)
    approve(
        scratch,
        scratch.plan().digest,
        WHO,
        runs=("prepare", "load"),
        unlock=tuple(sorted(str(one) for one in opened)),
        purpose=WHO,
        basis=WHO,
    )


@dataclass(slots=True, kw_only=True)
class _Way:
    """The way of the migration, and what each step of it came to."""

    ws: Workspace
    emulated: Emulated
    calls: dict[str, int] = field(default_factory=dict)
    manual_steps: tuple[Row, ...] = ()
    faults: int = 0
    restored: bool = False
    loaded: StatusResult = field(default_factory=StatusResult)
    proof: ReconcileResult | None = None
    undone: RollbackResult | None = None

    def go(self) -> None:
        """Prepare, load with faults, prove, and take back."""
        before = self.emulated.state()
        with self._counted("prepare"):
            made = prepare(self.ws)
        self.manual_steps = tuple(s for s in made.manual_steps if s["blocking"] and not s["verified"])
        if self.manual_steps:
            return
        self.emulated.admin("faults", list(FAULTS))
        with self._counted("load"):
            self.loaded = load(self.ws)
        self.faults = sum(int(rule["fired"]) for rule in self.emulated.admin("faults"))
        self.emulated.admin("faults", [])
        with self._counted("read_back"), suppress(UsageInvalid):  # nothing landed: nothing to read back
            self.proof = reconcile(self.ws)
        with self._counted("rollback"):
            shown = rollback(self.ws, preview=True).preview
            self.undone = rollback(self.ws, confirm=shown.confirm if shown else "")
        self.restored = self.emulated.state() == before

    @contextmanager
    def _counted(self, name: str) -> Iterator[None]:
        begun = self.emulated.calls()
        yield
        self.calls[name] = self.emulated.calls() - begun

    def held(self) -> Iterator[StateChange]:
        """Yield the records that did not arrive: rejected, or deferred with those."""
        if self.loaded.run:
            yield from self.ws.ledger.rejects(self.loaded.run)


def _result(ws: Workspace, real: Plan, way: _Way) -> RehearseResult:
    held = list(way.held())
    path = ws.reports_dir / "rehearse-rejects.csv"
    rows = ([c.key.stream, c.key.id, c.field, c.reason, c.hint, c.blocked_by] for c in held)
    write_table(path, COLUMNS, rows)
    there = ws.settings.destination
    per_hour = min(there.hourly_budget, there.minute_budget * 60)
    there_and_proved = sum(way.calls.get(name, 0) for name in ("prepare", "load", "read_back"))
    return RehearseResult(
        digest=real.digest,
        streams={name: stream_document(line) for name, line in way.loaded.streams.items()},
        rejects=tuple(_rejects(real, held)),
        rejects_csv=ws.shown(path),
        calls={**way.calls, "total": sum(way.calls.values())},
        planned_calls=dict(real.calls),
        hours=round(there_and_proved / per_hour, 2),
        rollback_hours=round(way.calls.get("rollback", 0) / per_hour, 2),
        faults=way.faults,
        proof=way.proof,
        undone=way.undone,
        restored=way.restored,
        manual_steps=way.manual_steps,
        next_steps=_next(way, ws.shown(path) if held else ""),
    )


def _rejects(real: Plan, held: Sequence[StateChange]) -> Iterator[Document]:
    """Yield why records did not arrive in the rehearsal, beside how many the plan foresaw."""
    found = Counter((c.key.stream, c.reason) for c in held)
    lines = (*real.rejects, *real.extra.get("deferred", ()))
    foreseen = {(str(r["stream"]), str(r["reason"])): r["count"] for r in lines}
    for stream, reason in sorted(found.keys() | foreseen.keys()):
        count = found[stream, reason]
        yield {
            "stream": stream,
            "reason": reason,
            "count": count,
            "foreseen": foreseen.get((stream, reason), 0),
        }


def _next(way: _Way, rejects: str) -> tuple[str, ...]:
    steps = [f"an admin, before the load: {step['what']}" for step in way.manual_steps]
    if rejects:
        steps.append(f"read {rejects}, mend what can be mended, then: wherry plan")
    return (*steps, "wherry approve, then: wherry prepare")
