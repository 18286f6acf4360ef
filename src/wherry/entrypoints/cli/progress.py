"""Progress on stderr: a bar on a terminal, a line now and then elsewhere."""

import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, TextIO

from wherry.app.progress import Progress, Silent
from wherry.entrypoints.cli.options import Flags

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress as RichProgress

SECONDS_BETWEEN_LINES = 10.0


class Lines:
    """A line every ten seconds, and one when a piece of work ends."""

    def __init__(self, stream: TextIO, now: Callable[[], float] = time.monotonic) -> None:
        self._stream = stream
        self._now = now
        self._label = ""
        self._total: int | None = None
        self._done = 0
        self._said = 0.0

    def start(self, label: str, total: int | None) -> None:
        """Begin to count; nothing is said before there is something to say."""
        self.finish()
        self._label, self._total, self._done = label, total, 0
        self._said = self._now()

    def advance(self, n: int = 1) -> None:
        """Count, and say so when nothing was said for a while; what belongs to no piece of work is not counted."""
        if not self._label:
            return
        self._done += n
        if self._now() - self._said >= SECONDS_BETWEEN_LINES:
            self._say(self._figures())

    def finish(self) -> None:
        """Say how much was done."""
        if self._label:
            self._say(f"{self._figures()}, done" if self._done else " done")
            self._label = ""

    def _figures(self) -> str:
        return f" {self._done}" if self._total is None else f" {self._done} of {self._total}"

    def _say(self, text: str) -> None:
        self._said = self._now()
        self._stream.write(f"{self._label}:{text}\n")
        self._stream.flush()


class Bar:
    """A bar that a person watches; it is taken away when the work ends."""

    def __init__(self, console: "Console") -> None:
        self._console = console
        self._bar: RichProgress | None = None

    def start(self, label: str, total: int | None) -> None:
        """Draw a new bar."""
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
        from rich.progress import Progress as RichProgress

        self.finish()
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        self._bar = RichProgress(*columns, console=self._console, transient=True)
        self._bar.add_task(label, total=total)
        self._bar.start()

    def advance(self, n: int = 1) -> None:
        """Move it on."""
        if self._bar:
            self._bar.advance(self._bar.task_ids[0], n)

    def finish(self) -> None:
        """Take it away."""
        if self._bar:
            self._bar.stop()
            self._bar = None


def progress_for(flags: Flags, console: "Console | None") -> Progress:
    """Return what suits the flags and the terminal; `console` is stderr's, where that is a terminal."""
    if flags.quiet:
        return Silent()
    return Bar(console) if console else Lines(sys.stderr)
