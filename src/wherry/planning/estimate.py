"""Grade and timeline by rule, from counts: each rule is printed with what went into it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import ceil
from typing import Literal

from wherry.model.jsons import Json
from wherry.planning.budget import BULK_CALLS, LOOKS, ROWS_PER_CALL

Grade = Literal["A", "B", "C", "D"]

# Calls an hour by plan, a minute for all: documented by Freshsales [D].
CALLS_PER_HOUR: Mapping[str, int] = {"free": 1_000, "growth": 1_000, "pro": 2_000, "enterprise": 5_000}
CALLS_PER_MINUTE = 400
PLANS = tuple(CALLS_PER_HOUR)

PROMISE_HOURS = 72
REVIEW_HOURS = (8, 24)  # the sample and the people who read its diff
WINDOW_HOURS = (24, 48)  # the clinic keeps working while the load runs
PREPARE_CALLS = 150  # custom fields with their read-back, modules, selectors
DELTA_SHARE = 0.02  # of the load: what a clinic changes in such a window
PROCEDURES = 300  # distinct procedure codes where nobody counted them


@dataclass(frozen=True, slots=True, kw_only=True)
class Category:
    """An object category of this pair, the source streams in it, and whether it has a place of its own there."""

    name: str
    streams: tuple[str, ...]
    one_to_one: bool = True


CATEGORIES = (
    Category(name="patients", streams=("patients",)),
    Category(name="appointments", streams=("appointments",)),
    Category(name="providers", streams=("clinicians",)),
    Category(name="practices", streams=("practices",)),
    Category(name="clinical notes", streams=("clinical_notes",)),
    Category(name="documents", streams=("documents",)),
    Category(name="treatment plans", streams=("treatment_plans", "treatment_items"), one_to_one=False),
    Category(name="invoices", streams=("invoices", "invoice_lines"), one_to_one=False),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """What is to be moved and what it may be moved with.

    `moving` counts source records that are expected to move, `total` all that were read. `known` are exact
    calls by destination object, where a plan has counted them.
    """

    moving: Mapping[str, int]
    total: int
    plan: str
    calls_per_hour: int  # what may be used: quota less reserve
    calls_per_minute: int = CALLS_PER_MINUTE
    bulk_contacts: int | None = None  # contacts with an address of their own, where counted
    visits: int | None = None  # distinct appointments that clinical notes belong to, where counted
    procedures: int | None = None  # distinct procedure codes, where counted
    known: Mapping[str, int] = field(default_factory=dict)
    source_api: bool = False  # read through its API, which has no bulk
    clear_fields: float | None = None  # share of green mapping lines; None before a map was proposed


@dataclass(frozen=True, slots=True, kw_only=True)
class CallCount:
    """Calls by destination object and purpose, and what taking everything back would need."""

    by_object: Mapping[str, int]
    rollback: int

    @property
    def total(self) -> int:
        """Return all calls but those of a rollback."""
        return sum(self.by_object.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """Hours from the first sample to the end of the delta window; `load` is what the call budget takes of them."""

    low: float
    high: float
    load: tuple[float, float]
    helps: tuple[str, ...]

    @property
    def holds(self) -> bool:
        """Return whether the promise of 48 to 72 hours holds even in the cautious case."""
        return self.high <= PROMISE_HOURS


@dataclass(frozen=True, slots=True, kw_only=True)
class Factor:
    """One thing that the grade is made of: its points, its rule, and what went into it."""

    points: int
    rule: str
    inputs: Mapping[str, Json]

    def as_json(self) -> dict[str, Json]:
        """Return the factor as the document shows it."""
        return {"points": self.points, "rule": self.rule, **self.inputs}


# calls -----------------------------------------------------------------------------------------------


def count_calls(work: Workload, *, cautious: bool = True) -> CallCount:
    """Count the calls of a whole migration.

    The cautious case writes every uncounted contact alone and splits one note in ten; the other one takes
    seven contacts of ten in bulk and splits none.
    """
    load = _load(work, cautious=cautious)
    read_back = _read_back(work, load)
    written = sum(load.values())
    by_object = {name: load[name] for name in load if load[name]}
    by_object |= {"prepare": PREPARE_CALLS, "read_back": read_back, "delta": ceil(written * DELTA_SHARE)}
    pages = ceil(_listed(work) / ROWS_PER_CALL)
    alone = sum(load.get(name, 0) for name in ("tasks", "appointments", "notes", "treatment_plans", "files"))
    moving = work.moving.get
    look = read_back - _lines(work, load) + 2 * moving("patients", 0) + moving("invoices", 0)
    return CallCount(by_object=by_object, rollback=pages * 2 + alone + LOOKS * look)


def _load(work: Workload, *, cautious: bool) -> dict[str, int]:
    moving = work.moving.get
    contacts, notes = moving("patients", 0), moving("clinical_notes", 0)
    bulk = work.bulk_contacts
    if bulk is None:
        bulk = 0 if cautious else int(contacts * 0.7)
    bulk = min(bulk, contacts)
    deals = moving("invoices", 0)
    plans = moving("treatment_plans", 0)
    module = work.plan == "enterprise"
    older = 0 if module or not cautious else plans  # how many are not the active one is not known here
    goods = work.plan in {"pro", "enterprise"} and deals > 0
    kinds = work.procedures if work.procedures is not None else PROCEDURES
    load = {
        "users": 1 if moving("clinicians", 0) else 0,
        "sales_accounts": moving("practices", 0) + 1,
        "contacts": contacts - bulk + _bulk(bulk),
        "tasks": moving("appointments", 0),
        "notes": ceil(notes * 1.1) + older if cautious else notes,
        "treatment_plans": plans if module else 0,
        "products": min(moving("invoice_lines", 0), kinds) if goods else 0,
        # One by one: in bulk a deal is known by its name alone, and names are not unique.
        "deals": deals,
        # Attaching products overwrites the amount, so that it is set again.
        "deal_products": deals * 2 if goods else 0,
        "files": moving("documents", 0),
    }
    if "appointments" in work.known and "tasks" not in work.known:
        load["tasks"] = 0
    return {**load, **work.known}


def _bulk(rows: int) -> int:
    return ceil(rows / ROWS_PER_CALL) * BULK_CALLS


def _listed(work: Workload) -> int:
    return sum(work.moving.get(name, 0) for name in ("practices", "patients", "invoices"))


def _read_back(work: Workload, load: Mapping[str, int]) -> int:
    """Views give 100 records a call; everything that hangs on a contact takes a call for each contact."""
    contacts = work.moving.get("patients", 0)
    children = load["tasks"] + load.get("appointments", 0) + load["notes"]
    pages = ceil((_listed(work) + load["treatment_plans"]) / ROWS_PER_CALL)
    files = min(contacts, work.moving.get("documents", 0))
    return pages + min(contacts, children) + files + _lines(work, load)


def _lines(work: Workload, load: Mapping[str, int]) -> int:
    """Return how many deals have products attached: they are read one by one."""
    return work.moving.get("invoices", 0) if load["deal_products"] else 0


def hours_of(calls: int, per_hour: int, per_minute: int = CALLS_PER_MINUTE) -> float:
    """Return the hours that so many calls take: what fits one hour's quota runs at the minute's limit."""
    if calls <= per_hour:
        return calls / (per_minute * 60)
    return calls / per_hour


# timeline ---------------------------------------------------------------------------------------------


def timeline(work: Workload) -> Timeline:
    """Return how long it takes, and what would help where the promise does not hold.

    The load and the delta window run at the same time, so the longer of the two counts.
    """
    low, high = (count_calls(work, cautious=cautious).total for cautious in (False, True))
    load = (_hours(work, low), _hours(work, high))
    found = Timeline(
        low=round(REVIEW_HOURS[0] + max(WINDOW_HOURS[0], load[0]), 1),
        high=round(REVIEW_HOURS[1] + max(WINDOW_HOURS[1], load[1]), 1),
        load=(round(load[0], 2), round(load[1], 2)),
        helps=(),
    )
    return found if found.holds else replace(found, helps=tuple(_helps(work, high)))


def _hours(work: Workload, calls: int) -> float:
    return hours_of(calls, work.calls_per_hour, work.calls_per_minute)


def _helps(work: Workload, calls: int) -> Sequence[str]:
    helps = []
    room = work.calls_per_hour * WINDOW_HOURS[1]
    history = work.moving.get("appointments", 0) + work.moving.get("clinical_notes", 0)
    if history:
        over = min(history, calls - room)
        helps.append(
            f"a history window: {over:,} of {history:,} appointments and notes left in the source "
            f"{'would bring' if over == calls - room else 'would not alone bring'} it back into "
            f"{PROMISE_HOURS} hours"
        )
    notes = work.moving.get("clinical_notes", 0)
    visits = work.visits if work.visits is not None else work.moving.get("appointments", 0)
    if notes > visits:
        helps.append(f"notes gathered per visit: {notes - visits:,} calls less")
    helps += [
        f"the plan {name} for a month: about {hours_of(calls, int(quota * 0.9), work.calls_per_minute):,.0f} "
        "hours for the load"
        for name, quota in CALLS_PER_HOUR.items()
        if quota * 0.9 > work.calls_per_hour
    ]
    return helps


# grade ------------------------------------------------------------------------------------------------


def factors(work: Workload) -> dict[str, Factor]:
    """Return the four things that the grade is made of."""
    return {
        "objects": _objects(work),
        "field_mapping": _field_mapping(work),
        "api": _api(work),
        "volume": _volume(work),
    }


def grade_of(parts: Mapping[str, Factor]) -> Grade:
    """Return the grade: A up to 1 point, B up to 4, C up to 7, D beyond."""
    points = sum(part.points for part in parts.values())
    if points <= 1:
        return "A"
    if points <= 4:
        return "B"
    return "C" if points <= 7 else "D"


GRADE_RULE = "A up to 1 point, B up to 4, C up to 7, D beyond"


def object_counts() -> dict[str, int]:
    """Return how many object categories the pair has, and how many have a place of their own there."""
    straight = sum(category.one_to_one for category in CATEGORIES)
    return {
        "total": len(CATEGORIES),
        "one_to_one": straight,
        "needs_mapping": len(CATEGORIES) - straight,
    }


def _objects(work: Workload) -> Factor:
    counts = object_counts()
    share = counts["one_to_one"] / counts["total"]
    filled = [c.name for c in CATEGORIES if any(work.moving.get(s, 0) for s in c.streams)]
    return Factor(
        points=_steps(1 - share, (0.1, 0.3, 0.5)),
        rule="0 points from 90 % of the categories one to one, 1 from 70 %, 2 from 50 %, else 3",
        inputs={
            "share_one_to_one": share,
            "needs_mapping": [c.name for c in CATEGORIES if not c.one_to_one],
            "with_records": list(filled),
        },
    )


def _field_mapping(work: Workload) -> Factor:
    rule = (
        "0 points from 95 % green lines, 1 from 80 %, 2 from 60 %, else 3; 1 while the map is the default one"
    )
    if work.clear_fields is None:
        return Factor(points=1, rule=rule, inputs={"from": "defaults", "share_green": None})
    share = work.clear_fields
    return Factor(
        points=_steps(1 - share, (0.05, 0.2, 0.4)),
        rule=rule,
        inputs={"from": "the workspace's mapping", "share_green": round(share, 4)},
    )


def _api(work: Workload) -> Factor:
    found = ["tasks, appointments, notes, files and module records take one call each"]
    if work.plan in {"free", "growth"}:
        found.append(f"{work.plan}: 1,000 calls an hour, neither modules nor a product catalogue")
    if work.source_api:
        found.append("the source is read through its API: no bulk, 300 requests in 15 minutes")
    return Factor(points=len(found), rule="1 point for each constraint", inputs={"constraints": list(found)})


def _volume(work: Workload) -> Factor:
    records = sum(work.moving.values())
    return Factor(
        points=_steps(records, (100_000, 500_000, 2_000_000)),
        rule="0 points up to 100,000 records that move, 1 up to 500,000, 2 up to 2,000,000, else 3",
        inputs={"records": work.total, "moving": records},
    )


def _steps(value: float, borders: Sequence[float]) -> int:
    """Return how many borders the value is above; figures are rounded, so that 0.1 is not above 0.1."""
    return sum(round(value, 9) > border for border in borders)
