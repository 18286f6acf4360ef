"""What one run brought stays while records of another run hang on it; nothing is left hanging on nothing."""

from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

import wherry.engine.undo
from small_export import write_export
from wherry.app.rollback import rollback
from wherry.engine.settle import settle

FILES = {
    "practices": "practiceId,name,timeZone,currency\n1,Ashmere,Europe/London,GBP\n",
    "appointment_statuses": "id,name,canonical\n1,Booked,booked\n",
    "patients": (
        "patientId,firstName,lastName,email,status,practiceId\n"
        "1,Ana,Brook,ana@clinic.example,active,1\n2,Ben,Cole,ben@clinic.example,archived,1\n"
    ),
    "appointments": (
        "appointmentId,patientId,practiceId,appointmentStatusId,appointmentTime,duration\n"
        "1,1,1,1,2026-11-02T09:00,30\n2,2,1,1,2026-11-03T09:00,30\n"
    ),
    "clinical_notes": "noteId,appointmentId,patientId,notedAt,text\n1,1,1,2026-01-01T09:00:00Z,a\n2,2,2,2026-01-01T09:05:00Z,b\n",
}


class Killed(BaseException):
    """The process dies here."""


@pytest.fixture
def practice(tmp_path: Path) -> Path:
    write_export(tmp_path / "practice", FILES)
    return tmp_path / "practice"


def contacts(way: Any) -> set[str]:
    return {one["external_id"] for one in way.live("contact") if one.get("external_id")}


def test_a_sample_taken_back_alone_leaves_what_the_load_hung_on_it(
    journey: Any, practice: Path, tmp_path: Path
) -> None:
    way = journey(bundle=practice).prepared()
    keys = tmp_path / "keys.csv"
    keys.write_text("patientId\n1\n", encoding="utf-8")
    sampled = way.sample(keys=keys).run
    way.load()
    with way.open() as workspace:
        shown = rollback(workspace, preview=True, run=sampled)
    with way.open() as workspace:
        back = rollback(workspace, run=sampled, confirm=shown.preview.confirm)
    assert (back.reverted, back.blocked) == (shown.reverted, shown.blocked)
    assert contacts(way) == {"2"}
    homes = {one["id"] for one in way.live("sales_account")}
    assert all(link["id"] in homes for one in way.live("contact") for link in one.get("sales_accounts", ()))
    assert "Riverside Dental Ashmere" in {one["name"] for one in way.live("sales_account")}
    way.assert_once()


def test_a_patient_whom_the_policy_leaves_out_goes_with_all_that_hangs_on_him(
    journey: Any, practice: Path
) -> None:
    way = journey(bundle=practice, policy='archived = "load"').prepared()
    way.sample()
    assert contacts(way) == {"1", "2"}
    text = way.toml.read_text(encoding="utf-8")
    way.toml.write_text(text.replace('archived = "load"', 'archived = "skip"'), encoding="utf-8")
    way.plan()
    way.approve()
    assert way.prepare().exit_code == 0
    assert way.sample().diff.different == 0
    assert contacts(way) == {"1"}
    assert not [
        mark for mark in way.marks() if mark.startswith(("note", "task", "appointment")) and ":2]" in mark
    ]
    assert way.unexplained() == 0
    way.assert_once()


@pytest.mark.parametrize("times", [1, 3])
def test_a_sample_killed_while_it_takes_back_ends_the_same(
    journey: Any, practice: Path, monkeypatch: pytest.MonkeyPatch, times: int
) -> None:
    way = journey(bundle=practice, policy='archived = "load"', engine="batch_size = 1").prepared()
    way.sample()
    text = way.toml.read_text(encoding="utf-8")
    way.toml.write_text(text.replace('archived = "load"', 'archived = "skip"'), encoding="utf-8")
    way.plan()
    way.approve()
    assert way.prepare().exit_code == 0
    for after in range(1, times + 1):
        calls = iter(range(after))

        def killed(hands: Any, run: str, _left: Any = calls) -> int:
            if next(_left, None) is None:
                raise Killed
            return int(settle(hands, run))

        with monkeypatch.context() as dying:
            dying.setattr(wherry.engine.undo, "settle", killed)
            with suppress(Killed):
                way.sample()
    assert way.sample().diff.different == 0
    assert contacts(way) == {"1"}
    assert way.unexplained() == 0
    way.assert_once()
    assert way.rollback().exit_code == 0
    assert contacts(way) == set()
