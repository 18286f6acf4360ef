"""Taking back what was written leaves the destination as it was, and what people did meanwhile as they left it."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from memory_destination import MemoryDestination, load_all, make_hands, record, roll_back
from wherry.engine.undo import Bucket
from wherry.model.record import Record

WORDS = st.sampled_from([None, "a", "b", "ç", "=1"])
EDITS = st.sampled_from(["theirs", "other", "", None])


@st.composite
def clinics(draw: st.DrawFn, adopted: Mapping[str, int] = MappingProxyType({})) -> list[Record]:
    """Up to two practices, four patients and five notes, each linked to one before it or to nothing."""
    practices = draw(st.integers(0, 2))
    patients = draw(st.integers(1, 4))
    notes = draw(st.integers(0, 5))
    parents = st.sampled_from([None, *map(str, range(1, practices + 1))])
    return [
        *(record("practices", str(n), city=draw(WORDS)) for n in range(1, practices + 1)),
        *(
            record("patients", str(n), first=draw(WORDS), city=draw(WORDS), parent=draw(parents), adopt=adopted.get(str(n)))
            for n in range(1, patients + 1)
        ),
        *(
            record("notes", str(n), text=draw(WORDS), parent=str(draw(st.integers(1, patients))), parts=draw(st.integers(1, 2)))
            for n in range(1, notes + 1)
        ),
    ]  # fmt: skip


def loaded(there: MemoryDestination, generations: list[list[Record]]) -> Any:
    hands: Any = None
    for number, records in enumerate(generations):
        hands = make_hands(there, records, ledger=hands.ledger if hands else None)
        load_all(hands, digest=f"{number}" * 64)
    return hands


@settings(max_examples=20, deadline=None)
@given(data=st.data(), bulk=st.booleans())
def test_the_state_before_comes_back_and_a_second_time_writes_nothing(
    data: st.DataObject, bulk: bool
) -> None:
    there = MemoryDestination(bulk_streams=frozenset({"contacts"}) if bulk else frozenset())
    there.put("sales_accounts", {"name": "Theirs"})
    twins = (
        there.put("contacts", {"first": "x", "city": None}),
        there.put("contacts", {"first": "", "city": "y"}),
    )
    before = there.state()
    patients = data.draw(st.permutations("1234"))
    adopted = dict(zip(patients, twins[: data.draw(st.integers(0, 2))], strict=False))
    generations = data.draw(st.lists(clinics(adopted), min_size=1, max_size=3))
    hands = loaded(there, generations)
    judged = roll_back(hands)
    # What was adopted carries our marks as fields that it never had: none of them may be left with a value.
    assert _plain(there.state()) == _plain(before)
    assert {j.bucket for j in judged} <= {Bucket.REVERTED}
    sent = len(there.written)
    assert roll_back(hands, confirm="again") == []
    assert len(there.written) == sent


def _plain(state: Any) -> Any:
    """Without fields that hold nothing: a field that was set and cleared is as good as one never set."""
    return {
        stream: {
            id_: ({n: v for n, v in fields.items() if v not in (None, "")}, links)
            for id_, (fields, links) in rows.items()
        }
        for stream, rows in state.items()
    }


@settings(max_examples=20, deadline=None)
@given(data=st.data())
def test_what_a_person_changed_since_stays_and_keeps_what_it_hangs_on(data: st.DataObject) -> None:
    there = MemoryDestination()
    hands = loaded(there, data.draw(st.lists(clinics(), min_size=1, max_size=2)))
    ours = [(stream, id_) for stream, rows in there.rows.items() for id_ in rows]
    edited: dict[tuple[str, int], Any] = {}
    for place in data.draw(st.sets(st.sampled_from(ours), max_size=3)):
        there.rows[place[0]][place[1]].fields["mark"] = edited[place] = data.draw(EDITS)
    hung = _parents(there, set(edited))
    # What a later run took away itself, to make it again elsewhere, does not stand any more: nothing to judge.
    standing = [attempt for attempt in hands.ledger.attempts() if not attempt.operation.undoes]
    judged = roll_back(hands)
    # A link that a later run of ours added has been taken back too; what it went to may stay or go.
    kept = set(edited) | _parents(there, set(edited))
    left = {(stream, id_) for stream, rows in there.rows.items() for id_ in rows}
    assert kept <= left <= kept | hung
    assert all(there.rows[stream][id_].fields["mark"] == value for (stream, id_), value in edited.items())
    buckets = [j.bucket for j in judged]
    assert len(buckets) == len(standing)
    assert buckets.count(Bucket.KEPT_EDITED) >= len(edited)
    assert buckets.count(Bucket.BLOCKED) == len(left - set(edited))


def _parents(there: MemoryDestination, places: set[tuple[str, int]]) -> set[tuple[str, int]]:
    names = {"targetable": "contacts", "sales_accounts": "sales_accounts"}
    found = {
        (names[name], id_)
        for stream, number in places
        for name, ids in there.rows[stream][number].links.items()
        for id_ in ids
    }
    return found | _parents(there, found) if found else set()
