"""A retry that was interrupted goes on with its own run: what it had taken up is not forgotten."""

from collections.abc import Callable
from typing import Any

import pytest

from clinic_journey import Journey
from wherry.app import runs
from wherry.app.retry import still_waiting
from wherry.model.errors import UsageInvalid
from wherry.model.run import RunKind, RunState

REFUSING = [
    {"kind": "job_partial", "rows": 0.5, "message": "not valid"},
    {"kind": "before_commit", "status": 400, "match": {"method": "POST", "path": "/contacts$"}},
]


def retries(way: Journey) -> list[Any]:
    with way.open() as workspace:
        return [run for run in workspace.ledger.runs() if run.kind is RunKind.RETRY]


def waiting(way: Journey) -> set[str]:
    with way.open() as workspace:
        return {str(key) for key in still_waiting(workspace)}


@pytest.mark.parametrize("where", ["before anything was sent", "after all was sent"])
def test_it_goes_on_where_it_stopped(
    journey: Callable[..., Journey], monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    way = journey().prepared()
    way.emulator.admin("faults", REFUSING)
    way.load()
    refused = waiting(way)
    assert len(refused) > 5
    way.emulator.admin("faults", [])
    carry_through = runs.carry_through

    def stopped(*words: Any) -> None:
        if where == "after all was sent":
            carry_through(*words)
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(runs, "carry_through", stopped)
        with pytest.raises(KeyboardInterrupt):
            way.retry()
    (begun,) = retries(way)
    assert begun.state is RunState.INTERRUPTED
    assert waiting(way) == (refused if where == "before anything was sent" else set())
    way.retry()
    (ended,) = retries(way)
    assert (ended.id, ended.state) == (begun.id, RunState.FINISHED)
    assert waiting(way) == set()
    way.assert_once()
    with pytest.raises(UsageInvalid, match="no rejects"):
        way.retry()
