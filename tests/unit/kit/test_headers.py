from datetime import UTC, datetime, timedelta

import pytest

from wherry.connectors.kit.headers import LONGEST_WAIT, read_quota, server_time

NOW = datetime(2026, 3, 2, 10, tzinfo=UTC)
SOON = NOW + timedelta(seconds=90)


@pytest.mark.parametrize(
    "reset",
    [
        str(int(SOON.timestamp())),
        str(int(SOON.timestamp() * 1000)),
        "90",
        SOON.strftime("%d%m%y%H%M%S"),
        SOON.isoformat(),
        SOON.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        SOON.strftime("%a, %d %b %Y %H:%M:%S GMT"),
    ],
)
def test_a_reset_is_understood_in_every_form(reset: str) -> None:
    quota = read_quota({"x-ratelimit-reset": reset, "x-ratelimit-remaining": "7"}, NOW)
    assert quota.remaining == 7
    assert quota.retry_after == pytest.approx(90, abs=1)


@pytest.mark.parametrize(
    "value", ["30", "30.0", (NOW + timedelta(seconds=30)).strftime("%a, %d %b %Y %H:%M:%S GMT")]
)
def test_retry_after_comes_before_reset(value: str) -> None:
    quota = read_quota({"retry-after": value, "x-ratelimit-reset": "90"}, NOW)
    assert quota.retry_after == pytest.approx(30, abs=1)


@pytest.mark.parametrize(
    "text", ["", "soon", "-5", str(LONGEST_WAIT + 1), "999999999999", "2019-01-01T00:00:00Z", "0x10"]
)
def test_what_cannot_be_meant_counts_as_not_said(text: str) -> None:
    assert read_quota({"retry-after": text, "x-ratelimit-reset": text}, NOW).retry_after is None


@pytest.mark.parametrize("text", ["", "many", "-1", "1.5"])
def test_remaining_is_a_whole_number_or_nothing(text: str) -> None:
    assert read_quota({"x-ratelimit-remaining": text}, NOW).remaining is None


def test_the_servers_clock_is_read_from_date() -> None:
    assert server_time({"date": "Mon, 02 Mar 2026 10:00:00 GMT"}) == NOW
    assert server_time({}) is None
