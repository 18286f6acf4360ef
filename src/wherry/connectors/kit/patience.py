"""How often a call is tried again, and how long to wait in between."""

import random
from collections.abc import Callable
from dataclasses import dataclass

from wherry.connectors.kit.exchange import Effect
from wherry.connectors.kit.redact import log_event
from wherry.model.errors import LookFirst, RateLimited, TryAgain
from wherry.model.ports import Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """Figures of patience, in tries and seconds."""

    tries: int = 6  # of one call that fails for any reason but the quota
    throttled_tries: int = 16  # of one call that the server answers with 429
    first_wait: float = 0.5
    longest_wait: float = 20.0
    first_throttled_wait: float = 2.0  # where a 429 does not say how long
    longest_throttled_wait: float = 600.0


class Patience:
    """Decides after each failure of one call whether it is sent again, having waited; for stamina.

    Calling it with the error sleeps on our clock and returns 0.0 (go on at once) or False (give up).
    """

    def __init__(
        self, effect: Effect, pace: Pace, clock: Clock, chance: Callable[[], float] = random.random
    ) -> None:
        """`chance` returns jitter as a share from 0 to 1."""
        self.effect = effect
        """What sending the call twice would do."""
        self._pace, self._clock, self._chance = pace, clock, chance
        self._failed = 0
        self._throttled = 0
        self.doubt = False
        """Whether one of the tries may have taken effect."""
        self.asked_wait: float | None = None
        """Seconds that the server asked for with its last refusal, where it is not about the quota."""

    @property
    def limit(self) -> int:
        """Return the largest number of tries there can be."""
        return self._pace.tries + self._pace.throttled_tries

    def __call__(self, error: Exception) -> float | bool:
        """Return 0.0 when the call is to be sent again now, False when it is to be given up."""
        if isinstance(error, RateLimited):
            return self._after_throttling()
        if isinstance(error, LookFirst):
            self.doubt = True
        again = isinstance(error, TryAgain) or (
            isinstance(error, LookFirst) and self.effect is Effect.REPEATABLE
        )
        return self._after_failure() if again else False

    def _after_throttling(self) -> float | bool:
        self._throttled += 1
        if self._throttled >= self._pace.throttled_tries:
            return False
        # The budget does the waiting, for all workers together; jitter keeps them from coming back as one.
        self._clock.sleep(0.2 * self._chance())
        return 0.0

    def _after_failure(self) -> float | bool:
        self._failed += 1
        if self._failed >= self._pace.tries:
            return False
        pause = min(self._pace.longest_wait, self._pace.first_wait * 2 ** (self._failed - 1))
        pause *= 0.5 + self._chance() / 2
        if self.asked_wait is not None:
            pause = max(pause, min(self.asked_wait, 3 * self._pace.longest_wait))
        log_event("http.waiting", "waiting before trying again", seconds=round(pause, 2), tries=self._failed)
        self._clock.sleep(pause)
        return 0.0
