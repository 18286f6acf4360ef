"""Listing a custom module that shows no views: by filtered search, which needs none. [C] clients."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from wherry.connectors.freshsales.answers import Row, as_id, moment_of, rows_of
from wherry.connectors.freshsales.entities import Entity
from wherry.connectors.kit.exchange import Effect
from wherry.connectors.kit.http import ApiClient
from wherry.model.errors import ProtocolBroken, RefuseRecord
from wherry.model.jsons import Json

_PER_PAGE = 100
_MOST_CALLS = 200_000
_ROUNDS = 4
_LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
_SECOND = timedelta(seconds=1)
"""How finely the API shows a moment of change [L]."""


class Searched:
    """The live records of one stream as filtered search finds them, newest change first, each once.

    Whether this search has pages is disputed: it may answer each with the same first 100 rows [?]. So where
    pages end full, the rest is asked for by its moment of change. Search lags [?]: what was written some
    seconds ago may be missing.
    """

    def __init__(self, client: ApiClient, entity: Entity) -> None:
        self._client, self._entity = client, entity
        self._seen: set[int] = set()
        self._newest: datetime | None = None
        self._calls = 0

    def rows(self, since: datetime | None = None) -> Iterator[Row]:
        """Yield each row, down to those changed at `since`; a call for each hundred, and one or two more.

        Raises ProtocolBroken where the search is refused, or cannot be brought to its end.
        """
        floor = _LONG_AGO if since is None else since - _SECOND
        for _ in range(_ROUNDS):
            calls, known = self._calls, len(self._seen)
            yield from self._down(floor)
            # One call is one moment; only a longer list can have moved under the reader.
            if self._calls - calls <= 1 or len(self._seen) == known or self._newest is None:
                return
            floor = self._newest - _SECOND

    def _down(self, floor: datetime) -> Iterator[Row]:
        bound: datetime | None = None
        while True:
            known, oldest = len(self._seen), bound
            for page in self._pages(floor, bound):
                yield from self._fresh(page)
                moments = [moment for row in page if (moment := moment_of(row.get("updated_at")))]
                self._newest = max([*moments, self._newest or floor])
                oldest = min([*moments, oldest or self._newest])
                if len(page) < _PER_PAGE:
                    return
            if oldest == bound:  # there was nothing
                return
            if len(self._seen) == known:
                raise self._endless()
            bound = None if oldest is None else oldest + _SECOND

    def _fresh(self, page: list[Row]) -> Iterator[Row]:
        for row in page:
            number = as_id(row.get("id"))
            if number is not None and number not in self._seen:
                self._seen.add(number)
                if row.get("is_deleted") is not True:
                    yield row

    def _pages(self, floor: datetime, bound: datetime | None) -> Iterator[list[Row]]:
        """Yield pages until one is empty, or is the one before again."""
        before: list[int | None] = []
        for number in range(1, _MOST_CALLS):
            rows = self._ask(floor, bound, number)
            ids = [as_id(row.get("id")) for row in rows]
            if not rows or ids == before:
                return
            yield rows
            before = ids

    def _ask(self, floor: datetime, bound: datetime | None, page: int) -> list[Row]:
        self._calls += 1
        if self._calls > _MOST_CALLS:
            raise self._endless()
        rules: list[Json] = [_rule("is_after", floor)]
        if bound is not None:
            rules.append(_rule("is_before", bound))
        path = f"/filtered_search/{self._entity.root}"
        try:
            body = self._client.request(
                "POST",
                path,
                params={"page": page, "per_page": _PER_PAGE, "sort": "updated_at", "sort_type": "desc"},
                json={"filter_rule": rules},
                effect=Effect.READ,
            ).body
        except RefuseRecord as error:
            raise ProtocolBroken(
                f"POST {path} is refused ({error.reason}), and {self._entity.stream} shows no views either",
                hint="The API key's user must be allowed to see this module.",
            ) from None
        return rows_of(body, self._entity.stream)

    def _endless(self) -> ProtocolBroken:
        return ProtocolBroken(
            f"the search for all of {self._entity.stream} does not come to an end",
            hint="More than a hundred of its records changed within a second; change some of them, or run it again.",
        )


def _rule(operator: str, moment: datetime) -> Row:
    return {"attribute": "updated_at", "operator": operator, "value": moment.isoformat()}
