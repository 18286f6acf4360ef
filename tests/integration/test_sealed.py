"""No value of a patient lies readable in the workspace: every file of a whole migration, looked through."""

import csv
from collections.abc import Callable
from pathlib import Path

import pytest

from clinic_journey import Journey
from wherry.app import workspace as opening
from wherry.privacy import UNSEALED

FIELDS = {
    "patients": ("lastName", "email", "mobile", "address1", "nhsNumber"),
    "clinical_notes": ("text",),
}


def values_of(bundle: Path) -> set[bytes]:
    """By what a search would find a patient: longer names, addresses, phones as written, words of notes."""
    found = set()
    for stream, fields in FIELDS.items():
        with (bundle / f"{stream}.csv").open(encoding="utf-8-sig", newline="") as file:
            for row in csv.DictReader(file):
                words = [(row[field] or "").splitlines()[:1] for field in fields]
                found |= {word[0][:30].encode() for word in words if word and len(word[0]) >= 8}
    return found


def telling(folder: Path, values: set[bytes]) -> dict[str, int]:
    """Return the files that hold some of the values, with how many."""
    found = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            data = path.read_bytes()
            if held := sum(value in data for value in values):
                found[path.relative_to(folder).as_posix()] = held
    return found


def migrated(journey: Callable[..., Journey]) -> Journey:
    """A clinic that was loaded."""
    one = journey().prepared()
    assert one.load().finished_verb
    return one


def test_every_file_of_a_migration_is_sealed(journey: Callable[..., Journey], few: Path) -> None:
    one = migrated(journey)
    values = values_of(few)
    assert len(values) > 60
    assert telling(one.directory / ".wherry", values) == {}
    shards = list((one.directory / ".wherry" / "snapshots").rglob("*.parquet"))
    assert len(shards) > 5
    assert {path.read_bytes()[:8] for path in shards} == {b"WHSEALED"}


def test_the_search_finds_them_where_nothing_is_sealed(
    journey: Callable[..., Journey], few: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sealing = opening.open_store
    monkeypatch.setattr(
        opening, "open_store", lambda url, **rest: sealing(url, **{**rest, "sealer": UNSEALED})
    )
    one = migrated(journey)
    found = telling(one.directory / ".wherry", values_of(few))
    assert {"store.db"} <= found.keys()
