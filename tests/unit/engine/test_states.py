"""Which state a record ends in, and its links with it."""

import pytest

from wherry.engine.states import LANDED, NoState, final_state, link_state, parent_state, with_links
from wherry.model.record import Key
from wherry.model.run import RecordState, StateChange

S = RecordState


@pytest.mark.parametrize(
    ("parts", "state"),
    [
        ([], S.UNCHANGED),
        ([S.UNCHANGED, S.UNCHANGED], S.UNCHANGED),
        ([S.UNCHANGED, S.UPDATED], S.UPDATED),
        ([S.UPDATED, S.CREATED, S.UNCHANGED], S.CREATED),
    ],
)
def test_a_record_is_what_most_happened_to_its_parts(parts: list[S], state: S) -> None:
    assert final_state(parts) is state


@pytest.mark.parametrize(
    ("parent", "child"),
    [
        (S.PENDING, NoState.WAIT),
        (S.FILTERED, S.FILTERED),
        (S.MERGED, S.FILTERED),
        (S.NO_EQUIVALENT, S.NO_EQUIVALENT),
        (S.REJECTED, S.DEFERRED),
        (S.DEFERRED, S.DEFERRED),
        (None, S.DEFERRED),
    ],
)
def test_a_child_follows_the_parent_that_is_not_there(parent: S | None, child: S | NoState) -> None:
    assert parent_state(parent) is child


@pytest.mark.parametrize("state", list(S))
def test_a_link_is_where_its_record_is_and_never_a_reject_of_its_own(state: S) -> None:
    there = state in LANDED
    change = StateChange(
        key=Key("patients", "7"), state=state, reason="" if there else "why", hint="" if there else "do this"
    )
    links = with_links(change, {"patients": {"practices": "link.patients.practices"}})
    assert links[0] == change
    (link,) = links[1:]
    assert link.key == Key("link.patients.practices", "7")
    assert link.state is link_state(state)
    assert link.state is not S.REJECTED
    assert link.hint == ("" if state in LANDED else change.hint)
    assert link.blocked_by == ("" if state in LANDED else "patients/7")


def test_a_record_without_links_stands_alone() -> None:
    change = StateChange(key=Key("practices", "1"), state=S.CREATED)
    assert with_links(change, {"patients": {}}) == [change]
