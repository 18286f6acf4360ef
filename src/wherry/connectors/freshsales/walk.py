"""Walking through lists page by page, also while they move under the reader."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from wherry.connectors.freshsales.answers import Row, as_id, as_row, meta_number, moment_of, rows_of
from wherry.connectors.kit.http import ApiClient, Param
from wherry.model.jsons import Json

PER_PAGE = 100
MOST_PAGES = 200_000
"""Twenty million records; a server that never ends its list is stopped here."""

_ROUNDS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One page of a list, with what stands beside its rows."""

    number: int
    rows: list[Row]
    beside: Mapping[str, Json]
    total: int | None
    total_pages: int | None

    @property
    def ids(self) -> list[int | None]:
        """Return the ids of the rows, in order."""
        return [as_id(row.get("id")) for row in self.rows]

    @property
    def moments(self) -> list[datetime]:
        """Return the known moments of change of the rows, in order."""
        return [moment for row in self.rows if (moment := moment_of(row.get("updated_at"))) is not None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """A list of the API: its path, the key of its rows, and fixed parameters."""

    path: str
    name: str
    params: Mapping[str, Param] = field(default_factory=dict)


def read_page(client: ApiClient, listing: Listing, number: int) -> Page:
    """Return one page, counted from 1. One call."""
    params = {**listing.params, "page": number, "per_page": PER_PAGE}
    body = client.request("GET", listing.path, params=params).body
    beside = {name: value for name, value in as_row(body).items() if name not in {listing.name, "meta"}}
    return Page(
        number=number,
        rows=rows_of(body, listing.name),
        beside=beside,
        total=meta_number(body, "total"),
        total_pages=meta_number(body, "total_pages"),
    )


def pages(client: ApiClient, listing: Listing) -> Iterator[Page]:
    """Yield the pages of a list until it ends.

    It ends with the last page that `meta` names, else with an empty page or one that repeats the page
    before. When the total shrinks on the way, rows have moved up past the reader: the page before is
    read once more. A row may come twice.
    """
    before: Page | None = None
    for number in range(1, MOST_PAGES + 1):
        page = read_page(client, listing, number)
        if before is not None and _shrunk(before, page):
            yield read_page(client, listing, number - 1)
        if not page.rows or (before is not None and page.ids == before.ids):
            return
        yield page
        if _is_last(page):
            return
        before = page


def _shrunk(before: Page, page: Page) -> bool:
    return before.total is not None and page.total is not None and page.total < before.total


def _is_last(page: Page) -> bool:
    return page.total_pages is not None and page.number >= page.total_pages


class Walk:
    """Walks a view that is sorted by last change, newest first, and misses nothing that moves meanwhile.

    A record changed during the walk jumps to the front, where the reader has been. So the front is read
    again, down to where the walk began, until a round brings nothing new.
    """

    def __init__(self, client: ApiClient, listing: Listing, seen: set[int]) -> None:
        """`seen` holds the ids that were yielded, shared by the walks of a union of views."""
        self._client, self._listing, self._seen = client, listing, seen
        self._ordered = True
        self._newest: datetime | None = None
        self._pages_read = 0
        self._fresh = 0

    def rows(self, since: datetime | None = None) -> Iterator[tuple[Row, Mapping[str, Json]]]:
        """Yield each row once, with what stands beside it, down to those changed at `since`."""
        floor = since
        for _ in range(_ROUNDS):
            yield from self._round(floor)
            # One page is one moment; only a longer walk can have been overtaken.
            if self._newest is None or self._pages_read <= 1 or self._fresh == 0:
                return
            floor = self._newest if floor is None else max(floor, self._newest)

    def _round(self, floor: datetime | None) -> Iterator[tuple[Row, Mapping[str, Json]]]:
        self._newest, self._pages_read, self._fresh = None, 0, 0
        for page in pages(self._client, self._listing):
            self._pages_read += 1
            moments = page.moments
            if self._newest is None and moments:
                self._newest = max(moments)
            self._ordered = self._ordered and moments == sorted(moments, reverse=True)
            for row in page.rows:
                if self._take(row, floor):
                    yield row, page.beside
            if floor is not None and self._ordered and moments and moments[-1] < floor:
                return

    def _take(self, row: Row, floor: datetime | None) -> bool:
        number, moment = as_id(row.get("id")), moment_of(row.get("updated_at"))
        if number is None or number in self._seen:
            return False
        if floor is not None and moment is not None and moment < floor:
            return False
        self._seen.add(number)
        self._fresh += 1
        return True
