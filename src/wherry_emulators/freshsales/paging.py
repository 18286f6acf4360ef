"""Pages: `page` and `per_page`, and the counts that go with a page."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from wherry_emulators.freshsales.errors import ApiError
from wherry_emulators.freshsales.wire import RequestData

if TYPE_CHECKING:
    from wherry_emulators.freshsales.state import State

DEFAULT_SIZE = 25
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list: ``number`` from 1, ``size`` rows."""

    number: int
    size: int

    def of(self, rows: Sequence[T]) -> Sequence[T]:
        """Cut the page out of all rows; past the end it is empty."""
        start = (self.number - 1) * self.size
        return rows[start : start + self.size]

    def pages(self, total: int) -> int:
        """How many pages so many rows make."""
        return -(-total // self.size)


def page_of(state: "State", asked: RequestData) -> Page:
    """Read the page a call asks for; what is not a number counts as absent, as Ruby reads it.

    ApiError 400 for a page size above the maximum, if the switch says so.
    """
    size = _positive(asked.query.get("per_page"), DEFAULT_SIZE)
    most = state.switches.per_page_max
    if size > most:
        if state.switches.per_page_over == "400":
            raise ApiError(400, f"per_page must be at most {most}")
        size = most
    return Page(_positive(asked.query.get("page"), 1), size)


def _positive(text: str | None, default: int) -> int:
    if text is None or not text.isascii() or not text.isdigit():
        return default
    return int(text) or default


BEHAVIOURS: tuple[tuple[str, str, str], ...] = (
    ("Pages of 25 by default, 100 at most; past the end an empty array", "[D]/[C]", "MC, W6; SG"),
    ("A page size above the maximum is cut down", "[?]", "switch per_page.over"),
)
