"""`include=`: sibling arrays of what a record refers to, and the reference ids that come back with them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from wherry_emulators.freshsales.deal_products import products_of
from wherry_emulators.freshsales.render import account_rows, hidden_value, plain, thin, thin_user
from wherry_emulators.freshsales.wire import Record

if TYPE_CHECKING:
    from wherry_emulators.freshsales.state import State


@dataclass(frozen=True, slots=True)
class Reference:
    """An include that follows an id: the sibling array, the id it reveals, and where the rows are.

    ``source`` is a selector list, or a table when ``is_table``.
    """

    sibling: str
    reveals: str
    source: str
    is_table: bool = False


@dataclass(frozen=True, slots=True)
class Below:
    """An include that lists what hangs below the record: the sibling array and the key of its ids."""

    sibling: str
    ids_key: str
    entity: str
    is_thin: bool = False


Include = Reference | Below

_USERS: Mapping[str, Include] = {
    "owner": Reference("users", "owner_id", "users"),
    "creater": Reference("users", "creater_id", "users"),
    "updater": Reference("users", "updater_id", "users"),
}
_ACTIVITIES: Mapping[str, Include] = {
    "tasks": Below("tasks", "task_ids", "task"),
    "appointments": Below("appointments", "appointment_ids", "appointment"),
    "notes": Below("notes", "note_ids", "note"),
    "sales_activities": Below("sales_activities", "sales_activity_ids", "sales_activity"),
}
_TERRITORY: Mapping[str, Include] = {"territory": Reference("territories", "territory_id", "territories")}
_ORIGIN: Mapping[str, Include] = {
    "source": Reference("lead_sources", "lead_source_id", "lead_sources"),
    "campaign": Reference("campaigns", "campaign_id", "campaigns"),
}

INCLUDES: Mapping[str, Mapping[str, Include]] = {
    "contact": {
        **_USERS,
        **_ACTIVITIES,
        **_TERRITORY,
        **_ORIGIN,
        "lifecycle_stage": Reference("lifecycle_stages", "lifecycle_stage_id", "lifecycle_stages"),
        "contact_status": Reference("contact_statuses", "contact_status_id", "contact_statuses"),
        "lost_reason": Reference("lost_reasons", "lost_reason_id", "lost_reasons"),
        "deals": Below("deals", "deal_ids", "deal", is_thin=True),
    },
    "sales_account": {
        **_USERS,
        **_ACTIVITIES,
        **_TERRITORY,
        "business_type": Reference("business_types", "business_type_id", "business_types"),
        "industry_type": Reference("industry_types", "industry_type_id", "industry_types"),
        "parent_sales_account": Reference(
            "sales_accounts", "parent_sales_account_id", "sales_account", is_table=True
        ),
        "contacts": Below("contacts", "contact_ids", "contact", is_thin=True),
        "deals": Below("deals", "deal_ids", "deal", is_thin=True),
        "child_sales_accounts": Below(
            "child_sales_accounts", "child_sales_account_ids", "sales_account", is_thin=True
        ),
    },
    "deal": {
        **_USERS,
        **_ACTIVITIES,
        **_TERRITORY,
        **_ORIGIN,
        "sales_account": Reference("sales_accounts", "sales_account_id", "sales_account", is_table=True),
        "deal_stage": Reference("deal_stages", "deal_stage_id", "deal_stages"),
        "deal_pipeline": Reference("deal_pipelines", "deal_pipeline_id", "deal_pipelines"),
        "deal_type": Reference("deal_types", "deal_type_id", "deal_types"),
        "deal_reason": Reference("deal_reasons", "deal_reason_id", "deal_reasons"),
        "deal_payment_status": Reference(
            "deal_payment_statuses", "deal_payment_status_id", "deal_payment_statuses"
        ),
        "currency": Reference("currencies", "currency_id", "currencies"),
    },
    "lead": {
        **_USERS,
        **_ACTIVITIES,
        **_TERRITORY,
        **_ORIGIN,
        "lead_stage": Reference("lead_stages", "lead_stage_id", "lead_stages"),
    },
    "task": {
        **_USERS,
        "task_type": Reference("task_types", "task_type_id", "sales_activity_entity_types"),
        "outcome": Reference("outcomes", "outcome_id", "sales_activity_outcomes"),
    },
    "appointment": {**_USERS, "outcome": Reference("outcomes", "outcome_id", "sales_activity_outcomes")},
    "note": dict(_USERS),
    "sales_activity": {
        **_USERS,
        "sales_activity_type": Reference(
            "sales_activity_types", "sales_activity_type_id", "sales_activity_types"
        ),
        "sales_activity_outcome": Reference(
            "sales_activity_outcomes", "sales_activity_outcome_id", "sales_activity_outcomes"
        ),
    },
    "product": {"owner": _USERS["owner"], "creater": _USERS["creater"], "updater": _USERS["updater"]},
}


_CUSTOM: Mapping[str, Include] = {
    "owner": _USERS["owner"],
    "updater": _USERS["updater"],
    **{name: _ACTIVITIES[name] for name in ("tasks", "appointments", "notes")},
}


class Siblings:
    """The arrays beside the record: rows by name, each row once."""

    def __init__(self) -> None:
        self._rows: dict[str, dict[Any, Record]] = {}

    def open(self, name: str) -> None:
        """Make an array appear even if nothing is put into it."""
        self._rows.setdefault(name, {})

    def add(self, name: str, row: Record) -> None:
        """Put a row into an array, unless it is there."""
        self._rows.setdefault(name, {}).setdefault(row["id"], row)

    def as_json(self) -> dict[str, list[Record]]:
        """Give the arrays."""
        return {name: list(rows.values()) for name, rows in self._rows.items()}


def with_includes(
    state: "State",
    key: str,
    record: Record,
    names: Iterable[str],
    siblings: Siblings,
    *,
    single: bool = False,
) -> Record:
    """Show a record with what the includes add to it; sibling rows go to ``siblings``.

    A single read of a contact shows its accounts without being asked. Unknown names are ignored.
    """
    shown = plain(state, key, record)
    wanted = tuple(names)
    for name in wanted:
        found = (_CUSTOM if state.entities[key].is_custom else INCLUDES.get(key, {})).get(name)
        match found:
            case Reference():
                _follow(state, key, record, found, shown, siblings)
            case Below():
                _list_below(state, key, record, found, shown, siblings)
            case None:
                _special(state, key, record, name, shown, siblings)
    if key == "contact" and (single or "sales_accounts" in wanted):
        shown["sales_accounts"] = account_rows(state, record)
    return shown


def single_body(state: "State", key: str, record: Record, names: Sequence[str]) -> Record:
    """Write the body of a single read: siblings, the record, and for modules the odd ``meta`` null."""
    siblings = Siblings()
    shown = with_includes(state, key, record, names, siblings, single=True)
    body = {**siblings.as_json(), key: shown}
    return {**body, "meta": None} if state.entities[key].is_module else body


def list_body(state: "State", key: str, records: Iterable[Record], names: Sequence[str]) -> Record:
    """Write the body of a list: siblings and the records, without ``meta``."""
    siblings = Siblings()
    rows = [with_includes(state, key, record, names, siblings) for record in records]
    plural = state.entities[key].plural
    arrays = siblings.as_json()
    if plural in arrays:
        # A child account beside a list of accounts, for one, must not replace the list.
        arrays = {name: value for name, value in arrays.items() if name != plural}
    return {**arrays, plural: rows}


def _follow(
    state: "State", key: str, record: Record, include: Reference, shown: Record, siblings: Siblings
) -> None:
    siblings.open(include.sibling)
    value = hidden_value(state, key, record, include.reveals)
    if state.switches.include_reveals_reference_ids or include.reveals in state.entities[key].shown:
        shown[include.reveals] = value
    if value is None:
        return
    if include.is_table:
        found = state.find(include.source, value)
        if found:
            siblings.add(include.sibling, thin(include.source, found))
    else:
        row = state.selectors.find(include.source, value)
        if row:
            siblings.add(include.sibling, thin_user(state, row) if include.source == "users" else dict(row))


def _list_below(
    state: "State", key: str, record: Record, include: Below, shown: Record, siblings: Siblings
) -> None:
    siblings.open(include.sibling)
    found = state.children((key, record["id"]), include.entity)
    shown[include.ids_key] = [one["id"] for one in found]
    for one in found:
        row = thin(include.entity, one) if include.is_thin else plain(state, include.entity, one)
        siblings.add(include.sibling, row)


def _special(state: "State", key: str, record: Record, name: str, shown: Record, siblings: Siblings) -> None:
    match key, name:
        case "contact", "lists":
            found = [state.find("list", one) for one in record.get("lists") or ()]
            shown["lists"] = [{"id": one["id"], "name": one["name"]} for one in found if one]
        case "deal", "contacts":
            _deal_contacts(state, record, shown, siblings)
        case "deal", "products":
            shown["products"] = products_of(state, record)
        case "product", "product_pricings":
            shown["product_pricings"] = [dict(row) for row in record.get("product_pricings") or ()]
        case (("task" | "appointment" | "sales_activity" | "note"), "targetable"):
            _targetable(state, record, shown, siblings)
        case "task", "users":
            _collaborators(state, record, shown, siblings)
        case "appointment", "appointment_attendees":
            _attendees(record, shown, siblings)
        case _:
            return


def _deal_contacts(state: "State", deal: Record, shown: Record, siblings: Siblings) -> None:
    siblings.open("contacts")
    shown["contact_ids"] = hidden_value(state, "deal", deal, "contacts")
    for contact_id in shown["contact_ids"]:
        siblings.add("contacts", thin("contact", state.get("contact", contact_id)))


def _targetable(state: "State", record: Record, shown: Record, siblings: Siblings) -> None:
    targets = record.get("targetables") or ()
    for place, target in enumerate(targets):
        entity = state.entity_of_model(target["type"])
        if entity is None:
            continue
        if place == 0:
            shown["targetable"] = {"type": entity.key, "id": target["id"]}
        found = state.find(entity.key, target["id"])
        if found:
            siblings.add(entity.plural, thin(entity.key, found))


def _collaborators(state: "State", record: Record, shown: Record, siblings: Siblings) -> None:
    siblings.open("users")
    shown["user_ids"] = list(record.get("user_ids") or ())
    for user_id in shown["user_ids"]:
        user = state.selectors.find("users", user_id)
        if user:
            siblings.add("users", thin_user(state, user))


def _attendees(record: Record, shown: Record, siblings: Siblings) -> None:
    siblings.open("appointment_attendees")
    rows = record.get("appointment_attendees") or ()
    shown["appointment_attendee_ids"] = [row["id"] for row in rows]
    for row in rows:
        siblings.add("appointment_attendees", dict(row))


BEHAVIOURS: tuple[tuple[str, str, str], ...] = (
    (
        "Includes come as sibling arrays by plural name; the record holds the ids",
        "[L]",
        "RV task_view, tasks",
    ),
    ("include=owner and include=deal_reason bring owner_id and deal_reason_id", "[L]", "LIVE"),
    (
        "Every other reference include brings its id in the same way",
        "[I]",
        "switch include.reveals_reference_ids",
    ),
    (
        "A single contact shows its accounts; a row of a view only with include=sales_accounts",
        "[L]",
        "section 1.4",
    ),
    ("lists, sales_accounts, products and product_pricings are embedded in the record", "[L]/[I]", "RV"),
    ("An unknown include is ignored", "[I]", "section 1.8"),
)
