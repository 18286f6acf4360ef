"""What all values of a column prove together: the order of day and month, the type of a custom column."""

import re
from dataclasses import dataclass, field, replace

from wherry.connectors.bundle.columns import Column, Kind
from wherry.connectors.bundle.values import DateFormat, date_parts, looks_like_email, readings
from wherry.model.catalog import Privacy

_WORD_BOOLEANS = frozenset({"true", "false", "yes", "no", "y", "n"})
# Longer ones are keys or measures that few number fields hold exactly: text holds them all.
_PLAIN_NUMBER = re.compile(r"-?(?:0|[1-9]\d{0,10})(?:\.\d{1,4})?\Z", re.ASCII)
_MOST_CHOICES = 30
_LONGEST_CHOICE = 60
_LONGEST_TEXT = 255
_ENTRIES = re.compile(r"[;|]")
# What is a person's own, or a point in time: a list of such would show people's data to whoever sets the field up.
_NUMBER_TO_CALL = re.compile(r"\(?[+0][\d\s().\-/]{6,}\Z", re.ASCII)
_DAY_AND_TIME = re.compile(r"\d{1,4}[-/]\d{1,2}[-/]\d{1,4}[T ]+\d{1,2}:\d\d", re.ASCII)

# A custom column whose label holds one of these words is locked under the class beside it.
_NEVER_MIGRATE: tuple[tuple[Privacy, str], ...] = (
    (Privacy.NATIONAL_ID, r"nhs (no|number)|pps|national insurance|ni (no|number)|passport|social security|ssn"),
    (Privacy.THIRD_PARTY, r"next of kin|nok|emergency contact|guardian|carer"),
    (Privacy.DEMOGRAPHIC_SENSITIVE, r"ethnic\w*|race|religio\w*|faith|sexual\w*|disab\w*|gender identity|nationality"),
    (
        Privacy.CLINICAL,
        (
            r"medical|medic\w*|allerg\w*|diagnos\w*|clinical|health|disease|hiv|pregnan\w*|smok\w*|alcohol|drugs?"
            r"|blood|anticoag\w*|diabet\w*|asthma|pacemaker|treatment|tooth|teeth|perio\w*|bpe|phobi\w*|anxi\w*|gp"
        ),
    ),
)  # fmt: skip
_LOCKS = [(privacy, re.compile(rf"\b(?:{words})\b")) for privacy, words in _NEVER_MIGRATE]


def privacy_of_label(label: str) -> Privacy:
    """Return the class that a custom column's label suggests; COMMERCIAL where nothing in it warns."""
    words = re.sub(r"[\W_]+", " ", label).casefold()
    return next((privacy for privacy, lock in _LOCKS if lock.search(words)), Privacy.COMMERCIAL)


@dataclass(slots=True)
class DateProof:
    """Counts the values of a column that can be read in one order only."""

    day_first: int = 0
    month_first: int = 0

    def add(self, text: str) -> None:
        """Take one cell into account; date-times count by their date."""
        day, month = readings(text.partition("T")[0].partition(" ")[0])
        if day is not None and month is None:
            self.day_first += 1
        elif month is not None and day is None:
            self.month_first += 1

    @property
    def format(self) -> DateFormat | None:
        """Return the proven order: at least one value excludes the other, and none contradicts."""
        if self.day_first and not self.month_first:
            return "dd/mm/yyyy"
        if self.month_first and not self.day_first:
            return "mm/dd/yyyy"
        return None


@dataclass(slots=True)
class CustomProof:
    """Looks at all values of a custom column, in bounded memory, to tell its type."""

    filled: int = 0
    longest: int = 0
    many_lines: bool = False
    booleans: bool = True
    numbers: bool = True
    dates: bool = True
    slashed: bool = False
    categories: bool = True  # no value is an address, a phone number, a date or a moment
    parts: int = 0
    distinct: set[str] = field(default_factory=set)
    distinct_parts: set[str] = field(default_factory=set)
    proof: DateProof = field(default_factory=DateProof)

    def add(self, text: str) -> None:
        """Take one cell into account."""
        self.filled += 1
        self.longest = max(self.longest, len(text))
        self.many_lines = self.many_lines or "\n" in text or "\r" in text
        self.booleans = self.booleans and text.casefold() in _WORD_BOOLEANS
        self.numbers = self.numbers and bool(_PLAIN_NUMBER.match(text))
        if self.dates:
            self._try_date(text)
        self.categories = self.categories and not _is_single(text)
        if len(self.distinct) <= _MOST_CHOICES:
            self.distinct.add(text)
        if len(self.distinct_parts) <= _MOST_CHOICES:
            entries = split_entries(text)
            self.parts += len(entries)
            self.distinct_parts.update(entries)

    def _try_date(self, text: str) -> None:
        parts = date_parts(text)
        self.dates = parts is not None and readings(text) != (None, None)
        self.slashed = self.slashed or (parts is not None and parts[0] == "slash")
        self.proof.add(text)

    def column(self, column: Column, declared: DateFormat | None) -> Column:
        """Return the column with the kind that all its values allow."""
        kinds: tuple[tuple[bool, Kind, set[str]], ...] = (
            (self.booleans, Kind.BOOLEAN, set()),
            (self.numbers, Kind.NUMBER, set()),
            (self._is_date(declared), Kind.DATE, set()),
            (self._is_multi(), Kind.MULTI, self.distinct_parts),
            (self._is_dropdown(), Kind.TEXT, self.distinct),
            (self.many_lines or self.longest > _LONGEST_TEXT, Kind.LONG, set()),
        )
        for fits, kind, choices in kinds:
            if self.filled and fits:
                return replace(column, kind=kind, choices=_spelt_once(choices))
        return column

    def order(self, declared: DateFormat | None) -> DateFormat | None:
        """Return in which order all dates of the column can be read: as declared, or as they prove.

        None where they prove nothing or contradict what is declared; ISO dates are read under any order.
        """
        against = {"dd/mm/yyyy": self.proof.month_first, "mm/dd/yyyy": self.proof.day_first}
        if declared in against:
            return None if against[declared] else declared
        return self.proof.format

    def _is_date(self, declared: DateFormat | None) -> bool:
        return self.dates and (not self.slashed or self.order(declared) is not None)

    def _is_multi(self) -> bool:
        return (
            any(_ENTRIES.search(text) for text in self.distinct)
            and self.categories
            and not self.many_lines
            and len(self.distinct_parts) <= _MOST_CHOICES
            and all(len(part) <= _LONGEST_CHOICE for part in self.distinct_parts)
            and self.parts >= 2 * len(self.distinct_parts)
        )

    def _is_dropdown(self) -> bool:
        return (
            len(self.distinct) <= _MOST_CHOICES
            and self.categories
            and self.longest <= _LONGEST_CHOICE
            and not self.many_lines
            and self.filled >= 2 * len(self.distinct)
        )


def split_entries(text: str) -> tuple[str, ...]:
    """Return the entries of a cell that holds several, parted by semicolons or upright strokes, each once."""
    return tuple(dict.fromkeys(part for entry in _ENTRIES.split(text) if (part := entry.strip())))


def _is_single(text: str) -> bool:
    return any(
        looks_like_email(part)
        or bool(_NUMBER_TO_CALL.match(part))
        or bool(_DAY_AND_TIME.match(part))
        or date_parts(part) is not None
        for part in split_entries(text)
    )


def _spelt_once(choices: set[str]) -> tuple[str, ...]:
    """Return the choices in order, those that differ in case only once: a value is written as its list spells it."""
    first: dict[str, str] = {}
    for choice in sorted(choices):
        first.setdefault(choice.casefold(), choice)
    return tuple(first.values())
