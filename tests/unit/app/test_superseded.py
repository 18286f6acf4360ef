"""Which samples a run of another plan finds left over: until something made what they brought its own."""

from datetime import UTC, datetime

import pytest

from wherry.app.superseded import superseded
from wherry.model.run import Run, RunKind, RunState

AT = datetime(2026, 3, 1, tzinfo=UTC)


def runs(*told):
    """Runs r1, r2 … from (kind, plan) or (kind, plan, scope)."""
    kinds = {"rollback": RunKind.ROLLBACK, "sample": RunKind.SAMPLE, "load": RunKind.LOAD}
    return [
        Run(
            id=f"r{number}",
            kind=kinds[kind.rstrip("!")],
            digest=plan,
            state=RunState.INTERRUPTED if kind.endswith("!") else RunState.FINISHED,
            started_at=AT,
            options={"scope": scope[0]} if scope else {},
        )
        for number, (kind, plan, *scope) in enumerate(told, start=1)
    ]


@pytest.mark.parametrize(
    ("told", "kind", "found"),
    [
        ([("sample", "a")], "sample", {"r1"}),
        ([("sample", "b")], "sample", set()),
        ([("sample", "a")], "load", {"r1"}),
        ([("sample", "a"), ("load", "a")], "sample", set()),
        ([("sample", "a"), ("load", "a"), ("rollback", "a", "all")], "sample", {"r1"}),
        ([("sample", "a"), ("load", "a"), ("rollback", "a", "r2")], "load", {"r1"}),
        ([("sample", "a"), ("load", "a"), ("rollback", "a", "r1")], "sample", set()),
        ([("sample", "a"), ("load", "a"), ("rollback!", "a", "all")], "sample", set()),
        ([("sample", "a"), ("load", "a"), ("sample", "c")], "sample", {"r3"}),
        ([("sample", "a"), ("load!", "b")], "load", {"r1"}),  # it goes on, and is no other one
        ([("sample", "a"), ("load", "b")], "load", set()),
        ([("sample", "a"), ("sample!", "b"), ("load", "c")], "sample", set()),
    ],
)
def test_what_is_left_over(told, kind, found):
    assert superseded(runs(*told), RunKind(kind), "b") == found
