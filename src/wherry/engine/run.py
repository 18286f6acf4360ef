"""Walk the stages of a run: batch by batch, parents before children, until nothing is pending."""

from collections.abc import Callable, Iterator, Sequence
from itertools import islice

from wherry.engine.hands import Hands
from wherry.engine.load import load_batch
from wherry.model.errors import Interrupted, Unavailable
from wherry.model.ports import Engine, Job
from wherry.model.record import Key
from wherry.model.run import RecordState

MAX_FRUITLESS_PASSES = 3  # passes over a stream in which no record reached a state
WINDOW = 1_000  # batches that wait in the engine at once
ROOM = WINDOW // 10  # of them that must be free before more are added
LOOK = 0.1  # seconds between two looks at what the engine has left
LOOK_FULL = 1.0  # the same while it has much left


def walk(
    hands: Hands, engine: Engine, run: str, streams: Sequence[str], *, watch: Callable[[], None]
) -> None:
    """Load all pending records of these source streams, in this order; resumes where it stopped.

    Batches of other runs are taken out of the engine; those that an earlier coordinator of this run left
    there are waited for, since workers may have them. `watch` is called while there is nothing to do but
    to wait. Raises Interrupted at a batch border when somebody asked to stop, Unavailable when outcomes
    stay open, and whatever a batch of this process raised. What was done is in the ledger either way.
    """
    engine.cancel([id_ for id_ in engine.unfinished() if not id_.startswith(f"{run}:")])
    _drain(hands, engine, watch)
    for stream in streams:
        _walk_stream(hands, engine, run, stream, watch)


def _walk_stream(hands: Hands, engine: Engine, run: str, stream: str, watch: Callable[[], None]) -> None:
    fruitless, before = 0, _pending(hands, run, stream)
    while before and fruitless < MAX_FRUITLESS_PASSES:
        _one_pass(hands, engine, run, stream, watch)
        after = _pending(hands, run, stream)
        fruitless = 0 if after < before else fruitless + 1
        before = after
    if before:
        raise Unavailable(
            f"{stream}: some records have an outcome that cannot be found out yet",
            hint="nothing was lost or doubled; run the same command again later",
        )


def _pending(hands: Hands, run: str, stream: str) -> int:
    counts = hands.ledger.counts(run).get(stream)
    return counts.states.get(RecordState.PENDING, 0) if counts else 0


def _one_pass(hands: Hands, engine: Engine, run: str, stream: str, watch: Callable[[], None]) -> None:
    """Hand every pending record of a stream to the engine once, and wait until all batches are done."""
    jobs = _batches(hands, run, stream)
    room = WINDOW
    while window := list(islice(jobs, room)):
        engine.enqueue(window)
        while (room := WINDOW - len(engine.unfinished())) < ROOM:
            _wait(hands, engine, watch, LOOK_FULL)
    _drain(hands, engine, watch)


def _batches(hands: Hands, run: str, stream: str) -> Iterator[Job]:
    after = ""
    while ids := hands.ledger.pending(run, stream, hands.pace.batch_size, after):
        yield Job(run, stream, tuple(ids))
        after = ids[-1]


def _drain(hands: Hands, engine: Engine, watch: Callable[[], None]) -> None:
    while left := len(engine.unfinished()):
        _wait(hands, engine, watch, LOOK if left < ROOM else LOOK_FULL)
    engine.forget()


def _wait(hands: Hands, engine: Engine, watch: Callable[[], None], seconds: float) -> None:
    engine.raise_failure()
    if hands.stopper.asked:
        raise Interrupted("stopped at a batch border", hint="run the same command again to go on")
    watch()
    hands.clock.sleep(seconds)


def carry_out_job(hands: Hands, run: str, job: Job) -> None:
    """Load what is still pending of a batch; a batch of another run is left alone."""
    if job.run != run:
        return
    states = hands.ledger.states(run, [Key(job.stream, id_) for id_ in job.ids])
    ids = [id_ for id_ in job.ids if states.get(Key(job.stream, id_)) is RecordState.PENDING]
    if ids:
        load_batch(hands, run, job.stream, ids)
