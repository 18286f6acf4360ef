"""From what was discovered to an account that can be rehearsed with: the seed of a local emulator.

Fields, pick lists, people and modules are those of the real catalog. Of the records that are there, only what
identifies them is known, and only that is in the seed.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from wherry.mapping.check import FieldNeed
from wherry.mapping.labels import normal_label
from wherry.model.catalog import Catalog, Field, FieldType, Stream
from wherry.planning.twins import Existing

Seed: TypeAlias = dict[str, Any]

TYPES: Mapping[FieldType, str] = {
    FieldType.TEXT: "text",
    FieldType.TEXTAREA: "textarea",
    FieldType.INTEGER: "number",
    FieldType.NUMBER: "number",
    FieldType.MONEY: "number",
    FieldType.BOOLEAN: "checkbox",
    FieldType.DATE: "date",
    FieldType.DATETIME: "date_time",
    FieldType.DROPDOWN: "dropdown",
    FieldType.MULTI_SELECT: "multi_select_dropdown",
    FieldType.REFERENCE: "lookup",
}
PLAIN_LISTS = (
    "lifecycle_stages",
    "contact_statuses",
    "lead_sources",
    "territories",
    "currencies",
    "deal_pipelines",
    "deal_stages",
)
FIRST_ID = 9_000_000  # of fields and choices that have none we know
SOURCE_ID, BIRTH_DATE = "source_system_id__c", "date of birth"


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """All that a seed is made of. `fresh` is the seed of an empty account, by which ours is completed."""

    catalog: Catalog
    existing: Mapping[str, Sequence[Existing]]
    by_hand: Sequence[FieldNeed]  # fields that an admin will have made by then
    fresh: Seed


def seed_of(known: Known) -> Seed:
    """Return the seed of an account that holds what the real one holds, as far as we know it."""
    catalog = known.catalog
    modules = [stream for stream in catalog.streams if stream.label]
    users = [
        {"id": one.id, "display_name": one.name, "email": one.email, "is_active": one.active}
        for one in catalog.people
    ]
    first = next((one.id for one in catalog.people if one.active), None)
    seed: Seed = {
        "users": users,
        "user_id": first,
        "selectors": _selectors(catalog, known.fresh["selectors"]),
        "module_customizations": [_module(stream) for stream in modules],
        "fields": _fields(catalog, known.fresh["fields"], {stream.name for stream in modules}),
        "custom_fields": _by_hand(known.by_hand),
    }
    owner = {"owner_id": first} if first else {}
    for stream in ("contacts", "leads", "sales_accounts", "deals", "products"):
        names = _custom_names(catalog.stream(stream))
        rows = [_record(one, names) for one in known.existing.get(stream, ())]
        seed[stream] = rows if stream == "products" else [{**owner, **row} for row in rows]
    return {name: part for name, part in seed.items() if part}


def _selectors(catalog: Catalog, fresh: Seed) -> Seed:
    """Return the pick lists; what the catalog does not keep of a row is as in an empty account."""
    lists: Seed = {name: _completed(_rows(catalog, name), fresh.get(name, [])) for name in PLAIN_LISTS}
    kinds = {str(row.get("internal_name")): row["id"] for row in fresh.get("sales_activity_types", [])}
    for name, lookups in (
        ("sales_activity_entity_types", {"task": "task_types"}),
        ("sales_activity_outcomes", {"task": "task_outcomes", "appointment": "appointment_outcomes"}),
    ):
        ours = {kinds[kind]: lookup for kind, lookup in lookups.items() if _rows(catalog, lookup)}
        kept = [row for row in fresh.get(name, []) if row["sales_activity_type_id"] not in ours]
        for kind, lookup in ours.items():
            like = [row for row in fresh.get(name, []) if row["sales_activity_type_id"] == kind]
            own = {"sales_activity_type_id": kind}
            kept += _completed([{**row, **own} for row in _rows(catalog, lookup)], like)
        lists[name] = kept
    return {name: rows for name, rows in lists.items() if rows}


def _rows(catalog: Catalog, name: str) -> list[Seed]:
    rows = catalog.lookups.get(name)
    return [dict(row) for row in rows if isinstance(row, Mapping)] if isinstance(rows, list | tuple) else []


def _completed(rows: Sequence[Seed], like: Sequence[Seed]) -> list[Seed]:
    """Fill in what a row leaves out from the row of that name, or the first one, of an empty account."""
    named = {str(row.get("name")): row for row in like}
    first = dict(like[0]) if like else {}
    return [
        {**named.get(str(row.get("name")), first), "position": place, **row}
        for place, row in enumerate(rows, start=1)
    ]


def _module(stream: Stream) -> Seed:
    return {"singular_name": stream.label, "plural_name": stream.label, "entity_name": stream.name}


def _fields(catalog: Catalog, fresh: Seed, modules: Iterable[str]) -> Seed:
    """Return the fields of each form: standard ones as required and with the choices they have there."""
    forms: Seed = {}
    numbers = iter(range(FIRST_ID, FIRST_ID + 1_000_000))
    for name in (*fresh, *modules):
        stream = catalog.stream(name)
        if stream is None:
            continue
        standard = {row["name"]: row for row in fresh.get(name, ())}
        rows: list[Seed] = []
        for field in stream.fields:
            if field.custom:
                rows.append(_custom(field, next(numbers), len(rows)))
            elif field.name in standard:
                rows.append({**standard[field.name], "required": field.required, "label": field.label})
        forms[name] = rows
    return forms


def _custom(field: Field, number: int, place: int) -> Seed:
    return {
        "id": number,
        "name": field.name,
        "label": field.label or field.name,
        "type": "formula" if field.read_only else TYPES.get(field.type, "text"),
        "required": field.required,
        "unique": field.unique,
        "position": 100 + place,
        "choices": [
            {"id": int(one.id) if one.id.isdigit() else one.id, "value": one.value, "position": spot}
            for spot, one in enumerate(field.choices, start=1)
        ],
    }


def _by_hand(needs: Sequence[FieldNeed]) -> Seed:
    made: Seed = {}
    for need in needs:
        row: Seed = {"label": need.label, "type": TYPES.get(FieldType(need.type), "text")}
        if need.choices:
            row["choices"] = list(need.choices)
        made.setdefault(need.stream, []).append(row)
    return made


def _custom_names(stream: Stream | None) -> dict[str, str]:
    return {normal_label(f.label): f.name for f in (stream.fields if stream else ()) if f.custom}


def _record(one: Existing, names: Mapping[str, str]) -> Seed:
    custom = {
        names[normal_label(label)]: value
        for label, value in ((SOURCE_ID, one.source_id), (BIRTH_DATE, one.birth_date))
        if value and normal_label(label) in names
    }
    plain = {
        "email": one.email,
        "external_id": one.external_id,
        "first_name": one.first_name,
        "last_name": one.last_name,
        "display_name": " ".join(part for part in (one.first_name, one.last_name) if part),
        "name": one.name,
        "mobile_number": one.mobile,
        "product_code": one.code,
    }
    row: Seed = {"id": one.id, **{name: value for name, value in plain.items() if value}}
    return {**row, "custom_field": custom} if custom else row
