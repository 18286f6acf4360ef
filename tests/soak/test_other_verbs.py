"""Prepare, sample, retry, delta and rollback, each killed ten times in the middle and begun again."""

import os
import random
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from clinicgen.later import Cells, rework

from clinic_journey import SEED_FILE, Journey
from soak.conftest import HOSTILE, QUICK
from soak.fleet import WHERRY, assert_whole, calls_there
from wherry.app.retry import still_waiting
from wherry.model.run import RunKind

Begin = Callable[..., Journey]
KILLS = 10
SECONDS = 900
REFUSING = [
    {"kind": "job_partial", "rows": 0.5, "message": "not valid"},
    {"kind": "before_commit", "status": 400, "match": {"method": "POST", "path": "/contacts$"}},
]


def killed_again_and_again(way: Journey, *words: str, spare: int, most: int) -> None:
    """Begin a command until it ends well; the first ten times it is killed after a few calls.

    `spare` is how many calls it makes before it can have written anything.
    """
    chance = random.Random(20261125)
    until, kills = time.monotonic() + SECONDS, 0
    log = way.directory / f"{words[0]}.log"
    while True:
        begun = calls_there(way)
        with log.open("ab") as output:
            process = subprocess.Popen(
                [*WHERRY, "-C", str(way.directory), *words, "--quiet", "--json"],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env={**os.environ, "WHERRY_DESTINATION__API_KEY": "emulator-key"},
            )
        last = begun + spare + chance.randint(1, most)
        while process.poll() is None:
            assert time.monotonic() < until, log.read_text()[-5000:]
            if kills < KILLS and calls_there(way) >= last:
                process.kill()
                process.wait(20)
                kills += 1
            time.sleep(0.01)
        if process.returncode not in {-signal.SIGKILL, 1}:  # 1: the destination did not answer well enough
            break
    assert process.returncode == 0, log.read_text()[-5000:]
    assert kills == KILLS


@pytest.fixture
def planned(emulator_factory: Any, few: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Journey:
    monkeypatch.setenv("WHERRY_DESTINATION__API_KEY", "emulator-key")
    emulator = emulator_factory("--seed-file", str(SEED_FILE), *QUICK)
    way = Journey(tmp_path / "ws", emulator, few, engine="batch_size = 20", settle=0.8)
    return way.planned()


@pytest.mark.soak
def test_prepare(planned: Journey) -> None:
    """Every field and the account are there once."""
    before = calls_there(planned)
    planned.emulator.admin("faults", HOSTILE)
    killed_again_and_again(planned, "prepare", spare=8, most=6)
    assert calls_there(planned) > before
    for path in ("/settings/contacts/fields", "/settings/sales_accounts/fields"):
        _, answer = planned.emulator.call("GET", path)
        labels = Counter(str(one["label"]).casefold() for one in answer["fields"])
        assert [label for label, times in labels.items() if times > 1] == []
        assert labels
    accounts = Counter(one["name"] for one in planned.live("sales_account"))
    assert accounts["Unassigned"] == 1
    planned.emulator.admin("faults", [])
    planned.load()
    planned.assert_once()


@pytest.mark.soak
def test_sample(prepared: Begin, few: Path) -> None:
    way = prepared(few)
    killed_again_and_again(way, "sample", "--size", "10", spare=10, most=20)
    assert_whole(way)
    with way.open() as workspace:
        assert len([run for run in workspace.ledger.runs() if run.kind is RunKind.SAMPLE]) == 1


@pytest.mark.soak
def test_retry(prepared: Begin, few: Path) -> None:
    way = prepared(few, faults=REFUSING)
    way.load()
    with way.open() as workspace:
        refused = [change for change in still_waiting(workspace).values() if change.key.stream == "patients"]
    assert len(refused) > 5
    way.emulator.admin("faults", HOSTILE)
    killed_again_and_again(way, "retry", spare=10, most=25)
    assert_whole(way)
    with way.open() as workspace:
        assert not [key for key in still_waiting(workspace) if key.stream in {"patients", "clinical_notes"}]


def two_days_on(bundle: Path, out: Path) -> Path:
    """A later export in which nearly everything changed: places, texts, visits, one merge, one patient deleted."""

    def people(rows: list[Cells]) -> list[Cells]:
        return [{**row, "town": f"Town {row['patientId']}"} for row in rows if row["patientId"] != "74"]

    def visits(rows: list[Cells]) -> list[Cells]:
        kept = [row for row in rows if row["patientId"] != "74"]
        return [{**row, "appointmentNotes": "Changed."} for row in kept if int(row["appointmentId"]) % 4]

    def notes(rows: list[Cells]) -> list[Cells]:
        return [{**row, "text": f"Changed. {row['text'][:4000]}"} for row in rows if row["patientId"] != "74"]

    merge = {"duplicateId": "66", "masterId": "65", "mergedAt": "2026-01-10T09:00"}
    changes = {"patients": people, "appointments": visits, "clinical_notes": notes}
    return rework(bundle, out, {**changes, "merges": lambda rows: [*rows, merge]})


@pytest.mark.soak
def test_delta(prepared: Begin, few: Path, tmp_path: Path) -> None:
    way = prepared(few, faults=[])
    way.load()
    way.follow(two_days_on(few, tmp_path / "later"))
    way.emulator.admin("faults", HOSTILE)
    killed_again_and_again(way, "delta", spare=10, most=25)
    way.emulator.admin("faults", [])
    assert_whole(way)
    assert way.reconcile().exit_code == 0
    before = way.state()
    assert way.delta().exit_code == 0
    assert way.state() == before


@pytest.mark.soak
def test_rollback(prepared: Begin, few: Path) -> None:
    """Afterwards the destination is what it was, digest for digest, but for the account that prepare made."""
    way = prepared(few, faults=[])
    before = way.state()
    way.load()
    assert way.state() != before
    confirm = way.preview().preview.confirm
    way.emulator.admin("faults", [*HOSTILE, {"kind": "slow", "ms": 25, "match": {"method": "DELETE"}}])
    killed_again_and_again(way, "rollback", "--confirm", confirm[:12], spare=10, most=25)
    assert way.marks() == {}
    left = {id_: one for id_, one in before["sales_accounts"].items() if one["name"] != "Unassigned"}
    assert way.state() == {**before, "sales_accounts": left}
    with way.open() as workspace:
        assert workspace.store.ledger.verify().ok
    assert way.unexplained() == 0
    way.emulator.admin("faults", [])
    way.load()  # what the killed ones took back is no twin that a load would adopt
    way.assert_once()
