from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wherry.connectors.bundle import values
from wherry.connectors.bundle.values import Unreadable


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("12", "12.00"), ("12.5", "12.50"), ("1234.50", "1234.50"), ("£1,234.50", "1234.50"),
        ("1.234,50", "1234.50"), ("1.234,50 €", "1234.50"), ("12,50", "12.50"), ("1,234", "1234.00"),
        ("1.234.567", "1234567.00"), ("(12.00)", "-12.00"), ("(£12.00)", "-12.00"), ("12.00-", "-12.00"),
        ("-12.00", "-12.00"), ("£-12.00", "-12.00"), ("-£12.00", "-12.00"), ("GBP 7.10", "7.10"),
        ("\u00a312.00\u00a0", "12.00"), ("\u221212.00", "-12.00"), ("0.00-", "0.00"),
    ],
)  # fmt: skip
def test_money_is_read_exactly(text, amount):
    assert str(values.money(text)) == amount


@pytest.mark.parametrize(
    "text",
    ["1.234", "12.345", "12.340", "1,23,456", "1.23.456", "twelve", "(-12.00)", "-12.00-", "12..0", "£", "", "1e3", "12 34",
     "Rs.4,541.14", "٣.٠٠", "1,234.5.6", "--5"],
)  # fmt: skip
def test_money_with_another_or_no_reading_is_refused(text):
    with pytest.raises(Unreadable) as error:
        values.money(text)
    assert error.value.reason == "invalid_amount"


@given(st.decimals(min_value=-(10**9), max_value=10**9, places=2))
def test_every_way_to_write_an_amount_gives_the_amount(amount):
    body = f"{abs(amount):,.2f}"
    continental = body.replace(",", "_").replace(".", ",").replace("_", ".")
    negative = amount < 0
    for spelt in (body, f"£{body}", continental, f"{continental} €"):
        for signed in (f"({spelt})", f"-{spelt}", f"{spelt}-") if negative else (spelt,):
            assert values.money(signed) == amount


@pytest.mark.parametrize("text", ["Yes", "y", "1", "TRUE", "true"])
def test_yes(text):
    assert values.boolean(text) is True


@pytest.mark.parametrize("text", ["No", "n", "0", "FALSE"])
def test_no(text):
    assert values.boolean(text) is False


@pytest.mark.parametrize(
    ("read", "text", "reason"),
    [
        (values.boolean, "maybe", "invalid_boolean"),
        (values.identifier, "123456789012", "invalid_id"),
        (values.identifier, "12.0", "invalid_id"),
        (values.identifier, "-3", "invalid_id"),
        (values.integer, "3.5", "invalid_number"),
        (values.number, "1,5", "invalid_number"),
    ],
)
def test_what_is_refused(read, text, reason):
    with pytest.raises(Unreadable) as error:
        read(text)
    assert error.value.reason == reason


def test_ids_lose_leading_zeros_and_zero_is_nobody():
    assert values.identifier("00042") == "42"
    assert values.identifier("0") is None
    assert values.number("2.50") == Decimal("2.50")


@pytest.mark.parametrize(
    ("text", "format_", "expected"),
    [
        ("2026-02-03", "yyyy-mm-dd", date(2026, 2, 3)),
        ("3/2/2026", "dd/mm/yyyy", date(2026, 2, 3)),
        ("03/02/2026", "mm/dd/yyyy", date(2026, 3, 2)),
    ],
)
def test_declared_dates(text, format_, expected):
    assert values.declared_date(text, format_) == expected


@pytest.mark.parametrize(
    ("text", "format_"),
    [("2026-02-30", "yyyy-mm-dd"), ("13/13/2026", "dd/mm/yyyy"), ("31/12/2026", "mm/dd/yyyy"),
     ("2026-01-01", "dd/mm/yyyy"), ("01/01/2026", "yyyy-mm-dd"), ("1 Jan 2026", "dd/mm/yyyy"), ("01/01/26", "dd/mm/yyyy")],
)  # fmt: skip
def test_dates_against_their_declaration(text, format_):
    with pytest.raises(Unreadable) as error:
        values.declared_date(text, format_)
    assert error.value.reason == "date_format_mismatch"


def test_undeclared_dates_are_read_only_where_one_reading_is_left():
    assert values.undeclared_date("25/12/2026") == date(2026, 12, 25)
    assert values.undeclared_date("12/25/2026") == date(2026, 12, 25)
    assert values.undeclared_date("05/05/2026") == date(2026, 5, 5)
    for text, reason in (("03/04/2026", "ambiguous_date"), ("31/31/2026", "date_format_mismatch")):
        with pytest.raises(Unreadable) as error:
            values.undeclared_date(text)
        assert error.value.reason == reason


LONDON, DUBLIN = ZoneInfo("Europe/London"), ZoneInfo("Europe/Dublin")


@pytest.mark.parametrize("zone", [LONDON, DUBLIN])
def test_the_spring_gap_does_not_exist_and_the_autumn_fold_takes_the_first(zone):
    with pytest.raises(Unreadable) as error:
        values.in_zone(datetime(2025, 3, 30, 1, 30), "", zone)
    assert error.value.reason == "nonexistent_local_time"
    moment, twice = values.in_zone(datetime(2025, 10, 26, 1, 30), "", zone)
    assert twice
    assert moment.astimezone(UTC) == datetime(2025, 10, 26, 0, 30, tzinfo=UTC)
    moment, twice = values.in_zone(datetime(2025, 10, 26, 2, 0), "", zone)
    assert not twice
    assert moment.astimezone(UTC) == datetime(2025, 10, 26, 2, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("2026-07-01T09:00", datetime(2026, 7, 1, 8, 0)),
        ("2026-07-01 09:00:30", datetime(2026, 7, 1, 8, 0, 30)),
        ("2026-07-01T09:00:00Z", datetime(2026, 7, 1, 9, 0)),
        ("2026-07-01T09:00:00+02:00", datetime(2026, 7, 1, 7, 0)),
        ("2026-07-01T09:00-0430", datetime(2026, 7, 1, 13, 30)),
        ("01/07/2026 09:00", datetime(2026, 7, 1, 8, 0)),
        ("2026-07-01", datetime(2026, 6, 30, 23, 0)),
    ],
)
def test_date_times(text, utc):
    naive, offset = values.local_parts(text, lambda day: values.proven_date(day, "dd/mm/yyyy"))
    moment, _ = values.in_zone(naive, offset, LONDON)
    assert moment.astimezone(UTC).replace(tzinfo=None) == utc
    assert moment.tzinfo is LONDON


@pytest.mark.parametrize(
    "text", ["2026-07-01T25:00", "2026-07-01T09:60", "2026-07-01Tnoon", "2026-13-01T09:00"]
)
def test_impossible_times(text):
    with pytest.raises(Unreadable):
        values.local_parts(text, values.undeclared_date)


@given(
    st.datetimes(min_value=datetime(1990, 1, 1), max_value=datetime(2040, 1, 1)),
    st.sampled_from([LONDON, DUBLIN, ZoneInfo("America/New_York")]),
)
def test_a_local_time_is_either_kept_to_the_second_or_refused(naive, zone):
    naive = naive.replace(microsecond=0)
    read, offset = values.local_parts(naive.isoformat(), values.undeclared_date)
    try:
        moment, _ = values.in_zone(read, offset, zone)
    except Unreadable:
        before = (naive - timedelta(hours=2)).replace(tzinfo=zone).utcoffset()
        right = before != (naive + timedelta(hours=2)).replace(tzinfo=zone).utcoffset()
    else:
        right = moment.replace(tzinfo=None, fold=0) == naive
    assert right


@pytest.mark.parametrize(
    "text", ["noemail@example.com", "None@x.com", "x@example.org", "no-email@a.b", "N/A"]
)
def test_placeholder_addresses(text):
    assert values.is_placeholder_email(text)


@pytest.mark.parametrize(
    "text", ["norman@example.com", "xavier@example.org", "nobody.jones@example.com", "nan@example.com"]
)
def test_real_addresses_are_no_placeholders(text):
    assert not values.is_placeholder_email(text)
    assert values.looks_like_email(text)
