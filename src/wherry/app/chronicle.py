"""What the chain says of the whole migration: writes by run and by time, and calls by hour."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from wherry.model.ledger import Entry, EntryState
from wherry.model.run import Run, RunKind

HOUR, MOMENT = 13, 18  # characters of a time in ISO 8601: the hour, and ten seconds
MOST_POINTS = 600
MARKS = frozenset({"run", "approve", "ask", "purge"})  # entries that are no writes


@dataclass(slots=True, kw_only=True)
class Chronicle:
    """Figures of the chain, gathered in one pass."""

    writes: dict[str, Counter[str]] = field(default_factory=dict)  # run → verb → confirmed writes
    moments: Counter[str] = field(default_factory=Counter)  # ten seconds → writes, less what was undone
    hours: dict[str, Counter[str]] = field(default_factory=dict)  # run → hour → entries


def chronicle(entries: Iterable[Entry], runs: Sequence[Run]) -> Chronicle:
    """Walk the chain once. A write that a rollback confirms counts against those before it."""
    undoing = {run.id for run in runs if run.kind is RunKind.ROLLBACK}
    told = Chronicle()
    for entry in entries:
        if not entry.run:
            continue
        told.hours.setdefault(entry.run, Counter())[entry.at[:HOUR]] += 1
        if entry.state is EntryState.CONFIRMED and entry.verb not in MARKS:
            told.writes.setdefault(entry.run, Counter())[entry.verb] += 1
            told.moments[entry.at[:MOMENT]] += -1 if entry.run in undoing else 1
    return told


def progress(told: Chronicle) -> list[tuple[datetime, int]]:
    """Return how many writes stood at some hundred moments, the last one included."""
    total = 0
    points = []
    for moment, writes in sorted(told.moments.items()):
        total += writes
        points.append((_moment(f"{moment}0"), total))
    step = -(-len(points) // MOST_POINTS) or 1
    return points[::-1][::step][::-1]


def calls_by_hour(told: Chronicle, runs: Sequence[Run]) -> list[tuple[datetime, int]]:
    """Return the calls of each hour from the first to the last one.

    The ledger knows the calls of a run, not of an hour: they are spread over the hours as the run's entries are.
    """
    hours: dict[datetime, float] = {}
    for run in runs:
        entries = told.hours.get(run.id, Counter())
        for hour, share in entries.items():
            moment = _moment(hour)
            hours[moment] = hours.get(moment, 0.0) + run.calls * share / entries.total()
    if not hours:
        return []
    first, last = min(hours), max(hours)
    span = int((last - first) / timedelta(hours=1)) + 1
    moments = [first + timedelta(hours=number) for number in range(span)]
    return [(moment, round(hours.get(moment, 0.0))) for moment in moments]


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text if len(text) > HOUR else f"{text}:00").replace(tzinfo=UTC)
