"""A sample under a changed mapping: what it brought is updated or taken back, and nothing is left over."""

import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from clinic_journey import UNLOCKED
from wherry.app.rollback import rollback
from wherry.model.run import RecordState


@pytest.fixture
def sampled(journey: Any, tmp_path: Path) -> Any:
    way = journey(policy='appointments = "task"').prepared()
    way.keys = tmp_path / "keys.csv"
    way.keys.write_text("patientId\n2\n3\n64\n66\n74\n", encoding="utf-8")
    assert way.sample(keys=way.keys).diff.different == 0
    return way


def again(way: Any, *, unlock: tuple[str, ...] = UNLOCKED, keys: str = "") -> Any:
    """Plan, approve and sample anew; what is there afterwards must be what the new plan says, and only that."""
    if keys:
        way.keys.write_text(keys, encoding="utf-8")
    way.plan()
    way.approve(unlock=unlock)
    assert way.prepare().exit_code == 0
    result = way.sample(keys=way.keys)
    assert result.diff.different == 0
    assert way.unexplained() == 0
    way.assert_once()
    return result


def mapping(way: Any, name: str) -> Path:
    (path,) = (way.directory / "mapping").glob(name)
    return Path(path)


def swap_town_and_county(way: Any) -> None:
    path = mapping(way, "01_patients.yaml")
    text = path.read_text(encoding="utf-8").replace("from: town,", "from: x,")
    path.write_text(
        text.replace("from: county,", "from: town,").replace("from: x,", "from: county,"), encoding="utf-8"
    )


def kinds(way: Any) -> Counter[str]:
    return Counter(mark.split()[0] for mark in way.marks())


def taken_back(result: Any, stream: str) -> int:
    line = result.streams.get(f"deleted.{stream}")
    return line.states[RecordState.UPDATED] if line else 0


def test_the_same_plan_again_writes_nothing(sampled: Any) -> None:
    before = sampled.state()
    result = sampled.sample(keys=sampled.keys)
    assert not [name for name in result.streams if name.startswith("deleted.")]
    assert sampled.state() == before


def test_a_field_that_the_mapping_gave_up_is_emptied(sampled: Any) -> None:
    assert any(one["city"] for one in sampled.live("contact") if one.get("external_id") == "64")
    path = mapping(sampled, "01_patients.yaml")
    text = path.read_text(encoding="utf-8")
    text, removed = re.subn(r"(?m)^ +- \{to: city, .*\n", "", text)
    assert removed == 1
    path.write_text(
        text.replace("\nunmapped:\n", "\nunmapped:\n  town: no_equivalent  # not wanted\n"), encoding="utf-8"
    )
    again(sampled)
    assert not any(one["city"] for one in sampled.live("contact") if one.get("external_id"))


def test_a_stream_that_is_locked_again_is_taken_back(sampled: Any) -> None:
    assert kinds(sampled)["note"]
    result = again(sampled, unlock=tuple(name for name in UNLOCKED if name != "clinical"))
    assert taken_back(result, "clinical_notes") > 0
    assert not [mark for mark in sampled.marks() if mark.startswith("note [aerona:notes:")]


def test_a_task_that_is_to_be_an_event_is_one_and_no_task_any_more(sampled: Any) -> None:
    assert kinds(sampled)["task"]
    assert not kinds(sampled)["appointment"]
    text = sampled.toml.read_text(encoding="utf-8")
    sampled.toml.write_text(text.replace('appointments = "task"', 'appointments = "event"'), encoding="utf-8")
    before = kinds(sampled)["task"]
    again(sampled)
    assert kinds(sampled)["appointment"] == before
    assert not kinds(sampled)["task"]


def test_patients_who_are_not_in_the_new_sample_go_with_all_that_hangs_on_them(sampled: Any) -> None:
    swap_town_and_county(sampled)
    result = again(sampled, keys="patientId\n64\n66\n")
    assert taken_back(result, "patients") == 3
    assert {one["external_id"] for one in sampled.live("contact") if one.get("external_id")} == {"64", "66"}


def test_what_a_person_edited_in_the_sample_stays(sampled: Any) -> None:
    (theirs,) = [one for one in sampled.live("contact") if one.get("external_id") == "74"]
    sampled.emulator.admin(
        "human-edit", {"entity": "contact", "id": theirs["id"], "changes": {"city": "By hand"}}
    )
    swap_town_and_county(sampled)
    sampled.keys.write_text("patientId\n64\n", encoding="utf-8")
    sampled.plan()
    sampled.approve()
    sampled.sample(keys=sampled.keys)
    assert any(one["id"] == theirs["id"] and one["city"] == "By hand" for one in sampled.live("contact"))


def test_a_load_that_was_taken_back_does_not_keep_what_the_sample_before_it_brought(sampled: Any) -> None:
    loaded = sampled.load().run
    with sampled.open() as workspace:
        shown = rollback(workspace, preview=True, run=loaded)
    with sampled.open() as workspace:
        rollback(workspace, run=loaded, confirm=shown.preview.confirm)
    swap_town_and_county(sampled)
    result = again(sampled, keys="patientId\n64\n66\n")
    assert taken_back(result, "patients") == 3
    assert {one["external_id"] for one in sampled.live("contact") if one.get("external_id")} == {"64", "66"}


def test_a_load_under_another_plan_takes_back_what_the_sample_brought_and_it_does_not(sampled: Any) -> None:
    assert kinds(sampled)["note"]
    sampled.plan()
    sampled.approve(unlock=tuple(name for name in UNLOCKED if name != "clinical"))
    assert sampled.prepare().exit_code == 0
    result = sampled.load()
    assert taken_back(result, "clinical_notes") > 0
    assert not [mark for mark in sampled.marks() if mark.startswith("note [aerona:notes:")]
    assert sampled.unexplained() == 0
    sampled.assert_once()
    assert sampled.reconcile().exit_code == 0
    assert sampled.load().streams.keys() == {
        name for name in result.streams if not name.startswith("deleted.")
    }
