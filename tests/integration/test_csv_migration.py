"""A folder of CSV files with foreign headers goes from init to reconcile, without code."""

from typing import Any

import pytest

from foreign_folder import CLIENTS, DIARY, decide, write, write_folder
from wherry.model.errors import ApprovalMissing
from wherry.model.run import RecordState


def written(result: Any) -> dict[str, tuple[int, int]]:
    found = {
        name: (line.states[RecordState.CREATED], line.states[RecordState.UPDATED])
        for name, line in result.streams.items()
        if not name.startswith("link.")
    }
    return {name: counts for name, counts in found.items() if any(counts)}


def test_from_init_to_reconcile_and_on(journey: Any, tmp_path: Any) -> None:
    folder = write_folder(tmp_path / "theirs")
    way = journey(bundle=folder)
    text = way.toml.read_text(encoding="utf-8")
    way.toml.write_text(text.replace("[source]\n", '[source]\nconnector = "csv"\n'), encoding="utf-8")

    with pytest.raises(ApprovalMissing, match="wait for you"):
        way.discover()
    sorting = way.directory / "mapping" / "csv.yaml"
    proposal = sorting.read_text(encoding="utf-8")
    with pytest.raises(ApprovalMissing, match="nobody has approved it"):
        way.discover()
    assert sorting.read_text(encoding="utf-8") == proposal  # what stands there is the person's
    sorting.write_text(
        proposal.replace("preferredName?", "custom:Seat Pref"), encoding="utf-8"
    )  # a wrong guess
    decide(sorting)

    found = way.discover()
    assert found.fates["patients"]["ready"] == 4
    assert found.fates["appointments"] | {"ready": 3, "rejected": 1} == found.fates["appointments"]
    way.propose()
    assert way.plan().digest
    way.approve()
    assert way.prepare().exit_code == 0
    loaded = way.load()
    assert (loaded.exit_code, loaded.rejected) == (4, 1)  # the appointment of a client who is not there
    assert way.reconcile().exit_code == 0
    (aoife,) = [one for one in way.live("contact") if one.get("external_id") == "C1001"]
    assert (aoife["last_name"], aoife["city"]) == ("Byrne", "Cork")
    assert any(one["custom_field"].get("cf_seat_pref") for one in way.live("contact"))

    assert written(way.delta()) == {}
    moved = [
        CLIENTS[0],
        *([*row[:7], "Youghal", *row[8:]] if row[0] == "C1001" else row for row in CLIENTS[1:]),
    ]
    write(
        folder,
        "Client List.csv",
        [[*row, extra] for row, extra in zip(moved, ["Parking", *"ynyn"], strict=True)],
    )
    write(folder, "Diary.csv", [row for row in DIARY if row[0] != "A2"], delimiter=";")
    assert written(way.delta()) == {
        "patients": (0, 2),
        "deleted.appointments": (0, 1),
    }  # one never booked now
    assert way.reconcile().exit_code == 0
    way.discover()
    assert "Parking: custom:Parking?" in sorting.read_text(encoding="utf-8")
    way.assert_once()
