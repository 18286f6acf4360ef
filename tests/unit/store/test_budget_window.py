"""One sliding window: what weighs, what fits, how long to wait."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wherry.store.budget import Quota, Window

MINUTE = Window(length=60, bucket=0.5, limit=10)


def test_a_bucket_weighs_until_its_last_call_has_left_the_servers_window() -> None:
    booked = {0: 10}  # booked in 0 ≤ t < 0.5; the server may see it at 2.5
    assert MINUTE.live(booked, 62.4) == booked
    assert MINUTE.live(booked, 62.5) == {}
    assert MINUTE.wait(booked, 62.0, 1) == 0.5


def test_waiting_ends_when_enough_old_buckets_are_gone() -> None:
    booked = {0: 4, 2: 3, 4: 3}
    assert MINUTE.wait(booked, 10.0, 4) == 52.5
    assert MINUTE.wait(booked, 10.0, 5) == 53.5
    assert MINUTE.wait({0: 4}, 10.0, 6) == 0.0


@given(
    booked=st.dictionaries(st.integers(0, 124), st.integers(1, 10), max_size=30),
    calls=st.integers(1, 10),
)
def test_after_the_wait_the_calls_fit_and_not_before(booked: dict[int, int], calls: int) -> None:
    wait = MINUTE.wait(booked, 62.4, calls)
    live = MINUTE.live(booked, 62.4 + wait + 1e-9)
    assert sum(live.values()) + calls <= MINUTE.limit
    if wait:
        before = MINUTE.live(booked, 62.4 + wait - 1e-6)
        assert sum(before.values()) + calls > MINUTE.limit


@pytest.mark.parametrize(
    ("quota", "limits"),
    [
        (Quota(per_minute=400, per_hour=5_000, reserve=0.1, max_wait=None), (400, 4_500)),
        (Quota(per_minute=400, per_hour=5_000, reserve=0.0, max_wait=None), (400, 5_000)),
        (Quota(per_minute=0, per_hour=1, reserve=0.9, max_wait=None), (1, 1)),
    ],
)
def test_the_reserve_comes_off_the_hour(quota: Quota, limits: tuple[int, int]) -> None:
    minute, hour = quota.windows()
    assert (minute.limit, hour.limit) == limits
