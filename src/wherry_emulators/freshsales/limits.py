"""How many calls the account may make: sliding windows of an hour and of a minute, and what 429 says."""

import math
from bisect import bisect_right
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from wherry_emulators.freshsales.clock import Clock
from wherry_emulators.freshsales.switches import Plan, Switches

HOUR = 3600.0
MINUTE = 60.0

BEHAVIOURS: tuple[tuple[str, str, str], ...] = (
    (
        "Calls per hour by plan: Free 1000, Growth 1000, Pro 2000, Enterprise 5000; per account, all keys together",
        "[D]",
        "Support article 50000005599; switch rate.limit_hour",
    ),
    ("400 calls per minute on every plan", "[D]", "Support article 50000010026; switch rate.limit_min"),
    (
        "The windows slide: a call leaves the hour window 3600 s after it was accepted",
        "[I]",
        "No source says whether windows slide or are fixed",
    ),
    (
        "Every accepted call counts, whatever it answers; a call refused with 401 or 429 does not count",
        "[I]",
        "No source says what counts",
    ),
    (
        "X-RateLimit-Limit and -Remaining describe the hour; -Reset is when the next call is freed",
        "[C]",
        "Client code reads these headers; format by switch rate.reset_format",
    ),
    ("A 429 carries no Retry-After", "[?]", "Client comments disagree; switch rate.retry_after"),
    (
        "Reset and Retry-After are in the caller's real time even when the emulated clock runs faster",
        "own",
        "A caller waits in real time",
    ),
)


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a call may pass, the emulated second of that judgement, and the response's headers."""

    allowed: bool
    at: float
    headers: tuple[tuple[bytes, bytes], ...]


class Limits:
    """The account's two sliding windows on the emulated clock.

    Not thread-safe: the server asks only from its event loop.
    """

    def __init__(self, plan: Plan, clock: Clock) -> None:
        self._plan = plan
        self._clock = clock
        self._hour: deque[float] = deque()
        self._minute: deque[float] = deque()

    def check(self, switches: Switches) -> Verdict:
        """Judge whether one more call may pass now; it is not counted until :meth:`count`."""
        now = self._clock.seconds()
        self._forget(now)
        limit = self._limit(switches)
        waits = [0.0]
        if len(self._hour) >= limit:
            waits.append(self._hour[len(self._hour) - limit] + HOUR - now)
        if len(self._minute) >= switches.rate_limit_min:
            waits.append(self._minute[len(self._minute) - switches.rate_limit_min] + MINUTE - now)
        wait = max(waits)
        if wait > 0:
            return Verdict(allowed=False, at=now, headers=self.refusal(switches, wait))
        freed = (self._hour[0] if self._hour else now) + HOUR - now
        return Verdict(
            allowed=True, at=now, headers=self._headers(switches, limit - len(self._hour) - 1, freed)
        )

    def refusal(self, switches: Switches, wait: float) -> tuple[tuple[bytes, bytes], ...]:
        """Compose the headers of a 429 whose caller must wait ``wait`` emulated seconds."""
        headers = self._headers(switches, 0, wait)
        if switches.rate_retry_after == "absent":
            return headers
        return (*headers, (b"retry-after", str(max(1, math.ceil(self._clock.real(wait)))).encode()))

    def count(self, verdict: Verdict) -> None:
        """Count a call that was allowed to pass, at the second of its verdict."""
        self._hour.append(verdict.at)
        self._minute.append(verdict.at)

    def _forget(self, now: float) -> None:
        while self._hour and self._hour[0] <= now - HOUR:
            self._hour.popleft()
        while self._minute and self._minute[0] <= now - MINUTE:
            self._minute.popleft()

    def _limit(self, switches: Switches) -> int:
        return switches.rate_limit_hour or self._plan.calls_per_hour

    def _headers(self, switches: Switches, remaining: int, wait: float) -> tuple[tuple[bytes, bytes], ...]:
        return (
            (b"x-ratelimit-limit", str(self._limit(switches)).encode()),
            (b"x-ratelimit-remaining", str(max(0, remaining)).encode()),
            (b"x-ratelimit-reset", self._reset(switches, wait).encode()),
        )

    def _reset(self, switches: Switches, wait: float) -> str:
        moment = datetime.now(UTC) + timedelta(seconds=self._clock.real(wait))
        match switches.rate_reset_format:
            case "epoch":
                return str(math.ceil(moment.timestamp()))
            case "dmyHis":
                return moment.astimezone(self._clock.zone).strftime("%d%m%y%H%M%S")
            case "ISO":
                return moment.astimezone(self._clock.zone).isoformat(timespec="seconds")


def busiest(times: Sequence[float], window: float) -> int:
    """Count the most calls that any window of this many seconds holds; ``times`` ascends."""
    most = 0
    for first, begun in enumerate(times):
        if first + most >= len(times):
            break
        most = max(most, _until(times, begun + window) - first)
    return most


def _until(times: Sequence[float], end: float) -> int:
    """How many of the times lie before ``end``; a call exactly one window later is outside."""
    return bisect_right(times, math.nextafter(end, -math.inf))
