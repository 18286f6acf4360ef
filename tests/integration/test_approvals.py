"""Nothing is written without a person's yes to exactly this, and a refusal names what changed."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from clinic_journey import QUICK, Journey, slim
from wherry.app.rollback import rollback
from wherry.model.errors import ApprovalMissing, StalePlan, UsageInvalid, WherryError


def refused(verb: Any, kind: type[WherryError]) -> WherryError:
    with pytest.raises(kind) as caught:
        verb()
    assert caught.value.exit_code == 5
    return caught.value


@contextmanager
def edited(path: Path, old: str, new: str) -> Iterator[None]:
    """A file with this pattern replaced once, for as long as the block lasts."""
    text = path.read_text(encoding="utf-8")
    changed = re.sub(old, new, text, count=1, flags=re.MULTILINE | re.DOTALL)
    assert changed != text
    path.write_text(changed, encoding="utf-8")
    try:
        yield
    finally:
        path.write_text(text, encoding="utf-8")


def test_a_mapping_edit_is_named_with_its_rule(ready: Journey) -> None:
    before = ready.state()
    with edited(ready.directory / "mapping" / "01_patients.yaml", r"^  - \{to: city,[^\n]*\n", ""):
        error = refused(ready.load, StalePlan)
    assert "mapping files" in error.message
    assert set(error.details) <= {
        "mapping patients_to_contacts: rule to city: no longer there",
        "mapping prospects_to_contacts: rule to city: no longer there",
        "mapping prospects_to_leads: rule to city: no longer there",
        "field contacts.city: no longer there",
    }
    assert error.details
    assert ready.state() == before


def test_a_changed_policy_is_named(ready: Journey) -> None:
    with edited(ready.toml, r"^\[policy\]\n", '[policy]\narchived = "skip"\n'):
        error = refused(ready.load, StalePlan)
    assert error.details == ("[policy] archived: changed",)


def test_a_changed_source_is_named_record_by_record(ready: Journey, clinic: Path, tmp_path: Path) -> None:
    before = ready.state()
    fewer = slim(clinic / "bundle", tmp_path / "fewer", {"1", "2", "3", "4"})
    with edited(ready.toml, r'^bundle = "[^"]*"', f'bundle = "{fewer}"'):
        ready.discover()
        error = refused(ready.load, StalePlan)
    ready.discover()
    assert "source records" in error.message
    assert any(line.startswith("patients/11: ") for line in error.details)
    assert not any(line.startswith("patients/1: ") for line in error.details)
    assert ready.state() == before


def test_a_yes_to_another_plan_does_not_count(ready: Journey) -> None:
    first = ready.digest
    with edited(ready.toml, r"^\[policy\]\n", '[policy]\nappointments = "task"\n'):
        ready.plan()
        assert ready.digest != first
        error = refused(ready.load, ApprovalMissing)
    assert first[:12] in " ".join(error.details)
    ready.plan()


@pytest.mark.parametrize("typed", ["ffffffffffff", "the first four"])
def test_what_was_typed_must_be_a_plan(ready: Journey, typed: str) -> None:
    whole, ready.digest = ready.digest, typed if typed[0] == "f" else ready.digest[:4]
    try:
        with pytest.raises(UsageInvalid):
            ready.approve()
    finally:
        ready.digest = whole


def test_a_plan_file_that_was_touched_is_no_plan(ready: Journey) -> None:
    with ready.open() as workspace:
        path = workspace.plans_dir / f"{workspace.plan().digest}.json"
    with edited(path, r'"archived": ?"load"', '"archived": "skip"'), pytest.raises(UsageInvalid) as caught:
        ready.load()
    assert "changed after it was frozen" in caught.value.message


def test_every_writing_verb_needs_its_own_yes_and_a_locked_class_too(journey: Any) -> None:
    way = journey()
    way.discover()
    way.propose()
    way.plan()
    before = way.state()
    for verb in (way.prepare, way.sample, way.load):
        refused(verb, ApprovalMissing)
    assert way.state() == before
    way.approve(runs=("prepare",), unlock=())
    assert way.prepare().exit_code == 0
    error = refused(way.load, ApprovalMissing)
    assert "prepare" in " ".join(error.details)
    assert f"wherry approve {way.digest[:12]}" in error.hint
    way.approve(runs=("sample",), unlock=())
    refused(way.load, ApprovalMissing)
    way.approve(runs=("load",), unlock=())
    line = way.load().document()["streams"]["clinical_notes"]
    assert line["created"] == 0
    assert line["no_equivalent"] + line["filtered"] + line["deferred"] == line["read"] > 0
    assert not [mark for mark in way.marks() if mark.startswith("note ")]
    assert way.unexplained() == 0
    way.approve(runs=(), unlock=("clinical",))
    assert way.prepare().exit_code == 0
    assert way.load().document()["streams"]["clinical_notes"]["created"] > 0
    way.assert_once()


def test_a_user_who_is_gone_is_named(journey: Any, emulator_factory: Any, tmp_path: Path) -> None:
    way = journey().prepared()
    port = way.emulator.root.rpartition(":")[2]
    seed = way.emulator.admin("dump")
    gone = next(user for user in seed["users"] if user["email"].startswith("helen.ashworth"))
    gone["is_active"] = False
    (tmp_path / "seed.json").write_text(json.dumps(seed), encoding="utf-8")
    way.emulator.stop()
    way.emulator = emulator_factory("--seed-file", str(tmp_path / "seed.json"), "--port", port, *QUICK)
    error = refused(way.load, StalePlan)
    assert error.details == (f"user {gone['id']}: no longer there",)


def taken_back(way: Journey, confirm: str) -> Any:
    with way.open() as workspace:
        return rollback(workspace, confirm=confirm)


def test_a_rollback_is_confirmed_for_what_its_preview_showed(journey: Any) -> None:
    way = journey().prepared()
    assert way.load().exit_code == 0
    preview = way.preview()
    for confirm in ("", "0" * 12):
        refused(lambda confirm=confirm: taken_back(way, confirm), ApprovalMissing)
    task = next(task for task in way.live("task") if "[aerona:" in str(task.get("description")))
    way.emulator.admin("human-edit", {"entity": "task", "id": task["id"], "changes": {"title": "by hand"}})
    refused(lambda: taken_back(way, preview.preview.confirm), ApprovalMissing)
    way.assert_once()
    back = way.rollback()
    assert back.exit_code == 7
    assert back.kept_edited == 1
    assert back.balanced
    assert [t["title"] for t in way.live("task") if t["id"] == task["id"]] == ["by hand"]
    left = way.marks()
    assert set(left.values()) == {1}
    assert len(left) == 3  # the task, its contact, and the contact's account
    writes = way.emulator.admin("calls")
    again = way.rollback()
    assert (again.exit_code, again.reverted) == (7, 0)
    assert way.marks() == left
    assert _writes(way.emulator.admin("calls")) == _writes(writes)


def _writes(calls: Any) -> int:
    """How many calls changed something over there; a search is a POST that does not."""
    routes = {route: n for route, n in calls["by_route"].items() if not route.startswith("GET ")}
    return sum(n for route, n in routes.items() if "search" not in route)
