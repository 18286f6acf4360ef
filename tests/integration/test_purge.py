"""The end of a workspace: what a purge destroys, what still works, and that a kill in between is no way out."""

import json
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from clinic_journey import QUICK, SEED_FILE, Journey
from wherry.app import audit
from wherry.app.discover import discover
from wherry.app.doctor import doctor
from wherry.app.load import load
from wherry.app.plan import plan
from wherry.app.purge import STEPS, purge
from wherry.app.reconcile import reconcile
from wherry.app.report import report
from wherry.app.rollback import rollback
from wherry.app.status import status
from wherry.app.workspace import Workspace
from wherry.model.errors import ApprovalMissing, RunInProgress, UsageInvalid

SECRET = "river-side"


@pytest.fixture(scope="module")
def loaded(
    module_emulator_factory: Any, few: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Path]:
    """The folder of a migration that was loaded; each test ends a copy of it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WHERRY_DESTINATION__API_KEY", "emulator-key")
        emulator = module_emulator_factory("--seed-file", str(SEED_FILE), *QUICK)
        journey = Journey(tmp_path_factory.mktemp("purge") / "ws", emulator, few).prepared()
        journey.load()
        yield journey.directory


@pytest.fixture
def folder(loaded: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(loaded, tmp_path / "ws"))


def within(folder: Path, verb: Any, **options: Any) -> Any:
    workspace = Workspace.open(folder)
    try:
        return verb(workspace, **options)
    finally:
        workspace.close()


def purged(folder: Path) -> Any:
    return within(folder, purge, confirm=within(folder, purge, preview=True).confirm[:12])


def lying(folder: Path) -> list[str]:
    return sorted(path.name for path in (folder / ".wherry").iterdir())


def test_a_purge_ends_the_values_and_leaves_the_proof(folder: Path) -> None:
    before = within(folder, audit.show).entries
    key = json.loads((folder / ".wherry" / "keys" / "store.key").read_bytes())["key"].encode()
    counts = within(folder, status).document()["streams"]
    foreseen = within(folder, purge, preview=True)
    assert (foreseen.began, foreseen.ended) == ("", "")
    assert foreseen.operations > 50
    assert foreseen.values >= foreseen.operations
    assert {".wherry/snapshots", ".wherry/keys", ".wherry/existing.json"} <= set(foreseen.removed)
    result = within(folder, purge, confirm=foreseen.confirm)
    assert (result.operations, result.removed) == (foreseen.operations, foreseen.removed)
    assert result.ended
    assert {name.split(".")[0] for name in lying(folder)} == {"engine", "plan", "proposed", "store"}
    assert all(key not in path.read_bytes() for path in folder.rglob("*") if path.is_file())
    assert within(folder, status).document()["streams"] == counts
    entries = within(folder, audit.show).entries
    assert entries[: len(before)] == before
    assert [entry["note"] for entry in entries[len(before) :]] == ["purge began", "purge ended"]
    assert within(folder, audit.verify).first_broken is None
    assert within(folder, audit.export).entries == len(entries)
    assert within(folder, report).chain["ok"]


@pytest.mark.parametrize("verb", [load, rollback, reconcile, discover, plan])
def test_what_needs_values_says_that_they_are_gone(folder: Path, verb: Any) -> None:
    purged(folder)
    with pytest.raises(UsageInvalid, match="was purged at"):
        within(folder, verb)
    assert not {"keys", "snapshots", "existing.json"} & set(lying(folder))
    (check,) = [check for check in within(folder, doctor).checks if check.id == "store.sealed"]
    assert check.verdict == "fail"


def test_it_wants_the_digest_of_its_preview(folder: Path) -> None:
    everything = lying(folder)
    with pytest.raises(ApprovalMissing, match="has to be confirmed"):
        within(folder, purge)
    digest = within(folder, purge, preview=True).confirm
    (folder / ".wherry" / "readings").mkdir(exist_ok=True)
    with pytest.raises(ApprovalMissing, match="something changed"):
        within(folder, purge, confirm=digest)
    (folder / ".wherry" / "readings").rmdir()
    assert set(everything) <= set(lying(folder))
    assert within(folder, purge, confirm=digest).ended


def test_it_changes_nothing_the_second_time(folder: Path) -> None:
    first = purged(folder)
    again = within(folder, purge)
    assert (again.began, again.ended, again.values) == (first.began, first.ended, 0)
    assert within(folder, purge, preview=True).confirm == ""
    assert len([e for e in within(folder, audit.show).entries if e["verb"] == "purge"]) == 2


def test_it_is_refused_while_another_process_is_at_work(folder: Path) -> None:
    digest = within(folder, purge, preview=True).confirm
    worker = Workspace.open(folder)
    with worker.store.lock.held("load"), pytest.raises(RunInProgress):
        within(folder, purge, confirm=digest)
    worker.close()
    assert "keys" in lying(folder)


def test_a_lost_secret_is_no_hindrance(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WHERRY_STORE__KEY", SECRET)
    within(folder, status)
    monkeypatch.delenv("WHERRY_STORE__KEY")
    assert purged(folder).ended
    assert within(folder, audit.verify).first_broken is None


KILLED = """
import os, signal, sys
from pathlib import Path
from wherry.app import purge
from wherry.app.workspace import Workspace
folder, confirm, after = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
def die(ws):
    os.kill(os.getpid(), signal.SIGKILL)
purge.STEPS = (*purge.STEPS[:after], die)
purge.purge(Workspace.open(folder), confirm=confirm)
"""


@pytest.mark.parametrize("after", range(1, len(STEPS)))
def test_killed_after_any_step_it_is_ended_by_the_next_call(folder: Path, after: int) -> None:
    confirm = within(folder, purge, preview=True).confirm
    process = subprocess.run(
        [sys.executable, "-c", KILLED, folder, confirm, str(after)], timeout=60, check=False
    )
    assert process.returncode == -signal.SIGKILL
    with pytest.raises(UsageInvalid, match="was purged at"):
        within(folder, rollback)
    assert within(folder, audit.verify).first_broken is None
    result = within(folder, purge)
    assert result.ended
    assert not {"keys", "snapshots", "existing.json"} & set(lying(folder))
    assert within(folder, audit.verify).first_broken is None
    assert [e["note"] for e in within(folder, audit.show).entries][-2:] == ["purge began", "purge ended"]
