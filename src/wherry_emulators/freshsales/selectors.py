"""Pick lists that records refer to by id: users, pipelines, stages, sources, types and the rest."""

import json
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from importlib import resources
from typing import Any

from wherry_emulators.freshsales.ids import Ids

Row = dict[str, Any]

NAMED_LISTS = (
    "lead_sources",
    "lead_stages",
    "deal_types",
    "deal_reasons",
    "deal_payment_statuses",
    "industry_types",
    "business_types",
    "campaigns",
    "territories",
    "designations",
    "lost_reasons",
)

DEFAULT_USERS: tuple[Mapping[str, Any], ...] = (
    {"display_name": "Account Admin", "email": "admin@account.example"},
)


@cache
def _defaults() -> Mapping[str, Any]:
    text = resources.files(__package__).joinpath("data", "selectors.json").read_text(encoding="utf-8")
    found: Mapping[str, Any] = json.loads(text)
    return found


def time_zone_names() -> tuple[str, ...]:
    """Names of the zones as Rails spells them, in the order of the pick list."""
    return tuple(_defaults()["time_zones"])


class Selectors:
    """All selector lists of an account; each list is rows of JSON with an integer ``id``.

    A fresh account has the documented defaults; ``replace`` and ``add`` do what an admin does in the settings
    pages, for which there is no API.
    """

    def __init__(self, ids: Ids, stamp: str) -> None:
        self._ids = ids
        self._stamp = stamp
        self._lists: dict[str, list[Row]] = {}
        self._by_id: dict[str, dict[int, Row]] = {}
        self._fill()

    def names(self) -> tuple[str, ...]:
        """Names of all lists."""
        return tuple(self._lists)

    def rows(self, name: str) -> list[Row]:
        """Rows of one list, in order; KeyError if there is no such list."""
        return self._lists[name]

    def find(self, name: str, row_id: Any) -> Row | None:
        """Find a row of a list by id."""
        if name == "custom_activity_types":
            found = self._by_id["sales_activity_types"].get(row_id)
            return found if found and not found["is_default"] else None
        return self._by_id[name].get(row_id)

    def replace(self, name: str, rows: Iterable[Mapping[str, Any]]) -> None:
        """Put these rows in place of a list; rows without id get one."""
        self._lists[name] = []
        self._by_id[name] = {}
        for row in rows:
            self._append(name, dict(row))

    def add(self, name: str, title: str, **more: Any) -> Row:
        """Append a row called ``title``, completed as the list demands, and return it."""
        build: Callable[[str, int], Row] = _BUILDERS.get(name, _named)
        row = build(title, len(self._lists[name]) + 1)
        return self._append(name, {**row, **more})

    def custom_activity_types(self) -> list[Row]:
        """Sales activity types that admins made; only these can be chosen for a sales activity."""
        return [row for row in self._lists["sales_activity_types"] if not row["is_default"]]

    def default_pipeline(self) -> Row:
        """Find the pipeline a deal gets when none is named."""
        rows = self._lists["deal_pipelines"]
        return next((row for row in rows if row.get("is_default")), rows[0])

    def stages_of(self, pipeline_id: int) -> list[Row]:
        """Stages of a pipeline, in order."""
        found = [row for row in self._lists["deal_stages"] if row["deal_pipeline_id"] == pipeline_id]
        return sorted(found, key=lambda row: row["position"])

    def statuses_of(self, lifecycle_stage_id: int) -> list[Row]:
        """Contact statuses of a lifecycle stage, in order."""
        rows = self._lists["contact_statuses"]
        return [row for row in rows if row["lifecycle_stage_id"] == lifecycle_stage_id]

    def add_pipeline(self, title: str, stages: Iterable[Mapping[str, Any]]) -> Row:
        """Add a pipeline with these stages (name, forecast_type, probability), as an admin would."""
        pipeline = self.add("deal_pipelines", title)
        for position, stage in enumerate(stages, 1):
            self.add("deal_stages", stage["name"], **_stage(stage, position, pipeline["id"], self._stamp))
        return pipeline

    def add_activity_type(self, title: str) -> Row:
        """Add a custom sales activity type with its five outcomes."""
        row = self.add("sales_activity_types", title)
        self._outcomes(row["id"])
        return row

    def add_status(self, title: str, lifecycle_stage_id: int, forecast_type: str = "Open") -> Row:
        """Add a contact status to a lifecycle stage."""
        more = {"forecast_type": forecast_type, "lifecycle_stage_id": lifecycle_stage_id}
        return self.add("contact_statuses", title, **more)

    def _append(self, name: str, row: Row) -> Row:
        if row.get("id") is None:
            row = {"id": self._ids.next(f"selector:{name}"), **row}
        else:
            self._ids.keep_clear_of(f"selector:{name}", row["id"])
        self._lists.setdefault(name, []).append(row)
        self._by_id.setdefault(name, {})[row["id"]] = row
        return row

    def _fill(self) -> None:
        for name in (*NAMED_LISTS, *_BUILDERS):
            self.replace(name, ())
        for user in DEFAULT_USERS:
            self.add("users", user["display_name"], email=user["email"])
        for name in NAMED_LISTS:
            for title in _defaults()[name]:
                self.add(name, title)
        self._fill_lifecycle()
        self._fill_pipeline()
        self._fill_activities()
        self.add("currencies", "USD")

    def _fill_lifecycle(self) -> None:
        for title, statuses in _defaults()["lifecycle_stages"].items():
            stage = self.add("lifecycle_stages", title)
            for name, forecast in statuses:
                self.add_status(name, stage["id"], forecast)

    def _fill_pipeline(self) -> None:
        pipeline = self.add("deal_pipelines", "Default Pipeline", is_default=True)
        for name, position, forecast, kind, probability in _defaults()["deal_stages"]:
            more = {"forecast_type": forecast, "choice_type": kind, "probability": probability}
            row = {**more, "position": position, "deal_pipeline_id": pipeline["id"]}
            self.add("deal_stages", name, **row, updated_at=self._stamp)

    def _fill_activities(self) -> None:
        types: dict[str, int] = {}
        for title, internal in _defaults()["sales_activity_types"]:
            more = {"show_in_conversation": internal != "reminder", "is_checkedin": internal == "appointment"}
            row = self.add("sales_activity_types", title, **more, internal_name=internal, is_default=True)
            types[title] = row["id"]
            self._outcomes(row["id"])
        for title, kind in _defaults()["sales_activity_entity_types"]:
            more = {"sales_activity_type_id": types[kind], "sales_activity_type_name": kind}
            self.add("sales_activity_entity_types", title, **more)

    def _outcomes(self, type_id: int) -> None:
        for position, title in enumerate(_defaults()["sales_activity_outcomes"], 1):
            self.add("sales_activity_outcomes", title, sales_activity_type_id=type_id, position=position)


def _named(title: str, position: int) -> Row:
    return {"name": title, "position": position, "partial": True}


def _plain(title: str, position: int) -> Row:
    return {"name": title, "position": position}


def _user(title: str, position: int) -> Row:
    del position
    return {
        "display_name": title,
        "email": None,
        "is_active": True,
        "work_number": None,
        "mobile_number": None,
    }


def _lifecycle(title: str, position: int) -> Row:
    return {"name": title, "position": position, "disabled": False, "default": True, "type": title}


def _status(title: str, position: int) -> Row:
    return {**_named(title, position), "forecast_type": "Open", "lifecycle_stage_id": None}


def _pipeline(title: str, position: int) -> Row:
    shown = ("amount", "sales_account_id", "expected_close")
    return {
        "partial": True,
        "name": title,
        "position": position,
        "is_default": False,
        "rotting_days": 30,
        "configs": [
            {"field_name": name, "position": place, "highlight": place == 1}
            for place, name in enumerate(shown, 1)
        ],
        "aggregated_field": "expected_deal_value",
    }


def _stage_row(title: str, position: int) -> Row:
    return {**_named(title, position), "forecast_type": "Open", "choice_type": 2, "probability": 100}


def _stage(stage: Mapping[str, Any], position: int, pipeline_id: int, stamp: str) -> Row:
    forecast = stage.get("forecast_type", "Open")
    kind = 5 if position == 1 else 2
    return {
        "position": position,
        "forecast_type": forecast,
        "choice_type": kind if forecast == "Open" else 4,
        "probability": stage.get("probability", 0 if forecast == "Closed Lost" else 100),
        "deal_pipeline_id": pipeline_id,
        "updated_at": stamp,
    }


def _currency(title: str, position: int) -> Row:
    return {
        "partial": True,
        "is_active": True,
        "currency_code": title,
        "exchange_rate": "1.0",
        "currency_type": 1 if position == 1 else 2,
        "schedule_info": None,
    }


def _activity_type(title: str, position: int) -> Row:
    return {
        "partial": True,
        "name": title,
        "internal_name": title.lower().replace(" ", "_"),
        "show_in_conversation": True,
        "position": position,
        "is_default": False,
        "is_checkedin": False,
        "is_checkedin_mandatory": False,
        "is_outcome_mandatory": False,
    }


_BUILDERS: Mapping[str, Callable[[str, int], Row]] = {
    "users": _user,
    "territories": _plain,
    "lifecycle_stages": _lifecycle,
    "contact_statuses": _status,
    "deal_pipelines": _pipeline,
    "deal_stages": _stage_row,
    "currencies": _currency,
    "sales_activity_types": _activity_type,
    "sales_activity_entity_types": _named,
    "sales_activity_outcomes": _named,
}

BEHAVIOURS: tuple[tuple[str, str, str], ...] = (
    ("A fresh tenant's selector values and row shapes", "[L]", "RV selectors_*"),
    ("Selectors have no write API; an admin changes them, here the seed file does", "[D] by absence", "MC"),
    ("Deal stages write updated_at in UTC with a Z", "[L]", "RV selectors_deal_stages"),
)
