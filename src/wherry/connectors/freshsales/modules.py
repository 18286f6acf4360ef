"""Custom modules: which there are, what fields their forms hold, and making one. Documented for Enterprise."""

from collections.abc import Iterator
from dataclasses import dataclass

from wherry.connectors.freshsales.answers import Row, as_id, as_row, as_rows, rows_of
from wherry.connectors.freshsales.entities import is_module
from wherry.connectors.freshsales.fields import read_field, same_label
from wherry.connectors.kit.exchange import Effect
from wherry.connectors.kit.http import ApiClient
from wherry.model.catalog import Field, Stream
from wherry.model.errors import CredentialsRefused, OutcomeUnknown, ProtocolBroken, RefuseRecord
from wherry.model.jsons import Json

_PATH = "/settings/module_customizations"
_KEY = "module_customization"
_ICON = "icon-1"
"""An icon is required; this is the name in the documentation's own example [D]."""

_BY_HAND = "Create the module by hand under Admin Settings → Modules, then run prepare again."


@dataclass(frozen=True, slots=True, kw_only=True)
class Modules:
    """Reads and makes custom modules."""

    client: ApiClient

    def definitions(self) -> list[Row] | None:
        """Return the definitions of the custom modules, or None where this plan or user may not see them."""
        try:
            rows = rows_of(self.client.request("GET", _PATH).body, "module_customizations")
        except (RefuseRecord, ProtocolBroken):
            return None
        return [row for row in rows if row.get("custom") is not False and is_module(_name(row))]

    def streams(self, definitions: list[Row]) -> Iterator[Stream]:
        """Yield each module as a stream named by its entity name; one call a module."""
        for row in definitions:
            yield Stream(
                name=_name(row),
                fields=tuple(self.fields(_name(row))),
                key="id",
                cursor="updated_at",
                label=str(row.get("singular_name") or _name(row)),
            )

    def fields(self, stream: str) -> list[Field]:
        """Return the fields of a module, from its forms; none where they are not shown."""
        try:
            forms = rows_of(self.client.request("GET", f"/settings/{stream}/forms").body, "forms")
        except RefuseRecord:
            return []
        return fields_in(stream, forms)

    def create(self, label: str, plural: str, name: str) -> Stream:
        """Make a module of this label, or find the one that is there, and return it.

        Asked again after a lost answer, it finds what the first call made. Raises OutcomeUnknown while that
        is open, RefuseRecord with reason `cannot_create_modules` where the API does not make it.
        """
        found = self._by_label(label)
        if found is None:
            self._post(label, plural, name)
            found = self._by_label(label)
        if found is None:
            raise OutcomeUnknown(
                f"the module '{label}' does not show among the modules yet", hint="It is looked up again."
            )
        return next(iter(self.streams([found])))

    def _by_label(self, label: str) -> Row | None:
        known = self.definitions()
        if known is None:
            raise _cannot(label, "the modules cannot be listed")
        hits = [row for row in known if same_label(str(row.get("singular_name") or ""), label)]
        return min(hits, key=lambda row: as_id(row.get("id")) or 0, default=None)

    def _post(self, label: str, plural: str, name: str) -> None:
        body: Json = {
            _KEY: {
                "singular_name": label,
                "plural_name": plural,
                "entity_name": name,
                "icon": _ICON,
                "show_in_navigation_menu": True,
            }
        }
        try:
            self.client.request("POST", _PATH, json=body, effect=Effect.ONCE)
        except (RefuseRecord, CredentialsRefused, ProtocolBroken) as error:
            raise _cannot(label, error.code) from None


def fields_in(stream: str, forms: list[Row]) -> list[Field]:
    """Return the fields that stand in forms, which nest them in groups [C]."""
    found: dict[str, Field] = {}
    waiting = [row for form in forms for row in as_rows(form.get("fields"))]
    while waiting:
        row = waiting.pop(0)
        waiting += as_rows(row.get("fields"))
        if ("fields" in row and not row.get("type")) or row.get("type") == "section":
            continue
        field = read_field(stream, row)
        if field is not None:
            found.setdefault(field.name, field)
    return list(found.values())


def _name(row: Row) -> str:
    return str(as_row(row).get("entity_name") or "")


def _cannot(label: str, why: str) -> RefuseRecord:
    return RefuseRecord(
        f"the API does not make the module '{label}' ({why})", reason="cannot_create_modules", hint=_BY_HAND
    )
