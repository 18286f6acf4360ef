"""Instants and dates on the wire: read leniently, written in the account's zone."""

import re
from datetime import UTC, date, datetime, tzinfo
from typing import Any

from dateutil import parser

_DATE = re.compile(r"^\d{4}-\d{2}-\d{2}$")
_COMMENT = re.compile(r"\([^)]*\)")
_GMT_OFFSET = re.compile(r"\b(?:GMT|UTC)(?=[+-]\d)")
_SLASHED = re.compile(r"^\d{1,2}[/.-]\d{1,2}[/.-]\d{4}")


def parse_instant(value: Any, zone: tzinfo) -> datetime | None:
    """Read an instant: ISO 8601, a plain date (midnight), or a browser's long form; None if it is neither.

    Text without an offset is taken in ``zone``. The result is aware, in ``zone``, without microseconds.
    """
    if not isinstance(value, str) or not value.strip():
        return None
    text = _GMT_OFFSET.sub("", _COMMENT.sub("", value)).strip()
    try:
        found = parser.parse(text, dayfirst=bool(_SLASHED.match(text)), ignoretz=False, tzinfos={})
    except (ValueError, OverflowError, TypeError):
        return None
    aware = found if found.tzinfo else found.replace(tzinfo=zone)
    try:
        return aware.astimezone(zone).replace(microsecond=0)
    except (ValueError, OverflowError):
        return None


def parse_date(value: Any, zone: tzinfo) -> date | None:
    """Read a calendar date: ``YYYY-MM-DD``, or the day of an instant in ``zone``; None if it is neither."""
    if isinstance(value, str) and _DATE.match(value):
        try:
            return date.fromisoformat(value)
        except ValueError:
            return None
    moment = parse_instant(value, zone)
    return moment.date() if moment else None


def parse_date_or_instant(value: Any, zone: tzinfo) -> str | None:
    """Read a custom date field: a plain date stays one, anything else becomes an instant; None if neither."""
    if isinstance(value, str) and _DATE.match(value):
        day = parse_date(value, zone)
        return day.isoformat() if day else None
    moment = parse_instant(value, zone)
    return write_instant(moment) if moment else None


def write_instant(moment: datetime) -> str:
    """Write an instant as ISO 8601 with its own offset, to the second."""
    return moment.replace(microsecond=0).isoformat()


def write_utc(moment: datetime) -> str:
    """Write an instant as ISO 8601 in UTC with a Z, as selectors do."""
    return moment.astimezone(UTC).replace(microsecond=0, tzinfo=None).isoformat() + "Z"


BEHAVIOURS: tuple[tuple[str, str, str], ...] = (
    ("Instants read as ISO 8601 with the account zone's offset of that day", "[L]", "RV"),
    ("Browser-style dates with a GMT offset are accepted on write", "[L]", "RV appointment, task"),
    ("A slashed date is read day first, as Ruby does", "[I]", "Rails"),
    ("A custom date keeps its form: a plain date stays a plain date", "[?]", "section 5.2"),
)
