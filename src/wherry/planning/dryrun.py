"""Apply the mapping to every staged record without writing: what a run would do, counted."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from wherry.mapping.apply import Carried, NoWrite, Result
from wherry.model.operation import Payload
from wherry.model.record import Fate, Key, Record, Staged
from wherry.model.reject import Reject
from wherry.model.run import RecordState
from wherry.planning.budget import CHILDREN

PARENTS = frozenset({"patients", "practices", "invoices", "invoice_lines", "procedures"})
SAMPLE_KEYS = 10  # keys named per reject reason in the plan

FATE_STATES: Mapping[Fate, RecordState] = {
    Fate.FILTERED: RecordState.FILTERED,
    Fate.MERGED: RecordState.MERGED,
    Fate.NO_EQUIVALENT: RecordState.NO_EQUIVALENT,
    Fate.REJECTED: RecordState.REJECTED,
    Fate.DEFERRED: RecordState.DEFERRED,
}


@dataclass(slots=True)
class Writes:
    """Destination records that one mapping would write."""

    records: int = 0
    writes: int = 0
    bulk: int = 0  # writes that may go 100 a call
    adopted: int = 0
    bytes: int = 0  # of files
    largest: int = 0  # bytes


@dataclass(slots=True)
class Tally:
    """The counts of a dry run; keys only where a person has to look, never a value."""

    states: dict[str, Counter[str]] = field(default_factory=dict)  # source stream → state → records
    writes: dict[tuple[str, str], Writes] = field(default_factory=dict)  # (source, destination)
    samples: dict[tuple[str, str], list[str]] = field(default_factory=dict)  # (stream, reason) → keys
    hints: dict[tuple[str, str], str] = field(default_factory=dict)  # (stream, reason) → what to do
    reasons: dict[tuple[str, str, str], int] = field(
        default_factory=dict
    )  # (stream, state, reason) → records
    locked: Counter[tuple[str, str]] = field(default_factory=Counter)  # (class, stream) → records
    parents: set[str] = field(default_factory=set)  # contacts with records of their own
    not_landing: dict[Key, RecordState] = field(default_factory=dict)
    links: Counter[str] = field(default_factory=Counter)


def count_fates(
    tally: Tally, fates: Iterable[Staged], moved: frozenset[str], reasons: Mapping[str, str]
) -> None:
    """Count every staged record that no mapping will see, in the state that it ends in."""
    for staged in fates:
        if staged.fate is Fate.READY and staged.key.stream in moved:
            continue
        if staged.fate is Fate.READY:
            _count(tally, staged.key, RecordState.NO_EQUIVALENT, reasons.get(staged.key.stream, "no_mapping"))
        else:
            _count(tally, staged.key, FATE_STATES[staged.fate], staged.reason)


def count_stream(
    tally: Tally,
    records: Iterable[Record],
    apply: Callable[[Record], Result],
    apply_open: Callable[[Record], Result],
) -> None:
    """Count what applying the mapping makes of every record of a stream.

    `apply` keeps locked privacy classes shut; `apply_open` opens them all, and says how much is behind
    them. Parents must have been counted before their children.
    """
    for record in records:
        result = apply(record)
        if isinstance(result, NoWrite) and result.reason.startswith("class_locked:"):
            tally.locked[result.reason.partition(":")[2], record.key.stream] += 1
            _count(tally, record.key, result.state, result.reason)
            result = apply_open(record)
            if isinstance(result, tuple):
                _count_writes(tally, result)
        elif isinstance(result, NoWrite):
            _count(tally, record.key, result.state, result.reason)
        elif isinstance(result, Reject):
            _count(tally, record.key, RecordState.REJECTED, result.reason)
            tally.hints.setdefault((record.key.stream, result.reason), result.hint)
        elif isinstance(result, Carried):
            if not _blocked(tally, record.key, result.by if result.by in tally.not_landing else None):
                tally.states.setdefault(record.key.stream, Counter())[RecordState.PENDING] += 1
        else:
            _count_payloads(tally, record.key, result)


def _count_payloads(tally: Tally, key: Key, payloads: tuple[Payload, ...]) -> None:
    if _blocked(
        tally,
        key,
        next((link.to for p in payloads for link in p.links if link.to in tally.not_landing), None),
    ):
        return
    tally.states.setdefault(key.stream, Counter())[RecordState.PENDING] += 1
    _count_writes(tally, payloads)


def _blocked(tally: Tally, key: Key, by: Key | None) -> bool:
    """Count a record whose parent will not be there; return whether that is so."""
    if by is None:
        return False
    parent = tally.not_landing[by]
    filtered = parent in (RecordState.FILTERED, RecordState.NO_EQUIVALENT)
    _count(
        tally,
        key,
        parent if filtered else RecordState.DEFERRED,
        "parent_filtered" if filtered else "blocked_by_parent",
    )
    return True


def _count_writes(tally: Tally, payloads: tuple[Payload, ...]) -> None:
    first = payloads[0]
    line = tally.writes.setdefault((first.key.stream, first.stream), Writes())
    line.records += 1
    line.writes += len(payloads)
    line.adopted += first.adopt is not None
    size = first.fields.get("size") if first.content else None
    if isinstance(size, int):
        line.bytes += size
        line.largest = max(line.largest, size)
    if first.stream == "contacts" and first.fields.get("email") and first.adopt is None:
        line.bulk += 1
    for link in {link.to for payload in payloads for link in payload.links}:
        tally.links[f"link.{first.key.stream}.{link.stream}"] += 1
        if link.stream == "patients" and first.stream in CHILDREN:
            tally.parents.add(link.id)


def _count(tally: Tally, key: Key, state: RecordState, reason: str) -> None:
    tally.states.setdefault(key.stream, Counter())[state] += 1
    line = (key.stream, state.value, reason)
    tally.reasons[line] = tally.reasons.get(line, 0) + 1
    # Only parents can hold something back.
    if key.stream in PARENTS:
        tally.not_landing[key] = state
    if state in (RecordState.REJECTED, RecordState.DEFERRED):
        keys = tally.samples.setdefault((key.stream, reason), [])
        if len(keys) < SAMPLE_KEYS:
            keys.append(key.id)
