"""Reading a value as what a rule needs; every function is total and answers None for what does not fit."""

from datetime import date, datetime, timedelta, tzinfo
from decimal import Decimal, InvalidOperation
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from wherry.model.record import Value

_YES = frozenset({"true", "yes", "y", "1"})
_NO = frozenset({"false", "no", "n", "0"})


def text_of(value: object) -> str:
    """Return the value as trimmed text; the empty text for None and for what is not a scalar."""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, bool):
        return "Yes" if value else "No"
    if isinstance(value, Decimal):
        return format(value, "f") if value.is_finite() else ""
    if isinstance(value, int):
        return str(value) if abs(value) < 10**40 else ""
    if isinstance(value, date):
        return value.isoformat()
    return ""


def one_line(value: object) -> str:
    """Return the value as text on one line."""
    return " ".join(text_of(value).split())


def id_of(value: object) -> str:
    """Return the value as a source id; the empty text for blank and for 0."""
    if isinstance(value, Decimal):
        if not value.is_finite() or abs(value) >= 10**20 or value != value.to_integral_value():
            return ""
        value = int(value)
    text = "" if isinstance(value, bool) else text_of(value)
    return "" if text == "0" else text


def flag_of(value: object) -> bool | None:
    """Return yes, no, or None for unknown."""
    if isinstance(value, bool):
        return value
    word = text_of(value).casefold()
    if word in _YES:
        return True
    return False if word in _NO else None


def whole_of(value: object) -> int | None:
    """Return the value as a whole number of at most 18 digits, or None."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value if abs(value) < 10**18 else None
    number = decimal_of(value)
    if number is None or abs(number) >= 10**18 or number != number.to_integral_value():
        return None
    return int(number)


def decimal_of(value: object) -> Decimal | None:
    """Return the value as a finite decimal number, or None."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return Decimal(value) if abs(value) < 10**40 else None
    if isinstance(value, str):
        try:
            value = Decimal(value.strip())
        except InvalidOperation:
            return None
    return value if isinstance(value, Decimal) and value.is_finite() else None


def day_of(value: object) -> date | None:
    """Return the value as a calendar day, or None; of an instant, the day where it was written down."""
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    try:
        return date.fromisoformat(value.strip()) if isinstance(value, str) else None
    except ValueError:
        return None


def instant_of(value: object) -> datetime | None:
    """Return the value as an aware moment, or None."""
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value.strip())
        except ValueError:
            return None
    if not isinstance(value, datetime):
        return None
    try:
        return value if value.utcoffset() is not None else None
    except (OverflowError, ValueError):
        return None


def in_zone(moment: datetime, zone: tzinfo) -> datetime | None:
    """Return the same moment as the clocks of that zone show it, or None at the edges of the calendar."""
    try:
        return moment.astimezone(zone)
    except (OverflowError, ValueError):
        return None


def later(moment: datetime, minutes: int, zone: tzinfo) -> datetime | None:
    """Return the moment that many real minutes later, or None at the edges of the calendar."""
    try:
        utc = moment.astimezone(ZoneInfo("UTC")) + timedelta(minutes=minutes)
        return utc.astimezone(zone)
    except (OverflowError, ValueError):
        return None


def zone_of(name: object) -> ZoneInfo | None:
    """Return the zone of that IANA name, or None."""
    if not isinstance(name, str) or not name.strip():
        return None
    try:
        return ZoneInfo(name.strip())
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def items_of(value: Value) -> tuple[str, ...]:
    """Return a multiple choice as its items."""
    if isinstance(value, tuple):
        return tuple(text_of(item) for item in value if text_of(item))
    text = text_of(value)
    return (text,) if text else ()
