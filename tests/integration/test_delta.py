"""Following the source: what changed goes over, what people changed stays, what is gone goes away."""

import csv
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from clinicgen.later import Cells, Change, rework

from wherry.app.delta import watch
from wherry.app.rollback import rollback
from wherry.model.errors import ApprovalMissing, StalePlan
from wherry.model.run import RecordState, RunKind


@pytest.fixture
def loaded(journey: Any) -> Any:
    way = journey().prepared()
    assert way.load().exit_code == 0
    return way


@pytest.fixture
def later(few: Path, tmp_path: Path) -> Callable[..., Path]:
    """A later export, changed stream by stream."""
    numbers = iter(range(100))

    def make(base: Path = few, **changes: Change) -> Path:
        return rework(base, tmp_path / f"later{next(numbers)}", changes)

    return make


def setting(wanted: dict[str, str], **values: str) -> Change:
    """Give the rows that fit `wanted` other values."""

    def change(rows: list[Cells]) -> list[Cells]:
        hits = [row for row in rows if wanted.items() <= row.items()]
        assert hits, wanted
        for row in hits:
            row.update(values)
        return rows

    return change


def without(**wanted: str) -> Change:
    return lambda rows: [row for row in rows if not wanted.items() <= row.items()]


def contact(way: Any, patient: str) -> dict[str, Any]:
    (found,) = [one for one in way.live("contact") if one.get("external_id") == patient]
    return dict(found)


def text_of(way: Any, entity: str, mark: str) -> list[dict[str, Any]]:
    return [one for one in way.live(entity) if mark in str(one.get("description"))]


def edit(way: Any, entity: str, id_: int, **changes: Any) -> None:
    way.emulator.admin("human-edit", {"entity": entity, "id": id_, "changes": changes})


def noted(way: Any, run: str) -> list[dict[str, str]]:
    path = way.directory / "reports" / f"delta-{run}.csv"
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def written(result: Any) -> dict[str, tuple[int, int]]:
    """Created and updated records by stream, where there are any."""
    found = {
        name: (line.states[RecordState.CREATED], line.states[RecordState.UPDATED])
        for name, line in result.streams.items()
        if not name.startswith("link.")
    }
    return {name: counts for name, counts in found.items() if any(counts)}


def well(way: Any, result: Any) -> None:
    assert result.exit_code == 0
    assert way.unexplained() == 0
    way.assert_once()


def test_without_changes_nothing_is_written(loaded: Any) -> None:
    before = loaded.state()
    for _ in range(2):
        result = loaded.delta()
        well(loaded, result)
        assert written(result) == {}
    assert loaded.state() == before


def test_it_wants_a_yes_of_its_own(journey: Any) -> None:
    way = journey()
    way.discover()
    way.propose()
    way.plan()
    way.approve(("prepare", "load"))
    assert way.prepare().exit_code == 0
    assert way.load().exit_code == 0
    with pytest.raises(ApprovalMissing, match="delta"):
        way.delta()


def test_new_changed_and_deleted_records_follow(loaded: Any, later: Any) -> None:
    newer = later(
        patients=setting({"patientId": "64"}, town="Youghal", mobile="07700 900199"),
        appointments=without(appointmentId="62"),
        clinical_notes=lambda rows: [*rows, {**rows[-1], "noteId": "99", "text": "A new note"}],
    )
    result = loaded.delta(newer)
    well(loaded, result)
    assert contact(loaded, "64")["city"] == "Youghal"
    assert text_of(loaded, "task", "[aerona:appointments:62]") == []
    assert len(text_of(loaded, "note", "[aerona:notes:99]")) == 1
    # Patient 66 has never booked now, and so becomes a prospect.
    assert written(result) == {"patients": (0, 2), "clinical_notes": (1, 0), "deleted.appointments": (0, 1)}
    proof = loaded.reconcile()
    assert proof.exit_code == 0, proof.document()
    again = loaded.delta()
    well(loaded, again)
    assert written(again) == {}


def test_what_people_changed_stays_field_by_field_and_is_told(loaded: Any, later: Any) -> None:
    theirs = contact(loaded, "64")
    edit(loaded, "contact", theirs["id"], city="By hand")
    result = loaded.delta(later(patients=setting({"patientId": "64"}, town="Youghal", postcode="P36 XY12")))
    well(loaded, result)
    now = contact(loaded, "64")
    assert (now["city"], now["zipcode"]) == ("By hand", "P36 XY12")
    proof = loaded.reconcile()
    assert proof.exit_code == 0, proof.document()
    assert proof.streams["patients"].equal_after_rule["kept_edited"] == 1
    (line,) = noted(loaded, result.run)
    assert (line["stream"], line["key"], line["reason"], line["fields"]) == (
        "patients",
        "64",
        "kept_edited",
        "city",
    )


def test_an_edit_of_what_the_source_left_alone_is_an_edit_once_the_source_is_followed(loaded: Any) -> None:
    theirs = contact(loaded, "64")
    time.sleep(2)  # the server's stamps are whole seconds
    edit(loaded, "contact", theirs["id"], city="By hand")
    # Right after a load nobody is supposed to have worked there: whatever differs is a difference.
    proof = loaded.reconcile()
    assert (proof.exit_code, proof.streams["patients"].different) == (6, 1)
    well(loaded, loaded.delta())
    proof = loaded.reconcile()
    assert proof.exit_code == 0, proof.document()
    assert proof.streams["patients"].equal_after_rule["kept_edited"] == 1
    # What looks like the server's own doing stays a difference.
    edit(loaded, "contact", theirs["id"], last_name=theirs["last_name"][:1])
    assert loaded.reconcile().streams["patients"].different == 1


def test_an_edited_note_of_a_merged_patient_stays_with_the_contact_that_it_hangs_on(
    loaded: Any, later: Any
) -> None:
    (note,) = text_of(loaded, "note", "[aerona:notes:7]")
    edit(loaded, "note", note["id"], description="By hand\n[aerona:notes:7]")
    merge = {"duplicateId": "74", "masterId": "65", "mergedAt": "2026-01-10T09:00"}
    well(loaded, loaded.delta(later(merges=lambda rows: [*rows, merge])))
    assert len(text_of(loaded, "note", "[aerona:notes:7]")) == 1
    assert contact(loaded, "74")["id"] == note["targetables"][0]["id"]
    proof = loaded.reconcile()
    assert proof.exit_code == 0, proof.document()
    assert proof.streams["clinical_notes"].equal_after_rule["kept_edited"] == 2  # its text, and its home


def test_a_policy_may_let_the_source_win_in_one_field(journey: Any, later: Any) -> None:
    way = journey(policy='edits_of = {"contacts.city" = "overwrite"}').prepared()
    assert way.load().exit_code == 0
    theirs = contact(way, "64")
    edit(way, "contact", theirs["id"], city="By hand", zipcode="BY HAND")
    result = way.delta(later(patients=setting({"patientId": "64"}, town="Youghal", postcode="P36 XY12")))
    now = contact(way, "64")
    assert (now["city"], now["zipcode"]) == ("Youghal", "BY HAND")
    assert [line["reason"] for line in noted(way, result.run)] == ["kept_edited"]


def test_what_was_edited_here_is_not_deleted_because_it_is_gone_there(loaded: Any, later: Any) -> None:
    (task,) = text_of(loaded, "task", "[aerona:appointments:62]")
    edit(loaded, "task", task["id"], title="By hand")
    result = loaded.delta(later(appointments=without(appointmentId="62")))
    assert result.exit_code == 0
    assert len(text_of(loaded, "task", "[aerona:appointments:62]")) == 1
    (line,) = noted(loaded, result.run)
    assert (line["stream"], line["key"], line["reason"]) == ("deleted.appointments", "62", "kept_edited")
    assert loaded.reconcile().exit_code == 0
    assert loaded.unexplained() == 0


def test_a_deleted_patient_goes_with_everything_that_hangs_on_him(loaded: Any, later: Any) -> None:
    newer = later(
        patients=without(patientId="74"),
        clinical_notes=without(patientId="74"),
        appointments=without(patientId="74"),
    )
    assert text_of(loaded, "note", "[aerona:notes:7]")
    result = loaded.delta(newer)
    well(loaded, result)
    assert [one for one in loaded.live("contact") if one.get("external_id") == "74"] == []
    assert text_of(loaded, "note", "[aerona:notes:7]") == []


def test_merged_patients_children_move_and_the_duplicate_goes(loaded: Any, later: Any) -> None:
    merge = {"duplicateId": "66", "masterId": "65", "mergedAt": "2026-01-10T09:00"}
    newer = later(
        merges=lambda rows: [*rows, merge],
    )
    result = loaded.delta(newer)
    well(loaded, result)
    home = contact(loaded, "65")["id"]
    (task,) = text_of(loaded, "task", "[aerona:appointments:62]")
    assert [target["id"] for target in task["targetables"]] == [home]
    assert [one for one in loaded.live("contact") if one.get("external_id") == "66"] == []


def test_a_link_alone_changes(loaded: Any, later: Any) -> None:
    accounts = {one["name"]: one["id"] for one in loaded.live("sales_account")}
    before = [one["id"] for one in contact(loaded, "64")["sales_accounts"]]
    loaded.delta(later(patients=setting({"patientId": "64"}, practiceId="2")))
    after = [one["id"] for one in contact(loaded, "64")["sales_accounts"]]
    assert len(before) == len(after) == 1
    assert set(after) <= set(accounts.values())
    assert before != after


def test_a_shorter_note_leaves_no_old_part_behind(loaded: Any, later: Any) -> None:
    many = text_of(loaded, "note", "[aerona:notes:4 ")
    assert len(many) > 1
    well(loaded, loaded.delta(later(clinical_notes=setting({"noteId": "4"}, text="Short now"))))
    assert text_of(loaded, "note", "[aerona:notes:4 ") == []
    assert len(text_of(loaded, "note", "[aerona:notes:4]")) == 1


def test_after_a_delta_rollback_goes_back_to_the_state_before(loaded: Any, later: Any) -> None:
    newer = later(
        patients=setting({"patientId": "64"}, town="Youghal"),
        appointments=without(appointmentId="62"),
        clinical_notes=setting({"noteId": "4"}, text="Short now"),
    )
    well(loaded, loaded.delta(newer))
    back = loaded.rollback()
    assert back.exit_code == 0, back.document()
    assert loaded.marks() == {}


def test_a_changed_mapping_is_refused(loaded: Any) -> None:
    path = loaded.directory / "mapping" / "01_patients.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("town", "county", 1), encoding="utf-8")
    with pytest.raises(StalePlan):
        loaded.delta()


def test_taking_back_a_delta_alone_says_what_it_cannot_bring_back(loaded: Any, later: Any) -> None:
    newer = later(
        patients=setting({"patientId": "64"}, town="Youghal"), appointments=without(appointmentId="61")
    )
    before = contact(loaded, "64")["city"]
    followed = loaded.delta(newer)
    with loaded.open() as workspace:
        shown = rollback(workspace, preview=True, run=followed.run)
        back = rollback(workspace, run=followed.run, confirm=shown.preview.confirm)
    assert (shown.irreversible, back.irreversible) == (1, 1)
    assert contact(loaded, "64")["city"] == before
    again = loaded.delta()
    assert contact(loaded, "64")["city"] == "Youghal"
    assert again.exit_code == 0


def test_a_watch_repeats_and_ends(loaded: Any, later: Any) -> None:
    loaded.delta(later(patients=setting({"patientId": "64"}, town="Youghal")))
    with loaded.open() as workspace:
        last = watch(workspace, lasting=1.5, every=0.5)
        kinds = [run.kind for run in workspace.ledger.runs()]
    assert last.exit_code == 0
    assert kinds.count(RunKind.DELTA) >= 2
    assert written(last) == {}
