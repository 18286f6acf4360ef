"""The declared canonical rules by which a value that was read back may differ in form and still be the same.

Each rule is a function from a value to its canonical form; two values are the same under the rule when
their forms are. A rule that cannot read a value leaves it as it is, so that it never hides a difference.
"""

import html
import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation

import phonenumbers

from wherry.model.jsons import Json

Rule = Callable[[Json], Json]
_MARKER = re.compile(r"\[aerona:[a-z_]+:[^\[\]]+\]")
_PHONE = re.compile(r"\+?[\d\s().\-/]+(?:\s*(?:ext\.?|x|#)\s*\d+)?", re.IGNORECASE)


def exact(value: Json) -> Json:
    """Every character counts; only the different ways to say nothing are one."""
    return None if value in ("", [], {}) else value


def text(value: Json) -> Json:
    """Line ends, outer white space and HTML entities do not count."""
    if not isinstance(value, str):
        return exact(value)
    plain = html.unescape(value).replace("\r\n", "\n").replace("\r", "\n")
    return "\n".join(line.rstrip() for line in plain.strip().split("\n")) or None


def phone_e164(value: Json) -> Json:
    """The number and its extension count, not how they are written."""
    # The parser passes over words and a second number: a text that holds such is compared as it stands.
    if not isinstance(value, str) or not _PHONE.fullmatch(value.strip()):
        return exact(value)
    try:
        number = phonenumbers.parse(value, "GB")
    except phonenumbers.NumberParseException:
        return exact(value)
    plain = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    return f"{plain};ext={number.extension}" if number.extension else plain


def email(value: Json) -> Json:
    """Upper and lower case do not count."""
    return value.strip().casefold() or None if isinstance(value, str) else exact(value)


def instant(value: Json) -> Json:
    """The moment counts, not the zone it is written in."""
    if not isinstance(value, str):
        return exact(value)
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return exact(value)
    return moment.astimezone(UTC).isoformat() if moment.tzinfo else value


def day(value: Json) -> Json:
    """The calendar date counts, as written; a time of day behind it does not."""
    if not isinstance(value, str):
        return exact(value)
    try:
        return date.fromisoformat(value[:10]).isoformat()
    except ValueError:
        return exact(value)


def number(value: Json) -> Json:
    """The number counts: 5600, "5600.0" and 5600.00 are one."""
    if isinstance(value, bool) or value in (None, ""):
        return exact(value)
    try:
        return str(Decimal(str(value)).normalize() + 0)
    except InvalidOperation:
        return exact(value)


def boolean(value: Json) -> Json:
    """Ways to write yes and no are one."""
    words: Mapping[str, bool] = {
        "true": True,
        "1": True,
        "yes": True,
        "false": False,
        "0": False,
        "no": False,
    }
    return words.get(str(value).strip().casefold(), exact(value))


def choice(value: Json) -> Json:
    """Upper and lower case and outer white space of a pick-list entry do not count."""
    return value.strip().casefold() or None if isinstance(value, str) else exact(value)


def many(value: Json) -> Json:
    """The order of a multi-select does not count, nor whether it is a list or joined by semicolons."""
    parts = value if isinstance(value, list) else str(value or "").split(";")
    said: list[Json] = [*sorted(str(part).strip() for part in parts if str(part).strip())]
    return said or None


def url(value: Json) -> Json:
    """A trailing slash and the case of the host do not count."""
    if not isinstance(value, str):
        return exact(value)
    plain = value.strip().rstrip("/")
    scheme, separator, rest = plain.rpartition("://")
    host, slash, path = rest.partition("/")
    return f"{scheme.casefold()}{separator}{host.casefold()}{slash}{path}" or None


def file_name(value: Json) -> Json:
    """The name and its marker count, not whether the marker stands before the ending or behind it."""
    found = _MARKER.search(value) if isinstance(value, str) else None
    if not isinstance(value, str) or found is None:
        return exact(value)
    rest = value[: found.start()].rstrip() + value[found.end() :].rstrip()
    return f"{rest} {found.group()}"


RULES: Mapping[str, Rule] = {
    "exact": exact,
    "text": text,
    "phone_e164": phone_e164,
    "email": email,
    "instant": instant,
    "date": day,
    "number": number,
    "boolean": boolean,
    "choice": choice,
    "set": many,
    "file_name": file_name,
    "url": url,
}
