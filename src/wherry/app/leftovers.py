"""What does not move, waits, or moves inside of something else: every record and every field, with its reason."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from wherry.app.papers import write_pages, write_table
from wherry.app.situation import Situation
from wherry.app.workspace import Workspace
from wherry.mapping.blueprint import StreamFate, load_blueprint
from wherry.model.jsons import Json
from wherry.model.ports import Snapshot
from wherry.model.run import RecordState
from wherry.planning.coverage import Coverage, FieldFate, cover
from wherry.planning.dryrun import Tally

NAME = "leftovers"
COVERAGE = "coverage.csv"
MOVES = frozenset({RecordState.PENDING.value, RecordState.CREATED.value, RecordState.UPDATED.value})
STAYS = frozenset({RecordState.UNCHANGED.value})

# Why, in words, for the reasons that are not explained by a stream's own fate.
WHY: Mapping[str, str] = {
    "blocked_time": "time in the diary without a patient is no appointment",
    "deceased": "the patient has died, and the policy says to leave them out",
    "duplicate_row": "the same row stands in the file twice; one of them is read",
    "parent_filtered": "it belongs to a record that a rule leaves out",
    "merged": "merged into another patient; what belonged to it moves to that one",
    "blocked_by_parent": "it waits for the record that it belongs to",
    "sign_off_required": "money still to be collected waits for a signature",
    "signed_off": "exported in reports/instalments.csv, and signed",
    "user_matched": "the provider is an active user there already",
    "user_unmatched": "no active user there has the provider's address; their records go to the fallback owner",
    "archived": "archived patients stay behind by policy",
    "inactive": "inactive patients stay behind by policy",
    "feeds_contact": "the active treatment plan stands in fields of the contact",
    "plan_notes_off": "older treatment plans stay behind by policy",
    "item_held": "an item of the plan is held back, so the plan would be incomplete",
    "row_later": "this version does not carry out that part yet",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Leftovers:
    """The document, the fields behind it, and the files that hold both."""

    document: dict[str, Json]
    coverage: Coverage
    files: tuple[Path, ...]


@cache
def _fates() -> Mapping[str, StreamFate]:
    return load_blueprint().streams


def coverage_of(situation: Situation) -> Coverage:
    """Return the fate of every field of the staged source under the workspace's mappings."""
    return cover(situation.snapshot.catalog, situation.mappings.active, _fates())


def write_leftovers(ws: Workspace, situation: Situation, tally: Tally) -> Leftovers:
    """Write reports/leftovers.json, .html, .md and reports/coverage.csv; counts and ids' streams only, no value."""
    coverage = coverage_of(situation)
    document = leftovers(ws, situation.snapshot, tally, coverage)
    table = ws.reports_dir / COVERAGE
    columns = ("stream", "field", "fate", "target", "reason", "privacy")
    write_table(
        table,
        columns,
        ([x.stream, x.field, x.fate.value, x.target, x.reason, x.privacy] for x in coverage.lines),
    )
    return Leftovers(
        document=document, coverage=coverage, files=(*write_pages(ws.reports_dir, NAME, document), table)
    )


def leftovers(ws: Workspace, snapshot: Snapshot, tally: Tally, coverage: Coverage) -> dict[str, Json]:
    """Return the document: per stream what was read and where all of it ends, field by field why not."""
    fates = _fates()
    read = {name: sum(counts.values()) for name, counts in snapshot.counts().items()}
    streams = [_stream(name, count, tally, fates.get(name)) for name, count in read.items() if count]
    behind: list[Json] = [
        {"stream": x.stream, "field": x.field, "fate": x.fate.value, "target": x.target, "reason": x.reason}
        for x in coverage.lines
        if x.fate in (FieldFate.NO_EQUIVALENT, FieldFate.LOCKED, FieldFate.UNEXPLAINED)
    ]
    return {
        "schema": "wherry/leftovers/1",
        "title": "What does not move",
        "snapshot": snapshot.digest,
        "read": sum(read.values()),
        "unexplained": sum(_whole(stream["unexplained"]) for stream in streams),
        "streams": list[Json](streams),
        "topics": list[Json](_topics(ws, snapshot, tally, read)),
        "fields": behind,
        "coverage": coverage.sentence,
    }


def _whole(value: Json) -> int:
    return value if isinstance(value, int) else 0


def _stream(name: str, read: int, tally: Tally, fate: StreamFate | None) -> dict[str, Json]:
    states: Mapping[str, int] = tally.states.get(name, {})
    moves = sum(count for state, count in states.items() if state in MOVES)
    lines: list[Json] = [
        {"state": state, "reason": reason, "count": count, "why": _why(reason, fate)}
        for (stream, state, reason), count in sorted(tally.reasons.items())
        if stream == name
    ]
    explained = sum(count for (stream, _, _), count in tally.reasons.items() if stream == name)
    return {
        "stream": name,
        "read": read,
        "moves": moves,
        "there_already": sum(count for state, count in states.items() if state in STAYS),
        "left": lines,
        "feeds": list(fate.feeds) if fate and not moves else [],
        "unexplained": read - moves - explained,
    }


def why_left(behind: Iterable[tuple[str, str]]) -> Mapping[tuple[str, str], str]:
    """Return for each stream and reason code, in a sentence for people, why such a record does not move."""
    fates = _fates()
    return {(stream, reason): _why(reason, fates.get(stream)) for stream, reason in behind}


def _why(reason: str, fate: StreamFate | None) -> str:
    if reason.startswith("class_locked:"):
        return f"the privacy class {reason.partition(':')[2]} is shut until somebody opens it"
    if fate is not None and reason == fate.reason and fate.why:
        return fate.why
    return WHY.get(
        reason, "held back until someone mends or decides: see reports/rejects and the reasons page"
    )


def _topics(
    ws: Workspace, snapshot: Snapshot, tally: Tally, read: Mapping[str, int]
) -> Iterator[dict[str, Json]]:
    """Yield what a clinic asks about by name, whichever stream it hides in."""

    def of(stream: str, reason: str) -> int:
        return sum(n for (s, _, r), n in tally.reasons.items() if (s, r) == (stream, reason))

    yield from _families(snapshot, of("patients", "merged"), read)
    yield _topic(
        "blocked time", of("appointments", "blocked_time"), "diary time without a patient; not moved"
    )
    yield from _by_status(ws, snapshot, of("patients", "deceased"))
    yield from _without_place(of("instalment_plans", "sign_off_required"), read)


def _families(snapshot: Snapshot, merged: int, read: Mapping[str, int]) -> Iterator[dict[str, Json]]:
    plans = snapshot.value_profile("patients", "carePlanId")
    homes = snapshot.value_profile("patients", "householdId")
    yield _topic(
        "households",
        read.get("households", 0),
        f"{homes.filled:,} patients belong to one; Household Id and Household Head stand on their contacts, "
        "and decide who keeps a shared address; the household itself has no record there",
    )
    yield _topic(
        "merges",
        read.get("merges", 0),
        f"{merged:,} merged patients get no contact; what belonged to them moves to the master, and nothing "
        "is merged there",
    )
    yield _topic(
        "care plans",
        read.get("care_plans", 0),
        f"{plans.filled:,} patients are on one and carry its name; interval and fee stay behind: "
        "recurring fees are to be set up anew where they are collected",
    )


def _by_status(ws: Workspace, snapshot: Snapshot, left_out: int) -> Iterator[dict[str, Json]]:
    policy = ws.settings.policy
    ready = dict(snapshot.value_profile("patients", "status").top)
    yield _topic(
        "deceased patients",
        left_out or ready.get("deceased", 0),
        f"[policy] deceased = {policy.deceased}; loaded or not, none of them is ever marketable",
    )
    for status, choice in (("archived", policy.archived), ("inactive", policy.inactive)):
        words = f"[policy] {status} = {choice}; none of them is marketable"
        yield _topic(f"{status} patients", ready.get(status, 0), words)


def _without_place(unsigned: int, read: Mapping[str, int]) -> Iterator[dict[str, Json]]:
    yield _topic(
        "medical flags",
        read.get("medical_flags", 0),
        "counted only: clinical content without a place in a CRM; keep them in the clinical system",
    )
    yield _topic(
        "payments, allocations, adjustments, refunds",
        sum(read.get(n, 0) for n in ("payments", "payment_allocations", "adjustments", "refunds")),
        "they feed the outstanding balance and have no record of their own",
    )
    yield _topic(
        "instalment plans",
        read.get("instalment_plans", 0),
        f"{unsigned:,} wait for a signature: reports/instalments.csv, "
        "then wherry approve DIGEST --for instalments --by NAME",
    )
    yield _topic("recalls", read.get("recalls", 0), "to be built anew: reports/recall-guide.html")


def _topic(name: str, count: int, what: str) -> dict[str, Json]:
    return {"topic": name, "count": count, "what": what}
