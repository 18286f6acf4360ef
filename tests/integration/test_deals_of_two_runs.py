"""A deal of one run, and its products of another: taking back the one leaves the other whole, and says so."""

from pathlib import Path
from typing import Any

import pytest

from small_export import write_export
from wherry.app.rollback import rollback

LINES = "lineId,invoiceId,lineType,itemId,description,qty,net,vat,gross\n"
FIRST = "1,1,treatment,1,Exam,1,52.00,0,52.00\n"
FILES = {
    "practices": "practiceId,name,timeZone,currency\n1,Ashmere,Europe/London,GBP\n",
    "appointment_statuses": "id,name,canonical\n1,Booked,booked\n",
    "patients": (
        "patientId,firstName,lastName,email,status,practiceId\n1,Ana,Brook,ana@clinic.example,active,1\n"
    ),
    "treatment_plans": "planId,patientId,userId,name,status,createdAt,total\n1,1,,Implant,in_progress,2025-01-01T09:00:00Z,0\n",
    "treatment_items": (
        "itemId,planId,code,description,fee,netPrice,status\n1,1,EX1,Exam,52,52,completed\n2,1,PA1,X-ray,20,20,completed\n"
    ),
    "invoices": "invoiceId,patientId,date,currency,total,outstanding,status\n1,1,2026-03-03,GBP,52.00,52.00,unpaid\n",
    "invoice_lines": LINES + FIRST,
}


@pytest.fixture
def export(tmp_path: Path) -> Any:
    def make(name: str, **other: str) -> Path:
        write_export(tmp_path / name, {**FILES, **other})
        return tmp_path / name

    return make


def attached(way: Any) -> list[int]:
    """The number of products on each live deal."""
    return [len(deal.get("products") or ()) for deal in way.live("deal")]


def back_alone(way: Any, run: str) -> Any:
    with way.open() as workspace:
        shown = rollback(workspace, preview=True, run=run)
    with way.open() as workspace:
        back = rollback(workspace, run=run, confirm=shown.preview.confirm)
    assert back.document()["buckets"] == shown.document()["buckets"]
    return back


REFUSED = {
    "kind": "before_commit",
    "status": 400,
    "match": {"method": "PUT", "path": "^/deals/"},
    "times": 1,
}


def test_a_deal_stays_while_products_of_a_later_run_are_attached_to_it(journey: Any, export: Any) -> None:
    way = journey(bundle=export("clinic"), plan="pro").prepared()
    way.emulator.admin("faults", [REFUSED])
    loaded = way.load().run
    way.emulator.admin("faults", [])
    assert attached(way) == [0]
    retried = way.retry().run
    assert attached(way) == [1]
    back = back_alone(way, loaded)
    assert (back.exit_code, attached(way)) == (7, [1])
    items = (way.directory / back.items_csv).read_text(encoding="utf-8")
    said = f" of run {retried} stays and hangs on it"
    assert {line.split(",")[2] for line in items.splitlines() if said in line} == {"deals", "products"}
    way.assert_once()
    assert back_alone(way, retried).exit_code == 0
    assert attached(way) == [0]
    assert way.rollback().exit_code == 0
    assert way.marks() == {}
