"""The working days of the export's window, as ready-made strings."""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

EXPORTED_AT = "2026-10-02T19:40:00+01:00"
WINDOW = ("2016-10-04", "2026-10-02")
TODAY = date(2026, 10, 2)
_FIRST = date(2016, 10, 4)
_LONDON = ZoneInfo("Europe/London")  # Dublin keeps the same instants, under another sign convention


def _weekdays(start: date, end: date) -> list[date]:
    days = (start + timedelta(days=n) for n in range((end - start).days + 1))
    return [day for day in days if day.weekday() < 5]


def _offset(day: date) -> str:
    return datetime.combine(day, time(12), _LONDON).isoformat()[-6:]


_PAST = _weekdays(_FIRST, TODAY)
_FUTURE = _weekdays(TODAY + timedelta(days=3), TODAY + timedelta(days=180))
PAST_DAYS = [day.isoformat() for day in _PAST]
FUTURE_DAYS = [day.isoformat() for day in _FUTURE]
OFFSETS = {day.isoformat(): _offset(day) for day in (*_PAST, *_FUTURE)}
SLOTS = [f"{hour:02}:{minute:02}" for hour in range(8, 18) for minute in (0, 15, 30, 45)]


def stamp(day: str, clock: str) -> str:
    """Return the moment with the offset in force that day, as `createdAt` may carry it."""
    return f"{day}T{clock}:00{OFFSETS.get(day, 'Z')}"


def months_later(day: str, months: int) -> str:
    """Return the same day of a later month, at most the 28th."""
    year, month = divmod(int(day[:4]) * 12 + int(day[5:7]) - 1 + months, 12)
    return f"{year}-{month + 1:02}-{min(int(day[8:]), 28):02}"
