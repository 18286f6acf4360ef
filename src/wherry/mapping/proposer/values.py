"""What the values of a column are: their semantic types, told by their form alone."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

from wherry.mapping.proposer.lexicon import word_list

SHARE = 0.8  # of the filled values must be of a type
STRONG = frozenset(
    {
        *("email", "url", "mobile", "landline", "phone", "date", "datetime", "time", "postcode", "money"),
        *("percent", "bool", "currency_code", "zone", "uuid", "hash", "colour", "integer", "decimal"),
        *("ni_number", "card", "iban", "sort_code", "nhs_number"),
    }
)
CLOSED = frozenset(
    {"salutation", "country"}
)  # types whose words are all listed, so that others are none of them
_IMPLIED = {
    "mobile": ("phone",),
    "landline": ("phone",),
    "birth_date": ("date",),
    "integer": ("decimal",),
}
_SPACE = re.compile(r"[\s().\-/]+")
_PATTERNS: dict[str, re.Pattern[str]] = {
    "email": re.compile(r"[^@\s,;]+@[^@\s,;]+\.[A-Za-z]{2,}\Z"),
    "url": re.compile(r"(?:https?://|www\.)\S+\Z|[\w-]+(?:\.[\w-]+)*\.(?:com|org|net|ie|eu|io|uk|info)(?:/\S*)?\Z", re.IGNORECASE),
    "path": re.compile(r"\S.*\.(?:pdf|jpe?g|png|docx?|xlsx?|txt|tiff?|csv|dcm|rtf|mp3|wav|zip)\Z|.*[\\/].*[\\/].*\Z", re.IGNORECASE),
    "date": re.compile(
        r"\d{4}-\d\d-\d\d\Z|\d{1,2}[/.-]\d{1,2}[/.-](?:\d{4}|\d\d)\Z|\d{4}/\d\d/\d\d\Z|(?:19|20)\d\d[01]\d[0-3]\d\Z"
        r"|\d{1,2}(?:st|nd|rd|th)?[ -][A-Za-z]{3,9}\.?,?[ -]\d{2,4}\Z|[A-Za-z]{3,9}\.? \d{1,2},? \d{4}\Z"
    ),
    "datetime": re.compile(
        r"(?:19|20)\d\d[01]\d[0-3]\d[0-2]\d[0-5]\d[0-5]\d\Z|(?:\d{4}-\d\d-\d\d|\d{1,2}[/.-]\d{1,2}[/.-]\d{2,4}|\d{4}/\d\d/\d\d)[T ,]+\d{1,2}:\d\d(?::\d\d(?:\.\d+)?)?\s*(?:[ap]m|Z|[+-]\d\d:?\d\d)?\Z",
        re.IGNORECASE,
    ),
    "time": re.compile(r"\d{1,2}:\d\d(?::\d\d)?\s*(?:[ap]m)?\Z", re.IGNORECASE),
    "postcode": re.compile(
        r"[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}\Z|[A-Z]\d[\dW](?: [0-9A-Z]{4}|(?=\d*[A-Z])[0-9A-Z]{4})\Z|\d{5}-\d{4}\Z", re.IGNORECASE
    ),
    "zip": re.compile(r"\d{5}\Z"),
    "money": re.compile(
        r"[-(]?\s*(?:[£€$]|GBP|EUR|USD)\s*-?[\d,.]*\d\)?-?\Z|-?[\d,.]*\d\s*(?:[£€$]|GBP|EUR|USD)\Z|-?\d{1,3}(?:,?\d{3})*\.\d\d\Z"
    ),
    "percent": re.compile(r"-?\d+(?:\.\d+)?\s*%\Z"),
    "integer": re.compile(r"-?\d{1,18}\Z"),
    "decimal": re.compile(r"-?\d+[.,]\d+\Z"),
    "zone": re.compile(r"(?:Africa|America|Asia|Atlantic|Australia|Europe|Indian|Pacific|Etc|US)/[A-Za-z_+\-/0-9]+\Z|UTC\Z"),
    "uuid": re.compile(r"\{?[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\}?\Z", re.IGNORECASE),
    "hash": re.compile(r"(?=.*[a-f])(?=.*\d)[0-9a-f]{24,128}\Z", re.IGNORECASE),
    "colour": re.compile(r"#[0-9a-f]{3}(?:[0-9a-f]{3}){0,1}\Z|rgba?\(.*\)\Z", re.IGNORECASE),
    "ni_number": re.compile(r"[A-Z]{2} ?\d\d ?\d\d ?\d\d ?[A-D]\Z"),
    "iban": re.compile(r"[A-Z]{2}\d\d(?: ?[A-Z0-9]{4}){3,7}(?: ?[A-Z0-9]{1,3})?\Z"),
    "sort_code": re.compile(r"\d\d-\d\d-\d\d\Z"),
    "initial": re.compile(r"[A-Za-z]\.?\Z"),
    "code": re.compile(r"(?=.*\d)(?=.*[A-Za-z])[A-Za-z0-9][A-Za-z0-9._/#-]{1,19}\Z|0\d+\Z"),
    "name": re.compile(r"[^\W\d_][\w'’.-]+(?: [^\W\d_][\w'’.-]+)?\Z"),
    "full_name": re.compile(r"(?:[A-Z][\w'’.-]*,? ){1,3}(?:[a-z]{2,3} )?[A-ZÀ-ÞŁŚ][\w'’.-]+\Z"),
    "street": re.compile(
        r"(?:flat |apt |unit |suite )?\d+[a-z]?(?:[-/]\d+)?,? +[^\W\d].*\Z"
        r"|.*\b(?:road|rd|street|st|lane|ln|avenue|ave|close|drive|dr|court|terrace|place|park|house|cottage|way|flat|apartment|square|grove|crescent|hill|gardens|mews|quay|boulevard|unit)\b.*\Z",
        re.IGNORECASE,
    ),
    "list": re.compile(r"[^;]+(?:;[^;]+)+\Z|[^,|]+(?:[,|][^,|]+){2,}\Z"),
}  # fmt: skip
_NOUGHT = re.compile(r"0{8}\Z|0{4}-00-00|00[/.]00[/.]0{2,4}\Z")  # how old systems write no date
_MOBILE = re.compile(r"(?:\+?44|0044|0)?0?7[1-9]\d{8}\Z|(?:\+?353|00353|0)0?8[35679]\d{7}\Z")
_LANDLINE = re.compile(r"(?:\+?44|0044|0)0?[1238]\d{8,9}\Z|(?:\+?353|00353|0)0?(?:1|[24-79]\d)\d{5,7}\Z")
_NUMBER = re.compile(r"(?:\+|0)\d{6,14}\Z|(?:1?[2-9]\d\d)[2-9]\d{6}\Z")
_YEAR = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)|(?:19|20)\d\d(?=[01]\d[0-3]\d\Z)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Values:
    """The values of a column as seen: how many, of which types; the values themselves only for pick lists."""

    filled: int
    types: frozenset[str]
    main: str  # the most telling type, or the empty text
    texts: frozenset[str]  # case-folded

    def __repr__(self) -> str:
        return f"Values({self.filled} filled, {self.main or 'no type'})"

    @property
    def strong(self) -> frozenset[str]:
        """The types that only values of that kind have."""
        return self.types & STRONG


def look_at(samples: Sequence[str]) -> Values:
    """Return what a column's values are; blank ones do not count."""
    filled = [text for sample in samples if (text := sample.strip()) and not _NOUGHT.match(text)]
    if not filled:
        return Values(filled=0, types=frozenset(), main="", texts=frozenset())
    each = [types_of(text) for text in filled]
    names = {name for types in each for name in types}
    shared = {name for name in names if sum(name in types for types in each) >= SHARE * len(each)}
    if "date" in shared and _births(filled):
        shared.add("birth_date")
    if {"date", "datetime"} & set().union(*each) and not shared & {"date", "datetime"}:
        shared |= {"datetime"} if all(types & {"date", "datetime"} for types in each) else set()
    for name in tuple(shared):
        shared.update(_IMPLIED.get(name, ()))
    main = next((name for name in _TELLING if name in shared), "")
    texts = frozenset(text.casefold() for text in filled)
    return Values(filled=len(filled), types=frozenset(shared), main=main, texts=texts)


_TELLING = (
    *("email", "url", "ni_number", "iban", "card", "nhs_number", "uuid", "hash", "colour", "zone"),
    *("mobile", "landline", "phone", "birth_date", "datetime", "date", "time", "postcode", "sort_code"),
    *(
        "percent",
        "currency_code",
        "money",
        "gender",
        "salutation",
        "bool",
        "country",
        "county",
        "language",
        "integer",
    ),
    *("decimal", "path", "code", "street", "full_name", "name", "list", "text", "words"),
)


@cache
def types_of(text: str) -> frozenset[str]:
    """Return the semantic types that one value can be of."""
    found = {name for name, pattern in _PATTERNS.items() if pattern.match(text)}
    found |= {name for name, test in _TESTS.items() if test(text)}
    if found & {"date", "datetime", "sort_code"}:
        found -= {"phone", "landline", "code", "integer"} - ({"integer"} if text.isdigit() else set())
    if found & {"email", "url", "uuid", "hash"}:
        found -= {"code", "path", "street"}
    words = len(text.split())
    found |= (
        {"text"} if words > 4 or len(text) > 40 else {"words"} if any(c.isalpha() for c in text) else set()
    )
    return frozenset(found)


def _births(filled: Sequence[str]) -> bool:
    years = [int(found[0]) for text in filled if (found := _YEAR.search(text))]
    return (len(years) == len(filled) and min(years) < 1995 and max(years) - min(years) > 3) or (
        bool(years) and max(years) < 1990
    )


def _dialled(text: str) -> str:
    return _SPACE.sub("", text)


def _phone(text: str) -> bool:
    return bool(_NUMBER.match(_dialled(text))) and not text.startswith("-") and _plain_phone(text)


def _plain_phone(text: str) -> bool:
    return all(c.isdigit() or c in "+ ()-./" for c in text)


def _mobile(text: str) -> bool:
    return _plain_phone(text) and bool(_MOBILE.match(_dialled(text)))


def _landline(text: str) -> bool:
    return _plain_phone(text) and bool(_LANDLINE.match(_dialled(text)))


def _card(text: str) -> bool:
    digits = text.replace(" ", "").replace("-", "")
    if not digits.isdigit() or not 13 <= len(digits) <= 19:
        return False
    doubled = [int(d) * (2 if n % 2 else 1) for n, d in enumerate(reversed(digits))]
    return sum(d - 9 if d > 9 else d for d in doubled) % 10 == 0


def _nhs(text: str) -> bool:
    digits = text.replace(" ", "").replace("-", "")
    if not digits.isdigit() or len(digits) != 10 or digits[0] == "0":
        return False
    check = 11 - sum(int(d) * (10 - n) for n, d in enumerate(digits[:9])) % 11
    return check != 10 and check % 11 == int(digits[9])


def _listed(name: str) -> Callable[[str], bool]:
    return lambda text: text.casefold().rstrip(".") in word_list(name)


_TESTS: dict[str, Callable[[str], bool]] = {
    "phone": _phone,
    "mobile": _mobile,
    "landline": _landline,
    "card": _card,
    "nhs_number": _nhs,
    **{
        name: _listed(name)
        for name in ("bool", "gender", "salutation", "currency_code", "country", "county", "language")
    },
}
