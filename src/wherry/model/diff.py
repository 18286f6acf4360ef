"""Expected against observed."""

from dataclasses import dataclass
from enum import StrEnum

from wherry.model.jsons import Json
from wherry.model.record import Key


class Verdict(StrEnum):
    """How one field came out of the comparison."""

    EQUAL = "equal"
    EQUAL_AFTER_RULE = "equal_after_rule"
    DIFFERENT = "different"
    MISSING = "missing"
    NOT_READABLE = "not_readable"


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldDiff:
    """One field of one record: the source's value, what was expected, what was read back."""

    key: Key
    part: int
    stream: str  # destination stream
    destination_id: int | None
    field: str
    label: str
    source: Json
    expected: Json
    observed: Json
    verdict: Verdict
    rule: str = ""

    def __repr__(self) -> str:
        return f"FieldDiff({self.key} {self.field}: {self.verdict})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """A destination record as read back; `fields` under the same names as a payload's.

    `not_readable` names fields that exist there but that the API did not show.
    """

    stream: str
    id: int
    fields: dict[str, Json]
    links: dict[str, tuple[int, ...]]
    not_readable: frozenset[str] = frozenset()
    updated_at: str = ""
    created_at: str = ""
    deleted: bool = False

    def __repr__(self) -> str:
        return f"Observed({self.stream}/{self.id}, {len(self.fields)} fields)"
