import time
from datetime import UTC, datetime, timedelta

import pytest

from wherry_emulators.freshsales.clock import Clock


def test_now_is_aware_and_follows_summer_time():
    winter = Clock(zone="Europe/London", start=datetime(2026, 1, 10, 12, tzinfo=UTC)).now()
    summer = Clock(zone="Europe/London", start=datetime(2026, 7, 10, 12, tzinfo=UTC)).now()
    assert winter.utcoffset() == timedelta(0)
    assert summer.utcoffset() == timedelta(hours=1)
    assert summer.hour == 13


def test_a_naive_start_is_in_the_account_zone():
    assert (
        Clock(zone="Europe/Berlin", start=datetime(2026, 7, 10, 12)).now().isoformat()[:16]
        == "2026-07-10T12:00"
    )


def test_scale_makes_time_run_faster():
    clock = Clock(scale=1000)
    time.sleep(0.02)
    assert 20 <= clock.seconds() < 2000


def test_advance_moves_now_and_seconds_alike():
    clock = Clock(start=datetime(2026, 3, 28, 23, 30, tzinfo=UTC))
    clock.advance(3600 * 2)
    assert clock.seconds() >= 7200
    assert clock.now().isoformat().startswith("2026-03-29T02:30:00")


def test_real_is_the_wait_a_caller_sees():
    assert Clock(scale=60).real(3600) == 60
    assert Clock(scale=60).real(-5) == 0


@pytest.mark.parametrize("scale", [0, -1])
def test_a_clock_that_stands_still_is_refused(scale):
    with pytest.raises(ValueError, match="above 0"):
        Clock(scale=scale)


def test_the_clock_never_goes_back():
    with pytest.raises(ValueError, match="advanced"):
        Clock().advance(-1)
