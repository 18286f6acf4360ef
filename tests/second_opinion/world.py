"""What the account holds: records, fields, pick lists, jobs, and a clock."""

import itertools
import json
import re
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from second_opinion.choices import Choices

Row = dict[str, Any]

ROOTS = {
    "contacts": "contact",
    "sales_accounts": "sales_account",
    "deals": "deal",
    "tasks": "task",
    "appointments": "appointment",
    "notes": "note",
}
MODELS = {"contacts": "Contact", "sales_accounts": "SalesAccount", "deals": "Deal"}
CHILDREN = ("tasks", "appointments", "notes")
CAPS = {
    "growth": {"text": 20, "dropdown": 30, "textarea": 5, "multi_select_dropdown": 5, "number": 30, "checkbox": 30, "date": 30},
    "enterprise": {"text": 70, "dropdown": 250, "textarea": 20, "multi_select_dropdown": 30, "number": 70, "checkbox": 70, "date": 70},
}  # fmt: skip


def slug(label: str) -> str:
    return "cf_" + re.sub(r"[^a-z0-9]+", "_", label.lower()).strip("_")


class World:
    """All state, behind one lock; times are real."""

    def __init__(self, choices: Choices, seed: Path | None) -> None:
        self.choices = choices
        self.lock = threading.RLock()
        self._ids = itertools.count(402_000_000_101)
        self.tables: dict[str, dict[int, Row]] = {name: {} for name in ROOTS}
        self.custom: dict[str, list[Row]] = {name: [] for name in MODELS}
        self.users: list[Row] = []
        self.jobs: dict[int, Row] = {}
        self.files: dict[int, Row] = {}
        self.later: list[tuple[float, Callable[[], None]]] = []
        self.calls: list[tuple[float, str, str, int]] = []
        self._tick = 0
        self.lists = self._pick_lists()
        self.key_user = 0
        if seed is not None:
            self._plant(json.loads(seed.read_text(encoding="utf-8")))

    def new_id(self) -> int:
        return next(self._ids)

    def now(self) -> str:
        return datetime.now(ZoneInfo(self.choices.zone)).isoformat(timespec="seconds")

    def live(self, stream: str) -> Iterator[Row]:
        return (row for row in self.tables[stream].values() if not row["is_deleted"])

    def get(self, stream: str, number: object) -> Row | None:
        row = self.tables[stream].get(number) if isinstance(number, int) else None
        return None if row is None or row["is_deleted"] else row

    def add(self, stream: str, values: Row) -> Row:
        number = values.get("id") or self.new_id()
        moment = self.now()
        row = {
            "custom_field": {},
            **values,
            "id": number,
            "created_at": moment,
            "updated_at": moment,
            "is_deleted": False,
            "creater_id": self.key_user,
            "updater_id": self.key_user,
            "_seen_from": time.monotonic() + self.choices.lag,
        }
        self.touch(row)
        self.tables[stream][number] = row
        return row

    def touch(self, row: Row) -> None:
        self._tick += 1
        row["updated_at"], row["_tick"] = self.now(), self._tick

    def after(self, seconds: float, act: Callable[[], None]) -> None:
        self.later.append((time.monotonic() + seconds, act))

    def catch_up(self) -> None:
        """Do what is due."""
        now = time.monotonic()
        due = [one for one in self.later if one[0] <= now]
        self.later = [one for one in self.later if one[0] > now]
        for _, act in sorted(due, key=lambda one: one[0]):
            act()

    def field(self, stream: str, name: str) -> Row | None:
        return next((one for one in self.custom.get(stream, []) if one["name"] == name), None)

    def add_field(self, stream: str, label: str, kind: str, choices: list[str]) -> Row:
        name = slug(label)
        while self.field(stream, name):
            name += "_1"
        row = {
            "id": self.new_id(),
            "label": label,
            "name": name,
            "type": kind,
            "default": False,
            "actionable": True,
            "position": len(self.custom[stream]) + 1,
            "choices": [
                {"id": self.new_id(), "value": value, "position": place}
                for place, value in enumerate(choices, 1)
            ],
            "base_model": MODELS[stream],
            "required": False,
            "visible": True,
        }
        self.custom[stream].append(row)
        return row

    def capped(self, stream: str, kind: str) -> bool:
        """Whether the plan takes no further field of this kind."""
        cap = CAPS[self.choices.plan].get(kind, 0)
        return sum(one["type"] == kind for one in self.custom[stream]) >= cap

    def named(self, selector: str, name: str) -> int:
        return next(row["id"] for row in self.lists[selector] if row["name"] == name)

    def _pick_lists(self) -> dict[str, list[Row]]:
        def rows(*names: str, **more: object) -> list[Row]:
            return [
                {"partial": True, "id": self.new_id(), "name": name, "position": place, **more}
                for place, name in enumerate(names, 1)
            ]

        stages = rows("Lead", "Sales Qualified Lead", "Customer")
        statuses: list[Row] = []
        for stage, names in zip(
            stages,
            (("New", "Contacted", "Interested", "Unqualified"), ("Qualified", "Negotiation", "Lost"), ("Won", "Churned")),
            strict=True,
        ):  # fmt: skip
            own = rows(*names, lifecycle_stage_id=stage["id"], forecast_type="Open")
            stage |= {
                "disabled": False,
                "type": stage["name"],
                "contact_status_ids": [one["id"] for one in own],
            }
            statuses += own
        kinds = [
            {"id": self.new_id(), "name": name, "internal_name": inner, "position": place}
            for place, (name, inner) in enumerate(
                (("Chat", "chat"), ("Phone", "phone"), ("Meeting", "appointment"), ("Task", "task"), ("Email", "email")),
                1,
            )
        ]  # fmt: skip
        task, meeting = kinds[3]["id"], kinds[2]["id"]
        pipelines = rows("Default Pipeline", is_default=True)
        deal_stages = [
            {
                **one,
                "deal_pipeline_id": pipelines[0]["id"],
                "forecast_type": f"Closed {one['name']}" if one["name"] in {"Won", "Lost"} else "Open",
            }
            for one in rows("New", "Follow-up", "Under review", "Demo", "Negotiation", "Won", "Lost")
        ]
        types = rows(
            "Follow up", "Call reminder", sales_activity_type_id=task, sales_activity_type_name="Task"
        )
        types += rows(
            "Email reminder", sales_activity_type_id=kinds[4]["id"], sales_activity_type_name="Reminder"
        )
        words = ("Interested", "Left message", "No response", "Not interested", "Not able to reach")
        return {
            "territories": [],
            "lifecycle_stages": stages,
            "contact_statuses": statuses,
            "lead_sources": rows("Web", "Organic Search", "Email", "Phone", "Web Form", "Referral", "Direct"),
            "campaigns": [],
            "industry_types": rows("Accounting", "Healthcare"),
            "business_types": rows("Customer", "Partner", "Other"),
            "deal_pipelines": pipelines,
            "deal_stages": deal_stages,
            "deal_types": rows("New Business"),
            "deal_reasons": [],
            "deal_payment_statuses": rows("Offline", "Online"),
            "currencies": [{"id": self.new_id(), "is_active": True, "currency_code": "USD", "exchange_rate": "1.0", "currency_type": 1}],
            "sales_activity_types": kinds,
            "sales_activity_entity_types": types,
            "sales_activity_outcomes": rows(*words, sales_activity_type_id=task) + rows(*words, sales_activity_type_id=meeting),
        }  # fmt: skip

    def _plant(self, seed: Row) -> None:
        self.users = list(seed["users"])
        self.key_user = self.users[0]["id"]
        for stream, fields in seed.get("custom_fields", {}).items():
            for one in fields:
                self.add_field(stream, one["label"], one["type"], one.get("choices", []))
        for stream in ("sales_accounts", "contacts", "tasks", "appointments", "notes"):
            for one in seed.get(stream, []):
                values = {name: value for name, value in one.items() if name != "display_name"}
                for link in values.get("sales_accounts", []):
                    link.pop("name", None)
                self.add(stream, values)["_seen_from"] = 0.0


def moment(text: str) -> datetime:
    """Return a moment in UTC; a text without an offset counts as UTC."""
    found = datetime.fromisoformat(text)
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
