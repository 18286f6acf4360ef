"""Reading records: whole streams through views, single ones with includes, children through their contact."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from wherry.connectors.freshsales.answers import Row, as_id, moment_of, record_of, rows_of, sideloads_of
from wherry.connectors.freshsales.attachments import Attachments
from wherry.connectors.freshsales.catalogue import STREAM as DEAL_PRODUCTS
from wherry.connectors.freshsales.catalogue import Catalogue, DealProducts
from wherry.connectors.freshsales.entities import CHILDREN, CONTACTS, ENTITIES, LEADS, PRODUCTS, Entity
from wherry.connectors.freshsales.hanging import Hanging
from wherry.connectors.freshsales.observed import observe, same_text
from wherry.connectors.freshsales.pick_lists import PickLists
from wherry.connectors.freshsales.searched import Searched
from wherry.connectors.freshsales.upload import STREAM as FILES
from wherry.connectors.freshsales.views import Views
from wherry.connectors.freshsales.walk import Listing, Walk, pages
from wherry.connectors.kit.http import ApiClient, Param
from wherry.model.diff import Observed
from wherry.model.errors import DestinationRefused, RecordGone, UsageInvalid
from wherry.model.jsons import Json

_FILTERS = {"tasks": ("open", "overdue", "completed"), "appointments": ("upcoming", "past")}
"""Together these hold every task and every appointment; the two of appointments may overlap [L]."""

_HOMES = {CONTACTS.stream: "targetable", LEADS.stream: "lead"}
"""Streams on whose records others hang, and the relation by which these say so."""

_MANY = 6
"""From so many records on, the newest pages of the view are read before single ones."""

_THIN = 4

_ROUND = 5
"""Every limit of rows that was seen is a multiple of this; a sideloaded list of another length is whole [I]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A record as an answer holds it, with what stands beside it."""

    record: Row
    beside: Mapping[str, Json]


class Reader:
    """Reads Freshsales; knows which includes this tenant takes and which ids it never shows."""

    def __init__(
        self, client: ApiClient, views: Views, picks: PickLists | None = None, *, read_files: bool = True
    ) -> None:
        """`picks` tell the texts of choices that are shown by number; with `read_files` bytes are compared too."""
        self._client, self._views = client, views
        self.picks = picks or PickLists()
        self._include: dict[str, str] = {}
        self._more: dict[str, tuple[str, ...]] = {}
        self._never_shown: dict[str, frozenset[str]] = {}
        self._children_refused = False
        self._longest: dict[str, int] = {}
        self.hanging = Hanging(scan=self.scan)
        self.files = Attachments(client=client, read_bytes=read_files)
        self.catalogue = Catalogue(client)
        self.deal_products = DealProducts(client=client, catalogue=self.catalogue)

    def scan(
        self, stream: str, since: datetime | None = None, known: Collection[int] = ()
    ) -> Iterator[Observed]:
        """Yield live records of a stream, newest change first, down to `since`; each id once.

        Contacts, accounts and deals come through their view of everything, 100 a call; tasks and
        appointments through their filters, unsorted; products, all but those that are `known`, one call
        each. Custom modules come through their view of everything or, where none is shown, through search.
        Notes have no list: raises UsageInvalid.
        """
        if stream == PRODUCTS.stream:
            yield from self.catalogue.all(known)
            return
        entity = ENTITIES[stream]
        if stream in _FILTERS:
            yield from self._scan_filters(entity, since)
            return
        if not entity.has_views:
            raise UsageInvalid(f"{stream} cannot be listed; read them through their contacts")
        views = self._views.of_everything(entity)
        if not views:
            rows = (self._seen(entity, row) for row in Searched(self._client, entity).rows(since))
            yield from self.whole(entity, rows)
            return
        seen: set[int] = set()
        for view in views:
            for row, _ in self._walk(entity, view, seen, since):
                if row.get("is_deleted") is not True:
                    yield self._seen(entity, row)

    def fetch(
        self,
        stream: str,
        ids: Sequence[int],
        parents: Mapping[int, int] | None = None,
        *,
        dependents: bool = False,
    ) -> Iterator[Observed]:
        """Yield the live records with these ids, each once, with all that the API can show.

        Children (tasks, appointments, notes) are read through their contact where `parents` names it,
        one call a contact; notes can be read in no other way [D], so one without a parent raises
        UsageInvalid. Many contacts or accounts come through the view's newest pages as far as that
        saves two calls of three. With `dependents` the links of contacts and accounts also name what
        hangs on them, which takes one call a record.
        """
        wanted = list(dict.fromkeys(ids))
        if stream == FILES:
            yield from self._fetch_files(wanted, parents or {})
            return
        if stream in CHILDREN:
            yield from self._fetch_children(ENTITIES[stream], wanted, parents or {})
            return
        if stream == DEAL_PRODUCTS:
            yield from self.deal_products.fetch(wanted)
            return
        entity, left = ENTITIES[stream], wanted
        if len(wanted) >= _MANY and not dependents and entity.has_views:
            found = self._in_bin(entity, wanted)
            wanted = [number for number in wanted if number not in found]
            for one in self._from_view(entity, wanted):
                found.add(one.id)
                yield one
            left = [number for number in wanted if number not in found]
        for number in left:
            if (got := self.one(entity, number, dependents=dependents)) is not None:
                yield self._with_hanging(got) if dependents else got

    def _fetch_files(self, wanted: Sequence[int], parents: Mapping[int, int]) -> Iterator[Observed]:
        if any(number not in parents for number in wanted):
            raise UsageInvalid("files can only be read through their contacts, and no contact was named")
        by_parent: dict[int, list[int]] = {}
        for number in wanted:
            by_parent.setdefault(parents[number], []).append(number)
        for parent, ids in by_parent.items():
            yield from self.files.fetch(parent, ids)

    def _seen(
        self, entity: Entity, record: Row, beside: Mapping[str, Json] | None = None, **how: Any
    ) -> Observed:
        return self.picks.shown(observe(entity, record, beside, **how))

    def _with_hanging(self, got: Observed) -> Observed:
        """Add what hangs on a contact or a lead where its answer did not show it: a call for its files, about one more."""
        if got.stream not in _HOMES:
            return got
        files = self.files.ids(got.stream, got.id) if got.stream == CONTACTS.stream else None
        if files is not None:
            got = replace(got, links={**got.links, FILES: files})
        missing = [stream for stream in CHILDREN if stream not in got.links]
        if not missing:
            return got
        links = {**self.hanging.of(got.id, _HOMES[got.stream]), **got.links}
        if "notes" in missing:
            links["notes"] = tuple(
                number
                for row in self._notes_of(got.id, ENTITIES[got.stream])
                if (number := as_id(row.get("id"))) is not None
            )
        return replace(got, links=links)

    def fetch_children(self, wanted: Mapping[int, Mapping[str, Sequence[int]]]) -> Iterator[Observed]:
        """Yield the live tasks, appointments, notes and files with these ids (contact → stream → ids).

        One call a contact for all of them, and one for each that the contact's answer does not show whole.
        Behind them, as far as that answer shows, those that hold the same text as one of them.
        """
        for parent, streams in wanted.items():
            yield from self.files.fetch(parent, streams[FILES], copies=True) if FILES in streams else ()
            others = {stream: ids for stream, ids in streams.items() if stream != FILES}
            known = self.all_children([ENTITIES[stream] for stream in others], parent) if others else {}
            for stream, ids in others.items():
                there = known[stream][0]
                yield from self._children_by_id(ENTITIES[stream], ids, parent, there)
                yield from same_text(there, ids, "description")

    def one(self, entity: Entity, number: int, *, dependents: bool = False) -> Observed | None:
        """Return one record by its own address, or None when it is gone; notes have none [D]."""
        shown = self.shown(entity, number, entity.dependents if dependents else ())
        if shown is None:
            return None
        got = self._seen(entity, shown.record, shown.beside, alone=True)
        known = self._never_shown.get(entity.stream)
        self._never_shown[entity.stream] = got.not_readable if known is None else known & got.not_readable
        return None if got.deleted else got

    def whole(self, entity: Entity, rows: Iterable[Observed]) -> Iterator[Observed]:
        """Yield each row of a list as it is where it shows everything, else read by its own address."""
        for row in rows:
            got = row if self.complete(row) else self.one(entity, row.id)
            if got is not None:
                yield got

    def shown(self, entity: Entity, number: int, more: Sequence[str] = ()) -> Shown | None:
        """Return one record as the answer holds it, or None when it is gone. One call."""
        try:
            body = self._included("GET", f"{entity.path}/{number}", entity, more)
        except RecordGone:
            return None
        record = record_of(body, entity)
        return None if record is None else Shown(record=record, beside=sideloads_of(body, entity))

    def children(self, entity: Entity, parent: int) -> tuple[dict[int, Observed], bool]:
        """Return the live children of a contact by id, and whether these are surely all of them."""
        return self.all_children([entity], parent)[entity.stream]

    def all_children(
        self, entities: Sequence[Entity], parent: int
    ) -> dict[str, tuple[dict[int, Observed], bool]]:
        """Return, per stream, the live children of a contact by id, and whether these are surely all.

        One call for all streams; one or more beyond that where the answer does not sideload notes. An
        answer that sideloads nothing, or as many rows as a limit may let through, may have left some out [?].
        """
        include = ",".join(entity.stream for entity in entities)
        body: Json = {}
        if not self._children_refused:
            try:
                body = self._client.request("GET", f"/contacts/{parent}", params={"include": include}).body
            except RecordGone:
                return {entity.stream: ({}, True) for entity in entities}
            except DestinationRefused:
                self._children_refused = True
        record, beside = record_of(body, CONTACTS) or {}, sideloads_of(body, CONTACTS)
        return {entity.stream: self._children_in(entity, parent, record, beside) for entity in entities}

    def _children_in(
        self, entity: Entity, parent: int, record: Row, beside: Mapping[str, Json]
    ) -> tuple[dict[int, Observed], bool]:
        shown = record if entity.stream in record else dict(beside)
        rows, sure = rows_of(shown, entity.stream), entity.stream in shown
        sure = sure and not self._may_be_cut(entity, len(rows))
        if not sure and entity.stream == "notes":
            rows, sure = self._notes_of(parent) or rows, True
        seen = [self._seen(entity, row, beside, parent=parent) for row in rows]
        return {one.id: one for one in seen if one.id and not one.deleted}, sure

    def _may_be_cut(self, entity: Entity, count: int) -> bool:
        """Return whether a sideloaded list of this length may have been cut: none was longer yet."""
        longest = self._longest.get(entity.stream, 0)
        self._longest[entity.stream] = max(longest, count)
        return count > 0 and count % _ROUND == 0 and count >= longest

    def newest(self, entity: Entity, most_pages: int) -> Iterator[Observed]:
        """Yield the records of the newest pages of the view of everything, at most so many pages."""
        views = self._views.of_everything(entity)
        for view in views:
            for page in pages(self._client, self._view(entity, view)):
                for row in page.rows:
                    if row.get("is_deleted") is not True:
                        yield self._seen(entity, row)
                if page.number >= max(1, most_pages // len(views)):
                    break

    def complete(self, one: Observed) -> bool:
        """Return whether asking for the record by its address can show no more; may cost nothing."""
        known = self._never_shown.get(one.stream)
        return one.not_readable <= (known or frozenset())

    def _in_bin(self, entity: Entity, wanted: Sequence[int]) -> set[int]:
        """Return which of these lie in the recycle bin, as far as its newest pages tell; one call as a rule."""
        view, left = self._views.of_bin(entity), set(wanted)
        if view is None:
            return set()
        for page in pages(self._client, self._view(entity, view)):
            hits = left & {as_id(row.get("id")) for row in page.rows}
            left -= hits
            if not hits or not left:
                break
        return set(wanted) - left

    def _from_view(self, entity: Entity, wanted: Sequence[int]) -> Iterator[Observed]:
        left, thin = set(wanted), 0
        for row in self.newest(entity, len(wanted) // 3) if wanted else ():
            if row.id in left:
                thin += not self.complete(row)
                left.discard(row.id)
                yield from self.whole(entity, [row])
            seen = len(wanted) - len(left)
            # Where most rows hide something that their own address shows, the view saves nothing.
            if not left or (thin > _THIN and 2 * thin > seen):
                return

    def _fetch_children(
        self, entity: Entity, wanted: Sequence[int], parents: Mapping[int, int]
    ) -> Iterator[Observed]:
        by_parent: dict[int | None, list[int]] = {}
        for number in wanted:
            by_parent.setdefault(parents.get(number) or None, []).append(number)
        if entity.stream == "notes" and None in by_parent:
            raise UsageInvalid("notes can only be read through their contacts, and no contact was named")
        for parent, ids in by_parent.items():
            known = {} if parent is None else self.children(entity, parent)[0]
            yield from self._children_by_id(entity, ids, parent, known)

    def _children_by_id(
        self, entity: Entity, ids: Sequence[int], parent: int | None, known: Mapping[int, Observed]
    ) -> Iterator[Observed]:
        if entity.stream == "notes" and parent is not None and known and not known.keys() >= set(ids):
            # What is not among the notes beside the contact may still be in their own list.
            rows = [self._seen(entity, row, parent=parent) for row in self._notes_of(parent)]
            known = {**known, **{one.id: one for one in rows if not one.deleted}}
        for number in ids:
            got = self._child(entity, number, known.get(number))
            if got is not None:
                yield got

    def _child(self, entity: Entity, number: int, known: Observed | None) -> Observed | None:
        if entity.stream == "notes" or (known is not None and self.complete(known)):
            return known
        return self.one(entity, number) or known

    def _notes_of(self, parent: int, on: Entity = CONTACTS) -> list[Row]:
        """Read the notes by their own list, for answers that do not sideload them. [L] seen live; of leads [I]."""
        listing = Listing(path=f"{on.path}/{parent}/notes", name="notes")
        try:
            return [row for page in pages(self._client, listing) for row in page.rows]
        except RecordGone:
            return []

    def _scan_filters(self, entity: Entity, since: datetime | None) -> Iterator[Observed]:
        seen: set[int] = set()
        for name in _FILTERS[entity.stream]:
            listing = Listing(
                path=f"/{entity.stream}",
                name=entity.stream,
                params={"filter": name, "include": entity.include},
            )
            for page in pages(self._client, listing):
                for row in page.rows:
                    number, moment = as_id(row.get("id")), moment_of(row.get("updated_at"))
                    old = since is not None and moment is not None and moment < since
                    if number is not None and number not in seen and not old:
                        seen.add(number)
                        yield self._seen(entity, row, page.beside)

    def _walk(
        self, entity: Entity, view: int, seen: set[int], since: datetime | None
    ) -> Iterator[tuple[Row, Mapping[str, Json]]]:
        return Walk(self._client, self._view(entity, view), seen).rows(since)

    def _view(self, entity: Entity, view: int) -> Listing:
        """Describe a view, with the includes that this tenant is known to take."""
        if entity.stream not in self._include:
            self._try_includes(entity, view)
        params: dict[str, Param] = {"sort": "updated_at", "sort_type": "desc"}
        return Listing(
            path=f"{entity.path}/view/{view}",
            name=entity.stream,
            params=params | {"include": self._include[entity.stream]}
            if self._include[entity.stream]
            else params,
        )

    def _try_includes(self, entity: Entity, view: int) -> None:
        self._included("GET", f"{entity.path}/view/{view}", entity, per_page=1)

    def _included(
        self, method: str, path: str, entity: Entity, more: Sequence[str] = (), **params: int
    ) -> Json:
        """Send a read with the fullest include that is taken, and remember which one that is.

        An unknown include value may be refused or ignored [?]; the documented ones are the fallback, all but
        one of them the next, and what hangs on a record (`more`) is left out where it is refused.
        """
        refused: DestinationRefused | None = None
        for include, names in self._ways(entity, more):
            words = ",".join(name for name in (include, *names) if name)
            asked: dict[str, str | int] = {**params, "include": words} if words else {**params}
            try:
                body = self._client.request(method, path, params=asked).body
            except DestinationRefused as error:
                refused = error
            else:
                self._include[entity.stream] = include
                if more:
                    self._more[entity.stream] = names
                return body
        raise refused or RecordGone(f"{method} {path}: nothing was asked")  # there is at least one way

    def _ways(self, entity: Entity, more: Sequence[str]) -> Iterator[tuple[str, tuple[str, ...]]]:
        """Yield what to ask for, fullest first: includes, and what hangs on the record."""
        known, taken = self._include.get(entity.stream), self._more.get(entity.stream)
        includes = (entity.include, entity.documented_include) if known is None else (known,)
        fewer = tuple(name for name in more if name not in CHILDREN)
        extras = [tuple(more), fewer, ()] if taken is None and more else [taken if more and taken else ()]
        for names in dict.fromkeys(extras):
            for include in dict.fromkeys(includes):
                yield include, names
        yield from ((include, ()) for include in entity.last_includes if known is None)
