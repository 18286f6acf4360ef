"""Cells of foreign files in the spelling that a bundle has: only where there is one reading."""

import re
from datetime import datetime

_SEPARATED = re.compile(r"(\d{1,2})[.-](\d{1,2})[.-](\d{4})(?=\D|\Z)", re.ASCII)
_YEAR_FIRST = re.compile(r"(\d{4})[/.](\d{1,2})[/.](\d{1,2})(?=\D|\Z)", re.ASCII)
_WORDED = re.compile(r"(\d{1,2})(?:st|nd|rd|th)?[ -]([A-Za-z]{3,9})\.?,?[ -](\d{4})(?=\D|\Z)", re.ASCII)
_CLOCK = re.compile(
    r"[ T,]*(\d{1,2})[:.](\d{2})((?::\d{2}(?:\.\d+)?)?)\s*([AaPp]\.?[Mm]\.?)?(.*)\Z", re.ASCII
)
_DATE = re.compile(r"\d{1,2}/\d{1,2}/\d{4}|\d{4}-\d{2}-\d{2}", re.ASCII)
_TITLES = frozenset({"dr", "mr", "mrs", "ms", "miss", "mx", "prof", "sir", "dame", "rev"})


def plain_date(text: str) -> str:
    """Return a date or date-time with slashes or as ISO, on a clock of 24 hours; what is no date comes back as is.

    `12.03.1980` becomes `12/03/1980` (in which order is told by the file's format), `1980/3/12` and
    `12 March 1980` become `1980-03-12`, `2:30 pm` becomes `14:30`.
    """
    text = _plain_day(" ".join(text.split()))
    found = _DATE.match(text)
    if found is None or found.end() == len(text):
        return text
    clock = plain_time(text[found.end() :])
    return f"{found[0]} {clock}" if clock else text


def _plain_day(text: str) -> str:
    if found := _SEPARATED.match(text):
        return f"{found[1]}/{found[2]}/{found[3]}{text[found.end() :]}"
    if found := _YEAR_FIRST.match(text):
        return f"{found[1]}-{int(found[2]):02}-{int(found[3]):02}{text[found.end() :]}"
    if found := _WORDED.match(text):
        for form in ("%d %b %Y", "%d %B %Y"):
            try:
                day = datetime.strptime(f"{found[1]} {found[2]} {found[3]}", form)  # noqa: DTZ007 - a day has no zone
            except ValueError:
                continue
            return f"{day:%Y-%m-%d}{text[found.end() :]}"
    return text


def plain_time(text: str) -> str:
    """Return a time of day on a clock of 24 hours, its offset kept; the empty text where it is none."""
    found = _CLOCK.match(text)
    if found is None:
        return ""
    hour, half = int(found[1]), (found[4] or "").replace(".", "").casefold()
    if half:
        if not 1 <= hour <= 12:
            return ""
        hour = hour % 12 + (12 if half == "pm" else 0)
    return f"{hour:02}:{found[2]}{found[3]}{found[5].strip()}"


def is_day(text: str) -> bool:
    """Return whether a text begins with a date."""
    return _DATE.match(plain_date(text)) is not None


def joined_moment(day: str, clock: str) -> str:
    """Return the date-time of a date and a time that stand in columns of their own."""
    date = plain_date(day)
    found = _DATE.match(date)
    time = plain_time(clock)
    return f"{found[0]} {time}" if found and time else date


def both_names(text: str) -> tuple[str, str]:
    """Return first and last name of a whole one: `Last, First` or `First Middle Last`; a title is dropped."""
    last, comma, first = (part.strip() for part in text.partition(","))
    if comma:
        return first, last
    words = [word for word in text.split() if word.casefold().strip(".") not in _TITLES] or text.split()
    return " ".join(words[:-1]), words[-1] if words else ""


def slug(text: str) -> str:
    """Return the id of an entry that has only a name: its letters and digits, joined by `-`."""
    return re.sub(r"[\W_]+", "-", text.casefold()).strip("-")[:40].strip("-")


def spoken_name(text: str) -> str:
    """Return a person's or a place's name to compare by: without title, case and punctuation."""
    words = re.sub(r"[\W_]+", " ", text.casefold()).split()
    return " ".join(word for word in words if word not in _TITLES)
