"""Treatment plans and the items on them."""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from clinicgen.calendar_days import stamp
from clinicgen.export import Export
from clinicgen.people import Patient

PLAN_STATUSES = ("proposed", "accepted", "in_progress", "completed", "declined", "expired")
_DRAWN = ("proposed", "accepted", "in_progress", "completed", "completed", "completed", "declined", "expired")
_ITEM_STATUS = {"completed": "completed", "declined": "cancelled", "expired": "cancelled"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Procedure:
    """A line of the clinic's own price list; pence, and the same figure in cents where the practice has euro."""

    code: str
    name: str
    pence: int
    surfaces: str = ""
    material: str = ""
    has_tooth: bool = True


PROCEDURES = (
    Procedure(code="EX1", name="Examination", pence=5200, has_tooth=False),
    Procedure(code="HY1", name="Scale and polish", pence=6800, has_tooth=False),
    Procedure(code="XR2", name="Bitewing radiographs", pence=2600, has_tooth=False),
    Procedure(
        code="CF2",
        name="Composite filling, two surfaces",
        pence=13500,
        surfaces="MO",
        material="Composite A2",
    ),
    Procedure(
        code="CF3",
        name="Composite filling, three surfaces",
        pence=17250,
        surfaces="MOD",
        material="Composite A3",
    ),
    Procedure(code="GI1", name="Glass ionomer filling", pence=9000, surfaces="B", material="Glass ionomer"),
    Procedure(code="RC3", name="Root canal, molar", pence=52000),
    Procedure(code="CR1", name="Crown", pence=69500, material="Zirconia"),
    Procedure(code="EX4", name="Extraction", pence=15000),
    Procedure(code="IM1", name="Implant, surgical stage", pence=148000, material="Titanium"),
    Procedure(code="WH1", name="Whitening trays", pence=29900, material="Acrylic", has_tooth=False),
    Procedure(code="FV1", name="Fluoride varnish", pence=1850, has_tooth=False),
)
TEETH = tuple(f"{quadrant}{place}" for quadrant in (1, 2, 3, 4) for place in range(1, 9))
MILK_TEETH = tuple(f"{quadrant}{place}" for quadrant in (5, 6, 7, 8) for place in range(1, 6))


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """An item as the invoice needs it; money in pence."""

    id: str
    procedure: Procedure
    fee: int
    discount: int
    completed: str


def money(pence: int) -> str:
    """Return pence as the export writes money: a point and two decimals."""
    sign = "-" if pence < 0 else ""
    return f"{sign}{abs(pence) // 100}.{abs(pence) % 100:02}"


def write_plan(
    export: Export,
    patient: Patient,
    heading: tuple[str, str, str],
    chosen: Sequence[tuple[Procedure, str, int]],
    appointment: str = "",
) -> list[Item]:
    """Write a plan with its items and return them.

    `heading` is name, status and day; each chosen item is a procedure, a tooth (FDI) and a discount in pence.
    The plan's total is the sum of its items' net prices.
    """
    name, status, day = heading
    plan = export.number("treatment_plans")
    total = sum(procedure.pence - discount for procedure, _, discount in chosen)
    export.add(
        "treatment_plans",
        {
            "planId": plan,
            "patientId": patient.id,
            "userId": patient.clinician,
            "name": name,
            "status": status,
            "createdAt": stamp(day, "11:30"),
            "total": money(total),
        },
        patient.below,
    )
    done = [status == "completed" or (status == "in_progress" and at == 0) for at in range(len(chosen))]
    return [
        _write_item(
            export, patient, (plan, status, day if finished else "", appointment if finished else ""), item
        )
        for item, finished in zip(chosen, done, strict=True)
    ]


def _write_item(
    export: Export, patient: Patient, place: tuple[str, str, str, str], chosen: tuple[Procedure, str, int]
) -> Item:
    plan, plan_status, completed, appointment = place
    procedure, tooth, discount = chosen
    number = export.number("treatment_items")
    row = {
        "itemId": number,
        "planId": plan,
        "appointmentId": appointment,
        "code": procedure.code,
        "description": procedure.name,
        "tooth": tooth,
        "surfaces": procedure.surfaces,
        "material": procedure.material,
        "fee": money(procedure.pence),
        "discount": money(discount),
        "netPrice": money(procedure.pence - discount),
        "status": "completed" if completed else _ITEM_STATUS.get(plan_status, "planned"),
        "completedAt": f"{completed}T12:00" if completed else "",
    }
    export.add("treatment_items", row, patient.below)
    return Item(id=number, procedure=procedure, fee=procedure.pence, discount=discount, completed=completed)


def _random_choice(rng: Random, patient: Patient) -> tuple[Procedure, str, int]:
    procedure = rng.choice(PROCEDURES)
    tooth = rng.choice(MILK_TEETH if patient.child else TEETH) if procedure.has_tooth else ""
    discount = procedure.pence // 10 if rng.random() < 0.08 else 0
    return procedure, tooth, discount


def write_random_plans(
    rng: Random, export: Export, patient: Patient, visits: list[tuple[str, str]]
) -> list[Item]:
    """Write up to two plans made at the patient's visits; return the items."""
    items: list[Item] = []
    for _ in range(rng.choice((0, 0, 1, 1, 1, 2))):
        if not visits:
            return items
        appointment, day = rng.choice(visits)
        chosen = [_random_choice(rng, patient) for _ in range(rng.randrange(1, 5))]
        heading = (f"{chosen[0][0].name} plan", rng.choice(_DRAWN), day)
        items += write_plan(export, patient, heading, chosen, appointment)
    return items
