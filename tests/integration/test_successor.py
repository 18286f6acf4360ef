"""A worker that takes a coordinator's place goes on with that run, and begins none of its own."""

from collections.abc import Callable

from clinic_journey import Journey
from wherry.app.load import load_alone


def test_a_run_that_ended_meanwhile_is_not_begun_again(journey: Callable[..., Journey]) -> None:
    way = journey().prepared()
    ended = way.load().run
    calls = way.emulator.admin("health")["records"]
    with way.open() as workspace:
        found = load_alone(workspace, ended)
        assert (found.run, found.state) == (ended, "finished")
        assert [run.id for run in workspace.ledger.runs()][-1] == ended
    assert way.emulator.admin("health")["records"] == calls


def test_without_that_a_load_is_a_run_of_its_own(journey: Callable[..., Journey]) -> None:
    way = journey().prepared()
    ended = way.load().run
    with way.open() as workspace:
        assert load_alone(workspace).run != ended
