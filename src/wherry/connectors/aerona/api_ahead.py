"""Pages asked for ahead of their turn, where one call at a time would be slower than the limit allows."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Self

from wherry.connectors.aerona.api_spool import Page

Place = tuple[int, int, Page | None]
"""Number of the page that is wanted, records before it, and the page before it."""


class Ahead:
    """Fetches the pages of one list; use it as a context manager.

    They are handed out in order. Only numbered pages of a list that tells its total are asked for ahead, and
    never beyond its end, so that no call is wasted on a list that stays as it is.
    """

    def __init__(self, fetch: Callable[[Place], Page], calls: int) -> None:
        """`calls` is how many may be under way at once; 1 asks for each page in its turn."""
        self._fetch, self._calls = fetch, calls
        self._pool = ThreadPoolExecutor(calls, thread_name_prefix="pages") if calls > 1 else None
        self._under_way: dict[int, Future[Page]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)

    def page(self, place: Place) -> Page:
        """Return a page; raises what fetching it raised."""
        number, read, last = place
        if self._pool is None or last is None or not last.total or not last.records:
            return self._fetch(place)
        left = -(-(last.total - read) // len(last.records))
        for ahead in range(number, number + min(left, self._calls)):
            if ahead not in self._under_way:
                self._under_way[ahead] = self._pool.submit(self._fetch, (ahead, read, last))
        found = self._under_way.pop(number, None)
        return found.result() if found else self._fetch(place)
