"""Who comes second is told which run is under way, where, since when, and what to do."""

import os
import re

import pytest

from wherry.app.alone import alone
from wherry.app.load import load
from wherry.app.workspace import Workspace
from wherry.model.errors import RunInProgress
from wherry.model.run import RunKind, RunState

DIGEST = "ab" * 32


@pytest.fixture
def second(clinic):
    """Open a workspace a second time, as another process would."""
    opened = []

    def again(ws):
        opened.append(Workspace.open(ws.root))
        return opened[-1]

    yield again
    for ws in opened:
        ws.close()


def test_a_second_load_names_the_run_that_is_under_way(clinic, second):
    ws = clinic(staged=False)
    with alone(ws, "load", joining=True):
        run = ws.ledger.begin(RunKind.LOAD, DIGEST, {})
        with pytest.raises(RunInProgress) as refused:
            load(second(ws))
    assert re.fullmatch(
        rf"another run is in progress \(run {run.id}, wherry load, process {os.getpid()} on \S+, "
        r"since \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC\)",
        refused.value.message,
    )
    assert (refused.value.exit_code, refused.value.code) == (3, "run_in_progress")
    assert "wherry status" in refused.value.hint


def test_a_run_that_was_killed_before_is_not_taken_for_the_one_under_way(clinic, second):
    ws = clinic(staged=False)
    ws.ledger.begin(RunKind.LOAD, DIGEST, {})
    with alone(ws, "reconcile"), pytest.raises(RunInProgress, match="wherry reconcile") as refused:
        load(second(ws))
    assert refused.value.run == ""


def test_a_run_that_has_ended_is_not_under_way(clinic, second):
    ws = clinic(staged=False)
    run = ws.ledger.begin(RunKind.LOAD, DIGEST, {})
    ws.ledger.finish(run.id, RunState.FINISHED)
    with alone(ws, "load"), pytest.raises(RunInProgress) as refused:
        load(second(ws))
    assert refused.value.run == ""


def test_a_holder_that_has_not_said_anything_of_itself_yet_is_refused_too(clinic, second):
    ws = clinic(staged=False)
    with alone(ws, "load"):
        (ws.state / "store.db.lock").write_bytes(b"123")  # what an earlier version wrote
        with pytest.raises(RunInProgress, match="just now"):
            load(second(ws))


def test_the_workspace_is_free_again_behind_a_verb(clinic, second):
    ws = clinic(staged=False)
    with alone(ws, "load"):
        pass
    with alone(second(ws), "rollback"):
        pass
