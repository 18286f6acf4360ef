"""Who may call, and how often: tokens that live an hour and end at once beyond the limit; maintenance at night."""

import secrets
from collections import deque
from dataclasses import dataclass, field
from datetime import time

from wherry_emulators.aerona.settings import Settings
from wherry_emulators.freshsales.clock import Clock

BEHAVIOURS = (
    ("The login call answers with the token in the header AERONA-AUTH-TOKEN", "[A]", "Specification 1.0"),
    ("Every other call wants the token in the same header", "[A]", "Specification 1.0"),
    ("A token lives one hour", "[A]", "Specification 1.0"),
    ("300 requests in 15 minutes; one more and the token is invalid", "[A]", "Specification 1.0"),
    (
        "The window slides, and all tokens of the user share it",
        "[U]",
        "The stricter reading; setting limit.per",
    ),
    ("A login counts as a request", "[U]", "The stricter reading"),
    ("A dead token is a 401 with a message in JSON", "[U]", "Not published"),
    ("A user is locked after five wrong passwords: 423", "[U]", "Usual practice"),
    (
        "Maintenance from 21:00 to 00:00 UK time: 503",
        "[B]",
        "Quoted from the vendor's agreement; 503 is assumed",
    ),
)


@dataclass(slots=True)
class Figures:
    """What a test asks afterwards."""

    calls: int = 0
    logins: int = 0
    invalidated: int = 0
    fullest: int = 0  # most calls in any window
    in_maintenance: int = 0
    first_call: float | None = None  # emulated seconds
    last_call: float | None = None


@dataclass(slots=True)
class Gate:
    """The way in. `users` maps user names to passwords."""

    users: dict[str, str] = field(repr=False)
    settings: Settings
    clock: Clock
    figures: Figures = field(default_factory=Figures)
    _tokens: dict[str, float] = field(default_factory=dict, repr=False)  # → born
    _failures: dict[str, int] = field(default_factory=dict)
    _calls: dict[str, deque[float]] = field(default_factory=dict)

    def closed(self) -> bool:
        """Return whether it is maintenance time."""
        if self.settings.maintenance == "off":
            return False
        begin, _, end = self.settings.maintenance.partition("-")
        now, start, stop = self.clock.now().time(), time.fromisoformat(begin), time.fromisoformat(end)
        shut = start <= now < stop if start < stop else now >= start or now < stop
        self.figures.in_maintenance += shut
        return shut

    def log_in(self, user: str, password: str) -> tuple[int, str]:
        """Return 200 and a token, 401, 423 for a locked user, or 401 where the limit is full."""
        self.figures.logins += 1
        if not self._fits("") or user not in self.users:
            return 401, ""
        if self._failures.get(user, 0) >= self.settings.login_attempts:
            return 423, ""
        if self.users[user] != password:
            self._failures[user] = self._failures.get(user, 0) + 1
            return 401, ""
        self._failures[user] = 0
        token = secrets.token_urlsafe(24)
        self._tokens[token] = self.clock.seconds()
        return 200, token

    def admit(self, token: str) -> bool:
        """Count a call and return whether its token is good; beyond the limit it is so no more."""
        fits = self._fits(token)
        born = self._tokens.get(token)
        if born is None:
            return False
        if not fits:
            del self._tokens[token]
            self.figures.invalidated += 1
            return False
        if self.clock.seconds() - born >= self.settings.token_seconds:
            del self._tokens[token]
            return False
        return True

    def drop_tokens(self) -> None:
        """End every token, as another program of the same user would that overdraws the limit."""
        self._tokens.clear()

    def _fits(self, token: str) -> bool:
        self.figures.calls += 1
        self.figures.last_call = self.clock.seconds()
        if self.figures.first_call is None:
            self.figures.first_call = self.figures.last_call
        calls = self._calls.setdefault(token if self.settings.limit_per == "token" else "", deque())
        now = self.clock.seconds()
        while calls and calls[0] <= now - self.settings.limit_seconds:
            calls.popleft()
        calls.append(now)
        self.figures.fullest = max(self.figures.fullest, len(calls))
        return len(calls) <= self.settings.limit_calls
