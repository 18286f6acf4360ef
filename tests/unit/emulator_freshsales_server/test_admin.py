"""The emulator's own routes: what they show and steer."""

import json
import re
import urllib.error

import pytest

from wherry_emulators.freshsales.behaviours import CONFIDENCE, behaviours
from wherry_emulators.freshsales.switches import switch_table


@pytest.fixture(scope="module")
def emulator(module_emulator_factory):
    return module_emulator_factory(
        "--plan", "pro", "--zone", "Europe/Dublin", "--clock-start", "2026-07-01 09:00:00"
    )


@pytest.fixture(scope="module")
def contact(emulator):
    body = {"contact": {"last_name": "Moss", "email": "lee@example.com", "job_title": "Potter"}}
    return emulator.call("POST", "/contacts", body)[1]["contact"]


def test_health_tells_plan_time_and_records(emulator, contact):
    health = emulator.admin("health")
    assert (health["ok"], health["plan"], health["records"]["contact"]) == (True, "pro", 1)
    assert health["now"].startswith("2026-07-01T09:")
    assert health["now"].endswith("+01:00")


def test_admin_routes_are_not_calls(emulator):
    before = emulator.admin("calls")["total"]
    for path in ("health", "state", "digest", "dump", "behaviours", "records/deal"):
        emulator.admin(path)
    assert emulator.admin("calls")["total"] == before


def test_the_digest_follows_the_state_and_nothing_else(emulator, contact):
    before = emulator.admin("digest")
    emulator.call("GET", f"/contacts/{contact['id']}")
    emulator.admin("advance", {"seconds": 3600})
    assert emulator.admin("digest") == before
    emulator.call("PUT", f"/contacts/{contact['id']}", {"contact": {"job_title": "Weaver"}})
    assert emulator.admin("digest") != before


def test_records_are_whole_and_hold_what_a_plain_get_hides(emulator, contact):
    (row,) = emulator.admin("records/contact")
    assert row["id"] == contact["id"]
    assert "owner_id" in row or "creater_id" in row
    with pytest.raises(urllib.error.HTTPError) as caught:
        emulator.admin("records/nothing")
    with caught.value as refusal:
        assert refusal.code == 404
        assert "contact" in json.loads(refusal.read())["error"]


def test_a_person_edits_a_record(emulator, contact):
    total = emulator.admin("calls")["total"]
    before = emulator.admin("records/contact")[0]
    emulator.admin("advance", {"seconds": 60})
    reply = emulator.admin(
        "human-edit", {"entity": "contact", "id": contact["id"], "changes": {"city": "Cork"}}
    )
    assert reply["contact"]["city"] == "Cork"
    after = emulator.admin("records/contact")[0]
    assert after["city"] == "Cork"
    assert after["updated_at"] > before["updated_at"]
    assert emulator.admin("calls")["total"] == total


@pytest.mark.parametrize(
    "edit", [{"entity": "ghost", "id": 1, "changes": {}}, {"entity": "contact"}, [], {"entity": "contact", "id": 1, "changes": {}}]
)  # fmt: skip
def test_an_edit_of_nothing_is_refused(emulator, edit):
    with pytest.raises(urllib.error.HTTPError) as caught:
        emulator.admin("human-edit", edit)
    with caught.value as refusal:
        assert refusal.code in {400, 404}


def test_switches_change_at_run_time(emulator):
    assert emulator.admin("switches", {"tasks.filter_required": False})["tasks.filter_required"] is False
    assert emulator.call("GET", "/tasks")[0] == 200
    emulator.admin("switches", {"tasks.filter_required": True, "errors.message_as": "string"})
    status, body = emulator.call("GET", "/tasks")
    assert status == 400
    assert isinstance(body["errors"]["message"], str)


def test_a_search_lag_rule_delays_searches_until_it_is_gone(emulator):
    rule = {
        "filter_rule": [
            {"attribute": "contact_email.email", "operator": "is_in", "value": "late@example.com"}
        ]
    }
    emulator.admin("faults", [{"kind": "search_lag", "ms": 60_000}])
    emulator.call("POST", "/contacts", {"contact": {"last_name": "Late", "email": "late@example.com"}})
    assert emulator.call("POST", "/filtered_search/contact", rule)[1]["contacts"] == []
    emulator.admin("advance", {"seconds": 61})
    assert len(emulator.call("POST", "/filtered_search/contact", rule)[1]["contacts"]) == 1
    emulator.admin("faults", [])
    assert emulator.admin("switches")["search.lag_ms"] == 0


def test_a_bulk_job_waits_for_the_clock_and_is_applied_once(emulator):
    emulator.admin("switches", {"bulk.delay_ms": 600_000})
    rows = [{"emails": f"bulk{n}@example.com", "data": {"last_name": f"B{n}"}} for n in range(4)]
    status, reply = emulator.call("POST", "/contacts/bulk_upsert", {"contacts": rows})
    assert status == 200
    path = reply["job_status_url"].partition("/api")[2]
    assert emulator.call("GET", path)[1]["status"] == "queued"
    assert emulator.admin("health")["rows_waiting"] == 4
    emulator.admin("advance", {"seconds": 601})
    told = emulator.call("GET", path)[1]
    assert (told["status"], told["progress"]) == ("completed", 100)
    made = [one for one in emulator.admin("records/contact") if (one["email"] or "").startswith("bulk")]
    assert len(made) == 4
    assert emulator.call("GET", "/job_statuses/1")[0] == 404


def test_every_behaviour_is_on_the_page_with_confidence_and_source(emulator):
    told = behaviours()
    assert len(told) > 40
    assert [one for one in told if not set(re.findall(r"\[.\]|own", one.confidence)) & set(CONFIDENCE)] == []
    assert all(one.what and one.source for one in told)
    html = emulator.admin("behaviours")
    for name in [one.name for one in switch_table()] + ["silent_coercion"]:
        assert name in html
