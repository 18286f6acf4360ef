"""Money still to be collected: a sheet that somebody signs, and what the signature changes."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from pathlib import Path

from wherry.app.papers import write_table
from wherry.app.workspace import Workspace
from wherry.model.plan import Approval
from wherry.model.record import Fate, Record, Staged, Value

PLANS, PARTS = "instalment_plans", "instalments"
RUN = "instalments"  # what an approval is given for
WAITING = "sign_off_required"
NAME = "instalments.csv"
COLUMNS = (
    *("plan", "patient", "status", "total", "paid", "remaining", "remaining_instalments", "months"),
    *("start_date", "next_due", "remaining_by_month", "unreadable_parts", "sign_off", "state"),
)
SETTLED = frozenset({"paid", "cancelled", "refunded", "void"})  # parts that nobody will collect any more


@dataclass(slots=True, kw_only=True)
class Schedule:
    """One plan with its parts; amounts are in the practice's currency."""

    plan: Record
    fate: Fate
    reason: str = ""
    parts: list[Record] = field(default_factory=list)
    unreadable: int = 0  # parts that are held back: what they are worth is in no sum

    @property
    def open_parts(self) -> list[Record]:
        """Return the parts that are still to be collected, by due date."""
        found = [p for p in self.parts if str(p.values.get("status") or "").casefold() not in SETTLED]
        return sorted(found, key=lambda part: str(part.values.get("dueDate") or ""))

    @property
    def remaining(self) -> Decimal:
        """Return what is still to be collected; of a plan without parts, all of it."""
        return _sum(self.open_parts) if self.parts else _amount(self.plan.values.get("total"))

    @property
    def by_month(self) -> dict[str, Decimal]:
        """Return what is due in each month (2026-11); parts without a date stand under "undated"."""
        months: dict[str, Decimal] = {}
        for part in self.open_parts:
            due = part.values.get("dueDate")
            month = f"{due:%Y-%m}" if isinstance(due, date) else "undated"
            months[month] = months.get(month, Decimal(0)) + _amount(part.values.get("amount"))
        return months


def _amount(value: Value) -> Decimal:
    return value if isinstance(value, Decimal) else Decimal(0)


def _sum(parts: Iterable[Record]) -> Decimal:
    return sum((_amount(part.values.get("amount")) for part in parts), Decimal(0))


def signature(approvals: Sequence[Approval], digest: str) -> Approval | None:
    """Return the newest signature under the instalment sheet of this plan, or None."""
    return next((a for a in reversed(approvals) if (a.digest, a.purpose_of_run) == (digest, RUN)), None)


def is_signed(approvals: Sequence[Approval], digest: str) -> bool:
    """Return whether somebody signed the instalment sheet of this plan."""
    return signature(approvals, digest) is not None


def settled(fates: Iterable[Staged], *, signed: bool) -> Iterator[Staged]:
    """Yield the fates with instalments as they stand.

    They have no place at the destination, so a signed schedule is no_equivalent for the reason
    `signed_off`: it was exported and somebody answers for it. One signed in the source counts as signed;
    others only with `signed`. A schedule that waits for something else than a signature keeps waiting.
    """
    plans: set[str] = set()
    for staged in fates:
        if not _is_settled(staged, plans, signed=signed):
            yield staged
            continue
        if staged.key.stream == PLANS:
            plans.add(f"{PLANS}/{staged.key.id}")
        yield replace(
            staged, fate=Fate.NO_EQUIVALENT, reason="signed_off", detail="", field="", blocked_by=""
        )


def _is_settled(staged: Staged, plans: set[str], *, signed: bool) -> bool:
    """Plans come before their parts; a part is settled with the plan that it waits for."""
    if staged.key.stream not in {PLANS, PARTS}:
        return False
    if staged.fate is Fate.READY:
        return True
    waits = staged.reason == WAITING or staged.blocked_by in plans
    return signed and staged.fate is Fate.DEFERRED and waits


def write_sheet(ws: Workspace, digest: str) -> Path:
    """Write reports/instalments.csv, one line for each plan, as it is signed under this digest."""
    path = ws.reports_dir / NAME
    signed = signature(ws.ledger.approvals(), digest)
    by = f"signed off by {signed.by} on {signed.at:%Y-%m-%d}" if signed else "waits for a signature"
    write_table(path, COLUMNS, [_line(schedule, by) for schedule in schedules(ws).values()])
    return path


def schedules(ws: Workspace) -> Mapping[str, Schedule]:
    """Return every plan by id, whatever became of it; of rows that stand there twice, one."""
    snapshot = ws.snapshot()
    reasons = {staged.key: staged.reason for name in (PLANS, PARTS) for staged in snapshot.fates(name)}
    found: dict[str, Schedule] = {}
    for fate, record in snapshot.read_with_fate(PLANS, tuple(Fate)):
        reason = reasons[record.key]
        if reason != "duplicate_row":
            found[record.key.id] = Schedule(plan=record, fate=fate, reason=reason)
    for fate, part in snapshot.read_with_fate(PARTS, tuple(Fate)):
        schedule = found.get(str(part.values.get("planId") or ""))
        if schedule is None or reasons[part.key] == "duplicate_row":
            continue
        if fate is Fate.REJECTED:
            schedule.unreadable += 1
        else:
            schedule.parts.append(part)
    return found


def _state(schedule: Schedule, by: str) -> str:
    if schedule.fate is Fate.READY:
        return "signed in the source"
    if schedule.reason == WAITING:
        return by
    return f"{schedule.fate.value}: {schedule.reason}"


def _line(schedule: Schedule, by: str) -> list[str | int]:
    values = schedule.plan.values
    paid = [p for p in schedule.parts if str(p.values.get("status") or "").casefold() == "paid"]
    due = schedule.open_parts
    return [
        schedule.plan.key.id,
        str(values.get("patientId") or ""),
        str(values.get("status") or ""),
        str(values.get("total") if values.get("total") is not None else ""),
        str(_sum(paid)),
        str(schedule.remaining),
        len(due),
        str(values.get("months") or ""),
        str(values.get("startDate") or ""),
        str(due[0].values.get("dueDate") or "") if due else "",
        "; ".join(f"{month} {amount}" for month, amount in schedule.by_month.items()),
        schedule.unreadable,
        str(values.get("signOffState") or "pending"),
        _state(schedule, by),
    ]
