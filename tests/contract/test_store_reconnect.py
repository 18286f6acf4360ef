"""A PostgreSQL server that dies under a load: the ledger waits, goes on, and counts everything once."""

import signal
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest
from sqlalchemy import make_url

from wherry.model.errors import RunInProgress, Unavailable
from wherry.model.ledger import Confirmed, Intended
from wherry.model.operation import Operation, Verb
from wherry.model.record import Key
from wherry.model.run import RecordState, RunKind, RunState, StateChange
from wherry.store import open_store
from wherry.store.database import Transaction
from wherry.store.ledger import StoreLedger
from wherry.store.migrations import migrate
from wherry.store.postgres import PostgresDatabase
from wherry.store.seal import Unsealed

own_server = sys.modules["wherry_test_postgres"].own_server


class Clock:
    def now(self) -> datetime:
        return datetime.now(UTC)

    def sleep(self, seconds: float) -> None:
        threading.Event().wait(seconds)


@pytest.fixture(scope="module")
def server() -> Iterator[Any]:
    with own_server() as server:
        yield server


def an_operation(run: str, n: int) -> Operation:
    return Operation(
        id=f"{run}:patients/{n}:1:create",
        verb=Verb.CREATE,
        stream="contacts",
        key=Key("patients", str(n)),
        part=1,
        fields={"last_name": "Byron"},
    )


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT], ids=["killed", "stopped"])
def test_a_load_outlives_its_server(server: Any, how: signal.Signals) -> None:
    store = open_store(server.create(f"load_{how.name.lower()}"), clock=Clock())
    ledger = store.ledger
    run = ledger.begin(RunKind.LOAD, "d" * 64, {}).id
    many = 400
    ledger.enlist(
        run, (StateChange(key=Key("patients", str(n)), state=RecordState.PENDING) for n in range(many))
    )
    budget = store.budget("acme", 100_000, 1_000_000, 0.0, max_wait=None)
    failures: list[Exception] = []
    reached = threading.Event()

    def work(worker: int) -> None:
        try:
            for n in range(worker, many, 4):
                operation = an_operation(run, n)
                budget.take()
                ledger.record(run, [Intended(operation=operation)])
                ledger.record(
                    run,
                    [Confirmed(operation_id=operation.id, destination_id=n, after={"n": n})],
                    [StateChange(key=operation.key, state=RecordState.CREATED)],
                )
                if n > many // 8:
                    reached.set()
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    assert reached.wait(60)
    for _ in range(2):
        server.stop(how)
        threading.Event().wait(0.3)
        server.start()
    for thread in threads:
        thread.join(120)
    assert failures == []
    counts = ledger.counts(run)["patients"]
    assert (counts.states[RecordState.CREATED], counts.unexplained) == (many, 0)
    assert ledger.finish(run, RunState.FINISHED).state is RunState.FINISHED
    assert ledger.verify() == (2 * many + 2, True, None)
    store.close()


def test_who_asks_for_the_lock_waits_for_the_server(server: Any) -> None:
    url = server.create("lock_asked")
    store, other = open_store(url, clock=Clock()), open_store(url, clock=Clock())
    with store.lock.held():  # so that there is a connection that breaks
        pass
    server.stop(signal.SIGKILL)
    back = threading.Timer(1.0, server.start)
    back.start()
    try:
        with store.lock.held(), pytest.raises(RunInProgress), other.lock.held():
            pass
    finally:
        back.join()
    with other.lock.held():
        pass
    store.close()
    other.close()


def test_a_commit_whose_answer_was_lost_counts_once(server: Any) -> None:
    url = server.create("answer_lost")
    database = PostgresDatabase(make_url(url))
    migrate(database, Clock())
    ledger = StoreLedger(database, Clock(), Unsealed())
    run = ledger.begin(RunKind.LOAD, "d" * 64, {}).id
    lost: list[int] = []

    class Losing:
        """A commit that is done, and whose connection then breaks before the answer."""

        def __init__(self, real: Any) -> None:
            self.real = real

        def __call__(self, connection: Any) -> None:
            self.real(connection)
            if not lost:
                lost.append(1)
                raise psycopg.OperationalError("server closed the connection unexpectedly")

    database.engine.dialect.do_commit = Losing(database.engine.dialect.do_commit)  # type: ignore[method-assign]
    assert ledger.finish(run, RunState.PAUSED).state is RunState.PAUSED
    assert lost == [1]
    assert len(list(ledger.entries())) == 2
    database.close()


def test_a_transaction_that_was_lost_before_its_commit_is_done_again(server: Any) -> None:
    database = PostgresDatabase(make_url(server.create("work_lost")))
    migrate(database, Clock())
    ledger = StoreLedger(database, Clock(), Unsealed())
    done: list[int] = []

    def work(tx: Transaction) -> int:
        pid: int = tx.connection.exec_driver_sql("SELECT pg_backend_pid()").scalar_one()
        done.append(pid)
        if len(done) == 1:
            with psycopg.connect(server.at("postgres"), autocommit=True) as other:
                other.execute("SELECT pg_terminate_backend(%s)", (pid,))
        tx.connection.exec_driver_sql("SELECT 1")
        return len(done)

    assert database.write(work) == 2
    assert len(set(done)) == 2
    assert ledger.runs() == []
    database.close()


def test_patience_has_an_end_with_plain_words(server: Any) -> None:
    database = PostgresDatabase(make_url(server.create("patience")), patience=0.4)
    migrate(database, Clock())
    server.stop()
    try:
        with pytest.raises(Unavailable, match="has not answered") as refused:
            StoreLedger(database, Clock(), Unsealed()).runs()
        assert "resumes" in refused.value.hint
    finally:
        server.start()
        database.close()
