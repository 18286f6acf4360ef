"""Send decided operations and write down every outcome: intent first, answer after."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait

from wherry.engine.bin import clear_bin
from wherry.engine.hands import Hands
from wherry.model.errors import LookFirst, RecordGone, RefuseRecord, TryAgain
from wherry.model.jsons import Json
from wherry.model.ledger import STAMP, Absent, Accepted, Confirmed, Event, Intended, Refused, Unknown
from wherry.model.operation import Operation, Verb
from wherry.model.ports import JobProgress
from wherry.model.reject import Reject

BIN_HINT = (
    'A record in the recycle bin may hold it: empty the bin there; with [policy] delete = "forget" a rollback '
    "leaves none behind."
)


def send_all(
    hands: Hands, run: str, operations: Sequence[Operation], done: Callable[[Operation, Event], None]
) -> frozenset[str]:
    """Write the intents of all operations, send them, and report each outcome to `done` as it is known.

    Returns the ids of operations that were left alone, since an earlier try of theirs is still open: only
    who wrote the intent sends. `done` is called from worker threads, once per operation whose outcome is
    known or unknown. A StopRun error ends the sending; operations that were not sent stay intended and
    are settled before they are taken up again.
    """
    if not operations:
        return frozenset()
    ours = hands.ledger.record(run, [Intended(operation=operation) for operation in operations])
    bulk, single = _split(hands, [operation for operation in operations if operation.id in ours])
    for group in bulk:
        single.extend(_send_bulk(hands, run, group, done))
    _send_singles(hands, run, single, done)
    return frozenset(operation.id for operation in operations) - ours


def _split(hands: Hands, operations: Sequence[Operation]) -> tuple[list[list[Operation]], list[Operation]]:
    """Return groups that go in bulk, by stream and verb, and the operations that go one by one."""
    groups: dict[tuple[str, Verb], list[Operation]] = {}
    single: list[Operation] = []
    for operation in operations:
        if hands.destination.bulk(operation):
            groups.setdefault((operation.stream, operation.verb), []).append(operation)
        else:
            single.append(operation)
    bulk: list[list[Operation]] = []
    for group in groups.values():
        if len(group) < hands.pace.bulk_from:
            single.extend(group)
            continue
        size = hands.pace.bulk_max
        bulk.extend(group[start : start + size] for start in range(0, len(group), size))
    return bulk, single


def _send_singles(
    hands: Hands, run: str, operations: Sequence[Operation], done: Callable[[Operation, Event], None]
) -> None:
    if not operations:
        return
    with ThreadPoolExecutor(max_workers=hands.pace.workers) as pool:
        futures = [pool.submit(_send_one, hands, run, operation, done) for operation in operations]
        finished, pending = wait(futures, return_when=FIRST_EXCEPTION)
        failed = next((f.exception() for f in finished if f.exception()), None)
        if failed is not None:
            for future in pending:
                future.cancel()
            raise failed


def _send_one(hands: Hands, run: str, operation: Operation, done: Callable[[Operation, Event], None]) -> None:
    event = _write(hands, operation)
    taken = isinstance(event, Refused) and event.reject.reason == "taken"
    if taken and operation.verb is Verb.CREATE and clear_bin(hands, run, operation):
        event = _write(hands, operation)
    done(operation, event)


def _write(hands: Hands, operation: Operation) -> Event:
    try:
        written = hands.destination.write(operation)
    except LookFirst as error:
        return Unknown(operation_id=operation.id, why=error.code)
    except TryAgain as error:
        # The kit has retried within its budget and nothing was done: it may be sent again in a later pass.
        return Absent(operation_id=operation.id, why=error.code)
    except RefuseRecord as error:
        return _no(hands, operation, error)
    return confirmed(operation, written.destination_id, written.after)


def confirmed(
    operation: Operation, destination_id: int, seen: Mapping[str, Json], *, found: bool = False
) -> Confirmed:
    """Return the confirmation of a write, with what the ledger keeps of the record as it is then.

    After a create that is all of it. Of an updated record only what was written, and the server's stamp: the
    rest may be a person's.
    """
    wanted = seen.keys() if operation.verb is Verb.CREATE else {*operation.fields, STAMP}
    kept = {name: value for name, value in seen.items() if name in wanted}
    return Confirmed(
        operation_id=operation.id,
        destination_id=destination_id,
        after=kept,
        adopted=operation.adopts,
        found=found,
    )


def _no(hands: Hands, operation: Operation, error: RefuseRecord) -> Event:
    """The destination said no: which may mean that it has been done already."""
    gone = isinstance(error, RecordGone)
    if gone and operation.verb is Verb.DELETE and operation.destination_id is not None:
        return Confirmed(operation_id=operation.id, destination_id=operation.destination_id, after={})
    if error.reason == "taken":
        return _taken(hands, operation, error)
    return _refused(operation, error)


def _taken(hands: Hands, operation: Operation, error: RefuseRecord) -> Event:
    """A unique key is in use: by this very record, if an earlier attempt arrived after all."""
    if operation.verb is Verb.CREATE and operation.match is not None:
        found = hands.destination.find([operation]).get(operation.id)
        if found is not None:
            return confirmed(operation, found.id, found.fields, found=True)
    return _refused(operation, error, f"{error.hint} {BIN_HINT}".strip())


def _refused(operation: Operation, error: RefuseRecord, hint: str = "") -> Refused:
    reject = Reject(
        key=operation.key,
        reason=error.reason,
        field=error.field,
        detail=error.message,
        hint=hint or error.hint,
    )
    return Refused(operation_id=operation.id, reject=reject)


def _send_bulk(
    hands: Hands, run: str, group: Sequence[Operation], done: Callable[[Operation, Event], None]
) -> list[Operation]:
    """Send one bulk call and see it through; return the operations that must be sent one by one.

    A job's answer holds no ids, so what it did is read back. Rows that did not arrive go one by one,
    where the API says why; its unique keys keep a late row from becoming a second record. A row that is
    missing though nothing was said against it may still be on its way into the search: it is looked for
    again once that lag is over.
    """
    try:
        job = hands.destination.submit(group)
    except LookFirst as error:
        for operation in group:
            done(operation, Unknown(operation_id=operation.id, why=error.code))
        return []
    except (RefuseRecord, TryAgain):
        return list(group)
    hands.ledger.record(run, [Accepted(operation_id=operation.id, job=job) for operation in group])
    progress = await_job(hands, job)
    if progress is None:
        for operation in group:
            done(operation, Unknown(operation_id=operation.id, why="job_unfinished"))
        return []
    found = _arrived(hands, group, progress)
    for operation in group:
        if operation.id in found:
            done(operation, found[operation.id])
    return [operation for operation in group if operation.id not in found]


def _arrived(hands: Hands, group: Sequence[Operation], progress: JobProgress) -> Mapping[str, Event]:
    """Return the confirmations of a job that is done, once what it is silent about could be seen."""
    # A row that the job says has failed is not looked for: looking for what is not there is what costs calls.
    expected = [one for row, one in enumerate(group) if row not in progress.failures]
    found = dict(read_back(hands, expected)) if expected else {}
    unsaid = [one for one in expected if one.id not in found]
    if unsaid:
        hands.clock.sleep(hands.pace.settle_after)
        found |= read_back(hands, unsaid)
    return found


def await_job(hands: Hands, job: str) -> JobProgress | None:
    """Wait until a bulk job is done and return what it says; None when it takes longer than the pace allows."""
    waited, pause = 0.0, hands.pace.poll
    while True:
        try:
            progress = hands.destination.progress(job)
            if progress.done:
                return progress
        except TryAgain:
            pass  # the status page is not the job
        if waited >= hands.pace.job_wait or hands.stopper.asked:
            return None
        hands.clock.sleep(pause)
        waited += pause
        pause = min(pause * 2, hands.pace.poll_max)


def read_back(hands: Hands, group: Sequence[Operation]) -> Mapping[str, Event]:
    """Return, by operation id, the confirmations of bulk operations whose effect can be seen."""
    if group[0].verb is Verb.CREATE:
        created = hands.destination.find(group)
        return {
            one.id: confirmed(one, created[one.id].id, created[one.id].fields)
            for one in group
            if one.id in created
        }
    ids = {operation.destination_id: operation for operation in group if operation.destination_id}
    live = {
        seen.id: seen for seen in hands.destination.fetch(group[0].stream, sorted(ids)) if not seen.deleted
    }
    if group[0].verb is Verb.DELETE:
        return {
            operation.id: Confirmed(operation_id=operation.id, destination_id=id_, after={})
            for id_, operation in ids.items()
            if id_ not in live
        }
    return {
        operation.id: confirmed(operation, id_, live[id_].fields)
        for id_, operation in ids.items()
        if id_ in live and holds(operation, live[id_].fields)
    }


def holds(operation: Operation, seen: Mapping[str, object]) -> bool:
    """Return whether every readable field of an update already shows what it wrote."""
    return all(_shows(name, seen[name], value) for name, value in operation.fields.items() if name in seen)


def _shows(name: str, seen: object, value: object) -> bool:
    if name == "tags" and isinstance(seen, list) and isinstance(value, list):
        return set(value) <= set(seen)  # tags are written as a union with those that were there
    return seen == value
