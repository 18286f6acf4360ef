"""No more calls in any window than agreed, over kills and across processes of one workspace."""

import fcntl
import os
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO

import orjson

from wherry.connectors.kit.redact import log_event
from wherry.model.errors import QuotaExhausted
from wherry.model.ports import Clock, SecondsLeft

_SLICE = 1.0  # seconds of one nap, so that somebody who wants to stop is heard
_LONGEST = 24 * 3600.0


class Throttle:
    """The port Budget over a sliding window that is kept in a file; safe to use from several threads.

    The API counts the calls of a process that was killed, too: so does this.
    """

    def __init__(
        self,
        path: Path,
        clock: Clock,
        *,
        calls: int,
        seconds: float,
        open_from: Callable[[datetime], datetime],
    ) -> None:
        """`open_from` returns the first moment, from one on, at which calls may be sent (maintenance hours)."""
        self._path, self._clock = path, clock
        self._calls, self._seconds, self._open_from = calls, seconds, open_from
        self._lock = threading.Lock()

    def take(self, calls: int = 1) -> SecondsLeft | None:
        """Wait until that many calls fit the window, and book them."""
        began = self._clock.now()
        told = False
        while (wait := self._book(calls)) > 0:
            if (self._clock.now() - began).total_seconds() > _LONGEST:
                raise QuotaExhausted(
                    "AeronaClinic's limit of calls has been full for a day",
                    hint="See what else uses this API user, then run the same command again: it resumes.",
                )
            if not told and wait > _SLICE:
                log_event("source.waiting", "waiting for AeronaClinic's limit of calls", seconds=round(wait))
                told = True
            self._clock.sleep(min(wait, _SLICE))
        return None

    def learn(self, *, remaining: int | None, retry_after: float | None) -> None:
        """Keep away for as long as the server asks for; how many calls remain is counted here."""
        del remaining
        if retry_after:
            self.rest(retry_after)

    def charge(self, run: str) -> None:
        """Nothing is charged: this quota is the source's, not the destination's."""

    def rest(self, seconds: float) -> None:
        """Send nothing for so long, whoever asks."""
        until = (self._clock.now() + timedelta(seconds=seconds)).timestamp()
        with self._lock, self._opened() as file:
            times, before = _read(file) or ([], 0.0)
            _write(file, times, max(before, until))

    def _book(self, calls: int) -> float:
        """Book the calls and return 0, or return the seconds after which to ask again."""
        moment = self._clock.now()
        shut = (self._open_from(moment) - moment).total_seconds()
        if shut > 0:
            return shut
        now = moment.astimezone(UTC).timestamp()
        with self._lock, self._opened() as file:
            kept = _read(file)
            if (
                kept is None
            ):  # written half: how many calls were sent is not known, so the window counts as full
                kept = [now] * self._calls, 0.0
                _write(file, *kept)
            times, resting = kept
            if resting > now:
                return resting - now
            # A moment from the future was written under another clock; it counts as just now.
            times = [min(one, now) for one in times if one > now - self._seconds]
            if len(times) + calls <= self._calls:
                _write(file, [*times, *([now] * calls)], 0.0)
                return 0.0
        return times[len(times) + calls - self._calls - 1] + self._seconds - now

    def _opened(self) -> IO[bytes]:
        file = os.fdopen(os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600), "r+b")
        fcntl.flock(file, fcntl.LOCK_EX)  # until it is closed
        return file


def _read(file: IO[bytes]) -> tuple[list[float], float] | None:
    """Return when calls were sent, and until when none may be; None when that cannot be read."""
    file.seek(0)
    text = file.read()
    if not text:
        return [], 0.0
    try:
        body = orjson.loads(text)
        return [float(one) for one in body["calls"]], float(body["resting_until"])
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError):
        return None


def _write(file: IO[bytes], times: list[float], resting: float) -> None:
    file.seek(0)
    file.write(orjson.dumps({"calls": times, "resting_until": resting}))
    file.truncate()
    file.flush()
