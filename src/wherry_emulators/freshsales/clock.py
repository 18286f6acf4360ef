"""The account's time: one clock for limits, job delays, search lag and every stamp on a record."""

import threading
import time
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo


class Clock:
    """Time that may run faster than the wall's, in the account's time zone, and can be pushed forward.

    ``scale`` is emulated seconds per real second: at 60 an hour passes in a minute. ``start`` is the instant
    shown at construction (aware, or taken as being in ``zone``); without it, the present. Safe to use from
    several threads.
    """

    def __init__(
        self, scale: float = 1.0, zone: str = "Europe/London", start: datetime | None = None
    ) -> None:
        """Start the clock; ValueError if ``scale`` is not above 0, ZoneInfoNotFoundError for a bad zone."""
        if scale <= 0:
            raise ValueError(f"clock scale must be above 0, not {scale}")
        self.scale = scale
        self.zone = ZoneInfo(zone)
        begun = start or datetime.now(UTC)
        aware = begun if begun.tzinfo else begun.replace(tzinfo=self.zone)
        self._start = aware.astimezone(UTC)
        self._origin = time.monotonic()
        self._advanced = 0.0
        self._lock = threading.Lock()

    def seconds(self) -> float:
        """Emulated seconds since construction; never goes back."""
        with self._lock:
            return (time.monotonic() - self._origin) * self.scale + self._advanced

    def now(self) -> datetime:
        """Tell the present instant, aware, in the account's zone (its offset follows summer time)."""
        return self.at(self.seconds())

    def at(self, seconds: float) -> datetime:
        """Tell the instant, in the account's zone, at which ``seconds()`` is or was this figure."""
        return (self._start + timedelta(seconds=seconds)).astimezone(self.zone)

    def advance(self, seconds: float) -> None:
        """Push the clock forward by this many emulated seconds; ValueError if negative."""
        if seconds < 0:
            raise ValueError("the clock can only be advanced")
        with self._lock:
            self._advanced += seconds

    def real(self, seconds: float) -> float:
        """How many real seconds it takes until this many emulated seconds have passed."""
        return max(0.0, seconds) / self.scale
