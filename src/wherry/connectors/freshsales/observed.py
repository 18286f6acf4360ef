"""From a record as the API shows it to an Observed under the names that payloads use."""

import html
import re
from collections.abc import Iterator, Mapping, Sequence

from wherry.connectors.freshsales.answers import Row, as_id, as_number, as_row, as_rows
from wherry.connectors.freshsales.entities import (
    APPOINTMENTS,
    CHILDREN,
    CONTACTS,
    DEALS,
    LOOKED_INTO,
    USER_TYPE,
    Entity,
    is_module,
)
from wherry.model.diff import Observed
from wherry.model.jsons import Json
from wherry.model.operation import lookup_relation

_NOT_FIELDS = frozenset(
    {
        "id", "custom_field", "links", "avatar", "partial", "sales_accounts", "deals", "contacts", "tasks",
        "appointments", "notes", "lists", "targetable", "targetables", "appointment_attendees",
        "team_user_ids", "products", "contact_ids", "collaboration", "fc_widget_collaboration", "collab_context",
    }
)  # fmt: skip

_PARAGRAPH = re.compile(r"</p>\s*<p>", re.IGNORECASE)
_BREAK = re.compile(r"<br\s*/?>\n?|</div>\s*<div>|</p>\s*<p>", re.IGNORECASE)
_BARE_NEWLINE = re.compile(r"(?<![>\n])\n")
_WRAPPER = re.compile(r"^\s*<(?:p|div)>|</(?:p|div)>\s*$", re.IGNORECASE)

_SIDELOAD_OF = {
    "owner": ("owner", "users"),
    "lead_stage": ("lead_stage", "lead_stages"),
    "lifecycle_stage": ("lifecycle_stage", "lifecycle_stages"),
    "contact_status": ("contact_status", "contact_statuses"),
    "lost_reason": ("lost_reason", "lost_reasons"),
    "source": ("source", "lead_sources"),
    "territory": ("territory", "territories"),
    "campaign": ("campaign", "campaigns"),
    "business_type": ("business_type", "business_types"),
    "industry_type": ("industry_type", "industry_types"),
    "sales_account": ("sales_account", "sales_accounts"),
    "currency": ("currency", "currencies"),
    "deal_type": ("deal_type", "deal_types"),
    "deal_reason": ("deal_reason", "deal_reasons"),
    "deal_payment_status": ("deal_payment_status", "deal_payment_statuses"),
}
"""Include value → name inside the record, and name of the array beside it [L]/[I]."""


def observe(
    entity: Entity,
    record: Row,
    beside: Mapping[str, Json] | None = None,
    *,
    alone: bool = False,
    parent: int | None = None,
) -> Observed:
    """Return the record as Observed.

    `beside` are the sideloaded arrays of the answer. With `alone` the answer held just this record, so
    that an array beside it speaks of it. `parent` is the contact through which a child was read.
    Hidden reference ids that the answer does not show stand in `not_readable`.
    """
    beside = beside or {}
    fields = _plain(record)
    if entity is DEALS and "amount" in fields:
        fields["amount"] = as_number(fields["amount"])
    if entity.stream in CHILDREN and isinstance(record.get("description"), str):
        fields["description"] = as_written(str(record["description"]))
    missing = {name for name in entity.whole if name not in record}
    for name, include in entity.hidden.items():
        _reveal(fields, missing, name, _reference(record, beside if alone else {}, name, include))
    links = _links(entity, record, beside if alone else {}, parent, missing)
    links |= _dependents(entity, record, beside if alone else {})
    if entity is APPOINTMENTS:
        _attendees(record, beside, fields, links, missing)
    return Observed(
        stream=entity.stream,
        id=as_id(record.get("id")) or 0,
        fields=fields,
        links=links,
        not_readable=frozenset(missing),
        updated_at=_text(record.get("updated_at")),
        created_at=_text(record.get("created_at")),
        deleted=record.get("is_deleted") is True,
    )


def as_written(shown: str) -> str:
    """Return a text as it was written, where the answer shows it as HTML; any other text as it is.

    It counts as HTML when it breaks its lines by tags and in no other way: the texts that this tool
    writes have several lines, so one that merely speaks of tags breaks them by themselves [?].
    """
    if not _BREAK.search(shown) or _BARE_NEWLINE.search(shown):
        return shown
    lines = _BREAK.sub("\n", _PARAGRAPH.sub("\n\n", shown))
    return html.unescape(_WRAPPER.sub("", lines))


def plain_text(value: Json) -> str:
    """Return a text without mark-up, entities and outer whitespace, for looking a marker up."""
    return html.unescape(re.sub(r"<[^>]{0,2000}>", " ", value)).strip() if isinstance(value, str) else ""


def _text(value: Json) -> str:
    return value if isinstance(value, str) else ""


def _plain(record: Row) -> dict[str, Json]:
    fields: dict[str, Json] = {}
    for name, value in record.items():
        if name not in _NOT_FIELDS:
            number = as_id(value) if name.endswith("_id") and name != "external_id" else None
            fields[name] = value if number is None else number
    for name, value in as_row(record.get("custom_field")).items():
        fields[f"custom_field.{name}"] = value
    if "email" not in record and "emails" in record:
        fields["email"] = _primary_email(record["emails"])
    return fields


def _primary_email(emails: Json) -> str | None:
    rows = as_rows(emails)
    first = next((row for row in rows if row.get("is_primary") is True), rows[0] if rows else None)
    value = first.get("value") if first else None
    return value if isinstance(value, str) else None


def _reveal(fields: dict[str, Json], missing: set[str], name: str, found: tuple[bool, Json]) -> None:
    known, value = found
    if known:
        fields[name] = value
    else:
        missing.add(name)


def _reference(record: Row, beside: Mapping[str, Json], name: str, include: str) -> tuple[bool, Json]:
    """Return whether the answer shows this reference, and its id or None."""
    if name in record:
        return True, as_id(record[name])
    nested, plural = _SIDELOAD_OF[include]
    if nested in record and not isinstance(record[nested], str):
        return True, as_id(as_row(record[nested]).get("id"))
    rows = as_rows(beside.get(plural))
    # An empty array may also stand there without having been asked for [L]: it tells nothing.
    return len(rows) == 1, as_id(rows[0].get("id")) if rows else None


def _links(
    entity: Entity, record: Row, beside: Mapping[str, Json], parent: int | None, missing: set[str]
) -> dict[str, tuple[int, ...]]:
    if entity is CONTACTS:
        shown = record if "sales_accounts" in record else beside
        if "sales_accounts" not in shown:
            missing.add("sales_accounts")
            return {}
        return {"sales_accounts": _accounts(shown["sales_accounts"], as_id(record.get("sales_account_id")))}
    if entity is DEALS:
        return _parties(record, beside, missing)
    if entity.stream in CHILDREN:
        ids = _targets(record)
        if not ids and parent is not None and not _targets(record, "lead"):
            ids = (parent,)
        on_leads = _targets(record, "lead")
        return {"targetable": ids, "lead": on_leads} if on_leads else {"targetable": ids}
    return _looked_up(record) if is_module(entity.stream) else {}


def _looked_up(record: Row) -> dict[str, tuple[int, ...]]:
    """Return every custom field that holds an id as a link, under any stream that it may point into."""
    found: dict[str, tuple[int, ...]] = {}
    for name, value in as_row(record.get("custom_field")).items():
        number = as_id(value) if not isinstance(value, dict) else as_id(value.get("id"))
        ids = () if number is None else (number,)
        for stream in LOOKED_INTO:
            found[lookup_relation(stream, f"custom_field.{name}")] = ids
    return found


def _parties(record: Row, beside: Mapping[str, Json], missing: set[str]) -> dict[str, tuple[int, ...]]:
    """Return the contacts and the account of a deal, as far as the answer shows them."""
    links: dict[str, tuple[int, ...]] = {}
    ids = record.get("contact_ids")
    rows = record.get("contacts", beside.get("contacts"))
    if isinstance(ids, list):
        links["contact"] = _numbers(ids)
    elif isinstance(rows, list):
        links["contact"] = _numbers([one.get("id") if isinstance(one, dict) else one for one in rows])
    else:
        missing.add("contact")
    known, account = _reference(record, beside, "sales_account_id", "sales_account")
    if known:
        links["sales_account"] = () if as_id(account) is None else (as_id(account) or 0,)
    else:
        missing.add("sales_account")
    return links


def _numbers(values: list[Json]) -> tuple[int, ...]:
    return tuple(number for one in values if (number := as_id(one)) is not None)


def _dependents(entity: Entity, record: Row, beside: Mapping[str, Json]) -> dict[str, tuple[int, ...]]:
    """Return the ids of what hangs on the record, for each kind that the answer shows."""
    links: dict[str, tuple[int, ...]] = {}
    for name in entity.dependents:
        ids = record.get(f"{name.removesuffix('s')}_ids")
        shown = record.get(name, beside.get(name))
        if not isinstance(ids, list) and isinstance(shown, list):
            ids = [row.get("id") for row in as_rows(shown)]
        if isinstance(ids, list):
            links[name] = tuple(number for one in ids if (number := as_id(one)) is not None)
    return links


def _accounts(value: Json, primary: int | None) -> tuple[int, ...]:
    """Return the ids of the accounts, the primary one first."""
    rows = sorted(
        as_rows(value),
        key=lambda row: row.get("is_primary") is not True and as_id(row.get("id")) != primary,
    )
    return tuple(number for row in rows if (number := as_id(row.get("id"))) is not None)


def _targets(record: Row, kind: str = "contact") -> tuple[int, ...]:
    rows = [*as_rows(record.get("targetables")), as_row(record.get("targetable"))]
    rows.append({"id": record.get("targetable_id"), "type": record.get("targetable_type")})
    ids = [as_id(row.get("id")) for row in rows if _text(row.get("type")).lower() == kind]
    return tuple(dict.fromkeys(number for number in ids if number is not None))


def attendee_rows(record: Row, beside: Mapping[str, Json]) -> list[Row] | None:
    """Return the attendee rows of an appointment; None where the answer does not show them.

    A row's own `id` is that of the attendance, not of the person [I].
    """
    if "appointment_attendees" in record:
        return as_rows(record["appointment_attendees"])
    if "appointment_attendees" in beside:
        rows = as_rows(beside["appointment_attendees"])
        wanted = record.get("appointment_attendee_ids")
        if isinstance(wanted, list):
            ids = {as_id(one) for one in wanted}
            return [row for row in rows if as_id(row.get("id")) in ids]
        own = as_id(record.get("id"))
        return [row for row in rows if as_id(row.get("appointment_id")) in {own, None}]
    return [] if record.get("appointment_attendee_ids") == [] else None


def attendee_of(row: Row) -> tuple[str, int | None]:
    """Return type ("contact", "user" or "") and id of the person in an attendee row."""
    inside = as_row(row.get("attendee"))
    kind = _text(row.get("attendee_type")) or _text(inside.get("type"))
    number = as_id(row.get("attendee_id")) or as_id(inside.get("id"))
    if kind.lower() == "contact":
        return "contact", number
    return ("user" if kind in {USER_TYPE, "User", "user"} else ""), number


def _attendees(
    record: Row,
    beside: Mapping[str, Json],
    fields: dict[str, Json],
    links: dict[str, tuple[int, ...]],
    missing: set[str],
) -> None:
    rows = attendee_rows(record, beside)
    if rows is None:
        missing.update({"attendee_user_id", "attendee"})
        return
    people = [attendee_of(row) for row in rows]
    links["attendee"] = tuple(number for kind, number in people if kind == "contact" and number is not None)
    users = [number for kind, number in people if kind == "user" and number is not None]
    creator = as_id(record.get("creater_id"))
    # Whoever created it may have been added by the server; the clinician is then the other one.
    invited = [number for number in users if number != creator] or users
    fields["attendee_user_id"] = invited[0] if invited else None


def same_text(there: Mapping[int, Observed], ids: Sequence[int], name: str) -> Iterator[Observed]:
    """Yield the other records that show, in this field, the same text as one of these ids."""
    texts = {there[number].fields.get(name) for number in ids if number in there} - {None, ""}
    for number in there.keys() - set(ids):
        if there[number].fields.get(name) in texts:
            yield there[number]
