"""What the headers of an answer say about the API quota."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

LONGEST_WAIT = 3_700.0
"""Seconds. The longest quota window is an hour; a figure beyond it was misread, and is not used."""

_DMYHIS = "%d%m%y%H%M%S"


@dataclass(frozen=True, slots=True, kw_only=True)
class Quota:
    """Calls left in the window, and seconds until calls are welcome again; None where nothing was said."""

    remaining: int | None = None
    retry_after: float | None = None


def read_quota(headers: Mapping[str, str], now: datetime) -> Quota:
    """Return what the headers (names in lower case) say, in calls and seconds from `now`.

    `X-RateLimit-Remaining` and `X-RateLimit-Reset` as clients saw them [C]; the form of Reset is not
    documented [?]: epoch seconds or milliseconds, seconds to go, `dmyHis` and ISO 8601 are understood.
    `Retry-After` in seconds or as an HTTP date comes first where it is given. A wait outside 0 to
    LONGEST_WAIT seconds counts as not said.
    """
    wait = _retry_after(headers.get("retry-after", ""), now)
    if wait is None:
        wait = _reset(headers.get("x-ratelimit-reset", ""), now)
    return Quota(remaining=_count(headers.get("x-ratelimit-remaining", "")), retry_after=wait)


def server_time(headers: Mapping[str, str]) -> datetime | None:
    """Return the moment in the Date header, aware, or None."""
    return _http_date(headers.get("date", ""))


def _count(text: str) -> int | None:
    text = text.strip()
    return int(text) if re.fullmatch(r"[0-9]{1,9}", text) else None


def _retry_after(text: str, now: datetime) -> float | None:
    text = text.strip()
    if re.fullmatch(r"[0-9]{1,9}(\.[0-9]+)?", text):
        return _plausible(float(text))
    moment = _http_date(text)
    return None if moment is None else _plausible((moment - now).total_seconds())


def _reset(text: str, now: datetime) -> float | None:
    text = text.strip()
    if re.fullmatch(r"[0-9]+(\.[0-9]+)?", text):
        return _reset_number(text, now)
    moment = _iso(text) or _http_date(text)
    return None if moment is None else _plausible((moment - now).total_seconds())


def _reset_number(text: str, now: datetime) -> float | None:
    whole = text.partition(".")[0]
    if len(whole) == 12:
        try:
            moment = datetime.strptime(whole, _DMYHIS).replace(tzinfo=UTC)
        except ValueError:
            return None
        return _plausible((moment - now).total_seconds())
    value = float(text)
    if len(whole) >= 13:
        value /= 1000
    return _plausible(value - now.timestamp() if value >= 1e9 else value)


def _plausible(seconds: float) -> float | None:
    return seconds if 0 <= seconds <= LONGEST_WAIT else None


def _iso(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _http_date(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
