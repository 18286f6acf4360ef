"""Row 6 from end to end: treatment plans as module records, or on the contact and in notes."""

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from small_export import FILES, write_export

MODULE = "cm_treatment_plan_rv"
RECORDS = f"^/custom_module/{MODULE}$"
PLANS = (
    "planId,patientId,userId,name,status,createdAt,total\n"
    "1,1,,Old crown,completed,2024-03-01T10:00:00Z,500.00\n"
    "2,1,,Upper left,accepted,2026-01-01T10:00:00Z,828.50\n"
    "3,1,,Whitening,accepted,2026-02-01T10:00:00Z,\n"
    "4,1,,Maybe,proposed,2026-03-01T10:00:00Z,10.00\n"
    "5,2,,,declined,2026-01-05T10:00:00Z,0.00\n"
    "6,3,,Broken,in_progress,2026-01-05T10:00:00Z,20.00\n"
    "7,3,,Odd,proposed,2026-01-06T10:00:00Z,5.00\n"
    "8,10,,Never,proposed,2026-01-06T10:00:00Z,5.00\n"
)
ITEMS = (
    "itemId,planId,code,description,tooth,surfaces,material,fee,discount,netPrice,status,completedAt\n"
    '1,1,CR1,"Crown, full",16,,Zirconia,500.00,0.00,500.00,completed,2024-03-02T09:00\n'
    "2,2,CF2,Filling,26,MO,Composite,135.00,0.00,135.00,planned,\n"
    "3,3,WH1,Trays,,,Acrylic,299.00,29.90,269.10,planned,\n"
    "4,3,WH1,Trays again,,,Acrylic,299.00,0.00,299.00,planned,\n"
    "5,3,EX1,Exam,,,,52.00,0.00,52.00,planned,\n"
    "6,6,CR1,Crown,11,,,twelve,0.00,12.00,planned,\n"
    "7,7,CR1,Crown,12,,,5.00,0.00,5.00,unheard of,\n"
)
TRAYS = (
    "1. WH1 · Trays · material Acrylic · fee 299.00 · discount 29.90 · net 269.10 · Planned · item 3\n"
    "2. WH1 · Trays again · material Acrylic · fee 299.00 · discount 0.00 · net 299.00 · Planned · item 4\n"
    "3. EX1 · Exam · fee 52.00 · discount 0.00 · net 52.00 · Planned · item 5"
)
CROWN = (
    "1. CR1 · Crown, full · tooth 16 (notation not declared) · material Zirconia · fee 500.00 · "
    "discount 0.00 · net 500.00 · Completed · completed at 2024-03-02 09:00 · item 1"
)


@pytest.fixture
def export(tmp_path: Path) -> Path:
    """A bundle with eight plans: of one patient, of one whose item is held, of one who has died."""
    folder = tmp_path / "export"
    write_export(folder, {**FILES, "treatment_plans": PLANS, "treatment_items": ITEMS})
    return folder


def records(way: Any) -> dict[str, dict[str, Any]]:
    """Module records by source id; each is there once."""
    live = way.live(MODULE)
    found = {one["custom_field"]["cf_source_system_id_c"]: one for one in live}
    assert len(found) == len(live)
    return found


def contacts(way: Any) -> dict[str, dict[str, Any]]:
    return {one["external_id"]: one for one in way.live("contact") if one.get("external_id")}


def notes(way: Any) -> dict[str, str]:
    """Notes that are treatment plans: marker → text."""
    texts = [str(one["description"]) for one in way.live("note")]
    found = [text for text in texts if "[aerona:treatment_plans:" in text]
    assert len({text.rpartition("[")[2] for text in found}) == len(found)
    return {text.rpartition("[aerona:treatment_plans:")[2].removesuffix("]"): text for text in found}


def states(run: Any, stream: str = "treatment_plans") -> dict[str, int]:
    return {name: n for name, n in run.document()["streams"][stream].items() if n and name != "read"}


def test_enterprise_has_a_record_for_each_plan_and_takes_it_back(journey: Any, export: Path) -> None:
    way = journey(bundle=export).planned()
    with way.open() as workspace:
        plan = workspace.plan()
    assert [s.destination for s in plan.stages if s.source == "treatment_plans"] == [MODULE]
    order = [s.source for s in plan.stages]
    assert order.index("patients") < order.index("treatment_plans")
    assert any("Treatment_Plan__rv" in str(line["what"]) for line in plan.irreversible)
    assert plan.extra["coverage"]["explained"] == plan.extra["coverage"]["fields"]
    before = way.state()

    made = way.prepare()
    assert made.exit_code == 0
    assert way.prepare().created == ()
    run = way.load()
    assert states(run) == {"created": 5, "filtered": 1, "rejected": 2}
    found = records(way)
    assert sorted(found) == ["1", "2", "3", "4", "5"]
    people = contacts(way)
    third, fields = found["3"], found["3"]["custom_field"]
    assert third["name"] == "Whitening"
    assert fields["cf_patient"] == people["1"]["id"]
    assert (fields["cf_plan_status"], fields["cf_plan_created_on"], fields["cf_item_count"]) == (
        "Accepted",
        "2026-02-01",
        3,
    )
    assert fields["cf_items"] == TRAYS
    assert found["1"]["custom_field"]["cf_items"] == CROWN
    assert found["5"]["name"] == "Treatment plan 5"
    assert "cf_procedure_code_c" not in people["1"]["custom_field"]
    with way.open() as workspace:
        held = {line.key.id: line.reason for line in workspace.ledger.rejects(run.run)}
    assert (held["6"], held["7"]) == ("item_held", "unmapped_value")
    assert states(way.load()) == {"unchanged": 5, "filtered": 1, "rejected": 2}
    assert way.reconcile().exit_code == 0

    back = way.rollback()
    assert back.exit_code == 0, back.document()
    assert way.live(MODULE) == []
    assert way.state() == before
    assert way.unexplained() == 0


@pytest.mark.parametrize("plan", ["growth", "pro"])
def test_elsewhere_the_active_plan_is_on_the_contact_and_older_ones_are_notes(
    journey: Any, export: Path, plan: str
) -> None:
    way = journey(bundle=export, plan=plan).prepared()
    before = way.state()
    assert states(way.load()) == {"created": 4, "no_equivalent": 2, "filtered": 1, "rejected": 1}
    first, third = (contacts(way)[key]["custom_field"] for key in ("1", "3"))
    assert first["cf_treatment_plan_status_c"] == "Accepted"
    assert first["cf_procedure_code_c"] == "WH1, EX1"
    assert first["cf_estimated_fee_c"] == 620.1  # no total, so the sum of the net prices
    assert third["cf_treatment_plan_status_c"] == "In progress"
    assert third.get("cf_estimated_fee_c") is None  # an item of that plan is held
    texts = notes(way)
    assert sorted(texts) == ["1", "2", "4", "5"]
    assert CROWN in texts["1"]
    assert texts["1"].startswith("Treatment plan · 2024-03-01 10:00 +00:00")
    assert way.reconcile().exit_code == 0
    assert way.rollback().exit_code == 0
    assert way.live("contact") == [] or contacts(way) == {}
    assert {k: v for k, v in way.state().items() if k != "sales_accounts"} == {
        k: v for k, v in before.items() if k != "sales_accounts"
    }


@pytest.mark.parametrize(("policy", "kept"), [("all", ["1", "2", "3", "4", "5"]), ("none", [])])
def test_which_plans_become_notes_is_a_policy(
    journey: Any, export: Path, policy: str, kept: list[str]
) -> None:
    way = journey(bundle=export, plan="growth", policy=f'plan_notes = "{policy}"\n').prepared()
    counts = states(way.load())
    assert sorted(notes(way)) == kept
    left = {"no_equivalent": 2, "filtered": 6} if policy == "none" else {"filtered": 1, "rejected": 2}
    assert {name: counts.get(name) for name in left} == left
    assert way.unexplained() == 0


def test_while_clinical_is_locked_no_tooth_leaves_and_opening_it_completes_the_lines(
    journey: Any, export: Path
) -> None:
    way = journey(bundle=export)
    way.discover()
    way.propose()
    way.plan()
    way.approve(unlock=())
    assert way.prepare().exit_code == 0
    way.load()
    line = records(way)["1"]["custom_field"]["cf_items"]
    assert line == (
        "1. CR1 · fee 500.00 · discount 0.00 · net 500.00 · Completed · completed at 2024-03-02 09:00 · item 1"
    )
    way.approve(unlock=("clinical",))
    assert way.prepare().exit_code == 0
    assert states(way.load())["updated"] == 3
    assert records(way)["1"]["custom_field"]["cf_items"] == CROWN
    assert way.reconcile().exit_code == 0


def test_answers_lost_after_the_record_was_made_double_nothing(journey: Any, export: Path) -> None:
    way = journey(bundle=export).prepared()
    match = {"method": "POST", "path": RECORDS}
    way.emulator.admin("faults", [{"kind": "after_commit", "drop": True, "match": match, "every": 2}])
    way.load()
    way.emulator.admin("faults", [])
    assert states(way.load())["unchanged"] == 5
    assert len(records(way)) == 5
    way.assert_once()


@pytest.mark.parametrize("plan", ["enterprise", "growth"])
def test_a_plan_that_the_source_deleted_goes(journey: Any, export: Path, tmp_path: Path, plan: str) -> None:
    way = journey(bundle=export, plan=plan).prepared()
    way.load()
    fewer = PLANS.replace("5,2,,,declined,2026-01-05T10:00:00Z,0.00\n", "")
    assert fewer != PLANS
    write_export(tmp_path / "later", {**FILES, "treatment_plans": fewer, "treatment_items": ITEMS})
    found = records if plan == "enterprise" else notes
    assert "5" in found(way)
    way.delta(tmp_path / "later")
    assert sorted(found(way)) == (["1", "2", "3", "4"] if plan == "enterprise" else ["1", "2", "4"])
    assert way.unexplained() == 0


def test_a_process_that_is_killed_after_a_record_was_made_doubles_nothing(journey: Any, export: Path) -> None:
    way = journey(bundle=export, engine="workers = 1").prepared()
    match = {"method": "POST", "path": RECORDS}
    hang = {"kind": "hang", "seconds": 20, "when": "after", "match": match, "after": 1, "times": 1}
    way.emulator.admin("faults", [hang])
    command = [sys.executable, "-m", "wherry", "--project-dir", str(way.directory), "load"]
    process = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=dict(os.environ)
    )
    until = time.monotonic() + 60
    while len(way.live(MODULE)) < 2 and time.monotonic() < until:
        time.sleep(0.1)
    process.send_signal(signal.SIGKILL)
    process.wait(10)
    assert len(way.live(MODULE)) == 2
    way.emulator.admin("faults", [])
    assert states(way.load())["created"] == 5
    assert sorted(records(way)) == ["1", "2", "3", "4", "5"]
    way.assert_once()
    assert way.unexplained() == 0


def test_a_prepare_whose_answers_are_lost_makes_one_module_and_each_field_once(
    journey: Any, export: Path
) -> None:
    way = journey(bundle=export).planned()
    match = {"method": "POST", "path": "^/settings/"}
    way.emulator.admin("faults", [{"kind": "after_commit", "drop": True, "match": match, "every": 2}])
    assert way.prepare().exit_code == 0
    way.emulator.admin("faults", [])
    assert way.prepare().created == ()
    _, body = way.emulator.call("GET", "/settings/module_customizations")
    assert [m["singular_name"] for m in body["module_customizations"] if m["custom"]] == [
        "Treatment_Plan__rv"
    ]
    _, body = way.emulator.call("GET", f"/settings/{MODULE}/forms")
    labels = Counter(f["label"] for g in body["forms"][0]["fields"] for f in g["fields"])
    assert set(labels.values()) == {1}
    assert {"Source_System_ID__c", "Patient", "Items", "Items (2)", "Items (3)"} <= set(labels)


def test_a_module_of_that_label_is_used_under_the_name_that_it_has(journey: Any, export: Path) -> None:
    way = journey(bundle=export)
    body = {"singular_name": "Treatment Plan RV", "plural_name": "Plans", "entity_name": "cm_tp", "icon": "i"}
    status, _ = way.emulator.call("POST", "/settings/module_customizations", {"module_customization": body})
    assert status in {200, 201}
    way.prepared()
    assert states(way.load())["created"] == 5
    assert len(way.live("cm_tp")) == 5
    assert way.reconcile().exit_code == 0


def test_a_clinic_that_goes_up_to_enterprise_gets_records_in_place_of_notes_that_nobody_edited(
    journey: Any, export: Path
) -> None:
    way = journey("--plan", "enterprise", bundle=export, plan="growth").prepared()
    way.load()
    older = notes(way)
    assert sorted(older) == ["1", "2", "4", "5"]
    note = next(n for n in way.live("note") if "[aerona:treatment_plans:4]" in n["description"])
    edited = {"description": f"Rang her. {note['description']}"}
    assert way.emulator.call("PUT", f"/notes/{note['id']}", {"note": edited})[0] == 200
    text = way.toml.read_text(encoding="utf-8")
    way.toml.write_text(text.replace('plan = "growth"', 'plan = "enterprise"'), encoding="utf-8")
    way.planned()
    assert way.prepare().exit_code == 0
    assert states(way.load()) == {"created": 5, "filtered": 1, "rejected": 2}
    assert sorted(records(way)) == ["1", "2", "3", "4", "5"]
    assert notes(way) == {"4": edited["description"]}
    assert contacts(way)["1"]["custom_field"]["cf_procedure_code_c"] == "WH1, EX1"
    assert states(way.load()) == {"unchanged": 5, "filtered": 1, "rejected": 2}
    assert way.reconcile().exit_code == 0
    way.rollback()
    assert (way.live(MODULE), sorted(notes(way)), sorted(contacts(way))) == ([], ["4"], ["1"])


def test_where_the_api_makes_no_module_the_admin_has_the_exact_step(journey: Any, export: Path) -> None:
    way = journey(bundle=export).planned()
    refuse = {
        "kind": "before_commit",
        "status": 403,
        "match": {"method": "POST", "path": "^/settings/module"},
    }
    way.emulator.admin("faults", [refuse])
    made = way.prepare()
    assert made.exit_code == 3
    steps = {step["id"]: step for step in made.manual_steps}
    assert "'Treatment_Plan__rv'" in steps["module:Treatment_Plan__rv"]["what"]
    assert f"field:{MODULE}:Patient" in steps
    way.emulator.admin("faults", [])
    body = {"singular_name": "Treatment_Plan__rv", "plural_name": "Plans", "entity_name": MODULE, "icon": "i"}
    way.emulator.call("POST", "/settings/module_customizations", {"module_customization": body})
    assert way.prepare().exit_code == 0
    assert states(way.load())["created"] == 5
