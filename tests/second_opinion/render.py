"""Records as the API shows them: what a plain answer hides, what an include adds, and beside which record."""

import html
from collections.abc import Iterable
from typing import Any
from zoneinfo import ZoneInfo

from second_opinion.checking import Refusal
from second_opinion.kinds import FIELDS
from second_opinion.world import CHILDREN, ROOTS, Row, World, moment

HIDDEN = {
    "contacts": {
        "owner": ("owner_id", "users"),
        "creater": ("creater_id", "users"),
        "updater": ("updater_id", "users"),
        "source": ("lead_source_id", "lead_sources"),
        "campaign": ("campaign_id", "campaigns"),
        "territory": ("territory_id", "territories"),
    },
    "sales_accounts": {
        "owner": ("owner_id", "users"),
        "creater": ("creater_id", "users"),
        "updater": ("updater_id", "users"),
        "territory": ("territory_id", "territories"),
        "business_type": ("business_type_id", "business_types"),
        "industry_type": ("industry_type_id", "industry_types"),
    },
    "tasks": {"owner": ("owner_id", "users")},
    "deals": {
        "owner": ("owner_id", "users"),
        "sales_account": ("sales_account_id", "sales_accounts"),
        "currency": ("currency_id", "currencies"),
    },
}
_OTHER = {
    "contacts": {"deals", "sales_accounts", "lists"},
    "sales_accounts": {"contacts", "deals", "child_sales_accounts"},
    "tasks": {"users", "targetable", "creater", "updater", "task_type"},
    "appointments": {"creater", "targetable", "appointment_attendees", "conference", "note"},
    "deals": {
        "contacts",
        "source",
        "campaign",
        "deal_type",
        "deal_reason",
        "deal_payment_status",
        "deal_stage",
    },
}
_NEVER = {
    "contacts": ("owner_id", "lifecycle_stage_id", "contact_status_id", "lost_reason_id", "territory_id",
                 "lead_source_id", "campaign_id", "creater_id", "updater_id", "sales_account_id"),
    "sales_accounts": ("industry_type_id", "business_type_id", "territory_id", "creater_id", "updater_id"),
    "deals": ("owner_id", "sales_account_id", "currency_id", "contacts_added_list", "contacts_removed_list",
              "creater_id", "updater_id"),
}  # fmt: skip
_SNAKE = {"Contact": "contact", "SalesAccount": "sales_account", "Deal": "deal"}
_HELD = {"Contact": "contacts", "SalesAccount": "sales_accounts", "Deal": "deals"}


class Page:
    """One answer in the making: records, and what comes beside them."""

    def __init__(self, world: World, include: str) -> None:
        self.world, self.choices = world, world.choices
        self.include = [one for one in include.split(",") if one]
        self.beside: dict[str, dict[int, Row]] = {}

    def check(self, stream: str) -> None:
        known = {*HIDDEN.get(stream, {}), *_OTHER.get(stream, set())}
        if self.choices.child_includes and stream in {"contacts", "sales_accounts", "deals"}:
            known |= set(CHILDREN)
        strange = [one for one in self.include if one not in known]
        if strange and self.choices.refuse_include:
            raise Refusal(f"Invalid include: {', '.join(strange)}", status=400)
        self.include = [one for one in self.include if one in known]

    def sideloads(self) -> Row:
        return {name: list(rows.values()) for name, rows in self.beside.items()}

    def add(self, name: str, rows: Iterable[Row]) -> None:
        self.beside.setdefault(name, {}).update({row["id"]: row for row in rows})

    def record(self, stream: str, row: Row, *, thin: bool = False, whole: bool = True) -> Row:
        """Return one record; `thin` as a search shows it, `whole` with what a single answer adds."""
        names = [*FIELDS[stream], "creater_id", "updater_id"]
        shown = {
            name: row.get(name) for name in names if name not in {"emails", "sales_accounts", "custom_field"}
        }
        if stream == "deals":
            shown["amount"] = str(float(row["amount"]))
        for name in _NEVER.get(stream, ()):
            shown.pop(name, None)
        shown = {"id": row["id"], **shown, "created_at": row["created_at"], "updated_at": row["updated_at"]}
        if stream in CHILDREN:
            self._child(stream, row, shown, whole=whole)
        else:
            self._person(stream, row, shown, thin=thin, whole=whole)
        for include in self.include:
            self._included(stream, row, shown, include)
        return shown

    def _person(self, stream: str, row: Row, shown: Row, *, thin: bool, whole: bool) -> None:
        shown |= {"is_deleted": row["is_deleted"], "tags": row.get("tags") or [], "avatar": None, "links": {}}
        shown |= {"last_contacted": None, "open_deals_amount": "0.0", "record_type_id": "71012139284"}
        if stream == "contacts":
            names = [row.get("first_name"), row.get("last_name")]
            shown["display_name"] = " ".join(one for one in names if one) or row.get("email") or ""
            mail = {"id": row["id"] + 7, "value": row.get("email"), "is_primary": True, "label": None}
            shown["emails"] = [mail] if row.get("email") else []
        if thin:
            keep = {"id", "job_title", "email", "work_number", "mobile_number", "display_name", "city", "country",
                    "created_at", "updated_at", "name", "is_deleted"}  # fmt: skip
            for name in set(shown) - keep:
                del shown[name]
            shown["partial"] = True
            return
        shown["custom_field"] = {one["name"]: self._custom(one, row) for one in self.world.custom[stream]}
        if stream == "contacts" and whole and self.choices.nested_accounts:
            shown["sales_accounts"] = self._accounts(row)

    def _custom(self, field: Row, row: Row) -> Any:
        value = row["custom_field"].get(field["name"])
        if value is None:
            return None
        if field["type"] == "number" and self.choices.text_numbers:
            return str(float(value))
        if field["type"] == "date" and self.choices.date_moments:
            return f"{value}T00:00:00Z"
        if field["type"] == "dropdown" and self.choices.choice_by_id:
            return next(one["id"] for one in field["choices"] if one["value"] == value)
        return value

    def _accounts(self, row: Row) -> list[Row]:
        found = []
        for link in row.get("sales_accounts") or []:
            account = self.world.get("sales_accounts", link["id"])
            if account:
                found.append(
                    {"partial": True, "name": account["name"], "avatar": None, "website": None, **link}
                )
        return found

    def _child(self, stream: str, row: Row, shown: Row, *, whole: bool) -> None:
        kind, number = shown.pop("targetable_type"), shown.pop("targetable_id")
        for name in ("task_users_attributes", "appointment_attendees_attributes"):
            shown.pop(name, None)
        for name in ("due_date", "from_date", "end_date", "completed_date"):
            if shown.get(name):
                shown[name] = self._local(shown[name])
        if self.choices.escaped and shown.get("description"):
            shown["description"] = html.escape(shown["description"]).replace("\n", "<br>")
        shown["targetables"] = [{"id": number, "type": kind}]
        if stream == "tasks":
            shown["completed_date"] = None
            if whole:
                shown |= {"targetable": {"type": _SNAKE[kind], "id": number}, "user_ids": [row["owner_id"]]}
        if stream == "appointments":
            shown |= {"provider": "freshsales", "conference_id": None, "note_id": None, "updater_id": None}
            shown["appointment_attendee_ids"] = [one["id"] for one in row.get("attendees", [])]
        if stream == "notes":
            shown |= {"url": None, "has_access": True}

    def _local(self, text: str) -> str:
        return moment(text).astimezone(ZoneInfo(self.choices.zone)).isoformat(timespec="seconds")

    def _included(self, stream: str, row: Row, shown: Row, include: str) -> None:
        if include in HIDDEN.get(stream, {}):
            name, plural = HIDDEN[stream][include]
            shown[name] = row.get(name)
            self.add(plural, [self._listed(plural, one) for one in self._of(plural, row.get(name))])
        elif include == "sales_accounts":
            if self.choices.nested_accounts:
                shown["sales_accounts"] = self._accounts(row)
            else:
                accounts = self._accounts(row)
                shown["sales_account_ids"] = [one["id"] for one in accounts]
                rows = [{"id": one["id"], "avatar": None, "name": one["name"]} for one in accounts]
                self.add("sales_accounts", rows)
        elif include in CHILDREN or include in {"deals", "contacts"}:
            self._hanging(stream, row, shown, include)
        elif include == "lists":
            shown["lists"] = []
        elif include == "targetable":
            parent = self.world.get(_HELD[row["targetable_type"]], row["targetable_id"])
            if parent:
                thin = {name: parent.get(name) for name in ("id", "first_name", "last_name", "email", "name")}
                self.add(_HELD[row["targetable_type"]], [thin])
        elif include == "appointment_attendees":
            self.add("appointment_attendees", row.get("attendees", []))

    def _of(self, plural: str, number: object) -> list[Row]:
        if plural == "sales_accounts":
            account = self.world.get(plural, number)
            return [{"id": account["id"], "avatar": None, "name": account["name"]}] if account else []
        rows = self.world.users if plural == "users" else self.world.lists[plural]
        return [one for one in rows if one["id"] == number]

    def _listed(self, plural: str, row: Row) -> Row:
        return {**row, "type": "FdMultitenant::User"} if plural == "users" else row

    def _hanging(self, stream: str, row: Row, shown: Row, include: str) -> None:
        if stream == "deals" and include == "contacts":
            rows = [one for one in self.world.live("contacts") if one["id"] in row.get("contacts", [])]
        elif include == "contacts":
            rows = [one for one in self.world.live("contacts")
                    if row["id"] in [link["id"] for link in one.get("sales_accounts") or []]]  # fmt: skip
        elif include == "deals":
            rows = [one for one in self.world.live("deals")
                    if row["id"] in (one.get("contacts", []) if stream == "contacts" else [one.get("sales_account_id")])]  # fmt: skip
        else:
            kind = next(kind for kind, held in _HELD.items() if held == stream)
            rows = [one for one in self.world.live(include)
                    if (one["targetable_type"], one["targetable_id"]) == (kind, row["id"])]  # fmt: skip
        rows = rows[: self.choices.child_page]
        inner = Page(self.world, "")
        shown[f"{ROOTS[include]}_ids"] = [one["id"] for one in rows]
        self.add(include, [inner.record(include, one, whole=False) for one in rows])


def thin_row(shown: Row) -> Row:
    """Return a view's row without what a thin one leaves out."""
    return {name: value for name, value in shown.items() if name not in {"custom_field", "tags", "links"}}
