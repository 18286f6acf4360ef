"""Walk the stages of a run: settle what is open, then batch by batch, parents before children."""

from collections.abc import Callable, Sequence

from wherry.engine.hands import Hands
from wherry.engine.load import load_batch
from wherry.engine.settle import settle
from wherry.model.errors import Interrupted, Unavailable

MAX_FRUITLESS_PASSES = 3  # passes over a stream in which no record reached a state


def walk(
    hands: Hands, run: str, streams: Sequence[str], *, on_batch: Callable[[str], None] | None = None
) -> None:
    """Load all pending records of these source streams, in this order; resumes where it stopped.

    Raises Interrupted at a batch border when somebody asked to stop, Unavailable when outcomes stay
    open, and whatever StopRun error the destination raises. What was done is in the ledger either way.
    """
    settle(hands, run)
    for stream in streams:
        _walk_stream(hands, run, stream, on_batch)


def _walk_stream(hands: Hands, run: str, stream: str, on_batch: Callable[[str], None] | None) -> None:
    fruitless = 0
    while fruitless < MAX_FRUITLESS_PASSES:
        settled, seen = _one_pass(hands, run, stream, on_batch)
        if not seen:
            return
        settle(hands, run)
        fruitless = 0 if settled else fruitless + 1
    raise Unavailable(
        f"{stream}: some records have an outcome that cannot be found out yet",
        hint="nothing was lost or doubled; run the same command again later",
    )


def _one_pass(hands: Hands, run: str, stream: str, on_batch: Callable[[str], None] | None) -> tuple[int, int]:
    """Take up every pending record once; return how many reached a state, and how many there were."""
    settled, seen, after = 0, 0, ""
    while ids := hands.ledger.pending(run, stream, hands.pace.batch_size, after):
        if hands.stopper.asked:
            raise Interrupted("stopped at a batch border", hint="run the same command again to go on")
        settled += load_batch(hands, run, stream, ids)
        seen += len(ids)
        after = ids[-1]
        if on_batch is not None:
            on_batch(stream)
    return settled, seen
