"""From a cell's text to a value: exactly, or not at all."""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Literal
from zoneinfo import ZoneInfo

DateFormat = Literal["yyyy-mm-dd", "dd/mm/yyyy", "mm/dd/yyyy"]

_TRUE = frozenset({"true", "yes", "y", "1"})
_FALSE = frozenset({"false", "no", "n", "0"})
_ID = re.compile(r"\d{1,11}\Z", re.ASCII)
_WORD_ID = re.compile(r"\w[\w.:/@#+-]{0,39}\Z")
_INTEGER = re.compile(r"-?\d{1,15}\Z", re.ASCII)
_NUMBER = re.compile(r"-?\d{1,15}(\.\d{1,10})?\Z", re.ASCII)
_CURRENCY = re.compile(r"^(?:£|€|\$|GBP|EUR|USD)\s*|\s*(?:£|€|\$|GBP|EUR|USD)$")
_POINTED = re.compile(r"\d{1,13}(?:\.\d{1,2})?\Z|\d{1,3}(?:,\d{3})+(?:\.\d{1,2})?\Z", re.ASCII)
_COMMAED = re.compile(r"\d{1,13},\d{1,2}\Z|\d{1,3}(?:\.\d{3})+,\d{1,2}\Z|\d{1,3}(?:\.\d{3}){2,}\Z", re.ASCII)
_ISO = re.compile(r"(\d{4})-(\d{2})-(\d{2})\Z", re.ASCII)
_SLASHED = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})\Z", re.ASCII)
_CLOCK = re.compile(r"(\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,6})\d*)?)?\Z", re.ASCII)
_OFFSET = re.compile(r"(Z|[+-]\d{2}:?\d{2})\Z", re.ASCII)

SENTINEL_DATES = frozenset({
    "0001-01-01", "1901-01-01", "1900-01-01", "0000-00-00",
    "01/01/0001", "01/01/1901", "01/01/1900", "00/00/0000",
})  # fmt: skip
"""Dates that mean there is none: defaults of the databases that neighbouring systems use."""

_SENTINEL_TEXT = frozenset({"n/a", "n/a.", "n.a.", "#n/a", "aaaa", "xxxx", "-", "--", ".", "?"})
_NO_EMAIL = re.compile(r"(?:no[-_.]?e?-?mail|none|no|nil|n/?a|x{1,4}|unknown|no-?reply)@", re.IGNORECASE)
_EMAIL = re.compile(r"[^@\s,;]+@[^@\s,;]+\.[^@\s.,;]+\Z")
_NO_PHONE = re.compile(r"[\s0+().-]*\Z|(?:n/a|none|unknown)\Z", re.IGNORECASE)


class Unreadable(Exception):
    """A cell that cannot be read exactly; `args[0]` is the reason code, `word` what a closed list does not know."""

    word = ""

    @property
    def reason(self) -> str:
        """Return the reason code."""
        return str(self.args[0])


def is_placeholder(text: str) -> bool:
    """Return whether a text stands for nothing (N/A, AAAA, a dash)."""
    return text.casefold() in _SENTINEL_TEXT


def is_placeholder_email(text: str) -> bool:
    """Return whether an address is one that nobody has (noemail@…, none@…, x@…)."""
    return bool(_NO_EMAIL.match(text)) or is_placeholder(text)


def looks_like_email(text: str) -> bool:
    """Return whether a text has the shape of one address."""
    return bool(_EMAIL.match(text))


def is_placeholder_phone(text: str) -> bool:
    """Return whether a phone number holds no digit but zero."""
    return bool(_NO_PHONE.match(text)) or is_placeholder(text)


def identifier(text: str) -> str | None:
    """Return an id without leading zeros; 0 is none. Raises Unreadable(invalid_id)."""
    if not _ID.match(text):
        raise Unreadable("invalid_id")
    return text.lstrip("0") or None


def word_id(text: str) -> str | None:
    """Return an id that may be any word of at most 40 characters; blanks become `_`, numbers lose leading zeros.

    Raises Unreadable(invalid_id).
    """
    word = "_".join(text.split())
    if _ID.match(word):
        return word.lstrip("0") or None
    if not _WORD_ID.match(word):
        raise Unreadable("invalid_id")
    return word


def boolean(text: str) -> bool:
    """Return yes or no. Raises Unreadable(invalid_boolean)."""
    word = text.casefold()
    if word in _TRUE:
        return True
    if word in _FALSE:
        return False
    raise Unreadable("invalid_boolean")


def integer(text: str) -> int:
    """Return a whole number. Raises Unreadable(invalid_number)."""
    if not _INTEGER.match(text):
        raise Unreadable("invalid_number")
    return int(text)


def number(text: str) -> Decimal:
    """Return a number written with a point. Raises Unreadable(invalid_number)."""
    if not _NUMBER.match(text):
        raise Unreadable("invalid_number")
    return Decimal(text)


def money(text: str) -> Decimal:
    """Return an amount with two places.

    Reads `1234.50`, `£1,234.50`, `1.234,50 €`, `-12.00`, `12.00-`, `(12.00)`. What has more than one
    reading (`1.234`) or more than two places raises Unreadable(invalid_amount).
    """
    body, negative = _sign(text.replace("\u00a0", " ").strip())
    if _POINTED.match(body):
        amount = Decimal(body.replace(",", ""))
    elif _COMMAED.match(body):
        amount = Decimal(body.replace(".", "").replace(",", "."))
    else:
        raise Unreadable("invalid_amount")
    amount = amount.quantize(Decimal("0.01"))
    return -amount if negative and amount else amount


def _sign(text: str) -> tuple[str, bool]:
    negative = False
    if text.startswith("(") and text.endswith(")"):
        text, negative = text[1:-1].strip(), True
    text, before = _strip_minus(_CURRENCY.sub("", text))
    text, after = _strip_minus(_CURRENCY.sub("", text))
    if negative + before + after > 1:
        raise Unreadable("invalid_amount")
    return text, bool(negative or before or after)


def _strip_minus(text: str) -> tuple[str, bool]:
    if text.startswith(("-", "\u2212")):
        return text[1:].strip(), True
    if text.endswith(("-", "\u2212")):
        return text[:-1].strip(), True
    return text, False


def date_parts(text: str) -> tuple[Literal["iso", "slash"], int, int, int] | None:
    """Return the way a date is written and its three numbers in the order written, or None."""
    if found := _ISO.match(text):
        return "iso", int(found[1]), int(found[2]), int(found[3])
    if found := _SLASHED.match(text):
        return "slash", int(found[1]), int(found[2]), int(found[3])
    return None


def _make(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def readings(text: str) -> tuple[date | None, date | None]:
    """Return the date read day first and month first; an ISO date reads the same both ways."""
    parts = date_parts(text)
    if parts is None:
        return None, None
    way, a, b, c = parts
    if way == "iso":
        iso = _make(a, b, c)
        return iso, iso
    return _make(c, b, a), _make(c, a, b)


def declared_date(text: str, format_: DateFormat) -> date:
    """Return a date in the declared format. Raises Unreadable(date_format_mismatch)."""
    parts = date_parts(text)
    if parts is None or (parts[0] == "iso") is not (format_ == "yyyy-mm-dd"):
        raise Unreadable("date_format_mismatch")
    day_first, month_first = readings(text)
    found = month_first if format_ == "mm/dd/yyyy" else day_first
    if found is None:
        raise Unreadable("date_format_mismatch")
    return found


def undeclared_date(text: str) -> date:
    """Return a date that has one reading only.

    Raises Unreadable: `ambiguous_date` when both readings are dates, `date_format_mismatch` when none is.
    """
    day_first, month_first = readings(text)
    if day_first is not None and month_first is not None and day_first != month_first:
        raise Unreadable("ambiguous_date")
    found = day_first or month_first
    if found is None:
        raise Unreadable("date_format_mismatch")
    return found


def proven_date(text: str, format_: DateFormat) -> date:
    """Return a date of a column whose order of day and month is proven; ISO dates are read as well.

    Raises Unreadable(date_format_mismatch).
    """
    day_first, month_first = readings(text)
    found = month_first if format_ == "mm/dd/yyyy" else day_first
    if found is None:
        raise Unreadable("date_format_mismatch")
    return found


DateReader = Callable[[str], date]


def local_parts(text: str, read_date: DateReader) -> tuple[datetime, str]:
    """Return the naive local date-time of a cell, and its offset as written (`Z`, `+01:00`, or nothing).

    Raises Unreadable with the reason that its date part gives, or date_format_mismatch.
    """
    offset = ""
    body = text
    if len(text) > 16 and (found := _OFFSET.search(text)):
        offset, body = found[1], text[: found.start()]
    day, separator, clock = body.replace("T", " ", 1).partition(" ")
    moment = read_date(day)
    if not separator:
        return datetime(moment.year, moment.month, moment.day), offset  # noqa: DTZ001 - the zone follows
    parts = _CLOCK.match(clock)
    if parts is None:
        raise Unreadable("date_format_mismatch")
    hour, minute, second = int(parts[1]), int(parts[2]), int(parts[3] or 0)
    if hour > 23 or minute > 59 or second > 59:
        raise Unreadable("date_format_mismatch")
    micro = int((parts[4] or "").ljust(6, "0") or 0)
    return (
        datetime(moment.year, moment.month, moment.day, hour, minute, second, micro),  # noqa: DTZ001 - the zone follows
        offset,
    )


def in_zone(naive: datetime, offset: str, zone: ZoneInfo) -> tuple[datetime, bool]:
    """Return the moment on the practice's clock, and whether that clock showed the time twice.

    Of two readings in autumn the first is taken (fold 0). Raises Unreadable(nonexistent_local_time) for a
    time that the clock skipped in spring, told by going to UTC and back: `dst()` has the other sign for
    Europe/Dublin.
    """
    if offset:
        return _with_offset(naive, offset).astimezone(zone), False
    local = naive.replace(tzinfo=zone)
    if local.astimezone(UTC).astimezone(zone).replace(tzinfo=None) != naive:
        raise Unreadable("nonexistent_local_time")
    return local, local.utcoffset() != local.replace(fold=1).utcoffset()


def _with_offset(naive: datetime, offset: str) -> datetime:
    if offset == "Z":
        return naive.replace(tzinfo=UTC)
    digits = offset[1:].replace(":", "")
    delta = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return (naive - delta if offset[0] == "+" else naive + delta).replace(tzinfo=UTC)
