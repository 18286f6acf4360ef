"""The ledger's promises, on both databases."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from wherry.model.ledger import Absent, Accepted, Confirmed, EntryState, Intended, Refused, Unknown
from wherry.model.operation import Operation, Verb
from wherry.model.plan import Approval
from wherry.model.record import Key
from wherry.model.reject import Reject
from wherry.model.run import RecordState, RunKind, RunState, StateChange
from wherry.store import Store, open_store

DIGEST = "d" * 64
ADA = Key("patients", "7")


class Clock:
    """A clock that moves a second at every look."""

    def __init__(self) -> None:
        self.at = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)

    def now(self) -> datetime:
        self.at += timedelta(seconds=1)
        return self.at

    def sleep(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/store.db"
    found: str = request.getfixturevalue("postgres_url")
    return found


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    store = open_store(url, clock=Clock())
    yield store
    store.close()


@pytest.fixture
def run(store: Store) -> str:
    return store.ledger.begin(RunKind.LOAD, DIGEST, {}).id


def an_operation(run: str, key: Key = ADA, verb: Verb = Verb.CREATE, **changes: object) -> Operation:
    plain = Operation(
        id=f"{run}:{key}:1:{verb}",
        verb=verb,
        stream="contacts",
        key=key,
        part=1,
        fields={"last_name": "Byron", "custom_field.cf_source": key.id, "tags": ["a", "b"]},
        links={"sales_accounts": 9},
        match=("cf_source", key.id),
        marker=f"[aerona:{key.stream}:{key.id}]",
        fingerprint="f1",
    )
    return replace(plain, **changes)  # type: ignore[arg-type]  # fields of Operation by name


def confirm(store: Store, run: str, operation: Operation, at: int, **changes: object) -> None:
    store.ledger.record(run, [Intended(operation=operation)])
    event = Confirmed(operation_id=operation.id, destination_id=at, after=dict(operation.fields))
    store.ledger.record(run, [replace(event, **changes)])  # type: ignore[arg-type]  # fields of Confirmed


def states(store: Store, *, of: str) -> list[str]:
    return [str(entry.state) for entry in store.ledger.entries() if entry.operation_id == of]


# -- runs


def test_runs_are_numbered_and_an_unfinished_one_is_taken_up_again(store: Store) -> None:
    ledger = store.ledger
    first = ledger.begin(RunKind.LOAD, DIGEST, {"size": "5"})
    assert first.id == "r1"
    assert first.state is RunState.RUNNING
    assert ledger.finish("r1", RunState.PAUSED).state is RunState.PAUSED
    again = ledger.begin(RunKind.LOAD, DIGEST, {"size": "5"})
    assert (again.id, again.state, again.finished_at) == ("r1", RunState.RUNNING, None)
    done = ledger.finish("r1", RunState.FINISHED)
    assert done.finished_at is not None
    assert ledger.begin(RunKind.LOAD, DIGEST, {"size": "5"}).id == "r2"
    assert [found.id for found in ledger.runs()] == ["r1", "r2"]


@pytest.mark.parametrize(
    ("kind", "digest", "options"),
    [(RunKind.DELTA, DIGEST, {}), (RunKind.LOAD, "e" * 64, {}), (RunKind.LOAD, DIGEST, {"size": "5"})],
)
def test_another_kind_digest_or_option_is_another_run(
    store: Store, run: str, kind: RunKind, digest: str, options: dict[str, str]
) -> None:
    assert store.ledger.begin(kind, digest, options).id != run


def test_a_run_that_does_not_exist_is_said_so_and_nothing_is_written(store: Store) -> None:
    with pytest.raises(KeyError, match="r9"):
        store.ledger.record("r9", [Intended(operation=an_operation("r9"))])
    with pytest.raises(KeyError, match="r9"):
        store.ledger.finish("r9", RunState.FINISHED)
    assert list(store.ledger.entries()) == []


# -- conservation


def pending(ids: list[str], stream: str = "patients") -> list[StateChange]:
    return [StateChange(key=Key(stream, id_), state=RecordState.PENDING) for id_ in ids]


def test_every_enlisted_record_is_counted_once_in_one_state(store: Store, run: str) -> None:
    ledger = store.ledger
    ledger.enlist(run, [*pending(["1", "2", "3"]), *pending(["1"], "appointments")])
    ledger.record(
        run,
        [],
        [
            StateChange(key=Key("patients", "2"), state=RecordState.CREATED),
            StateChange(key=Key("patients", "3"), state=RecordState.REJECTED, reason="no_name", field="x"),
        ],
    )
    table = ledger.counts(run)
    assert set(table) == {"patients", "appointments"}
    assert table["patients"].read == 3
    assert table["patients"].states[RecordState.CREATED] == 1
    assert table["patients"].states[RecordState.MERGED] == 0
    assert [counts.unexplained for counts in table.values()] == [0, 0]


def test_enlisting_again_changes_nothing_and_completes_what_a_crash_cut_short(store: Store, run: str) -> None:
    ledger = store.ledger
    every = pending([str(n) for n in range(12_000)])

    def cut_short() -> Iterator[StateChange]:
        yield from every[:7_000]
        raise RuntimeError("power cut")

    with pytest.raises(RuntimeError, match="power cut"):
        ledger.enlist(run, cut_short())
    moved = StateChange(key=Key("patients", "5"), state=RecordState.CREATED)
    ledger.record(run, [], [moved])
    for _ in range(2):
        ledger.enlist(run, every)
        counts = ledger.counts(run)["patients"]
        assert (counts.read, counts.unexplained) == (12_000, 0)
        assert counts.states[RecordState.CREATED] == 1


def test_streams_enlisted_bit_by_bit_add_up(store: Store, run: str) -> None:
    for start in range(0, 30, 10):
        store.ledger.enlist(run, pending([str(n) for n in range(start, start + 10)], "links"))
    assert store.ledger.counts(run)["links"].read == 30


def test_two_records_under_one_key_show_as_unexplained(store: Store, run: str) -> None:
    store.ledger.enlist(run, pending(["1", "2", "2"]))
    assert store.ledger.counts(run)["patients"].unexplained == 1


def test_a_record_that_nobody_enlisted_shows_as_unexplained(store: Store, run: str) -> None:
    store.ledger.record(run, [], [StateChange(key=ADA, state=RecordState.CREATED)])
    assert store.ledger.counts(run)["patients"].unexplained == -1


def test_pending_comes_in_numeric_order_and_goes_on_after_an_id(store: Store, run: str) -> None:
    ids = ["10", "9", "100", "007", "7", "P-2", "0"]
    store.ledger.enlist(run, pending(ids))
    ordered = ["0", "7", "007", "9", "10", "100", "P-2"]
    assert store.ledger.pending(run, "patients", 100) == ordered
    walked: list[str] = []
    after = ""
    while page := store.ledger.pending(run, "patients", 2, after):
        walked += page
        after = page[-1]
    assert walked == ordered
    store.ledger.record(run, [], [StateChange(key=Key("patients", "9"), state=RecordState.CREATED)])
    assert "9" not in store.ledger.pending(run, "patients", 100)


def test_states_of_many_records_at_once(store: Store, run: str) -> None:
    store.ledger.enlist(run, pending([str(n) for n in range(900)]))
    keys = [Key("patients", str(n)) for n in range(1_000)]
    found = store.ledger.states(run, keys)
    assert len(found) == 900
    assert set(found.values()) == {RecordState.PENDING}


def test_rejects_carry_their_reason(store: Store, run: str) -> None:
    store.ledger.enlist(run, pending(["10", "9", "3"]))
    changes = [
        StateChange(key=Key("patients", "10"), state=RecordState.REJECTED, reason="a", hint="h", field="f"),
        StateChange(key=Key("patients", "9"), state=RecordState.REJECTED, reason="b"),
        StateChange(key=Key("patients", "3"), state=RecordState.DEFERRED, blocked_by="practices/1"),
    ]
    store.ledger.record(run, [], changes)
    assert list(store.ledger.rejects(run)) == [changes[2], changes[1], changes[0]]


# -- the life of an operation


def test_an_attempt_comes_back_as_it_was_sent(store: Store, run: str) -> None:
    operation = an_operation(
        run, verb=Verb.UPDATE, destination_id=5, before={"last_name": None}, before_links={"x": [1]}
    )
    confirm(store, run, operation, 5, after={"last_name": "Ünïcode £"}, adopted=True)
    (attempt,) = store.ledger.attempts(run)
    assert attempt.operation == operation
    assert attempt.after == {"last_name": "Ünïcode £"}
    assert (attempt.state, attempt.destination_id, attempt.adopted) == (EntryState.CONFIRMED, 5, True)
    assert (attempt.run, attempt.digest) == (run, DIGEST)


def test_open_attempts_are_those_without_an_outcome_oldest_first(store: Store, run: str) -> None:
    operations = [an_operation(run, Key("patients", str(n))) for n in range(6)]
    ids = [operation.id for operation in operations]
    store.ledger.record(run, [Intended(operation=operation) for operation in operations])
    reject = Reject(key=ADA, reason="taken", field="email")
    store.ledger.record(run, [Refused(operation_id=ids[4], reject=reject), Absent(operation_id=ids[5])])
    store.ledger.record(run, [Confirmed(operation_id=ids[3], destination_id=1, after={})])
    store.ledger.record(
        run, [Accepted(operation_id=ids[2], job="j1"), Unknown(operation_id=ids[1], why="lost")]
    )
    found = store.ledger.open_attempts()
    assert [attempt.operation.id for attempt in found] == [ids[0], ids[2], ids[1]]
    assert [attempt.job for attempt in found] == ["", "j1", ""]


def test_one_write_of_each_kind_is_found_among_bulk_jobs_and_the_named_streams(
    store: Store, run: str
) -> None:
    def confirmed(number: int, stream: str, verb: Verb = Verb.CREATE, job: str = "") -> str:
        operation = an_operation(run, Key("patients", str(number)), verb, stream=stream, match=("mark", "x"))
        store.ledger.record(run, [Intended(operation=operation)])
        if job:
            store.ledger.record(run, [Accepted(operation_id=operation.id, job=job)])
        store.ledger.record(run, [Confirmed(operation_id=operation.id, destination_id=number, after={})])
        return operation.id

    first = confirmed(1, "contacts", job="j1")
    for number in range(2, 6):
        confirmed(number, "contacts", job="j1")
    confirmed(6, "notes")
    task, change = confirmed(7, "tasks"), confirmed(8, "tasks", Verb.UPDATE)
    found = store.ledger.one_of_each(run, {"tasks"})
    assert {one.operation.id for one in found} == {first, task, change}
    assert all(one.operation.match == ("mark", "x") for one in found)
    assert {one.operation.id for one in store.ledger.one_of_each(run, set())} == {first}


def test_a_repeated_transaction_changes_nothing(store: Store, run: str) -> None:
    operation = an_operation(run)
    calls = [
        [Intended(operation=operation)],
        [Unknown(operation_id=operation.id, why="lost")],
        [Confirmed(operation_id=operation.id, destination_id=3, after={"a": 1}, found=True)],
    ]
    for events in calls:
        store.ledger.record(run, events)
        before = list(store.ledger.entries())
        store.ledger.record(run, events)
        assert list(store.ledger.entries()) == before
    for events in calls:
        store.ledger.record(run, events)
    assert states(store, of=operation.id) == ["intended", "unknown", "confirmed"]


def test_what_was_absent_may_be_sent_again(store: Store, run: str) -> None:
    first = an_operation(run)
    again = replace(first, fields={"last_name": "King"})
    store.ledger.record(run, [Intended(operation=first), Absent(operation_id=first.id)])
    store.ledger.record(run, [Intended(operation=again)])
    store.ledger.record(
        run, [Confirmed(operation_id=first.id, destination_id=3, after={"last_name": "King"})]
    )
    assert states(store, of=first.id) == ["intended", "absent", "intended", "confirmed"]
    (attempt,) = store.ledger.attempts(run)
    assert attempt.operation.fields == {"last_name": "King"}
    assert store.ledger.verify().ok


def test_a_slow_twin_cannot_unsay_a_confirmation_but_a_second_record_is_noted(store: Store, run: str) -> None:
    operation = an_operation(run)
    confirm(store, run, operation, 3)
    twin = Confirmed(operation_id=operation.id, destination_id=4, after={})
    for _ in range(2):
        store.ledger.record(run, [Unknown(operation_id=operation.id, why="late"), twin])
    noted = [entry for entry in store.ledger.entries() if entry.operation_id == operation.id][2:]
    assert [entry.destination_id for entry in noted] == [4]
    assert "second record" in noted[0].note
    (located,) = store.ledger.locate([ADA])[ADA]
    assert located.destination_id == 3
    assert store.ledger.verify().ok


def test_the_outcome_of_what_was_never_intended_is_a_mistake(store: Store, run: str) -> None:
    moved = StateChange(key=ADA, state=RecordState.CREATED)
    with pytest.raises(ValueError, match="never intended"):
        store.ledger.record(run, [Confirmed(operation_id="x", destination_id=1, after={})], [moved])
    assert store.ledger.counts(run) == {}


def test_no_value_of_a_record_is_in_the_chain(store: Store, run: str) -> None:
    operation = an_operation(run, before={"last_name": "Milbanke"}, verb=Verb.UPDATE, destination_id=2)
    confirm(store, run, operation, 2, after={"last_name": "Lovelace"})
    text = "".join(repr(entry) for entry in store.ledger.entries())
    assert not [name for name in ("Byron", "Milbanke", "Lovelace") if name in text]
    confirmed = list(store.ledger.entries())[-1]
    assert (confirmed.key, confirmed.destination_id) == ("patients/7", 2)
    assert all(len(h) == 64 for h in (confirmed.payload_hash, confirmed.before_hash, confirmed.after_hash))


# -- the crosswalk


def test_the_crosswalk_follows_what_is_confirmed(store: Store, run: str) -> None:
    ledger = store.ledger
    create = an_operation(run)
    ledger.record(run, [Intended(operation=create)])
    assert ledger.locate([ADA]) == {}
    ledger.record(run, [Confirmed(operation_id=create.id, destination_id=3, after={})])
    (line,) = ledger.locate([ADA, Key("patients", "8")])[ADA]
    assert (line.stream, line.destination_id, line.fingerprint, line.adopted) == ("contacts", 3, "f1", False)
    update = an_operation(run, verb=Verb.UPDATE, destination_id=3, before={}, fingerprint="f2")
    confirm(store, run, update, 3)
    assert ledger.locate([ADA])[ADA][0].fingerprint == "f2"
    confirm(store, run, an_operation(run, verb=Verb.DELETE, destination_id=3, before={}), 3)
    assert ledger.locate([ADA]) == {}


def test_parts_come_in_order_and_the_crosswalk_in_numeric_order(store: Store, run: str) -> None:
    for id_, part in (("10", 1), ("9", 2), ("9", 1)):
        key = Key("notes", id_)
        confirm(store, run, an_operation(run, key, part=part, id=f"{run}:{key}:{part}"), int(id_) * 10 + part)
    confirm(store, run, an_operation(run), 3)
    places = [(line.key.id, line.part) for line in store.ledger.located("notes")]
    assert places == [("9", 1), ("9", 2), ("10", 1)]
    assert [line.part for line in store.ledger.locate([Key("notes", "9")])[Key("notes", "9")]] == [1, 2]
    assert [line.key.stream for line in store.ledger.located()] == ["notes", "notes", "notes", "patients"]


def test_many_keys_are_located_at_once(store: Store, run: str) -> None:
    operations = [an_operation(run, Key("patients", str(n))) for n in range(1_000)]
    store.ledger.record(run, [Intended(operation=operation) for operation in operations])
    events = [Confirmed(operation_id=o.id, destination_id=n, after={}) for n, o in enumerate(operations)]
    store.ledger.record(run, events)
    found = store.ledger.locate(operation.key for operation in operations)
    assert [found[Key("patients", str(n))][0].destination_id for n in range(1_000)] == list(range(1_000))
    assert len(list(store.ledger.attempts(run))) == 1_000
    assert len(list(store.ledger.located())) == 1_000


def undo(store: Store, run: str, undone: Operation, verb: Verb, at: int) -> Operation:
    operation = an_operation(
        run, verb=verb, destination_id=at, before={}, undoes=undone.id, id=f"{run}:undo:{undone.id}"
    )
    confirm(store, run, operation, at)
    return operation


def test_what_was_adopted_stays_so_and_leaves_the_crosswalk_when_the_adoption_is_undone(store: Store) -> None:
    one = store.ledger.begin(RunKind.LOAD, DIGEST, {}).id
    adoption = an_operation(one, verb=Verb.UPDATE, destination_id=3, before={})
    confirm(store, one, adoption, 3, adopted=True)
    two = store.ledger.begin(RunKind.DELTA, DIGEST, {}).id
    update = an_operation(two, verb=Verb.UPDATE, destination_id=3, before={}, fingerprint="f2")
    confirm(store, two, update, 3)
    assert store.ledger.locate([ADA])[ADA][0].adopted
    back = store.ledger.begin(RunKind.ROLLBACK, DIGEST, {}).id
    undo(store, back, update, Verb.UPDATE, 3)
    (line,) = store.ledger.locate([ADA])[ADA]
    assert (line.fingerprint, line.adopted) == ("", True)
    undo(store, back, adoption, Verb.UPDATE, 3)
    assert store.ledger.locate([ADA]) == {}


def test_undone_operations_are_marked_and_left_out_unless_asked_for(store: Store, run: str) -> None:
    first, second = an_operation(run), an_operation(run, Key("patients", "8"))
    confirm(store, run, first, 3)
    confirm(store, run, second, 4)
    back = store.ledger.begin(RunKind.ROLLBACK, DIGEST, {}).id
    undoing = undo(store, back, second, Verb.DELETE, 4)
    assert [attempt.operation.id for attempt in store.ledger.attempts(run)] == [first.id]
    everything = store.ledger.attempts(newest_first=True, include_undone=True)
    assert [(a.operation.id, a.undone_by) for a in everything] == [
        (undoing.id, ""),
        (second.id, undoing.id),
        (first.id, ""),
    ]


def test_attempts_may_be_undone_while_they_are_walked_newest_first(store: Store, run: str) -> None:
    operations = [an_operation(run, Key("patients", str(n))) for n in range(1_200)]
    store.ledger.record(run, [Intended(operation=operation) for operation in operations])
    store.ledger.record(
        run, [Confirmed(operation_id=o.id, destination_id=n, after={}) for n, o in enumerate(operations)]
    )
    back = store.ledger.begin(RunKind.ROLLBACK, DIGEST, {}).id
    walked = []
    for n, attempt in enumerate(store.ledger.attempts(run, newest_first=True)):
        walked.append(attempt.operation.id)
        if n % 100 == 0:
            undo(store, back, attempt.operation, Verb.DELETE, attempt.destination_id or 0)
    assert walked == [operation.id for operation in reversed(operations)]


def test_the_newest_after_image_per_field(store: Store, run: str) -> None:
    create = an_operation(run)
    confirm(store, run, create, 3, after={"a": 1, "b": 1})
    two = store.ledger.begin(RunKind.DELTA, DIGEST, {}).id
    update = an_operation(two, verb=Verb.UPDATE, destination_id=3, before={"b": 1})
    confirm(store, two, update, 3, after={"b": 2})
    assert store.ledger.written(ADA, 1) == {"a": 1, "b": 2}
    assert store.ledger.written(ADA, 2) == {}
    back = store.ledger.begin(RunKind.ROLLBACK, DIGEST, {}).id
    undo(store, back, create, Verb.DELETE, 3)
    assert store.ledger.written(ADA, 1) == {}


# -- approvals and the chain


def an_approval(**changes: str) -> Approval:
    plain = Approval(digest=DIGEST, by="Maria", at=datetime(2026, 3, 1, tzinfo=UTC), purpose_of_run="load")
    return replace(plain, **changes)  # type: ignore[arg-type]  # fields of Approval by name


def test_approvals_are_kept_once_and_every_entry_says_who_approved(store: Store) -> None:
    unlock = an_approval(by="Ann", purpose_of_run="", unlock="clinical", purpose="care", basis="consent")
    for _ in range(2):
        store.ledger.approve(an_approval())
        store.ledger.approve(unlock)
    store.ledger.approve(an_approval(digest="e" * 64))
    assert store.ledger.approvals(DIGEST) == [an_approval(), unlock]
    assert len(store.ledger.approvals()) == 3
    run = store.ledger.begin(RunKind.LOAD, DIGEST, {}).id
    store.ledger.record(run, [Intended(operation=an_operation(run))])
    kinds = [(entry.verb, entry.approved_by) for entry in store.ledger.entries()]
    assert kinds == [
        ("approve", "Maria"),
        ("approve", "Ann"),
        ("approve", "Maria"),
        ("run", "Maria"),
        ("create", "Maria"),
    ]


def test_an_approval_for_another_kind_of_run_does_not_count(store: Store) -> None:
    store.ledger.approve(an_approval(purpose_of_run="sample"))
    run = store.ledger.begin(RunKind.LOAD, DIGEST, {}).id
    store.ledger.record(run, [Intended(operation=an_operation(run))])
    assert list(store.ledger.entries())[-1].approved_by == ""
