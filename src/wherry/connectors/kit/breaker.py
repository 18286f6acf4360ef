"""Stops asking a system that has stopped answering."""

import threading
from datetime import datetime, timedelta

from wherry.model.errors import Unavailable
from wherry.model.ports import Clock


class Breaker:
    """Opens after so many calls in a row that failed with all their tries; then lets one through at times.

    Safe to use from several threads.
    """

    def __init__(self, clock: Clock, *, threshold: int = 5, rest_seconds: float = 60.0) -> None:
        self._clock, self._threshold, self._rest = clock, threshold, timedelta(seconds=rest_seconds)
        self._failures = 0
        self._opened: datetime | None = None
        self._lock = threading.Lock()

    def check(self) -> None:
        """Return when a call may be sent; raise Unavailable, without any call, while the breaker is open."""
        with self._lock:
            if self._opened is None:
                return
            now = self._clock.now()
            if now - self._opened >= self._rest:
                self._opened = now  # one caller tries; the others keep out until it came back
                return
            failures = self._failures
        raise Unavailable(
            f"the destination did not answer {failures} calls in a row; no more are sent for now",
            hint="Check that it is reachable (wherry doctor), then run the same command again: it resumes.",
        )

    def succeeded(self) -> None:
        """Note that the other side answered."""
        with self._lock:
            self._failures, self._opened = 0, None

    def failed(self) -> None:
        """Note that a call failed with all its tries."""
        with self._lock:
            self._failures += 1
            if self._failures >= self._threshold:
                self._opened = self._clock.now()
