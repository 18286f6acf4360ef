"""Records as a reply shows them: computed keys filled in, reference ids hidden unless an include asks."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from wherry_emulators.freshsales.deal_products import products_of
from wherry_emulators.freshsales.deals import is_open, stage_of
from wherry_emulators.freshsales.entity import Entity
from wherry_emulators.freshsales.wire import Record

if TYPE_CHECKING:
    from wherry_emulators.freshsales.state import State

_PERSON_LINKS = "creater,owner,updater,targetable"
_LINK_QUERIES = {
    "conversations": "/all?include=email_conversation_recipients%2Ctargetable%2Cphone_number%2Cphone_caller"
    "%2Cnote%2Cuser&per_page=3",
    "notes": "?include=creater",
    "tasks": f"?include={_PERSON_LINKS},users,task_type",
    "appointments": f"?include={_PERSON_LINKS},appointment_attendees,conference,note",
    "reminders": f"?include={_PERSON_LINKS}",
}


def plain(state: "State", key: str, record: Record) -> Record:
    """Show a record as a plain read does, in the documented order of keys."""
    entity = state.entities[key]
    found = {name: _copied(record.get(name, default)) for name, default in entity.shown.items()}
    for name, default in entity.shown.items():
        if found[name] is None and isinstance(default, tuple):
            found[name] = []
    if "custom_field" in found:
        found["custom_field"] = dict(record.get("custom_field") or {})
    if entity.link_names:
        found["links"] = _links(entity, record["id"])
    compute = _custom(key) if entity.is_custom else _COMPUTED.get(key)
    if compute:
        found |= compute(state, record)
    if not state.switches.default_get_hides_reference_ids:
        found |= {name: hidden_value(state, key, record, name) for name in entity.hidden}
    return found


def hidden_value(state: "State", key: str, record: Record, name: str) -> Any:
    """The value of a reference that a plain read hides; links to deleted records are left out."""
    if name == "contacts":
        return [one for one in record.get("contacts") or () if state.find("contact", one)]
    if name == "lists":
        return list(record.get("lists") or ())
    if name == "sales_account_id":
        return record.get(name) if state.find("sales_account", record.get(name)) else None
    del key
    return record.get(name)


def account_rows(state: "State", contact: Record) -> list[Record]:
    """A contact's accounts as embedded rows."""
    rows = []
    for row in contact.get("sales_accounts") or ():
        account = state.find("sales_account", row["id"])
        if account:
            more = {"name": account["name"], "avatar": None, "website": account.get("website")}
            rows.append({"partial": True, "id": row["id"], **more, "is_primary": row["is_primary"]})
    return rows


def display_name(contact: Record) -> str:
    """The name a contact is shown by: its names, else its email."""
    names = " ".join(name for name in (contact.get("first_name"), contact.get("last_name")) if name)
    return names or contact.get("email") or ""


def thin_user(state: "State", user: Mapping[str, Any]) -> Record:
    """A user as it is sideloaded."""
    return {
        "id": user["id"],
        "display_name": user["display_name"],
        "avatar": None,
        "type": "FdMultitenant::User",
        "is_active": user.get("is_active", True),
        "work_number": user.get("work_number"),
        "mobile_number": user.get("mobile_number"),
        "email": user.get("email"),
        "uuid": state.ids.uuid(user["id"]),
    }


def thin(key: str, record: Record) -> Record:
    """A contact, account, deal or other record as it is sideloaded."""
    if key in {"contact", "lead"}:
        return {
            "id": record["id"],
            "avatar": None,
            "display_name": display_name(record),
            **{name: record.get(name) for name in ("first_name", "last_name", "email")},
            **{name: record.get(name) for name in ("work_number", "mobile_number")},
        }
    found = {"id": record["id"], "avatar": None, "name": record.get("name")}
    if key == "deal":
        found["deal_pipeline_id"] = record.get("deal_pipeline_id")
    return found


def money(value: Any) -> str | None:
    """An amount as text with at least one decimal."""
    return None if value is None else str(float(value))


def _copied(value: Any) -> Any:
    return [*value] if isinstance(value, (list, tuple)) else value


def _links(entity: Entity, record_id: int) -> dict[str, str]:
    folder = "custom_module/" if entity.is_custom else ""
    root = f"/crm/sales/{folder}{entity.plural}/{record_id}"
    return {name: f"{root}/{name}{_LINK_QUERIES.get(name, '')}" for name in entity.link_names}


def _recent_note(state: "State", key: str, record: Record) -> str | None:
    notes = state.children((key, record["id"]), "note")
    return notes[-1]["description"] if notes else None


def _deal_sums(state: "State", key: str, record: Record) -> Record:
    opened, won = [], []
    for deal in state.children((key, record["id"]), "deal"):
        if is_open(state, deal):
            opened.append(deal)
        elif stage_of(state, deal)["forecast_type"] == "Closed Won":
            won.append(deal)
    return {
        "open_deals_amount": money(sum(deal.get("amount") or 0 for deal in opened)),
        "open_deals_count": len(opened),
        "won_deals_amount": money(sum(deal.get("amount") or 0 for deal in won)),
        "won_deals_count": len(won),
        "recent_note": _recent_note(state, key, record),
    }


def _contact(state: "State", record: Record) -> Record:
    return {
        **_deal_sums(state, "contact", record),
        "display_name": display_name(record),
        "mcr_id": state.ids.mcr_id(record["id"]),
        "team_user_ids": _team_ids(record),
    }


def _lead(state: "State", record: Record) -> Record:
    return {
        "display_name": display_name(record),
        "recent_note": _recent_note(state, "lead", record),
    }


def _account(state: "State", record: Record) -> Record:
    parent = record.get("parent_sales_account_id")
    return {
        **_deal_sums(state, "sales_account", record),
        "parent_sales_account_id": parent if state.find("sales_account", parent) else None,
        "team_user_ids": _team_ids(record),
    }


def _deal(state: "State", record: Record) -> Record:
    probability = record.get("probability")
    amount = record.get("amount") or 0
    pipeline = state.selectors.find("deal_pipelines", record.get("deal_pipeline_id")) or {}
    in_stage = _days_since(state, record.get("stage_updated_time") or record["created_at"])
    return {
        "amount": money(amount),
        "base_currency_amount": money(amount),
        "expected_deal_value": money(amount * (100 if probability is None else probability) / 100),
        "age": _days_since(state, record["created_at"]),
        "rotten_days": max(0, in_stage - (pipeline.get("rotting_days") or 0)) or None,
        "upcoming_activities_time": _next_due(state, record),
        "collaboration": {},
        "fc_widget_collaboration": {},
        "has_products": bool(record.get("products")),
        "recent_note": _recent_note(state, "deal", record),
        "team_user_ids": _team_ids(record),
    }


def _team_ids(record: Record) -> list[int] | None:
    return [row["user_id"] for row in record.get("team_users") or ()] or None


def _days_since(state: "State", stamp: str) -> int:
    return max(0, (state.now() - datetime.fromisoformat(stamp)).days)


def _next_due(state: "State", deal: Record) -> str | None:
    tasks = state.children(("deal", deal["id"]), "task")
    due = [task["due_date"] for task in tasks if task.get("status") == 0]
    now = state.now()
    coming = [one for one in due if datetime.fromisoformat(one) >= now]
    return min(coming, key=datetime.fromisoformat) if coming else None


def _note(state: "State", record: Record) -> Record:
    del state, record
    return {"collab_context": {"hasSlackViewAccess": False, "messageId": ""}}


def _product(state: "State", record: Record) -> Record:
    del state
    prices = record.get("product_pricings") or ()
    return {"base_currency_amount": prices[0]["unit_price"] if prices else None}


def _sales_activity(state: "State", record: Record) -> Record:
    del state
    first: Record = next(iter(record.get("targetables") or ()), {})
    return {
        "conversation_time": record.get("end_date"),
        "targetable_id": first.get("id"),
        "targetable_type": first.get("type"),
    }


def _custom(key: str) -> Callable[["State", Record], Record]:
    def compute(state: "State", record: Record) -> Record:
        note = _recent_note(state, key, record)
        return {"creator_id": record.get("creater_id"), "recent_note": note}

    return compute


_COMPUTED: Mapping[str, Callable[["State", Record], Record]] = {
    "contact": _contact,
    "lead": _lead,
    "sales_account": _account,
    "deal": _deal,
    "note": _note,
    "product": _product,
    "sales_activity": _sales_activity,
}

__all__ = [
    "account_rows",
    "display_name",
    "hidden_value",
    "money",
    "plain",
    "products_of",
    "thin",
    "thin_user",
]

BEHAVIOURS: tuple[tuple[str, str, str], ...] = (
    ("Amounts read as text with one decimal; lists as [], custom_field as {} when empty", "[L]", "RV"),
    ("display_name is the email of a contact without names", "[L]", "RS"),
    ("Sideloaded users, contacts, accounts and deals are thin rows", "[L]", "RV task_view, tasks"),
    ("links are paths of the web pages, without /api", "[L]", "RV"),
)
