"""Row 2 on the Classic edition: who only asked is a lead there; in the Suite everything is as it was."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from clinic_journey import SEED_FILE
from small_export import write_export
from wherry.model.errors import MappingIncomplete

CLASSIC = ("--switch", "edition=classic")
EDITION = 'edition = "classic"'
SOURCE = "cf_source_system_id_c"
FILES = {
    "practices": "practiceId,name,timeZone,currency\n1,Ashmere,Europe/London,GBP\n",
    "appointment_statuses": "id,name,canonical\n1,Booked,booked\n",
    "patients": (
        "patientId,firstName,lastName,email,mobile,town,status,allowEmail,referralSource,practiceId\n"
        "1,Ana,Brook,ana@clinic.example,,Leeds,active,true,,1\n"
        "2,Kit,Newcome,kit@clinic.example,07700900002,York,active,true,Friend or family,1\n"
        "3,Lou,Newcome,lou@clinic.example,,,active,,Google search,1\n"
        "4,Mo,Newcome,,07700900004,,active,false,,\n"
        "5,Nan,Noted,nan@clinic.example,,,active,,,1\n"
        "6,Ola,Gone,ola@clinic.example,,,deceased,,,1\n"
    ),
    "appointments": (
        "appointmentId,patientId,practiceId,appointmentStatusId,appointmentTime,duration\n"
        "1,1,1,1,2026-11-02T09:00,30\n"
    ),
    "clinical_notes": "noteId,appointmentId,patientId,notedAt,text\n1,,5,2026-01-01T09:00:00Z,asked twice\n",
}  # fmt: skip
LEADS = {"2", "3", "4"}  # 1 has booked, of 5 there is a note, 6 has died

Make = Callable[..., Any]


@pytest.fixture
def asked(tmp_path: Path) -> Path:
    folder = tmp_path / "asked"
    write_export(folder, FILES)
    return folder


@pytest.fixture
def classic(journey: Make, asked: Path) -> Make:
    """Begin a migration into an account of the Classic edition."""

    def begin(*args: str, **settings: Any) -> Any:
        return journey(*CLASSIC, *args, bundle=asked, policy=EDITION, **settings)

    return begin


def later(tmp_path: Path, name: str = "later", **changes: str) -> Path:
    folder = tmp_path / name
    write_export(folder, {**FILES, **changes})
    return folder


def leads(way: Any) -> dict[str, dict[str, Any]]:
    """Live leads by source id; each is there once."""
    live = [one for one in way.live("lead") if (one.get("custom_field") or {}).get(SOURCE)]
    found = {str(one["custom_field"][SOURCE]): one for one in live}
    assert len(found) == len(live)
    return found


def contacts(way: Any) -> set[str]:
    return {str(one["external_id"]) for one in way.live("contact") if one.get("external_id")}


def states(run: Any, stream: str = "patients") -> dict[str, int]:
    return {name: n for name, n in run.document()["streams"][stream].items() if n and name != "read"}


def seeded(tmp_path: Path, *rows: dict[str, Any]) -> tuple[str, str]:
    """An account with these leads, and with the field of the source id on leads."""
    seed = json.loads(SEED_FILE.read_text(encoding="utf-8"))
    fields = {"leads": [{"label": "Source_System_ID__c", "type": "text"}]}
    seed["custom_fields"] = {**seed.get("custom_fields", {}), **fields}
    seed["leads"] = list(rows)
    path = tmp_path / "seed.json"
    path.write_text(json.dumps(seed), encoding="utf-8")
    return "--seed-file", str(path)


@pytest.mark.parametrize("found", ["false", "true"])
def test_who_only_asked_becomes_a_lead_is_proved_and_taken_back(classic: Make, found: str) -> None:
    way = classic("--switch", f"leads.found_by_lookup={found}", "--switch", "leads.email_unique=true")
    before = way.state()
    way.planned()
    frozen = way.plan()
    assert {s.destination for s in frozen.stages if s.source == "patients"} == {"contacts", "leads"}
    assert [(s.records, s.calls) for s in frozen.stages if s.destination == "leads"] == [(3, 3)]
    assert frozen.extra["coverage"]["explained"] == frozen.extra["coverage"]["fields"]
    way.approve()
    assert way.prepare().exit_code == 0
    assert way.sample(size=1, seed=1).exit_code == 0
    run = way.load()
    assert run.exit_code == 0

    there = leads(way)
    assert set(there) == LEADS
    assert contacts(way) == {"1", "5"}
    kit, custom = there["2"], there["2"]["custom_field"]
    assert (kit["first_name"], kit["last_name"], kit["email"]) == ("Kit", "Newcome", "kit@clinic.example")
    assert (kit["mobile_number"], kit["city"]) == ("+447700900002", "York")
    assert (custom["cf_practice"], custom["cf_allow_email"]) == ("Ashmere", "Yes")
    assert custom["cf_referral_source"] == "Friend or family"
    stages = {row["id"]: row["name"] for row in way.emulator.admin("dump")["selectors"]["lead_stages"]}
    assert {stages[lead["lead_stage_id"]] for lead in there.values()} == {"New"}
    users = {row["id"]: row["email"] for row in way.emulator.admin("dump")["users"]}
    assert users[kit["owner_id"]] == "ops@riverside.example.com"

    proof = way.reconcile()
    assert proof.exit_code == 0, proof.document()
    line = proof.document()["streams"]["patients"]
    assert (line["expected"], line["found"], line["missing"], line["not_readable"]) == (5, 5, 0, 0)
    assert states(way.load()) == {"unchanged": 5, "filtered": 1}

    back = way.rollback()
    assert (back.exit_code, back.kept_edited, back.blocked) == (0, 0, 0), back.document()
    assert way.state() == before
    assert states(way.load()) == {"created": 5, "filtered": 1}
    assert set(leads(way)) == LEADS
    assert way.rollback().exit_code == 0
    assert way.state() == before
    assert way.unexplained() == 0


@pytest.mark.parametrize("found", ["false", "true"])
@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "after_commit", "drop": True, "every": 2},
        {"kind": "after_commit", "status": 502, "every": 1, "times": 2},
        {"kind": "truncated_body", "every": 2},
        {"kind": "before_commit", "every": 2},
    ],
    ids=["dropped", "502", "truncated", "before"],
)
def test_a_lost_answer_doubles_no_lead(classic: Make, fault: dict[str, Any], found: str) -> None:
    way = classic("--switch", f"leads.found_by_lookup={found}").prepared()
    way.emulator.admin("faults", [{**fault, "match": {"method": "POST", "path": "^/leads$"}}])
    assert way.load().document()["state"] == "finished"
    way.emulator.admin("faults", [])
    assert set(leads(way)) == LEADS
    assert way.reconcile().exit_code == 0
    assert states(way.load()) == {"unchanged": 5, "filtered": 1}


def test_a_kill_after_a_lead_was_made_doubles_none(classic: Make) -> None:
    way = classic(engine="workers = 1").prepared()
    hang = {"kind": "hang", "seconds": 20, "when": "after", "after": 1, "times": 1}
    way.emulator.admin("faults", [{**hang, "match": {"method": "POST", "path": "^/leads$"}}])
    words = ["--project-dir", str(way.directory), "load", "--quiet", "--non-interactive"]
    started = subprocess.Popen(
        [sys.executable, "-m", "wherry", *words],
        env=dict(os.environ),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    until = time.monotonic() + 60
    while started.poll() is None and time.monotonic() < until and len(way.live("lead")) < 2:
        time.sleep(0.05)
    started.send_signal(signal.SIGKILL)
    assert started.wait(30) == -signal.SIGKILL
    assert len(way.live("lead")) == 2
    way.emulator.admin("faults", [])
    assert way.load().document()["state"] == "finished"
    assert set(leads(way)) == LEADS
    assert way.unexplained() == 0


def test_a_lead_who_books_becomes_a_contact_and_one_who_is_gone_goes(classic: Make, tmp_path: Path) -> None:
    way = classic()
    way.planned()
    before = way.state()
    assert way.prepare().exit_code == 0
    way.load()
    patients = FILES["patients"].replace("4,Mo,Newcome,,07700900004,,active,false,,\n", "")
    patients = patients.replace("Google search", "GP referral") + "7,Pia,Later,,,,active,,,1\n"
    booked = FILES["appointments"] + "2,2,1,1,2026-11-03T09:00,30\n"
    run = way.delta(later(tmp_path, patients=patients, appointments=booked))
    assert run.exit_code == 0, run.document()
    assert set(leads(way)) == {"3", "7"}
    assert leads(way)["3"]["custom_field"]["cf_referral_source"] == "GP referral"
    assert contacts(way) == {"1", "2", "5"}
    hung = {one["targetables"][0]["id"] for one in (*way.live("appointment"), *way.live("task"))}
    assert {one["id"] for one in way.live("contact") if one.get("external_id") == "2"} <= hung
    assert way.reconcile().exit_code == 0
    assert way.delta(later(tmp_path, "back", patients=patients)).exit_code == 0  # the booking is gone again
    assert "2" in contacts(way)  # whoever was a contact stays one
    assert way.rollback().exit_code == 0
    assert way.state() == before
    assert way.unexplained() == 0


@pytest.mark.parametrize("what", ["edit", "note"])
def test_a_lead_that_people_worked_on_stays_beside_the_contact(
    classic: Make, tmp_path: Path, what: str
) -> None:
    way = classic().prepared()
    way.load()
    lead = leads(way)["2"]["id"]
    if what == "edit":
        way.emulator.call("PUT", f"/leads/{lead}", {"lead": {"city": "Hull"}})
    else:
        note = {"description": "Called back", "targetable_type": "Lead", "targetable_id": lead}
        assert way.emulator.call("POST", "/notes", {"note": note})[0] == 200
    booked = FILES["appointments"] + "2,2,1,1,2026-11-03T09:00,30\n"
    way.delta(later(tmp_path, appointments=booked))
    assert leads(way)["2"]["id"] == lead
    assert contacts(way) == {"1", "2", "5"}
    people = {one["id"] for one in way.live("contact")}
    ours = [one for one in (*way.live("appointment"), *way.live("task")) if "aerona" in str(one)]
    assert len(ours) == 2
    assert all(one["targetables"][0]["id"] in people for one in ours)
    back = way.rollback()
    assert (back.exit_code, back.kept_edited + back.blocked) == (7, 1)
    assert set(leads(way)) == {"2"}
    assert contacts(way) == set()


def test_a_lead_with_our_source_id_and_one_that_a_person_chose_are_adopted(
    classic: Make, tmp_path: Path
) -> None:
    known = {"id": 31000700001, "first_name": "K", "last_name": "Old", "custom_field": {SOURCE: "2"}}
    twin = {"id": 31000700002, "first_name": "Lou", "last_name": "Newcome", "email": "lou@clinic.example"}
    way = classic(*seeded(tmp_path, known, twin))
    before = way.state()
    way.discover()
    way.propose()
    path = way.directory / "mapping" / "adoptions.yaml"
    text = path.read_text(encoding="utf-8")
    assert "leads:\n" in text
    assert 'patient: "3", id: 31000700002' in text
    path.write_text(text.replace("undecided}", "adopt}"), encoding="utf-8")
    frozen = way.plan()
    told = {str(row["key"]): row["destination_id"] for row in frozen.adoptions if "leads/" in str(row["key"])}
    assert told == {"leads/2": 31000700001, "leads/3": 31000700002}
    way.approve()
    assert way.prepare().exit_code == 0
    way.load()
    there = leads(way)
    assert (there["2"]["id"], there["3"]["id"]) == (31000700001, 31000700002)
    assert there["2"]["last_name"] == "Old"  # an adopted record keeps what it holds
    assert there["2"]["city"] == "York"
    assert len(way.live("lead")) == 3
    assert way.reconcile().exit_code == 0
    assert way.rollback().exit_code == 0
    assert way.state() == before


def test_the_suite_is_asked_for_no_leads(journey: Make, asked: Path) -> None:
    way = journey(bundle=asked).prepared()
    with way.open() as workspace:
        stages = workspace.plan().stages
    assert {stage.destination for stage in stages if stage.source == "patients"} == {"contacts"}
    assert states(way.load()) == {"created": 5, "filtered": 1}
    assert contacts(way) == {"1", "2", "3", "4", "5"}
    assert not [call for call in way.emulator.admin("calls") if "/leads" in json.dumps(call)]


def test_an_account_without_leads_is_named_before_anything_is_written(journey: Make, asked: Path) -> None:
    way = journey(bundle=asked, policy=EDITION)
    way.discover()
    way.propose()
    with pytest.raises(MappingIncomplete) as refused:
        way.plan()
    assert "edition is classic" in str(refused.value.details)
