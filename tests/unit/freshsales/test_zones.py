from datetime import UTC, datetime
from zoneinfo import ZoneInfo, available_timezones

import pytest

from wherry.connectors.freshsales.zones import RAILS_TO_IANA, rails_zone, zone_rows


@pytest.mark.parametrize(
    ("iana", "rails"),
    [
        ("Europe/London", "London"),
        ("Europe/Dublin", "Dublin"),
        ("America/New_York", "Eastern Time (US & Canada)"),
        ("Australia/Sydney", "Sydney"),
        ("Etc/UTC", "UTC"),
        ("London", "London"),
        ("Mars/Olympus", None),
        ("", None),
    ],
)
def test_a_zone_gets_its_rails_name(iana: str, rails: str | None) -> None:
    assert rails_zone(iana) == rails


@pytest.mark.parametrize("iana", ["Europe/Jersey", "Europe/Belfast", "America/Detroit", "UTC", "Europe/Oslo"])
def test_a_zone_that_rails_does_not_name_gets_one_with_the_same_clock(iana: str) -> None:
    rails = rails_zone(iana)
    assert rails is not None
    for month in range(1, 13):
        moment = datetime(2026, month, 15, 12, tzinfo=UTC)
        there = moment.astimezone(ZoneInfo(iana)).utcoffset()
        assert moment.astimezone(ZoneInfo(RAILS_TO_IANA[rails])).utcoffset() == there


def test_the_table_has_every_name_once_and_only_real_zones() -> None:
    assert len(RAILS_TO_IANA) >= 149
    assert set(RAILS_TO_IANA.values()) <= available_timezones()
    rows = zone_rows()
    assert len({row["name"] for row in rows}) == len(rows)
    assert all(RAILS_TO_IANA[row["id"]] == row["name"] for row in rows)
