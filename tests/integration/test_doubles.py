"""A gateway that delivers a call twice and gives one good answer: reading back finds what it made too many."""

import csv
from typing import Any

import pytest

COPIED = {
    "task": ("title", "description", "due_date", "owner_id"),
    "note": ("description",),
    "appointment": ("title", "description", "from_date", "end_date", "time_zone"),
}


def copied(way: Any, root: str) -> int:
    """Deliver the create of one of our records once more; gives the id of the one too many."""
    row = next(row for row in way.live(root) if "[aerona:" in str(row.get("description")))
    contact = {"targetable_type": "Contact", "targetable_id": row["targetables"][0]["id"]}
    body = {name: row[name] for name in COPIED[root] if row.get(name) is not None} | contact
    status, answer = way.emulator.call("POST", f"/{root}s", {root: body})
    assert status in {200, 201}
    return int(answer[root]["id"])


@pytest.mark.parametrize("verb", ["sample", "load"])
def test_what_is_there_twice_is_a_difference_and_is_named(journey: Any, verb: str) -> None:
    way = journey().prepared()
    assert getattr(way, verb)().exit_code == 0
    assert way.reconcile().exit_code == 0
    extra = {copied(way, root) for root in COPIED}
    proof = way.reconcile()
    assert proof.exit_code == 6
    assert sum(line["different"] for line in proof.document()["streams"].values()) == len(extra)
    with (way.directory / proof.discrepancies).open(encoding="utf-8", newline="") as file:
        found = {int(row["destination_id"]) for row in csv.DictReader(file) if row["rule"] == "there_twice"}
    assert found == extra
