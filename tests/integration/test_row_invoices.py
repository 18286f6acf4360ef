"""Row 8 on every plan: what lands of an invoice and its lines, what proves it, and what a kill leaves behind."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from small_export import write_export

FILES = {
    "practices": "practiceId,name,timeZone,currency\n1,Ashmere,Europe/London,GBP\n2,Liffey,Europe/Dublin,EUR\n",
    "clinicians": (
        "userId,firstName,lastName,email,practiceId,active\n1,Helen,Ashworth,helen.ashworth@riverside.example.com,1,true\n"
        "2,Tobias,Weiss,tobias.weiss@riverside.example.com,1,true\n"
    ),
    "appointment_statuses": "id,name,canonical\n1,Booked,booked\n",
    "patients": (
        "patientId,firstName,lastName,email,status,practiceId,preferredClinicianId\n"
        "1,Ana,Brook,ana@clinic.example,active,1,2\n2,Ben,Cole,ben@clinic.example,active,1,2\n"
        "3,Cy,Dunne,cy@clinic.example,active,2,\n4,Di,Elm,,deceased,1,\n"
    ),
    "appointments": (
        "appointmentId,patientId,practiceId,appointmentStatusId,appointmentTime,duration\n"
        "1,1,1,1,2026-11-02T09:00,30\n2,2,1,1,2026-11-03T09:00,30\n3,3,2,1,2026-11-04T09:00,30\n"
    ),
    "treatment_plans": (
        "planId,patientId,userId,name,status,createdAt,total\n"
        "1,1,1,Implant,in_progress,2025-01-01T09:00:00Z,0\n2,1,1,Whitening,accepted,2026-01-01T09:00:00Z,0\n"
        "3,3,1,Old bridge,completed,2024-01-01T09:00:00Z,0\n"
    ),
    "treatment_items": (
        "itemId,planId,code,description,fee,netPrice,status\n1,1,EX1,Exam,52,52,completed\n2,1,EX1,Exam,52,52,completed\n"
        "3,1,CR1,Crown,695,695,completed\n4,3,BR2,Bridge,52,52,completed\n"
    ),
    "invoices": (
        "invoiceId,patientId,date,currency,total,outstanding,status\n1,1,2026-03-03,GBP,749.00,0.00,paid\n"
        "2,2,2026-03-04,GBP,14.85,14.85,unpaid\n3,1,2026-04-20,GBP,52.00,32.00,part_paid\n"
        "4,3,2026-04-21,EUR,52.00,52.00,unpaid\n5,2,2026-04-22,GBP,40.00,40.00,\n"
        "6,2,2026-04-23,GBP,10.00,10.00,disputed\n7,4,2026-04-24,GBP,10.00,10.00,unpaid\n"
    ),
    "invoice_lines": (
        "lineId,invoiceId,lineType,itemId,description,qty,net,vat,gross\n"
        "1,1,treatment,1,Exam,1,52.00,0,52.00\n2,1,treatment,2,Exam,1,52.00,0,52.00\n3,1,treatment,3,Crown,1,695.00,0,695.00\n"
        "4,1,discount,3,Less,1,-50.00,0,-50.00\n5,2,shop,,Brushes,3,12.38,2.47,14.85\n6,3,treatment,1,Exam,1,52.00,0,52.00\n"
        "7,4,treatment,4,Bridge,1,52.00,0,52.00\n8,5,opening_balance,,Before,1,40.00,0,40.00\n"
        "9,6,treatment,1,Exam,1,10.00,0,10.00\n10,7,treatment,1,Exam,1,10.00,0,10.00\n"
    ),
    "payments": (
        "paymentId,patientId,householdPaymentId,date,method,amount,currency,status,note\n"
        "1,1,,2026-03-03,card,500.00,GBP,received,\n2,1,,2026-03-09,cash,249.00,GBP,received,\n"
        "3,1,,2026-04-20,cash,20.00,GBP,cancelled,wrong method\n4,1,9001,2026-04-20,card,20.00,GBP,received,\n"
        "5,2,9001,2026-04-20,card,5.00,GBP,pending,\n6,3,,2026-05-01,card,52.00,EUR,refunded,\n"
    ),
    "payment_allocations": (
        "paymentId,lineId,amount\n1,1,52.00\n1,2,52.00\n1,3,396.00\n2,3,249.00\n3,6,20.00\n4,6,20.00\n5,5,5.00\n6,7,52.00\n"
    ),
    "adjustments": (
        "id,patientId,type,amount,date,note\n1,3,write_off,-10.00,2026-05-04,\n2,3,bad_debt,30.00,2026-05-05,\n"
    ),
    "refunds": "refundId,paymentId,target,amount,date\n1,6,treatment,52.00,2026-05-02\n",
}  # fmt: skip

# invoice → name, amount, outstanding, status, stage, products where there is a catalogue
LANDS: dict[str, tuple[str, str, float, str, str, dict[str, tuple[float, float]]]] = {
    "1": ("Implant", "749.0", 0, "Paid", "Won", {"EX1": (2, 52.0), "CR1": (1, 695.0)}),
    "2": ("Invoice 2", "14.85", 14.85, "Unpaid", "New", {"shop": (3, 4.95)}),
    "3": ("Implant", "52.0", 32, "Part paid", "Negotiation", {"EX1": (1, 52.0)}),
    "4": ("Old bridge", "52.0", 42, "Unpaid", "New", {"BR2": (1, 52.0)}),
    "5": ("Invoice 5", "40.0", 40, "Unpaid", "New", {}),
}
PLANS = ("growth", "pro", "enterprise")
GOODS = ("pro", "enterprise")


@pytest.fixture(scope="session")
def money(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("money") / "bundle"
    write_export(folder, FILES)
    return folder


def _deals(way: Any) -> dict[str, dict[str, Any]]:
    found = way.live("deal")
    by_id = {row["custom_field"].get("cf_source_system_id_c"): row for row in found}
    assert len(by_id) == len(found)
    return by_id


def _stages(way: Any) -> dict[int, str]:
    return {row["id"]: row["name"] for row in way.emulator.admin("dump")["selectors"]["deal_stages"]}


def _attached(way: Any, deal: dict[str, Any]) -> dict[str, tuple[float, float]]:
    codes = {row["id"]: row["product_code"] for row in way.live("product")}
    return {
        codes[row["product_id"]]: (row["quantity"], row["unit_price"]) for row in deal.get("products") or ()
    }


@pytest.mark.parametrize("plan", PLANS)
def test_what_lands_is_proved_and_taken_back(journey: Any, money: Path, plan: str) -> None:
    way = journey(bundle=money, plan=plan)
    before = way.state()
    way.planned()
    frozen = way.plan()
    assert frozen.streams["invoices"] == {"read": 7, "pending": 5, "rejected": 1, "filtered": 1}
    assert any(row["reason"] == "unmapped_status" and row["keys"] == ["6"] for row in frozen.rejects)
    calls = {stage.destination: stage.calls for stage in frozen.stages}
    assert calls["deals"] == 5
    assert ("deal_products" in calls) == (plan in GOODS)
    way.approve()
    assert way.prepare().exit_code == 0
    document = way.load().document()["streams"]
    assert document["invoices"]["created"] == 5
    assert (
        document["invoice_lines"] | {"created": 8, "deferred": 1, "filtered": 1, "read": 10, "unexplained": 0}
        == document["invoice_lines"]
    )

    deals, stages = _deals(way), _stages(way)
    assert set(deals) == set(LANDS)
    contacts = {row["id"]: row.get("external_id") for row in way.live("contact")}
    for key, (name, amount, owed, status, stage, products) in LANDS.items():
        deal, custom = deals[key], deals[key]["custom_field"]
        assert (deal["name"], str(float(deal["amount"]))) == (name, amount), key
        assert (custom["cf_outstanding_balance"], custom["cf_invoice_status"]) == (owed, status), key
        assert stages[deal["deal_stage_id"]] == stage, key
        assert _attached(way, deal) == (products if plan in GOODS else {}), key
        patient = FILES["invoices"].splitlines()[int(key)].split(",")[1]
        assert [contacts[one] for one in deal["contacts"]] == [patient]
        assert deal["sales_account_id"]
        assert custom["cf_invoice_currency"] == ("EUR" if key == "4" else "GBP")
    assert deals["1"]["closed_date"] == deals["1"]["custom_field"]["cf_paid_on"] == "2026-03-09"
    assert "discount CR1: net -50.00" in deals["1"]["custom_field"]["cf_description"]
    assert deals["3"]["custom_field"]["cf_payments"] == "2026-04-20 | card | 20.00 GBP | payment 4"
    users = {row["id"]: row["display_name"] for row in way.emulator.admin("dump")["users"]}
    assert [users[deals[key]["owner_id"]] for key in ("1", "2")] == ["Helen Ashworth", "Tobias Weiß"]
    way.assert_once()

    proof = way.reconcile()
    assert proof.exit_code == 0
    totals = {(r.kind, r.month, r.currency, r.method): r.found for r in proof.control_totals}
    assert totals["received", "2026-03", "GBP", "card"] == "500.00"
    assert totals["received", "2026-03", "GBP", "cash"] == "249.00"
    assert totals["invoiced", "2026-04", "GBP", ""] == "92.00"
    assert totals["outstanding", "2026-04", "EUR", ""] == "42.00"
    assert ("received", "2026-05", "EUR", "card") not in totals
    assert all(row.equal for row in proof.control_totals)
    assert (
        (way.directory / proof.control_csv)
        .read_text(encoding="utf-8")
        .startswith("kind,month,currency,method")
    )

    assert way.rollback().exit_code == 0
    assert way.state() == before


def test_a_changed_amount_makes_the_totals_differ(journey: Any, money: Path) -> None:
    way = journey(bundle=money, plan="pro").prepared()
    way.load()
    deal = _deals(way)["2"]
    change = {"entity": "deal", "id": deal["id"], "changes": {"amount": 15}}
    way.emulator.admin("human-edit", change)
    proof = way.reconcile()
    assert proof.exit_code == 6
    wrong = [row for row in proof.control_totals if not row.equal]
    assert [(row.kind, row.month, row.source, row.found) for row in wrong] == [
        ("invoiced", "2026-03", "763.85", "764.00")
    ]


def test_a_tenant_without_a_catalogue_is_treated_as_growth(journey: Any, money: Path) -> None:
    way = journey(bundle=money, plan="growth")
    way.toml.write_text(
        way.toml.read_text(encoding="utf-8").replace('"growth"', '"enterprise"'), encoding="utf-8"
    )
    way.prepared()
    assert way.load().document()["streams"]["procedures"]["no_equivalent"] == 4
    assert all(not deal.get("products") for deal in way.live("deal"))
    assert way.reconcile().exit_code == 0


def test_a_product_of_that_code_is_adopted_and_left_there(journey: Any, money: Path, tmp_path: Path) -> None:
    import json

    from clinic_journey import SEED_FILE

    seed = json.loads(SEED_FILE.read_text(encoding="utf-8"))
    seed["products"] = [
        {
            "id": 31000600001,
            "name": "Examination",
            "product_code": "EX1",
            "is_active": True,
            "pricing_type": 0,
        }
    ]
    path = tmp_path / "seed.json"
    path.write_text(json.dumps(seed), encoding="utf-8")
    way = journey("--seed-file", str(path), bundle=money, plan="pro")
    before = way.state()
    way.planned()
    adopted = [row for row in way.plan().adoptions if row["key"] == "procedures/EX1"]
    assert [row["destination_id"] for row in adopted] == [31000600001]
    way.approve()
    way.prepare()
    way.load()
    assert sorted(row["product_code"] for row in way.live("product")) == ["BR2", "CR1", "EX1", "shop"]
    assert _attached(way, _deals(way)["1"]) == LANDS["1"][5]
    assert way.reconcile().exit_code == 0
    assert way.rollback().exit_code == 0
    assert way.state() == before


@pytest.mark.parametrize("when", ["before_prepare", "before_load"])
def test_a_product_that_somebody_made_since_discover_is_used_and_left_there(
    journey: Any, money: Path, when: str
) -> None:
    way = journey(bundle=money, plan="pro").planned()
    if when == "before_load":
        assert way.prepare().exit_code == 0
    product = {"name": "Examination", "product_code": "EX1", "is_active": True}
    made = way.emulator.call("POST", "/cpq/products", {"product": product})[1]["product"]["id"]
    if when == "before_prepare":
        assert way.prepare().exit_code == 0
    assert way.load().document()["streams"]["procedures"]["rejected"] == 0
    assert sorted(row["product_code"] for row in way.live("product")) == ["BR2", "CR1", "EX1", "shop"]
    assert {row["product_code"]: row["id"] for row in way.live("product")}["EX1"] == made
    assert _attached(way, _deals(way)["1"]) == LANDS["1"][5]
    assert way.reconcile().exit_code == 0
    asked = len([one for one in way.emulator.admin("calls") if "/cpq/products/" in str(one)])
    assert way.load().document()["streams"]["procedures"]["unchanged"] == 4
    again = len([one for one in way.emulator.admin("calls") if "/cpq/products/" in str(one)])
    assert again - asked <= 1  # those that are known are not read one by one
    assert way.rollback().exit_code == 0
    assert [(row["id"], row["name"]) for row in way.live("product")] == [(made, "Examination")]


def test_lost_answers_double_nothing(journey: Any, money: Path) -> None:
    way = journey(bundle=money, plan="enterprise").prepared()
    lost = [
        {"kind": "after_commit", "drop": True, "match": {"method": method, "path": path}, "every": 2}
        for method, path in (("POST", "^/deals$"), ("PUT", "^/deals/"), ("POST", "^/cpq/products$"))
    ]
    way.emulator.admin("faults", lost)
    assert way.load().document()["state"] == "finished"
    way.emulator.admin("faults", [])
    way.assert_once()
    assert way.reconcile().exit_code == 0
    assert way.load().document()["streams"]["invoices"]["unchanged"] == 5


def test_a_kill_between_deal_and_products_doubles_nothing(journey: Any, money: Path) -> None:
    way = journey(bundle=money, plan="pro").prepared()
    slow = [{"kind": "slow", "ms": 250, "match": {"method": "PUT", "path": "^/deals/"}, "every": 1}]
    way.emulator.admin("faults", slow)
    words = ["load", "--project-dir", str(way.directory), "--json", "--quiet", "--non-interactive"]
    started = subprocess.Popen(
        [sys.executable, "-m", "wherry", *words],
        env=dict(os.environ),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    until = time.monotonic() + 60
    while started.poll() is None and time.monotonic() < until and len(way.live("deal")) < len(LANDS):
        time.sleep(0.02)
    started.send_signal(signal.SIGKILL)
    assert started.wait(30) == -signal.SIGKILL
    attached = sum(bool(deal.get("products")) for deal in way.live("deal"))
    assert attached < sum(bool(line[5]) for line in LANDS.values()), "killed too late to show anything"
    way.emulator.admin("faults", [])
    assert way.load().document()["state"] == "finished"
    way.assert_once()
    assert {key: _attached(way, deal) for key, deal in _deals(way).items()} == {
        key: line[5] for key, line in LANDS.items()
    }
    assert way.reconcile().exit_code == 0


def test_a_deal_that_is_there_twice_is_a_difference(journey: Any, money: Path) -> None:
    way = journey(bundle=money).prepared()
    assert way.load().exit_code in {0, 4}
    deal = _deals(way)["1"]
    body = {name: deal[name] for name in ("name", "amount", "custom_field")}
    assert way.emulator.call("POST", "/deals", {"deal": body})[0] in {200, 201}
    proof = way.reconcile()
    assert proof.exit_code == 6
    assert proof.document()["streams"]["invoices"]["different"] == 1
