"""Following the API by changes and keys: fewer calls, and the snapshot that a whole reading gives."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from clinicgen.later import Cells, rework

from live_source import LiveClinic, ScaledClock, live_clinic, open_live
from wherry.connectors.aerona import open_bundle
from wherry.model.errors import PreflightFailed
from wherry.staging import stage

PROFILE = """
limit: {calls: 90000}
maintenance: {begin: ""}
paging: {size: 3, keys_size: 500}
whole_every_hours: HOURS
lists:
  patients: {keys: {fields: patientId}}
  appointments: {keys: {fields: appointmentId}}
"""
BEGUN = datetime(2026, 11, 3, 9, 0, tzinfo=UTC)


class Practice:
    """One practice that goes on working, and a reader that follows it."""

    def __init__(self, there: LiveClinic, few: Path, folder: Path, hours: str) -> None:
        self.there, self.few, self.folder = there, few, folder
        (folder / "clinic.yaml").write_text(PROFILE.replace("HOURS", hours), encoding="utf-8")
        self.clock = ScaledClock(scale=1, start=BEGUN)
        self.documents = sum(1 for path in (few / "documents").rglob("*") if path.is_file())

    def read(self) -> tuple[str, int]:
        """Read it; give the digest and the calls that it took. A document is asked for once only."""
        before = self.there.figures()["calls"]
        source = open_live(self.there.url, self.folder, self.clock, profile="clinic.yaml")
        try:
            digest = stage(source, self.folder / "snapshots").digest
        finally:
            source.close()
        return digest, self.there.figures()["calls"] - before

    def becomes(self, name: str, **changes: Any) -> str:
        """Let the practice become something else, and give the digest of its export."""
        later = rework(self.few, self.folder / name, changes)
        self.there.admin("bundle", {"folder": str(later)})
        with open_bundle(later) as bundle:
            return stage(bundle, self.folder / "exports").digest


@pytest.fixture
def practice(few: Path, tmp_path: Path) -> Iterator[Callable[..., Practice]]:
    settings = ("--setting", "limit.calls=100000", "--setting", "maintenance=off")
    with live_clinic(few, *settings, scale=1, start=BEGUN) as there:
        yield lambda hours="24": Practice(there, few, tmp_path, hours)


def soon(minutes: float) -> str:
    return (BEGUN + timedelta(minutes=minutes)).isoformat()


def changed(town: str, when: str) -> Any:
    def change(rows: list[Cells]) -> list[Cells]:
        (row,) = [row for row in rows if row["patientId"] == "67"]
        row.update(town=town, updatedAt=when)
        return rows

    return change


def test_changes_deletes_and_new_records_are_found_in_fewer_calls(practice: Any) -> None:
    ours = practice()
    _digest, whole = ours.read()

    def patients(rows: list[Cells]) -> list[Cells]:
        fresh = {**rows[3], "patientId": "990", "updatedAt": soon(1), "email": "", "householdId": ""}
        return [*changed("Youghal", soon(1))(rows), fresh]

    expected = ours.becomes(
        "later",
        patients=patients,
        appointments=lambda rows: [row for row in rows if row["appointmentId"] != "62"],
        clinical_notes=lambda rows: rows[1:],
    )
    digest, calls = ours.read()
    assert digest == expected
    assert calls < whole - ours.documents
    again, few_calls = ours.read()
    assert again == expected
    assert few_calls <= calls


def test_what_was_committed_late_is_in_the_overlap(practice: Any) -> None:
    ours = practice()
    ours.read()
    expected = ours.becomes("later", patients=changed("Cobh", soon(-4)))  # before the last reading began
    assert ours.read()[0] == expected


def test_a_key_that_nobody_told_of_has_the_list_read_whole(practice: Any) -> None:
    ours = practice()
    _digest, whole = ours.read()

    def much_too_late(rows: list[Cells]) -> list[Cells]:
        return [
            *rows,
            {**rows[3], "patientId": "990", "updatedAt": soon(-600), "email": "", "householdId": ""},
        ]

    expected = ours.becomes("later", patients=much_too_late)
    digest, calls = ours.read()
    assert digest == expected
    assert calls < whole  # appointments were followed all the same


def test_a_day_later_everything_is_read_whole_again(practice: Any) -> None:
    ours = practice(hours="0")
    _digest, whole = ours.read()
    quietly = ours.becomes("later", patients=changed("Cobh", soon(-600)))  # no cursor tells of that
    digest, calls = ours.read()
    assert digest == quietly
    assert calls >= whole - ours.documents


def test_a_list_that_lost_all_its_keys_is_not_believed(practice: Any) -> None:
    ours = practice()
    ours.read()
    ours.becomes("later", appointments=lambda _rows: [])
    with pytest.raises(PreflightFailed, match="holds no appointments"):
        ours.read()
