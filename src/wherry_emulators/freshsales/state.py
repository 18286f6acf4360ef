"""The whole account: records, field metadata, selectors and users, with one lock over all of it."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from threading import RLock
from typing import Any

from wherry_emulators.freshsales.clock import Clock
from wherry_emulators.freshsales.document_entities import BESIDE
from wherry_emulators.freshsales.entity import STANDARD, Entity
from wherry_emulators.freshsales.errors import ApiError
from wherry_emulators.freshsales.files import Files
from wherry_emulators.freshsales.ids import Ids
from wherry_emulators.freshsales.parents import parents_of
from wherry_emulators.freshsales.saved_views import View, default_views
from wherry_emulators.freshsales.schema import Choice, Field, Schema, default_field, default_rows
from wherry_emulators.freshsales.selectors import Row, Selectors, time_zone_names
from wherry_emulators.freshsales.switches import Plan, Switches
from wherry_emulators.freshsales.tables import Links, Parent, SearchIndex, Table, Term
from wherry_emulators.freshsales.times import write_instant, write_utc
from wherry_emulators.freshsales.wire import Record

_FOUND_BY = ("email", "external_id", "name", "mobile_number", "work_number", "phone")


class State:
    """An account and everything in it.

    Hold ``lock`` (re-entrant) around every use from more than one thread; the routes do. ``switches`` may be
    replaced at any time. ``user_id`` is the user whose key the calls carry.
    """

    def __init__(self, plan: Plan, switches: Switches, clock: Clock, seed: int) -> None:
        self.plan = plan
        self.switches = switches
        self.clock = clock
        self.lock = RLock()
        self.files = Files()
        self._seed = seed
        self.reset()

    def reset(self) -> None:
        """Empty the account: a fresh tenant with default fields, selectors and one user."""
        self.ids = Ids(self._seed)
        self.selectors = Selectors(self.ids, write_utc(self.clock.now()))
        self.begun = self.stamp()
        self.user_id: int = self.selectors.rows("users")[0]["id"]
        self.links = Links()
        self.entities: dict[str, Entity] = {}
        self.tables: dict[str, Table] = {}
        self.schemas: dict[str, Schema] = {}
        self.views: dict[str, list[View]] = {}
        self._indexes: dict[str, SearchIndex] = {}
        for entity in (*STANDARD, *BESIDE):
            self.add_entity(entity, self._default_fields(entity) if entity.has_schema else None)

    @property
    def zone(self) -> Any:
        """The account's time zone."""
        return self.clock.zone

    def now(self) -> datetime:
        """The present instant in the account's zone."""
        return self.clock.now()

    def stamp(self) -> str:
        """The present instant as records show it."""
        return write_instant(self.clock.now())

    def add_entity(
        self, entity: Entity, fields: Iterable[Field] | None = None, *, form_id: int | None = None
    ) -> None:
        """Make room for records of an entity; with ``fields`` it has metadata, a form and custom fields."""
        self.entities[entity.key] = entity
        if fields is not None:
            form = self.ids.next("form") if form_id is None else form_id
            self.ids.keep_clear_of("form", form)
            self.schemas[entity.key] = Schema(entity.model, form, list(fields))
        self.views[entity.key] = default_views(self.ids, entity.plural)
        self.tables[entity.key] = Table(lambda record: self._terms(entity.key, record))
        self._indexes[entity.key] = SearchIndex(lambda record: self._terms(entity.key, record))

    def add_views(self, key: str, named: Iterable[tuple[str, bool]]) -> None:
        """Give an entity views besides those of a fresh tenant: names, and whether each is a default."""
        self.views[key] += [
            View(id=self.ids.next("view"), name=name, is_default=shown) for name, shown in named
        ]

    def drop_entity(self, key: str) -> None:
        """Remove an entity and all its records; KeyError if there is none of that name."""
        for record in list(self.tables[key].everything()):
            self.links.drop(key, record["id"])
        for kept in (self.entities, self.tables, self.views, self._indexes):
            del kept[key]
        self.schemas.pop(key, None)

    def entity_of_model(self, model: Any) -> Entity | None:
        """Find an entity by its model name, such as SalesAccount."""
        return next((one for one in self.entities.values() if one.model == model), None)

    def find(self, key: str, record_id: Any) -> Record | None:
        """Find a live record of an entity by id."""
        return self.tables[key].get(record_id) if isinstance(record_id, int) else None

    def get(self, key: str, record_id: int) -> Record:
        """Give a live record; ApiError 404 if there is none."""
        record = self.tables[key].get(record_id)
        if record is None:
            raise ApiError(404, f"{self.entities[key].label} not found")
        return record

    def insert(self, key: str, values: Record) -> Record:
        """Store a new record: id and stamps are added unless given."""
        now = self.stamp()
        record = {
            "id": self.ids.next(key),
            "created_at": now,
            "updated_at": now,
            "creater_id": self.user_id,
            "updater_id": self.user_id,
            "is_deleted": False,
            **values,
        }
        if record.get("owner_id") and "last_assigned_at" in self.entities[key].shown:
            record.setdefault("last_assigned_at", now)
        return self.put(key, record)

    def update(self, key: str, record: Record, changes: Record) -> Record:
        """Store a changed record, stamped now."""
        new = {**record, "updated_at": self.stamp(), "updater_id": self.user_id, **changes}
        if new.get("owner_id") != record.get("owner_id"):
            new["last_assigned_at"] = new["updated_at"]
        return self.put(key, new)

    def put(self, key: str, record: Record) -> Record:
        """Store a record exactly as it is; searches find it after the lag."""
        return self._store(key, record, self.switches.search_lag_ms)

    def restore(self, key: str, record: Record) -> Record:
        """Store a record of a seed: it was there before, so that searches find it at once."""
        return self._store(key, record, 0)

    def discard(self, key: str, record: Record) -> None:
        """Move a record to the recycle bin."""
        self.put(key, {**record, "is_deleted": True, "updated_at": self.stamp()})

    def erase(self, key: str, record_id: int) -> None:
        """Remove a record for good, from the bin as well."""
        gone = self.tables[key].get_any(record_id)
        self.tables[key].drop(record_id)
        self.links.drop(key, record_id)
        self._post(key, record_id, None, self.switches.search_lag_ms)
        if gone and "sha256" in gone:
            self.drop_unused(gone["sha256"])

    def drop_unused(self, sha256: str) -> None:
        """Remove the content of files once no file has it any more."""
        if all(row.get("sha256") != sha256 for row in self.tables["document"].everything()):
            self.files.drop(sha256)

    def children(self, parent: Parent, key: str) -> list[Record]:
        """Live records of an entity that hang below a parent, oldest id first."""
        table = self.tables.get(key)
        if table is None:
            return []
        found = (table.get(record_id) for record_id in self.links.below(parent, key))
        return [record for record in found if record is not None]

    def indexed(self, key: str) -> Table:
        """The table as searches see it now; it lags behind writes by the switch's time."""
        return self._indexes[key].at(self.clock.seconds())

    def choices(self, field: Field) -> tuple[Choice, ...]:
        """The choices of a field now, from its selector if it has one."""
        if field.source is None:
            return field.choices
        if field.source == "time_zones":
            return tuple(
                Choice(id=name, value=name, position=n) for n, name in enumerate(time_zone_names(), 1)
            )
        return tuple(self._selector_choices(field.source))

    def _store(self, key: str, record: Record, lag_ms: int) -> Record:
        self.ids.keep_clear_of(key, record["id"])
        self.tables[key].put(record)
        self.links.put(key, record["id"], parents_of(self.entity_of_model, key, record))
        self._post(key, record["id"], None if record.get("is_deleted") else record, lag_ms)
        return record

    def _post(self, key: str, record_id: int, record: Record | None, lag_ms: int) -> None:
        self._indexes[key].post(self.clock.seconds() + lag_ms / 1000, record_id, record)

    def _terms(self, key: str, record: Record) -> Iterator[Term]:
        for name in _FOUND_BY:
            value = record.get(name)
            if isinstance(value, str) and value:
                yield name, value.casefold()
        for row in record.get("emails") or ():
            yield "emails", row["value"].casefold()
        if key in self.schemas:
            for name, value in (record.get("custom_field") or {}).items():
                yield name, str(value).casefold()

    def _default_fields(self, entity: Entity) -> list[Field]:
        rows = default_rows(entity.plural)
        return [default_field(row, place, self._listed(row)) for place, row in enumerate(rows, 1)]

    def _listed(self, row: Any) -> tuple[Choice, ...]:
        listed = row.get("choices", ())
        if isinstance(listed, str):
            return ()
        pairs = [one if isinstance(one, list) else [str(self.ids.next("choice")), one] for one in listed]
        return tuple(Choice(id=pair[0], value=pair[1], position=n) for n, pair in enumerate(pairs, 1))

    def _selector_choices(self, source: str) -> Iterator[Choice]:
        rows = self._source_rows(source)
        extra_names = {
            "deal_stages": ("choice_type", "deal_pipeline_id", "forecast_type"),
            "contact_statuses": ("forecast_type",),
        }.get(source, ())
        for position, row in enumerate(rows, 1):
            value = row.get("name") or row.get("display_name") or row.get("currency_code")
            as_text = source in {"lifecycle_stages", "lost_reasons"}
            yield Choice(
                id=str(row["id"]) if as_text else row["id"],
                value=str(value),
                position=row.get("position", position),
                extra={name: row[name] for name in extra_names},
            )

    def _source_rows(self, source: str) -> list[Row]:
        if source == "custom_activity_types":
            return self.selectors.custom_activity_types()
        if source == "sales_activity_outcomes":
            types = {row["id"] for row in self.selectors.custom_activity_types()}
            rows = self.selectors.rows(source)
            return [row for row in rows if row["sales_activity_type_id"] in types]
        return self.selectors.rows(source)


BEHAVIOURS: tuple[tuple[str, str, str], ...] = (
    (
        "created_at, updated_at, creater_id and updater_id are set by the server",
        "[D] by absence",
        "section 9",
    ),
)
