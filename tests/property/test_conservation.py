"""Whatever comes of a write, every record is in exactly one state after every transaction of the ledger."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from memory_destination import MemoryDestination, enlist, load_all, make_hands, no_fault, record, walk_all
from wherry.model.errors import Unavailable
from wherry.model.operation import Operation

CLINIC = [
    *(record("practices", str(n)) for n in (1, 2)),
    *(record("patients", str(n), first="a", parent=str(1 + n % 2)) for n in range(1, 7)),
    *(record("notes", str(n), text="t", parent=str(1 + n % 6), parts=1 + n % 3) for n in range(1, 7)),
]
OUTCOMES = st.sampled_from(["", "", "", "lost", "never", "again", "refuse", "taken"])


class Watched:
    """A ledger whose books are looked at after every transaction."""

    def __init__(self, ledger: Any) -> None:
        self._ledger, self.looks = ledger, 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._ledger, name)

    def record(self, run: str, *args: Any) -> Any:
        done = self._ledger.record(run, *args)
        self.looks += 1
        counts = self._ledger.counts(run)
        assert {name: line.unexplained for name, line in counts.items() if line.unexplained} == {}
        assert {name: line.read for name, line in counts.items()} == {
            "practices": 2, "patients": 6, "notes": 6, "link.patients.practices": 6, "link.notes.patients": 6
        }  # fmt: skip
        return done


@settings(max_examples=15, deadline=None)
@given(outcomes=st.lists(OUTCOMES, max_size=40), bulk=st.booleans(), partial=st.sets(st.integers(1, 6)))
def test_no_record_is_ever_unexplained(outcomes: list[str], bulk: bool, partial: set[int]) -> None:
    script = iter(outcomes)

    def fault(name: str, _operation: Operation | None) -> str:
        return next(script, "") if name in {"write", "submit"} else ""

    there = MemoryDestination(
        fault=fault,
        bulk_streams=frozenset({"contacts"}) if bulk else frozenset(),
        partial=lambda operation: int(operation.key.id) in partial,
    )
    hands = make_hands(there, CLINIC)
    watched = Watched(hands.ledger)
    object.__setattr__(hands, "ledger", watched)
    run = enlist(hands)
    try:
        walk_all(hands, run)
    except Unavailable:
        assert any(line.states.get("pending", 0) for line in watched.counts(run).values())
    assert watched.looks
    assert len(there.marks()) == len(set(there.marks()))
    there.fault = no_fault
    again = load_all(make_hands(there, CLINIC, ledger=hands.ledger), digest="e" * 64)
    assert all(line.states.get("rejected", 0) == 0 for line in watched.counts(again).values())
    assert len(there.marks()) == len(set(there.marks())) == 2 + 6 + sum(1 + n % 3 for n in range(1, 7))
