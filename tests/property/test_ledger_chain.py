"""Whatever is done to the chain behind our back is found; repetition and order of events break nothing."""

import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wherry.model.ledger import Absent, Accepted, Confirmed, Event, Intended, Refused, Unknown
from wherry.model.operation import Operation, Verb
from wherry.model.plan import Approval
from wherry.model.record import Key
from wherry.model.reject import Reject
from wherry.model.run import RecordState, RunKind, RunState, StateChange
from wherry.store import Store, open_store

DIGEST = "d" * 64


class Clock:
    def now(self) -> datetime:
        return datetime(2026, 3, 1, tzinfo=UTC)

    def sleep(self, seconds: float) -> None:
        raise AssertionError("nothing here waits")


def an_operation(run: str, id_: str, verb: Verb = Verb.CREATE) -> Operation:
    return Operation(
        id=f"{run}:patients/{id_}:1:{verb}",
        verb=verb,
        stream="contacts",
        key=Key("patients", id_),
        part=1,
        fields={"last_name": "Byron"},
        before={"last_name": "Noel"} if verb is Verb.UPDATE else None,
        destination_id=int(id_) if verb is Verb.UPDATE else None,
    )


def fill(store: Store) -> None:
    ledger = store.ledger
    ledger.approve(
        Approval(digest=DIGEST, by="Maria", at=datetime(2026, 3, 1, tzinfo=UTC), purpose_of_run="load")
    )
    run = ledger.begin(RunKind.LOAD, DIGEST, {}).id
    for n in range(6):
        operation = an_operation(run, str(n), Verb.UPDATE if n % 2 else Verb.CREATE)
        ledger.record(run, [Intended(operation=operation)])
        ledger.record(run, [Confirmed(operation_id=operation.id, destination_id=n, after={"a": n})])
    ledger.finish(run, RunState.FINISHED)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("chain") / "store.db"
    store = open_store(f"sqlite:///{path}", clock=Clock())
    fill(store)
    assert store.ledger.verify() == (15, True, None)
    store.close()
    return path


@contextmanager
def tampered(whole: Path, change: Callable[[sqlite3.Connection], None]) -> Iterator[Store]:
    """A copy of the store after someone with a database tool was at it."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "store.db"
        shutil.copy(whole, path)
        with closing(sqlite3.connect(path)) as connection:
            change(connection)
            connection.commit()
        store = open_store(f"sqlite:///{path}", clock=Clock())
        try:
            yield store
        finally:
            store.close()


TEXTS = [
    "run",
    "digest",
    "operation_id",
    "state",
    "verb",
    "stream",
    "key",
    "payload_hash",
    "before_hash",
    "after_hash",
    "approved_by",
    "at",
    "note",
    "previous",
    "hash",
]
NUMBERS = ["part", "destination_id"]
SEQS = st.integers(1, 15)


@given(seq=SEQS, column=st.sampled_from(TEXTS), data=st.data())
@settings(max_examples=40, deadline=None)
def test_any_changed_byte_of_a_text_is_found(whole: Path, seq: int, column: str, data: st.DataObject) -> None:
    with closing(sqlite3.connect(whole)) as connection:
        (old,) = connection.execute(f'SELECT "{column}" FROM chain WHERE seq = ?', (seq,)).fetchone()
    place = data.draw(st.integers(0, len(old)))
    letter = data.draw(st.characters(min_codepoint=32, max_codepoint=126))
    removed = data.draw(st.integers(0, 1))
    new = old[:place] + letter + old[place + removed :]
    if new == old:
        new = old[:place] + old[place + 1 :]

    def change(connection: sqlite3.Connection) -> None:
        connection.execute(f'UPDATE chain SET "{column}" = ? WHERE seq = ?', (new, seq))

    with tampered(whole, change) as store:
        verified = store.ledger.verify()
        assert not verified.ok
        assert verified.first_broken in ({seq, seq + 1} if column in {"hash", "previous"} else {seq})


@given(seq=SEQS, column=st.sampled_from(NUMBERS), number=st.integers(-9, 99) | st.none())
@settings(max_examples=20, deadline=None)
def test_any_changed_number_is_found(whole: Path, seq: int, column: str, number: int | None) -> None:
    with closing(sqlite3.connect(whole)) as connection:
        (old,) = connection.execute(f"SELECT {column} FROM chain WHERE seq = ?", (seq,)).fetchone()
    new = (number if number is not None or column == "destination_id" else 7) if number != old else 1_000

    def change(connection: sqlite3.Connection) -> None:
        connection.execute(f"UPDATE chain SET {column} = ? WHERE seq = ?", (new, seq))

    with tampered(whole, change) as store:
        assert store.ledger.verify().first_broken == seq


@given(seq=SEQS, more=st.integers(0, 14))
@settings(max_examples=20, deadline=None)
def test_a_removed_stretch_is_found_wherever_it_lies(whole: Path, seq: int, more: int) -> None:
    def change(connection: sqlite3.Connection) -> None:
        connection.execute("DELETE FROM chain WHERE seq BETWEEN ? AND ?", (seq, seq + more))

    with tampered(whole, change) as store:
        verified = store.ledger.verify()
        assert not verified.ok
        assert verified.first_broken is not None
        assert verified.first_broken <= seq


@given(pair=st.lists(SEQS, min_size=2, max_size=2, unique=True))
@settings(max_examples=20, deadline=None)
def test_two_swapped_entries_are_found(whole: Path, pair: list[int]) -> None:
    one, other = sorted(pair)

    def change(connection: sqlite3.Connection) -> None:
        for old, new in ((one, -1), (other, one), (-1, other)):
            connection.execute("UPDATE chain SET seq = ? WHERE seq = ?", (new, old))

    with tampered(whole, change) as store:
        assert store.ledger.verify().first_broken == one


@given(after=st.integers(0, 15))
@settings(max_examples=20, deadline=None)
def test_an_entry_slipped_in_at_the_end_is_found(whole: Path, after: int) -> None:
    def change(connection: sqlite3.Connection) -> None:
        names = ", ".join(f'"{name}"' for name in [*TEXTS, *NUMBERS])
        connection.execute(
            f"INSERT INTO chain (seq, {names}) SELECT 16, {names} FROM chain WHERE seq = ?", (max(after, 1),)
        )

    with tampered(whole, change) as store:
        assert store.ledger.verify().first_broken == 16


@pytest.mark.parametrize(
    ("statement", "broken"),
    [
        ("DELETE FROM approvals", 1),
        ("UPDATE approvals SET \"by\" = 'Mallory'", 1),
        ("UPDATE approvals SET purpose_of_run = 'delta'", 1),
        ("UPDATE approvals SET seq = 2", 1),
        ("UPDATE attempts SET state = 'refused' WHERE source_id = '0'", 4),
        ("UPDATE attempts SET destination_id = 77 WHERE source_id = '0'", 4),
        ("UPDATE bodies SET before = '{}' WHERE before IS NOT NULL", 6),
        ("UPDATE bodies SET after = 'no JSON' WHERE operation_id LIKE '%/5:%'", 14),
        ("UPDATE bodies SET operation = '{\"fields\":{}}' WHERE operation_id LIKE '%/0:%'", 4),
    ],
)
def test_what_lies_beside_the_chain_is_held_against_it(whole: Path, statement: str, broken: int) -> None:
    def change(connection: sqlite3.Connection) -> None:
        connection.execute(statement)

    with tampered(whole, change) as store:
        assert store.ledger.verify() == (15, False, broken)


def test_a_copy_that_nobody_touched_is_sound(whole: Path) -> None:
    with tampered(whole, lambda _connection: None) as store:
        assert store.ledger.verify() == (15, True, None)


# -- any sequence of events


IDS = st.sampled_from(["1", "2", "3"])


def events_of(run: str) -> st.SearchStrategy[Event]:
    operation = IDS.map(lambda id_: an_operation(run, id_))
    return st.one_of(
        operation.map(lambda o: Intended(operation=o)),
        operation.map(lambda o: Accepted(operation_id=o.id, job="j")),
        st.builds(
            lambda o, n: Confirmed(operation_id=o.id, destination_id=n, after={}),
            operation,
            st.integers(1, 2),
        ),
        operation.map(lambda o: Refused(operation_id=o.id, reject=Reject(key=o.key, reason="no"))),
        operation.map(lambda o: Unknown(operation_id=o.id, why="lost")),
        operation.map(lambda o: Absent(operation_id=o.id)),
    )


CHANGES = st.lists(
    st.builds(
        lambda id_, state: StateChange(key=Key("patients", id_), state=state),
        IDS,
        st.sampled_from(RecordState),
    ),
    max_size=4,
)


@given(batches=st.lists(st.tuples(st.lists(events_of("r1"), max_size=4), CHANGES), max_size=8))
@settings(max_examples=40, deadline=None)
def test_any_history_conserves_records_repeats_without_effect_and_leaves_a_whole_chain(
    batches: list[tuple[list[Event], list[StateChange]]],
) -> None:
    store = open_store("sqlite://", clock=Clock())
    ledger = store.ledger
    ledger.begin(RunKind.LOAD, DIGEST, {})
    ledger.enlist("r1", [StateChange(key=Key("patients", id_), state=RecordState.PENDING) for id_ in "123"])
    ledger.record("r1", [Intended(operation=an_operation("r1", id_)) for id_ in "123"])
    for events, changes in batches:
        ledger.record("r1", events, changes)
        settled = [event for event in events if not isinstance(event, Intended)]
        entries = list(ledger.entries())
        confirmed = {attempt.operation.id for attempt in ledger.attempts("r1")}
        ledger.record("r1", [event for event in settled if event.operation_id in confirmed], changes)
        assert list(ledger.entries()) == entries
        counts = ledger.counts("r1")["patients"]
        assert (counts.read, counts.unexplained) == (3, 0)
        assert {line.key.id for line in ledger.located()} == {
            attempt.operation.key.id for attempt in ledger.attempts("r1")
        }
    assert ledger.verify().ok
    store.close()


@given(data=st.data())
@settings(max_examples=20, deadline=None)
def test_recording_the_same_batch_twice_is_recording_it_once(data: st.DataObject) -> None:
    store = open_store("sqlite://", clock=Clock())
    ledger = store.ledger
    ledger.begin(RunKind.LOAD, DIGEST, {})
    operation = an_operation("r1", "1")
    ledger.record("r1", [Intended(operation=operation)])
    outcomes = events_of("r1").filter(
        lambda e: not isinstance(e, Intended) and e.operation_id == operation.id
    )
    batches = data.draw(st.lists(st.lists(outcomes, max_size=3), max_size=3))
    for batch in batches:
        ledger.record("r1", batch)
        once = (list(ledger.entries()), list(ledger.attempts("r1")), ledger.open_attempts())
        ledger.record("r1", batch)
        assert (list(ledger.entries()), list(ledger.attempts("r1")), ledger.open_attempts()) == once
    store.close()
