"""Creating custom fields: documented for custom modules, unknown for contacts, accounts and deals [?]."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from wherry.connectors.freshsales.answers import Row, as_id, as_row, as_rows, need_rows, rows_of
from wherry.connectors.freshsales.entities import ENTITIES, is_module
from wherry.connectors.freshsales.fields import read_field, same_label
from wherry.connectors.freshsales.modules import fields_in
from wherry.connectors.kit.exchange import Effect
from wherry.connectors.kit.http import ApiClient
from wherry.model.catalog import Field, FieldType
from wherry.model.errors import DestinationRefused, OutcomeUnknown, ProtocolBroken, RefuseRecord, StopRun
from wherry.model.jsons import Json

FIELD_TYPES: Mapping[FieldType, tuple[int, str]] = {
    FieldType.TEXT: (1, "text"),
    FieldType.TEXTAREA: (2, "textarea"),
    FieldType.NUMBER: (3, "number"),
    FieldType.INTEGER: (3, "number"),
    FieldType.MONEY: (3, "number"),
    FieldType.DROPDOWN: (4, "dropdown"),
    FieldType.BOOLEAN: (5, "checkbox"),
    FieldType.DATE: (7, "date"),
    FieldType.DATETIME: (7, "date"),
    FieldType.MULTI_SELECT: (8, "multi_select_dropdown"),
    FieldType.REFERENCE: (9, "lookup"),
}
"""Our type → (`field_type`, name of the type in metadata).

The numeric codes are documented nowhere [?]. Where the forms of the account show codes beside type names,
those are used; the setting `field_type_<type>` (such as field_type_text = 1) beats both. Moments become
dates: custom date-and-time fields are not among the documented kinds. A field that comes out as another
type than asked for is noticed and reported, never used.
"""

_BY_HAND = (
    "Create the field by hand under Admin Settings → Contacts, Accounts & Deals, then run prepare again."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Schema:
    """Creates custom fields, and verifies them by reading the metadata again."""

    client: ApiClient
    overrides: Mapping[str, int | str | bool]
    known_forms: dict[str, list[Row]] = field(default_factory=dict)  # read once a stream
    known_fields: dict[str, list[Field]] = field(default_factory=dict)  # read once, and after a doubt

    def create_field(self, stream: str, field: Field) -> Field:
        """Create a custom field, or find the one of that label, and return it as the API shows it.

        One call a field as a rule: the metadata are read once a stream, and again only where the answer
        does not show the field. Raises RefuseRecord with reason `cannot_create_fields` where the API does not create fields on
        this stream, `field_differs` where the field that is there now has another type or lacks choices,
        `field_refused` where the API refuses this one. Each is a step for the admin.
        """
        found = self._by_label(stream, field, known=True)
        if found is None:
            found = self._create(stream, field) or self._by_label(stream, field)
            self.known_fields[stream] += [found] if found else []
        if found is None:
            raise RefuseRecord(
                f"{stream}: the field '{field.label}' was accepted but does not show among the fields",
                reason="field_differs",
                field=field.label,
                hint=_BY_HAND,
            )
        _check(stream, field, found)
        return found

    def _by_label(self, stream: str, field: Field, *, known: bool = False) -> Field | None:
        if not known or stream not in self.known_fields:
            self.known_fields[stream] = self._read_fields(stream)
        fields = self.known_fields[stream]
        return next((one for one in fields if one.custom and same_label(one.label, field.label)), None)

    def _read_fields(self, stream: str) -> list[Field]:
        if is_module(stream):
            return fields_in(stream, self._forms(stream, again=True))
        path = f"/settings/{stream}/fields"
        try:
            rows = need_rows(self.client.request("GET", path).body, "fields", path)
        except (RefuseRecord, ProtocolBroken) as error:
            raise _cannot(stream, error) from None
        return [one for row in rows if (one := read_field(stream, row)) is not None]

    def _create(self, stream: str, field: Field) -> Field | None:
        """Create the field; return it where the answer shows it, None where the metadata must be asked."""
        forms = self._forms(stream)
        path = f"/settings/{stream}/forms/{_form_of(forms)}/fields"
        try:
            answer = self._post(path, self._body(field, _codes_in(forms)))
        except OutcomeUnknown:
            found = self._by_label(stream, field)
            if found is None:
                raise
            return found
        except RefuseRecord as error:
            if error.reason in {"forbidden", "gone", "invalid_reference"}:
                raise _cannot(stream, error) from None
            raise RefuseRecord(
                f"{stream}: the field '{field.label}' is refused ({error.reason})",
                reason="field_refused",
                field=field.label,
                hint=_BY_HAND,
            ) from None
        except StopRun as error:
            raise _cannot(stream, error) from None
        shown = read_field(stream, as_row(as_row(answer).get("field")))
        whole = shown is not None and shown.custom and same_label(shown.label, field.label)
        return shown if whole else None

    def _post(self, path: str, body: Row) -> Json:
        """Send the body; where its numeric type is refused, send it once more with the type's name.

        A code that the account itself shows says everything, so such a body holds documented keys only [D].
        """
        try:
            return self.client.request("POST", path, json=body, effect=Effect.ONCE).body
        except DestinationRefused as error:
            if "type" not in body or error.reason not in {"refused", "invalid_choice"}:
                raise
            named = {**body, "field_type": body["type"]}
            return self.client.request("POST", path, json=named, effect=Effect.ONCE).body

    def _forms(self, stream: str, *, again: bool = False) -> list[Row]:
        if again or stream not in self.known_forms:
            self.known_forms[stream] = self._read_forms(stream)
        return self.known_forms[stream]

    def _read_forms(self, stream: str) -> list[Row]:
        try:
            rows = rows_of(self.client.request("GET", f"/settings/{stream}/forms").body, "forms")
        except RefuseRecord as error:
            raise _cannot(stream, error) from None
        known = [row for row in rows if as_id(row.get("id")) is not None]
        if not known:
            raise _cannot(stream, None)
        return [row for row in known if row.get("active") is not False] or known

    def _body(self, field: Field, codes: Mapping[str, int]) -> Row:
        code, name = FIELD_TYPES.get(field.type, FIELD_TYPES[FieldType.TEXT])
        own = self.overrides.get(f"field_type_{field.type}")
        known = own if isinstance(own, int) else codes.get(name)
        body: Row = {
            "label": field.label,
            "field_type": code if known is None else known,
            "required": field.required,
        }
        if known is None:
            body["type"] = name
        if field.type is FieldType.REFERENCE and field.references:
            body["lookup_entity"] = ENTITIES[field.references].root  # how a form names the other module [?]
        if field.choices:
            choices: list[Json] = [
                {"value": choice.value, "position": place} for place, choice in enumerate(field.choices, 1)
            ]
            body["choices"] = choices
        return body


def _form_of(forms: list[Row]) -> int:
    return as_id(forms[0].get("id")) or 0


def _codes_in(forms: list[Row]) -> dict[str, int]:
    """Return the numeric type codes that fields in these forms show beside the names of their types."""
    codes: dict[str, int] = {}
    open_rows = list(forms)
    while open_rows:
        row = open_rows.pop()
        code, name = row.get("field_type"), row.get("type")
        if isinstance(code, int) and isinstance(name, str):
            codes.setdefault(name, code)
        open_rows += as_rows(row.get("fields"))
    return codes


def _check(stream: str, wanted: Field, found: Field) -> None:
    texts = {choice.value.strip().lower() for choice in found.choices}
    lacking = [choice for choice in wanted.choices if choice.value.strip().lower() not in texts]
    expected = _metadata_type(wanted.type)
    if found.type is expected and not lacking:
        return
    what = f"{len(lacking)} choices are missing" if lacking else f"its type is {found.type}, not {expected}"
    raise RefuseRecord(
        f"{stream}: the field '{wanted.label}' is not as asked for: {what}",
        reason="field_differs",
        field=wanted.label,
        hint="Mend or rename the field under Admin Settings, then run prepare again.",
    )


def _metadata_type(wanted: FieldType) -> FieldType:
    alike = {
        FieldType.INTEGER: FieldType.NUMBER,
        FieldType.MONEY: FieldType.NUMBER,
        FieldType.DATETIME: FieldType.DATE,
    }
    return alike.get(wanted, wanted)


def _cannot(stream: str, error: RefuseRecord | StopRun | None) -> RefuseRecord:
    why = f" ({error.code})" if error else ""
    return RefuseRecord(
        f"the API does not create fields on {stream}{why}", reason="cannot_create_fields", hint=_BY_HAND
    )
