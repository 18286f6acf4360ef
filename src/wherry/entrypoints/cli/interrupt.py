"""Ctrl-C during a run: the first one asks it to stop at the next batch border, the second stops at once."""

import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

SAID = "stopping at the next batch border; once more stops at once, which is safe too\n"


@contextmanager
def stopping_on_ctrl_c(ask: Callable[[], None]) -> Iterator[None]:
    """Turn the first SIGINT or SIGTERM into a call of `ask`, and put the old handlers back at the end."""
    asked = False

    def handle(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - the signature of a handler
        nonlocal asked
        if asked:
            raise KeyboardInterrupt
        asked = True
        ask()
        sys.stderr.write(SAID)

    before = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
