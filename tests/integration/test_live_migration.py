"""A clinic behind an API of its own spelling, from discover to reconcile, and what changes there afterwards."""

import csv
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from clinicgen.later import Cells, rework

from live_source import SECRETS, LiveClinic, live_clinic
from wherry.app.doctor import doctor
from wherry.model.errors import PreflightFailed
from wherry.model.run import RecordState

DIALECT = {
    "prefix": "/rest",
    "items": "data",
    "size": "limit",
    "lists": {"patients": "clients"},
    "fields": {"patients": {"patientId": "id", "lastName": "name.family", "firstName": "name.given"}},
}
PROFILE = """
limit: {calls: 90000}
maintenance: {begin: ""}
paging: {size_param: limit, size: 7, items: data}
lists:
  patients: {path: clients, keys: {fields: id}, fields: {patientId: id, lastName: name.family, firstName: name.given}}
  appointments: {keys: {fields: appointmentId}}
"""


def follow_the_api(way: Any, url: str) -> None:
    """Turn a workspace that reads an export into one that reads the API at that address."""
    text = way.toml.read_text(encoding="utf-8")
    live = f'base_url = "{url}"\nprofile = "clinic.yaml"'
    way.toml.write_text(re.sub("(?m)^bundle = .*$", live, text), encoding="utf-8")
    (way.directory / "clinic.yaml").write_text(PROFILE, encoding="utf-8")


def without_notes_of(patient: str) -> Any:
    return lambda rows: [row for row in rows if row["patientId"] != patient]


def noted(bundle: Path) -> list[Cells]:
    """Return the bundle's clinical notes."""
    with (bundle / "clinical_notes.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def contact(way: Any, patient: str) -> dict[str, Any]:
    (found,) = [one for one in way.live("contact") if one.get("external_id") == patient]
    return dict(found)


def written(result: Any) -> dict[str, tuple[int, int]]:
    """By stream, how many records were created and updated; deletes are updates of `deleted.…`."""
    found = {
        name: (line.states[RecordState.CREATED], line.states[RecordState.UPDATED])
        for name, line in result.streams.items()
        if not name.startswith("link.")
    }
    return {name: counts for name, counts in found.items() if any(counts)}


@pytest.fixture
def there(few: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LiveClinic]:
    """The clinic behind an API of its own spelling, at the present time."""
    for name, value in SECRETS.items():
        monkeypatch.setenv(f"WHERRY_SOURCE__{name.upper()}", value)
    dialect = tmp_path / "dialect.json"
    dialect.write_text(json.dumps(DIALECT), encoding="utf-8")
    switches = ("--dialect", str(dialect), "--setting", "limit.calls=100000", "--setting", "maintenance=off")
    with live_clinic(few, *switches, scale=1, start=datetime.now(UTC)) as running:
        yield running


def test_from_discover_to_reconcile_and_on(
    few: Path, there: LiveClinic, journey: Any, tmp_path: Path
) -> None:
    way = journey()
    follow_the_api(way, there.url)
    with way.open() as workspace:
        found = doctor(workspace)
    assert {check.id for check in found.checks if check.verdict == "fail"} == set()
    way.prepared()
    assert way.load().exit_code == 0
    assert way.reconcile().exit_code == 0
    calls = there.figures()["calls"]
    assert written(way.delta()) == {}  # nothing changed, so nothing is written
    assert there.figures()["calls"] > calls

    loser = min({row["patientId"] for row in noted(few)} - {"64", "65"})
    late = (datetime.now(UTC) - timedelta(minutes=2)).isoformat()  # told of only after the lists were read

    def patients(rows: list[Cells]) -> list[Cells]:
        (moved,) = [row for row in rows if row["patientId"] == "67"]
        moved.update(town="Youghal", updatedAt=late)
        return rows

    merge = {"duplicateId": "65", "masterId": "64", "mergedAt": "2026-10-03T09:00"}
    changes = {
        "patients": patients,
        "clinical_notes": without_notes_of(loser),
        "merges": lambda rows: [*rows, merge],
        "appointments": lambda rows: [row for row in rows if row["appointmentId"] != "62"],
    }
    there.admin("bundle", {"folder": str(rework(few, tmp_path / "later", changes))})
    result = way.delta()
    assert result.exit_code == 0
    followed = written(result)
    assert contact(way, "67")["city"] == "Youghal"
    assert followed["deleted.appointments"] == (0, 1)
    assert followed["deleted.clinical_notes"][1] > 0
    assert [one for one in way.live("contact") if one.get("external_id") == "65"] == []
    assert written(way.delta()) == {}
    assert way.reconcile().exit_code == 0

    gone = rework(few, tmp_path / "gone", {"clinical_notes": lambda _rows: []})
    there.admin("bundle", {"folder": str(gone)})
    notes = len(way.live("note"))
    with pytest.raises(PreflightFailed, match="no clinical notes"):
        way.delta()  # an empty list would pass for a mass delete
    assert len(way.live("note")) == notes > 0
