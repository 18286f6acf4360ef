"""What this account holds: streams, fields, pick lists, people, limits, abilities. About 20 calls and one a custom module, no write."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from wherry.connectors.freshsales.answers import Row, as_id, as_row, need_rows, rows_of
from wherry.connectors.freshsales.catalogue import has_catalogue
from wherry.connectors.freshsales.entities import LEADS
from wherry.connectors.freshsales.fields import read_field, read_stream, reduced, static_streams
from wherry.connectors.freshsales.limits import FEATURES, figures, plan_limits
from wherry.connectors.freshsales.modules import Modules
from wherry.connectors.freshsales.zones import zone_rows
from wherry.connectors.kit.http import ApiClient
from wherry.model.catalog import Catalog, Field, Person, Stream
from wherry.model.errors import CredentialsRefused, ProtocolBroken, RefuseRecord
from wherry.model.jsons import Json

_TOLD_BY_METADATA = ("contacts", "sales_accounts", "deals")
_LISTS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "lifecycle_stages": ("lifecycle_stages", ("name",)),
    "contact_statuses": ("contact_statuses", ("name", "lifecycle_stage_id", "forecast_type")),
    "lead_sources": ("lead_sources", ("name",)),
    "territories": ("territories", ("name",)),
    "currencies": ("currencies", ("currency_code", "currency_type", "is_active")),
    "deal_pipelines": ("deal_pipelines", ("name", "is_default")),
    "deal_stages": ("deal_stages", ("name", "deal_pipeline_id", "forecast_type")),
}
"""Lookup of the catalog → selector, and the keys kept beside the id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Discovery:
    """Reads the catalog. `overrides` are figures and abilities that the settings know better."""

    client: ApiClient
    plan: str
    overrides: Mapping[str, int | str | bool]

    @property
    def modules(self) -> Modules:
        """The custom modules of the account."""
        return Modules(client=self.client)

    def describe(self) -> Catalog:
        """Return the catalog. Raises CredentialsRefused, or ProtocolBroken where this is no Freshsales."""
        streams = [read_stream(name, self._metadata(name)) for name in _TOLD_BY_METADATA]
        streams += self._leads()
        custom = {name: self._custom_fields(name) for name in ("tasks", "appointments")}
        modules = self.modules.definitions()
        return Catalog(
            system="freshsales",
            streams=(*streams, *static_streams(custom), *self.modules.streams(modules or [])),
            people=self._people(),
            lookups=self._lookups(),
            limits=figures(self.plan, self.overrides),
            abilities=self._abilities(custom, modules),
        )

    def _leads(self) -> list[Stream]:
        """Return the leads of a Classic account, where the settings say that it is one and it shows them.

        Nobody else is asked: in the Suite there are none [D] section 3.15.
        """
        if self.overrides.get("edition") != "classic":
            return []
        rows = self._may(f"/settings/{LEADS.stream}/fields", "fields")
        return [read_stream(LEADS.stream, rows)] if rows else []

    def _metadata(self, stream: str) -> list[Row]:
        path = f"/settings/{stream}/fields"
        return need_rows(self._must(path), "fields", path)

    def _must(self, path: str) -> Json:
        """Read what nothing works without."""
        try:
            return self.client.request("GET", path).body
        except RefuseRecord as error:
            if error.reason == "forbidden":
                raise CredentialsRefused(
                    f"GET {path} is forbidden to this API key",
                    hint="Use the key of a user who may see fields and modules, such as an account admin.",
                ) from None
            raise ProtocolBroken(
                f"GET {path} is refused ({error.reason})",
                hint="Check [destination] base_url: it must end in the bundle's path, such as /crm/sales.",
            ) from None

    def _may(self, path: str, name: str) -> list[Row]:
        """Read a list that may be missing in this plan, or not be shown to this user."""
        try:
            return rows_of(self.client.request("GET", path).body, name)
        except RefuseRecord:
            return []

    def _custom_fields(self, stream: str) -> Sequence[Field]:
        """Look for custom fields where none are documented [?]; a tenant may have them."""
        rows = self._may(f"/settings/{stream}/fields", "fields")
        fields = [field for row in rows if (field := read_field(stream, row)) is not None]
        return [field for field in fields if field.custom]

    def _people(self) -> tuple[Person, ...]:
        path = "/selector/owners"
        people = []
        for row in need_rows(self._must(path), "users", path):
            number = as_id(row.get("id"))
            if number is not None:
                name = row.get("display_name") or row.get("name") or ""
                people.append(
                    Person(
                        id=number,
                        name=str(name),
                        email=str(row.get("email") or ""),
                        active=row.get("is_active") is not False,
                    )
                )
        return tuple(people)

    def _lookups(self) -> dict[str, Json]:
        found: dict[str, Json] = {}
        for name, (selector, keys) in _LISTS.items():
            found[name] = list(reduced(self._may(f"/selector/{selector}", selector), keys))
        kinds = self._activity_kinds()
        types = self._may("/selector/sales_activity_entity_types", "sales_activity_entity_types")
        outcomes = self._may("/selector/sales_activity_outcomes", "sales_activity_outcomes")
        keys = ("name", "sales_activity_type_id")
        found["task_types"] = list(reduced(_of_kind(types, kinds.get("task")), keys))
        found["task_outcomes"] = list(reduced(_of_kind(outcomes, kinds.get("task")), keys))
        found["appointment_outcomes"] = list(reduced(_of_kind(outcomes, kinds.get("appointment")), keys))
        found["time_zones"] = [dict(row) for row in zone_rows()]
        return found

    def _activity_kinds(self) -> dict[str, int]:
        """Return the ids of the activity types behind tasks and appointments, as far as they can be told."""
        kinds: dict[str, int] = {}
        for row in self._may("/selector/sales_activity_types", "sales_activity_types"):
            number = as_id(row.get("id"))
            inner = str(row.get("internal_name") or row.get("name") or "").strip().lower()
            if number is not None and inner in {"task", "appointment"}:
                kinds[inner] = number
        return kinds

    def _abilities(
        self, custom: Mapping[str, Sequence[Field]], modules: Sequence[Row] | None
    ) -> dict[str, bool]:
        """Return yes/no facts: create_fields, custom_modules and *_custom_fields probed, other features by plan.

        `create_fields` is yes only where the forms of a standard module can be read; nothing is written
        to find out [?]. Settings override each of them by name.
        """
        features = plan_limits(self.plan).features
        found = {name: name in features for name in FEATURES}
        found["products"] = found["products"] and has_catalogue(self.client)
        found["create_fields"] = self._forms_can_be_read()
        # A plan without them may answer with an empty list, and a user may not see those that a plan has.
        found["custom_modules"] = modules is not None and (found["custom_modules"] or bool(modules))
        found["tasks_custom_fields"] = bool(custom["tasks"])
        found["appointments_custom_fields"] = bool(custom["appointments"])
        found["appointments_owner_writable"] = False
        for name in found:
            value = self.overrides.get(name)
            if isinstance(value, bool):
                found[name] = value
        return found

    def _forms_can_be_read(self) -> bool:
        if plan_limits(self.plan).caps["total"] == 0:
            return False
        return any(as_id(as_row(row).get("id")) for row in self._may("/settings/contacts/forms", "forms"))


def _of_kind(rows: list[Row], kind: int | None) -> list[Row]:
    """Keep the entries of one activity type; all of them where the type cannot be told."""
    if kind is None:
        return rows
    return [row for row in rows if as_id(row.get("sales_activity_type_id")) in {kind, None}]
