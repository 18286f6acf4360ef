"""Looking operations up: whether a record arrived, and which one it is."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from wherry.connectors.freshsales.answers import Row, as_id, rows_of
from wherry.connectors.freshsales.catalogue import STREAM as DEAL_PRODUCTS
from wherry.connectors.freshsales.entities import CHILDREN, ENTITIES, PRODUCTS, Entity, is_module
from wherry.connectors.freshsales.observed import observe, plain_text
from wherry.connectors.freshsales.read import Reader
from wherry.connectors.freshsales.upload import STREAM as FILES
from wherry.connectors.kit.exchange import Effect
from wherry.connectors.kit.http import ApiClient
from wherry.model.diff import Observed
from wherry.model.errors import DestinationRefused, RecordGone
from wherry.model.jsons import Json
from wherry.model.operation import Operation

_VIEW_FIRST = 4
"""From so many look-ups of one stream on, the newest pages of the view are read before asking one by one."""

_SEARCH_PAGES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wanted:
    """A value of a unique field, and the operations that look for it."""

    field: str
    value: str
    operations: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finder:
    """Finds what operations made, by id, by match key, or by the marker at the end of a text."""

    client: ApiClient
    reader: Reader

    def find(self, operations: Sequence[Operation]) -> dict[str, Observed]:
        """Return what is there, by operation id.

        Operations that name their record are looked up by its id. The others: contacts and accounts by
        match key through lookup, filtered search and, since those two lag [?], the newest pages of the
        view; products by their code in the list of all; a deal's products with the deal; tasks, appointments,
        notes and files by marker among their contact's. Where several records carry
        the same key, the one with the lowest id is returned.
        """
        found: dict[str, Observed] = {}
        for stream, group in _by_stream(operations).items():
            if stream == FILES:
                found |= self.reader.files.find(group)
                continue
            if stream == DEAL_PRODUCTS:
                hits = {one.id: self.reader.deal_products.find(one) for one in group}
                found |= {id_: hit for id_, hit in hits.items() if hit is not None}
                continue
            entity = ENTITIES[stream]
            named = [one for one in group if one.destination_id is not None]
            others = [one for one in group if one.destination_id is None]
            found |= self._by_id(entity, named)
            if stream == PRODUCTS.stream:
                found |= self._by_code(others)
            elif stream in CHILDREN:
                found |= self._by_marker(entity, others)
            else:
                found |= self._by_match(entity, others)
        return found

    def _by_id(self, entity: Entity, operations: Sequence[Operation]) -> dict[str, Observed]:
        ids = [one.destination_id for one in operations if one.destination_id is not None]
        parents = {
            one.destination_id: parent
            for one in operations
            if one.destination_id is not None and (parent := _parent(one)) is not None
        }
        seen = {one.id: one for one in self.reader.fetch(entity.stream, ids, parents)} if ids else {}
        return {one.id: seen[one.destination_id] for one in operations if one.destination_id in seen}

    def _by_code(self, operations: Sequence[Operation]) -> dict[str, Observed]:
        hits = {one.id: self.reader.catalogue.find(one.match[1]) for one in operations if one.match}
        return {id_: hit for id_, hit in hits.items() if hit is not None}

    def _by_marker(self, entity: Entity, operations: Sequence[Operation]) -> dict[str, Observed]:
        found: dict[str, Observed] = {}
        unsure: list[Operation] = []
        for parent, group in _by_parent(operations).items():
            children, sure = self.reader.children(entity, parent)
            texts = [self._with_text(entity, child) for child in children.values()]
            for operation in group:
                hit = _marked(operation.marker, texts)
                if hit is not None:
                    found[operation.id] = self._whole(entity, hit)
                elif not sure:
                    unsure.append(operation)
        if unsure and entity.stream != "notes":
            found |= self._in_lists(entity, unsure)
        return found

    def _with_text(self, entity: Entity, child: Observed) -> Observed:
        """Read a thin row by its own address, since the marker stands in the text that it leaves out."""
        return child if "description" in child.fields else self._whole(entity, child)

    def _in_lists(self, entity: Entity, operations: Sequence[Operation]) -> dict[str, Observed]:
        """Look through the account's lists, for contacts whose answer may have left some children out."""
        wanted = {one.marker: one.id for one in operations}
        found: dict[str, Observed] = {}
        for row in self.reader.scan(entity.stream):
            text = plain_text(row.fields.get("description"))
            for marker in [marker for marker in wanted if text.endswith(marker)]:
                found[wanted.pop(marker)] = self._whole(entity, row)
            if not wanted:
                break
        return found

    def _whole(self, entity: Entity, hit: Observed) -> Observed:
        """Read the record by its own address where the answer at hand hides something; notes have none."""
        if entity.stream == "notes" or self.reader.complete(hit):
            return hit
        return self.reader.one(entity, hit.id) or hit

    def _by_match(self, entity: Entity, operations: Sequence[Operation]) -> dict[str, Observed]:
        wanted = _values(operations)
        found: dict[str, Observed] = {}
        if len(wanted) >= _VIEW_FIRST:
            found |= self._in_view(entity, wanted, max(2, len(wanted) // 10))
        for one in [one for one in wanted if one.operations[0] not in found]:
            hit = self._ask(entity, one)
            if hit is not None:
                found |= dict.fromkeys(one.operations, hit)
        left = [one for one in wanted if one.operations[0] not in found]
        if left and len(wanted) < _VIEW_FIRST:
            found |= self._in_view(entity, left, 2)
        return found

    def _ask(self, entity: Entity, wanted: _Wanted) -> Observed | None:
        """Ask lookup, then filtered search; each hit is read by its address before it counts."""
        tried: set[int] = set()
        for row in self._candidates(entity, wanted):
            number = as_id(row.get("id"))
            if number is None or number in tried or not _may_be(entity, row, wanted):
                continue
            tried.add(number)
            hit = self.reader.one(entity, number)
            if hit is not None and _matches(hit, wanted):
                return hit
        return None

    def _candidates(self, entity: Entity, wanted: _Wanted) -> Iterator[Row]:
        name = wanted.field.removeprefix("custom_field.")
        yield from sorted(self._lookup(entity, name, wanted.value), key=_order)
        yield from sorted(self._search(entity, name, wanted.value), key=_order)

    def _lookup(self, entity: Entity, name: str, value: str) -> list[Row]:
        if is_module(entity.stream):
            return []  # lookup is documented for contacts, accounts and deals
        params = {"q": value, "f": name, "entities": entity.root}
        try:
            return rows_of(self.client.request("GET", "/lookup", params=params).body, entity.stream)
        except (DestinationRefused, RecordGone):
            return []

    def _search(self, entity: Entity, name: str, value: str) -> list[Row]:
        attribute = "contact_email.email" if name == "email" else name
        rule: Json = [{"attribute": attribute, "operator": "is_in", "value": value}]
        rows: list[Row] = []
        for page in range(1, _SEARCH_PAGES + 1):
            try:
                body = self.client.request(
                    "POST",
                    f"/filtered_search/{entity.root}",
                    params={"page": page, "per_page": 100},
                    json={"filter_rule": rule},
                    effect=Effect.READ,
                ).body
            except (DestinationRefused, RecordGone):
                return rows
            got = rows_of(body, entity.stream)
            rows += got
            if len(got) < 100:
                break
        return rows

    def _in_view(self, entity: Entity, wanted: Sequence[_Wanted], most_pages: int) -> dict[str, Observed]:
        left = {(one.field, _plain(one.value)): one for one in wanted}
        names = {one.field for one in wanted}
        hits: dict[str, Observed] = {}
        for row in self.reader.newest(entity, most_pages):
            for name in names:
                one = left.get((name, _plain(row.fields.get(name))))
                known = hits.get(one.operations[0]) if one else None
                if one is not None and (known is None or row.id < known.id):
                    hits |= dict.fromkeys(one.operations, row)
            if len(hits) >= sum(len(one.operations) for one in wanted):
                break
        rows = {row.id: row for row in hits.values()}.values()
        whole = {row.id: row for row in self.reader.whole(entity, rows)}
        return {name: whole[row.id] for name, row in hits.items() if row.id in whole}


def _order(row: Row) -> int:
    return as_id(row.get("id")) or 0


def _plain(value: Json) -> str:
    return str(value).strip().casefold() if value is not None else ""


def _matches(hit: Observed, wanted: _Wanted) -> bool:
    return _plain(hit.fields.get(wanted.field)) == _plain(wanted.value)


def _may_be(entity: Entity, row: Row, wanted: _Wanted) -> bool:
    """Leave out a thin row that already shows another value."""
    seen = observe(entity, row)
    return wanted.field not in seen.fields or _matches(seen, wanted)


def _marked(marker: str, children: Iterable[Observed]) -> Observed | None:
    texts = ((one, plain_text(one.fields.get("description"))) for one in children)
    hits = [one for one, text in texts if marker and text.endswith(marker)]
    return min(hits, key=lambda one: one.id, default=None)


def _parent(operation: Operation) -> int | None:
    linked = operation.links.get("targetable")
    if linked is not None:
        return linked
    before = (operation.before_links or {}).get("targetable")
    return as_id(before[0]) if isinstance(before, list) and before else as_id(before)


def _by_stream(operations: Sequence[Operation]) -> Mapping[str, list[Operation]]:
    groups: dict[str, list[Operation]] = {}
    for one in operations:
        groups.setdefault(one.stream, []).append(one)
    return groups


def _by_parent(operations: Sequence[Operation]) -> Mapping[int, list[Operation]]:
    groups: dict[int, list[Operation]] = {}
    for one in operations:
        parent = _parent(one)
        if parent is not None:
            groups.setdefault(parent, []).append(one)
    return groups


def _values(operations: Sequence[Operation]) -> list[_Wanted]:
    groups: dict[tuple[str, str], list[str]] = {}
    for one in operations:
        if one.match is not None and one.match[1]:
            groups.setdefault(one.match, []).append(one.id)
    return [
        _Wanted(field=field, value=value, operations=tuple(ids)) for (field, value), ids in groups.items()
    ]
