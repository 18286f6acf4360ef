"""Where records live: a table per entity, its keys for uniqueness, and what a lagging search sees of it."""

from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator

from wherry_emulators.freshsales.wire import Record

Term = tuple[str, str]
Parent = tuple[str, int]
Terms = Callable[[Record], Iterable[Term]]


class Table:
    """Records of one entity by id; a stored record is never changed in place, only replaced.

    A record in the recycle bin stays in the table with ``is_deleted`` true. ``terms`` tells the (field,
    folded value) pairs by which a record can be found at once.
    """

    def __init__(self, terms: Terms) -> None:
        self._rows: dict[int, Record] = {}
        self._terms = terms
        self._by_term: defaultdict[Term, set[int]] = defaultdict(set)

    def __len__(self) -> int:
        return len(self._rows)

    def get(self, record_id: int) -> Record | None:
        """Find a live record."""
        record = self._rows.get(record_id)
        return None if record is None or record.get("is_deleted") else record

    def get_any(self, record_id: int) -> Record | None:
        """Find a record, live or in the recycle bin."""
        return self._rows.get(record_id)

    def live(self) -> Iterator[Record]:
        """Live records, oldest id first."""
        return (record for record in self._ordered() if not record.get("is_deleted"))

    def binned(self) -> Iterator[Record]:
        """Records in the recycle bin, oldest id first."""
        return (record for record in self._ordered() if record.get("is_deleted"))

    def everything(self) -> Iterator[Record]:
        """All records, live or not, oldest id first."""
        return iter(self._ordered())

    def put(self, record: Record) -> None:
        """Insert a record, or put it in place of the one with its id."""
        self.drop(record["id"])
        self._rows[record["id"]] = record
        for term in self._terms(record):
            self._by_term[term].add(record["id"])

    def drop(self, record_id: int) -> None:
        """Remove a record for good; nothing happens if there is none."""
        old = self._rows.pop(record_id, None)
        for term in self._terms(old) if old else ():
            found = self._by_term[term]
            found.discard(record_id)
            if not found:
                del self._by_term[term]

    def having(self, field: str, value: str) -> list[Record]:
        """Records with this value, in any case, in a field that ``terms`` covers; bin included."""
        found = self._by_term.get((field, value.casefold()), set())
        return [self._rows[record_id] for record_id in sorted(found)]

    def _ordered(self) -> list[Record]:
        return [self._rows[record_id] for record_id in sorted(self._rows)]


class SearchIndex:
    """What search, lookup and filtered search see of a table: each write some time after it happened."""

    def __init__(self, terms: Terms) -> None:
        self._seen = Table(terms)
        self._waiting: deque[tuple[float, int, Record | None]] = deque()

    def post(self, visible_at: float, record_id: int, record: Record | None) -> None:
        """Announce a record's new state, None when it is deleted, to be seen from this second on.

        What was announced before is seen no later than this, so that a shorter lag never reorders writes.
        """
        for place in range(len(self._waiting) - 1, -1, -1):
            earlier = self._waiting[place]
            if earlier[0] <= visible_at:
                break
            self._waiting[place] = (visible_at, *earlier[1:])
        self._waiting.append((visible_at, record_id, record))

    def at(self, seconds: float) -> Table:
        """Give the table as the index shows it at this second."""
        while self._waiting and self._waiting[0][0] <= seconds:
            _, record_id, record = self._waiting.popleft()
            if record is None:
                self._seen.drop(record_id)
            else:
                self._seen.put(record)
        return self._seen


class Links:
    """Which records hang below which: notes on a contact, deals of an account, and so on."""

    def __init__(self) -> None:
        self._below: defaultdict[Parent, defaultdict[str, set[int]]] = defaultdict(lambda: defaultdict(set))
        self._above: dict[tuple[str, int], frozenset[Parent]] = {}

    def put(self, entity: str, record_id: int, parents: frozenset[Parent]) -> None:
        """Say that this record hangs below exactly these (entity, id) parents."""
        self.drop(entity, record_id)
        if parents:
            self._above[(entity, record_id)] = parents
        for parent in parents:
            self._below[parent][entity].add(record_id)

    def drop(self, entity: str, record_id: int) -> None:
        """Forget what this record hangs below."""
        for parent in self._above.pop((entity, record_id), frozenset()):
            self._below[parent][entity].discard(record_id)

    def below(self, parent: Parent, entity: str) -> list[int]:
        """Ids of the records of ``entity`` below ``parent``, smallest first."""
        if parent not in self._below:
            return []
        return sorted(self._below[parent].get(entity, ()))


BEHAVIOURS: tuple[tuple[str, str, str], ...] = (
    ("A deleted record stays in the recycle bin with is_deleted true", "[D]", "SUP 50000002562"),
    (
        "search, lookup and filtered_search see writes after a lag",
        "[?]",
        "section 1.9; switch search.lag_ms",
    ),
)
