"""What a migration will be like: from counts alone, from a bundle, from what was staged, or from a plan."""

import zipfile
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from wherry.app.counts_file import Counts, read_counts
from wherry.app.instalments import is_signed
from wherry.app.mappings import mapping_texts, read_decisions, read_workspace_mappings
from wherry.app.results import EstimateResult
from wherry.app.settings import FILE_NAME, Settings, read_settings
from wherry.app.situation import ThereBefore, there_before
from wherry.app.workspace import Workspace
from wherry.mapping.transforms.contact import email_of
from wherry.model.errors import SettingsInvalid, UsageInvalid
from wherry.model.jsons import Json
from wherry.model.mapping import Band
from wherry.model.ports import Snapshot, Source
from wherry.model.record import Fate, Record
from wherry.planning.estimate import (
    CALLS_PER_HOUR,
    CATEGORIES,
    GRADE_RULE,
    PROMISE_HOURS,
    REVIEW_HOURS,
    WINDOW_HOURS,
    Timeline,
    Workload,
    count_calls,
    factors,
    grade_of,
    object_counts,
    timeline,
)
from wherry.planning.gotchas import Circumstances, gotchas, storage_fit
from wherry.planning.price import PriceList, price_of

ASSUMED_PLAN = "enterprise"
RESERVE = 0.10
MOVING = frozenset(stream for category in CATEGORIES for stream in category.streams)
WRITTEN = MOVING - {"clinicians", "treatment_items", "invoice_lines"}
# How a plan's stages are called here.
STAGE_NAMES = {"documents": "files"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is known, and what it stands on."""

    basis: str  # counts, bundle, staged, plan
    work: Workload
    found: Circumstances
    prices: PriceList = field(default_factory=PriceList)
    plan_from: str = "wherry.toml"
    notes: tuple[str, ...] = ()


def estimate(ws: Workspace) -> EstimateResult:
    """Estimate this workspace's migration from the most that is known of it; calls no API.

    Raises PreflightFailed when nothing is staged and the bundle cannot be opened.
    """
    try:
        snapshot = ws.snapshot()
    except UsageInvalid:
        with ws.source() as source:
            return _result(_from_bundle(ws, source))
    return _result(_from_snapshot(ws, snapshot))


def estimate_counts(path: Path, directory: Path) -> EstimateResult:
    """Estimate from a file of counts; the settings of a workspace are used where there is one.

    Raises UsageInvalid naming file and line.
    """
    counts = read_counts(path)
    settings, notes = _settings(directory)
    plan, plan_from = _plan(counts, settings)
    work = replace(_work(counts.streams, counts.streams, plan, settings), clear_fields=None)
    if settings is None or plan != settings.destination.plan:
        work = replace(work, calls_per_hour=int(CALLS_PER_HOUR[plan] * (1 - RESERVE)))
    found = Circumstances(
        plan=plan,
        moving=sum(work.moving.values()),
        writes=_writes(work.moving),
        patients=counts.streams.get("patients", 0),
        documents=counts.streams.get("documents", 0),
        document_bytes=counts.document_bytes,
        users=counts.users,
        clinicians=counts.streams.get("clinicians", 0),
        instalment_plans=counts.streams.get("instalment_plans", 0),
        instalments=counts.streams.get("instalments", 0),
    )
    prices = settings.price.prices if settings else PriceList()
    return _result(
        Known(basis="counts", work=work, found=found, prices=prices, plan_from=plan_from, notes=notes)
    )


def _settings(directory: Path) -> tuple[Settings | None, tuple[str, ...]]:
    if not (directory / FILE_NAME).exists():
        return None, ()
    try:
        return read_settings(directory), ()
    except SettingsInvalid as error:
        return None, (f"{FILE_NAME} was not used: {error.message}",)


def _plan(counts: Counts, settings: Settings | None) -> tuple[str, str]:
    if counts.plan:
        return counts.plan, "the counts file"
    if settings is not None:
        return settings.destination.plan, FILE_NAME
    return ASSUMED_PLAN, "assumed: neither the counts file nor a wherry.toml names one"


# what is known -----------------------------------------------------------------------------------------


def _work(
    moving: Mapping[str, int], read: Mapping[str, int], plan: str, settings: Settings | None
) -> Workload:
    there = settings.destination if settings else None
    quota = there.hourly_budget if there else int(CALLS_PER_HOUR[plan] * (1 - RESERVE))
    work = Workload(
        moving={name: count for name, count in moving.items() if name in MOVING},
        total=sum(read.values()),
        plan=plan,
        calls_per_hour=quota,
        source_api=bool(settings and settings.source.base_url),
    )
    return replace(work, calls_per_minute=there.minute_budget) if there else work


def _writes(moving: Mapping[str, int]) -> int:
    return sum(count for name, count in moving.items() if name in WRITTEN)


def _from_bundle(ws: Workspace, source: Source) -> Known:
    counts = {stream.name: stream.records or 0 for stream in source.describe().streams}
    sizes = [_size(one.values.get("bytes")) for one in source.extract("documents")]
    work = replace(_work(counts, counts, ws.settings.destination.plan, ws.settings), clear_fields=_clear(ws))
    found = replace(
        _seen(ws, source.facts().get("options"), work),
        patients=counts.get("patients", 0),
        documents=counts.get("documents", 0),
        document_bytes=sum(sizes),
        largest_document=max(sizes, default=0),
        instalment_plans=counts.get("instalment_plans", 0),
    )
    return Known(basis="bundle", work=work, found=found, prices=ws.settings.price.prices)


def _from_snapshot(ws: Workspace, snapshot: Snapshot) -> Known:
    read: Counter[str] = Counter()
    ready: Counter[str] = Counter()
    unsigned = 0
    for staged in snapshot.fates():
        read[staged.key.stream] += 1
        ready[staged.key.stream] += staged.fate is Fate.READY
        unsigned += staged.key.stream == "instalment_plans" and staged.reason == "sign_off_required"
    known = _stage_calls(ws, snapshot.digest)
    work = replace(
        _work(ready, read, ws.settings.destination.plan, ws.settings),
        bulk_contacts=_in_bulk(ws, snapshot),
        visits=_visits(snapshot),
        procedures=ready["procedures"],
        known=known,
        clear_fields=_clear(ws),
    )
    sizes = [_size(record.values.get("bytes")) for record in snapshot.read("documents")]
    found = replace(
        _seen(ws, snapshot.facts().get("options"), work),
        patients=ready["patients"],
        documents=ready["documents"],
        document_bytes=sum(sizes),
        largest_document=max(sizes, default=0),
        instalment_plans=read["instalment_plans"],
        unsigned_plans=unsigned,
        signed=bool(known) and is_signed(ws.ledger.approvals(), ws.plan().digest),
    )
    basis = "plan" if known else "staged"
    return Known(basis=basis, work=work, found=found, prices=ws.settings.price.prices)


def _size(value: object) -> int:
    return value if isinstance(value, int) else 0


def _in_bulk(ws: Workspace, snapshot: Snapshot) -> int:
    """Return how many contacts may go in bulk: by an address that is theirs alone, here and at the destination."""
    try:
        there = there_before(ws, read_decisions(ws.mapping_dir / "adoptions.yaml"))
    except UsageInvalid:  # the destination has not been looked at yet
        there = ThereBefore(adoptions={}, taken_emails=frozenset())
    return sum(_own_address(record, there) for record in snapshot.read("patients"))


def _own_address(record: Record, there: ThereBefore) -> bool:
    address = email_of(record.values.get("email"))
    if address is None or record.facts.get("email_holder") is False:
        return False
    return address.casefold() not in there.taken_emails and record.key.id not in there.adoptions


def _visits(snapshot: Snapshot) -> int:
    """Return how many notes there would be if those of one appointment were one."""
    profile = snapshot.value_profile("clinical_notes", "appointmentId")
    return profile.distinct + profile.records - profile.filled


def _stage_calls(ws: Workspace, digest: str) -> dict[str, int]:
    """Return the calls by destination object of the current plan; nothing when it is about other records."""
    try:
        plan = ws.plan()
    except UsageInvalid:
        return {}
    found: Counter[str] = Counter()
    for stage in plan.stages if plan.basis.snapshot == digest else ():
        module = stage.destination.startswith("cm_")
        name = "treatment_plans" if module else STAGE_NAMES.get(stage.destination, stage.destination)
        found[name] += stage.calls
    return dict(found)


def _clear(ws: Workspace) -> float | None:
    """Return the share of green lines of the workspace's mapping, or None before one was proposed."""
    if not mapping_texts(ws.mapping_dir):
        return None
    bands = [rule.band for m in read_workspace_mappings(ws.mapping_dir).active for rule in m.rules]
    return sum(band is Band.GREEN for band in bands) / len(bands) if bands else None


def _seen(ws: Workspace, options: Json, work: Workload) -> Circumstances:
    said = options if isinstance(options, dict) else {}
    asked, granted = said.get("requested"), said.get("granted")
    held = granted if isinstance(granted, list) else []
    return Circumstances(
        plan=work.plan,
        moving=sum(work.moving.values()),
        writes=_writes(work.moving),
        users=_users(ws),
        clinicians=work.moving.get("clinicians", 0),
        protected=_protected(Path(ws.settings.source.bundle)),
        password_given=ws.settings.credentials.get("source.password") is not None,
        refused_options=tuple(str(o) for o in (asked if isinstance(asked, list) else []) if o not in held),
    )


def _users(ws: Workspace) -> int | None:
    try:
        return sum(person.active for person in ws.catalog().people)
    except UsageInvalid:
        return None


def _protected(bundle: Path) -> bool | None:
    """Return whether the bundle asks for a password; None where there is no bundle to look at."""
    if bundle.is_dir():
        return False
    try:
        with zipfile.ZipFile(bundle) as pack:
            return any(entry.flag_bits & 1 for entry in pack.infolist())
    except (OSError, zipfile.BadZipFile):
        return None


# the document -------------------------------------------------------------------------------------------


def _result(known: Known) -> EstimateResult:
    work = known.work
    parts = factors(work)
    grade = grade_of(parts)
    calls = count_calls(work)
    time = timeline(work)
    price = price_of(known.prices, grade, work.total)
    found = replace(known.found, timeline_holds=time.holds)
    return EstimateResult(
        grade=grade,
        objects=object_counts(),
        factors={
            "basis": known.basis,
            "plan": work.plan,
            "plan_from": known.plan_from,
            "points": sum(part.points for part in parts.values()),
            "grade_rule": GRADE_RULE,
            **{name: part.as_json() for name, part in parts.items()},
            "timeline": _time(work, time),
        },
        timeline_hours=(time.low, time.high),
        calls={
            "by_object": dict(calls.by_object),
            "total": calls.total,
            "rollback_reserve": calls.rollback,
        },
        price={"currency": price.currency, "amount": price.amount, "rule": price.rule},
        storage=storage_fit(found),
        gotchas=gotchas(found),
        next_steps=known.notes,
    )


def _time(work: Workload, time: Timeline) -> dict[str, Json]:
    return {
        "rule": "review of the sample, then the longer of delta window and load",
        "review_hours": list(REVIEW_HOURS),
        "delta_window_hours": list(WINDOW_HOURS),
        "load_hours": list(time.load),
        "calls_per_hour": work.calls_per_hour,
        "calls_per_minute": work.calls_per_minute,
        "promise_hours": PROMISE_HOURS,
        "holds": time.holds,
        "helps": list(time.helps),
    }
