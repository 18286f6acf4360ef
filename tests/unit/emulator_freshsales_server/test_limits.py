from array import array
from dataclasses import replace
from datetime import datetime

import pytest

from wherry_emulators.freshsales.clock import Clock
from wherry_emulators.freshsales.limits import Limits, busiest
from wherry_emulators.freshsales.switches import Plan, Switches


class StillClock(Clock):
    """A clock that moves only when it is told to."""

    at_second = 0.0

    def seconds(self):
        return self.at_second

    def advance(self, seconds):
        self.at_second += seconds


SWITCHES = replace(Switches(), rate_limit_min=3, rate_limit_hour=5)


def header(verdict, name):
    return dict(verdict.headers)[name.encode()].decode()


def take(limits, switches=SWITCHES):
    verdict = limits.check(switches)
    if verdict.allowed:
        limits.count(verdict)
    return verdict


def test_the_minute_window_slides():
    clock = StillClock()
    limits = Limits(Plan.PRO, clock)
    for second in (0, 30, 59):
        clock.at_second = second
        assert take(limits).allowed
    assert not take(limits).allowed
    clock.at_second = 60
    assert take(limits).allowed, "the call at second 0 has left the window"
    assert not take(limits).allowed, "the call at second 30 has not"


def test_the_hour_window_slides_and_refused_calls_do_not_count():
    clock = StillClock()
    limits = Limits(Plan.PRO, clock)
    for minute in range(5):
        clock.at_second = minute * 120
        assert take(limits).allowed
    clock.at_second = 3599
    for _ in range(50):
        assert not take(limits).allowed
    clock.at_second = 3600
    assert take(limits).allowed


def test_remaining_counts_down_the_hour():
    limits = Limits(Plan.PRO, StillClock())
    switches = replace(SWITCHES, rate_limit_min=99)
    seen = [header(take(limits, switches), "x-ratelimit-remaining") for _ in range(6)]
    assert seen == ["4", "3", "2", "1", "0", "0"]
    assert header(take(limits, switches), "x-ratelimit-limit") == "5"


def test_the_plan_gives_the_hourly_limit_unless_a_switch_does():
    limits = Limits(Plan.GROWTH, StillClock())
    assert header(limits.check(Switches()), "x-ratelimit-limit") == "1000"


@pytest.mark.parametrize(("scale", "wait"), [(1.0, "60"), (60.0, "1")])
def test_retry_after_is_the_callers_own_time(scale, wait):
    limits = Limits(Plan.PRO, StillClock(scale=scale))
    switches = replace(SWITCHES, rate_limit_min=1, rate_retry_after="seconds")
    take(limits, switches)
    assert header(take(limits, switches), "retry-after") == wait


def test_retry_after_is_absent_by_default():
    limits = Limits(Plan.PRO, StillClock())
    switches = replace(SWITCHES, rate_limit_min=1)
    take(limits, switches)
    refused = take(limits, switches)
    assert not refused.allowed
    assert b"retry-after" not in dict(refused.headers)


@pytest.mark.parametrize(
    ("form", "read"),
    [
        ("epoch", lambda text: datetime.fromtimestamp(int(text))),
        ("dmyHis", lambda text: datetime.strptime(text, "%d%m%y%H%M%S")),
        ("ISO", datetime.fromisoformat),
    ],
)
def test_reset_is_written_as_the_switch_says(form, read):
    limits = Limits(Plan.PRO, StillClock(zone="UTC"))
    switches = replace(SWITCHES, rate_reset_format=form)
    moment = read(header(take(limits, switches), "x-ratelimit-reset"))
    assert abs(moment.timestamp() - datetime.now(moment.tzinfo).timestamp() - 3600) < 5


def test_busiest_window():
    assert busiest(array("d"), 60) == 0
    assert busiest(array("d", [0, 10, 59.9, 60, 61, 200]), 60) == 4
    assert busiest(array("d", [0, 60, 120]), 60) == 1
