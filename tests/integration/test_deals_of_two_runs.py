"""A deal of one run, and its products of another: taking back the one leaves the other whole, and says so."""

from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from small_export import write_export
from wherry.app.rollback import rollback
from wherry.model.errors import WherryError

LINES = "lineId,invoiceId,lineType,itemId,description,qty,net,vat,gross\n"
FIRST = "5,1,treatment,1,Exam,1,52.00,0,52.00\n"
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


EARLIER, LATER = (f"{n},1,treatment,2,X-ray,1,20.00,0,20.00\n" for n in (4, 7))


def lined(export: Any, name: str, lines: str) -> Path:
    """Make an export whose one invoice has these lines and their sum."""
    total = sum(float(line.split(",")[6]) for line in lines.splitlines())
    invoices = FILES["invoices"].replace("52.00", f"{total:.2f}")
    return Path(export(name, invoice_lines=LINES + lines, invoices=invoices))


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


@pytest.mark.parametrize("order", ["behind", "before", "only"])
def test_a_line_that_one_delta_added_and_the_next_one_dropped_is_taken_back_in_full(
    journey: Any, export: Any, order: str
) -> None:
    bare, more = {"behind": (FIRST, FIRST + LATER), "before": (FIRST, EARLIER + FIRST), "only": ("", FIRST)}[
        order
    ]
    few, many = lined(export, "few", bare), lined(export, "many", more)
    way = journey(bundle=few, plan="pro").prepared()
    way.load()
    way.delta(many)
    assert attached(way) == [more.count("\n")]
    way.delta(few)
    assert attached(way) == [bare.count("\n")]
    assert way.reconcile().exit_code == 0
    way.assert_once()
    shown = way.preview()
    back = way.rollback(shown.preview.confirm)
    assert back.document()["buckets"] == shown.document()["buckets"]
    assert (back.exit_code, back.kept_edited, back.blocked) == (0, 0, 0)
    assert way.marks() == {}


LOST = {"kind": "after_commit", "drop": True, "match": {"method": "PUT", "path": "^/deals/"}, "times": 40}


@pytest.mark.parametrize("faults", [[], [LOST]], ids=["calm", "answers_lost"])
def test_the_first_line_of_an_invoice_goes_and_the_others_stay_attached(
    journey: Any, export: Any, faults: list[Any]
) -> None:
    way = journey(bundle=lined(export, "many", EARLIER + FIRST), plan="pro").prepared()
    way.load()
    few = lined(export, "few", FIRST)
    way.emulator.admin("faults", faults)
    with suppress(WherryError):
        way.delta(few)
    way.emulator.admin("faults", [])
    way.delta(few)
    assert attached(way) == [1]
    assert way.reconcile().exit_code == 0
    way.assert_once()
    assert sum(line.states["updated"] for line in way.delta(few).streams.values()) == 0
    assert way.rollback().exit_code == 0
    assert way.marks() == {}


def test_products_that_a_person_changed_are_not_taken_over(journey: Any, export: Any) -> None:
    way = journey(bundle=lined(export, "few", FIRST), plan="pro").prepared()
    way.load()
    (deal,) = way.live("deal")
    (row,) = deal["products"]
    theirs = {"id": row["product_id"], "quantity": 3, "unit_price": 52}
    assert way.emulator.call("PUT", f"/deals/{deal['id']}", {"deal": {"products": [theirs]}})[0] == 200
    way.delta(lined(export, "many", EARLIER + FIRST))
    (kept,) = way.live("deal")
    assert [row["quantity"] for row in kept["products"]] == [3]


@pytest.mark.parametrize("edited", [True, False])
def test_products_stay_on_the_deal_of_a_deleted_invoice_where_a_person_s_edit_keeps_it(
    journey: Any, export: Any, edited: bool
) -> None:
    way = journey(bundle=lined(export, "whole", FIRST), plan="pro").prepared()
    way.load()
    (deal,) = way.live("deal")
    if edited:
        assert (
            way.emulator.call("PUT", f"/deals/{deal['id']}", {"deal": {"name": "Implant, agreed"}})[0] == 200
        )
    header = FILES["invoices"].partition("\n")[0] + "\n"
    done = way.delta(export("without", invoices=header, invoice_lines=LINES))
    assert attached(way) == ([1] if edited else [])
    assert len(way.live("product")) == (1 if edited else 0)
    state = "unchanged" if edited else "updated"
    for stream in ("deleted.invoices", "deleted.invoice_lines"):
        assert {str(s): n for s, n in done.streams[stream].states.items() if n} == {state: 1}
    assert way.unexplained() == 0


def test_what_a_later_run_changed_is_not_put_on_a_person(journey: Any, export: Any) -> None:
    way = journey(bundle=lined(export, "few", FIRST), plan="pro").prepared()
    loaded = way.load().run
    followed = way.delta(lined(export, "many", FIRST + LATER)).run
    back = back_alone(way, loaded)
    assert back.exit_code == 7
    items = (way.directory / back.items_csv).read_text(encoding="utf-8")
    assert f"changed since by run {followed}, or by a person" in items
    assert "edited since by a person" not in items
