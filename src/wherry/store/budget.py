"""The API quota of one destination account: one row, shared by every thread, process and machine.

Calls are booked in small buckets before they are made. A bucket weighs until every call in it has left
the server's window for certain, so that no window as the server sees it holds more than the limit, even
where a call took up to two seconds longer on its way than another one.
"""

import logging
import threading
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson
from sqlalchemy import Executable, Select, bindparam, select, update

from wherry.model.errors import QuotaExhausted
from wherry.model.ports import Clock
from wherry.store.checkpoints import spend
from wherry.store.database import Database, Transaction
from wherry.store.tables import budgets

_JITTER_SECONDS = 2.0
_STEP_SECONDS = 1.0
_WORTH_SAYING_SECONDS = 10.0
_LOG = logging.getLogger("wherry.budget")
_LEAST_WAIT_SECONDS = 0.001  # a clock may not resolve less


@dataclass(frozen=True, slots=True)
class Window:
    """A sliding window: its length and the width of its buckets, in seconds, and how many calls fit."""

    length: float
    bucket: float
    limit: int

    def live(self, booked: dict[int, int], now: float) -> dict[int, int]:
        """Return the buckets that may still weigh at the server."""
        return {index: calls for index, calls in booked.items() if self._leaves(index) > now}

    def wait(self, booked: dict[int, int], now: float, calls: int) -> float:
        """Return for how many seconds that many calls do not fit yet; `booked` holds live buckets only."""
        excess = sum(booked.values()) + calls - self.limit
        for index in sorted(booked):
            if excess <= 0:
                break
            excess -= booked[index]
            if excess <= 0:
                return self._leaves(index) - now
        return 0.0

    def book(self, booked: dict[int, int], now: float, calls: int) -> None:
        """Book calls into the present bucket."""
        index = int(now // self.bucket)
        booked[index] = booked.get(index, 0) + calls

    def _leaves(self, index: int) -> float:
        return (index + 1) * self.bucket + self.length + _JITTER_SECONDS


@dataclass(frozen=True, slots=True, kw_only=True)
class Quota:
    """What the account may do: calls per minute and hour, the share of the hour that stays free, and patience."""

    per_minute: int
    per_hour: int
    reserve: float
    max_wait: float | None  # seconds; None waits for as long as it takes

    def windows(self) -> tuple[Window, Window]:
        """Return the minute and the hour as windows; at least one call fits each."""
        usable = max(1, int(self.per_hour * (1 - self.reserve)))
        return (
            Window(length=60, bucket=0.5, limit=max(1, self.per_minute)),
            Window(length=3600, bucket=30, limit=usable),
        )


@dataclass(slots=True)
class _Account:
    """The row, unpacked, without what no longer weighs."""

    minute: dict[int, int]
    hour: dict[int, int]
    blocked_until: float


class SharedBudget:
    """The port Budget on a row of the store."""

    def __init__(self, database: Database, clock: Clock, account: str, quota: Quota) -> None:
        self._database = database
        self._clock = clock
        self._account = account
        self._minute, self._hour = quota.windows()
        self._quota = quota
        self._counting = threading.Lock()
        # Calls an hour that were left when we last booked; others can only have taken some since.
        self._left = 0
        self._run = ""
        self._uncharged = (0, 0)  # calls and refusals before anybody said to which run they count
        self._said_until = 0.0  # one line a wait, however many threads wait
        database.write(self._open, serial=False, durable=False)

    def take(self, calls: int = 1) -> None:
        """Wait until that many calls fit the minute and the hour, and book them.

        Raises QuotaExhausted, naming the local time, instead of waiting longer than max_wait, and
        ValueError for more calls than could ever fit.
        """
        if calls > min(self._minute.limit, self._hour.limit):
            raise ValueError(f"{calls} calls never fit into this budget at once")
        begun = self._now()
        while wait := self._database.write(lambda tx: self._book(tx, calls), serial=False, durable=False):
            self._refuse_to_wait(begun, wait)
            self._say(wait)
            self._sleep(wait)
        if not self._run:
            self._note(calls, 0)

    def learn(self, *, remaining: int | None, retry_after: float | None) -> None:
        """Take over what the server's headers say: fewer remaining calls than we believe, or a pause in seconds.

        More remaining calls than we believe change nothing: what we have booked may still be on its way.
        """
        if retry_after is not None and not self._run:
            self._note(0, 1)
        if retry_after is not None or (remaining is not None and self._surprise(remaining)):
            self._database.write(
                lambda tx: self._adopt(tx, remaining, retry_after), serial=False, durable=False
            )

    def charge(self, run: str) -> None:
        """Count what was taken here so far, and each call from now on as it is booked, to the figures of a run."""
        with self._counting:
            (calls, throttled), self._uncharged, self._run = self._uncharged, (0, 0), run
        self._database.write(lambda tx: spend(tx, run, calls, throttled), serial=False)

    def _note(self, calls: int, throttled: int) -> None:
        with self._counting:
            self._uncharged = (self._uncharged[0] + calls, self._uncharged[1] + throttled)

    def _now(self) -> float:
        return self._clock.now().timestamp()

    def _sleep(self, seconds: float) -> None:
        # In steps, so that Ctrl-C is heard; nothing that happens meanwhile makes the wait shorter.
        while seconds > 0:
            self._clock.sleep(min(seconds, _STEP_SECONDS))
            seconds -= _STEP_SECONDS

    def _refuse_to_wait(self, begun: float, wait: float) -> None:
        until = self._now() + wait
        if self._quota.max_wait is not None and until - begun > self._quota.max_wait:
            local = datetime.fromtimestamp(until + 59, UTC).astimezone()  # rounded up to the minute
            raise QuotaExhausted(
                f"The API quota of this account is used up until {local:%H:%M}",
                hint="Run the same command again then: it resumes where it stopped.",
            )

    def _say(self, wait: float) -> None:
        with self._counting:
            due = wait >= _WORTH_SAYING_SECONDS and self._now() >= self._said_until
            if due:
                self._said_until = self._now() + wait
        if due:
            local = datetime.fromtimestamp(self._now() + wait + 59, UTC).astimezone()
            _LOG.warning(
                "waiting for the API quota until %s", f"{local:%H:%M}", extra={"action": "quota_wait"}
            )

    def _open(self, tx: Transaction) -> None:
        new = tx.insert(budgets).values(account=self._account, minute="{}", hour="{}", blocked_until=0.0)
        tx.execute(new.on_conflict_do_nothing())

    def _load(self, tx: Transaction, *, lock: bool) -> _Account:
        read = (lambda: _reading().with_for_update()) if lock else _reading
        row = tx.once(f"budget.read {lock}", read, {"of": self._account}).one()
        now = self._now()
        return _Account(
            self._minute.live(_unpacked(row.minute), now),
            self._hour.live(_unpacked(row.hour), now),
            row.blocked_until,
        )

    def _save(self, tx: Transaction, account: _Account) -> None:
        line = {
            "of": self._account,
            "new_minute": _packed(account.minute),
            "new_hour": _packed(account.hour),
            "new_blocked_until": account.blocked_until,
        }
        tx.once("budget.save", _saving, line)

    def _book(self, tx: Transaction, calls: int) -> float:
        """Book the calls and return 0, or return for how many seconds they do not fit."""
        account = self._load(tx, lock=True)
        now = self._now()
        wait = max(
            account.blocked_until - now,
            self._minute.wait(account.minute, now, calls),
            self._hour.wait(account.hour, now, calls),
        )
        if wait > 0:
            return max(wait, _LEAST_WAIT_SECONDS)
        self._minute.book(account.minute, now, calls)
        self._hour.book(account.hour, now, calls)
        self._save(tx, account)
        self._left = self._believed(account)
        if self._run:
            spend(tx, self._run, calls, 0)
        return 0.0

    def _surprise(self, remaining: int) -> bool:
        if remaining >= self._left:  # as a rule; it saves a look at the row after every call
            return False
        return self._database.read(
            lambda tx: self._believed(self._load(tx, lock=False)) > remaining,
        )

    def _believed(self, account: _Account) -> int:
        return self._quota.per_hour - sum(account.hour.values())

    def _adopt(self, tx: Transaction, remaining: int | None, retry_after: float | None) -> None:
        account = self._load(tx, lock=True)
        now = self._now()
        if retry_after is not None:
            account.blocked_until = max(account.blocked_until, now + retry_after)
            if self._run:
                spend(tx, self._run, 0, 1)
        if remaining is not None:
            others = self._believed(account) - remaining
            if others > 0:
                self._hour.book(account.hour, now, others)
        self._save(tx, account)


def _reading() -> Select[Any]:
    return select(budgets.c.minute, budgets.c.hour, budgets.c.blocked_until).where(
        budgets.c.account == bindparam("of")
    )


def _saving() -> Executable:
    new: dict[str, Any] = {name: bindparam(f"new_{name}") for name in ("minute", "hour", "blocked_until")}
    return update(budgets).where(budgets.c.account == bindparam("of")).values(new)


def _unpacked(text: str) -> dict[int, int]:
    booked: dict[str, Any] = orjson.loads(text)
    return {int(index): calls for index, calls in booked.items()}


def _packed(booked: dict[int, int]) -> str:
    return orjson.dumps(booked, option=orjson.OPT_NON_STR_KEYS).decode()
