"""Filtered search: rules that are all to hold, and thin rows as an answer."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from starlette.routing import Route

from wherry_emulators.freshsales.errors import ApiError
from wherry_emulators.freshsales.lead_values import leads_are_looked_up
from wherry_emulators.freshsales.paging import Page, page_of
from wherry_emulators.freshsales.render import plain
from wherry_emulators.freshsales.times import parse_instant
from wherry_emulators.freshsales.unique import value_of
from wherry_emulators.freshsales.views import sorted_records
from wherry_emulators.freshsales.wire import Record, RequestData, route

if TYPE_CHECKING:
    from wherry_emulators.freshsales.state import State

Holds = Callable[["State", Any, list[Any]], bool]
ENTITIES = ("contact", "sales_account", "deal")
_ONLY = 100
_THIN: Mapping[str, tuple[str, ...]] = {
    "contact": (
        "id",
        "job_title",
        "lead_score",
        "email",
        "work_number",
        "mobile_number",
        "open_deals_amount",
        "display_name",
        "avatar",
        "last_contacted_mode",
        "last_contacted",
        "first_name",
        "last_name",
        "city",
        "country",
        "created_at",
        "updated_at",
    ),
    "sales_account": (
        "id",
        "name",
        "avatar",
        "website",
        "phone",
        "city",
        "country",
        "number_of_employees",
        "open_deals_amount",
        "created_at",
        "updated_at",
    ),
    "deal": (
        "id",
        "name",
        "amount",
        "avatar",
        "expected_close",
        "closed_date",
        "deal_stage_id",
        "deal_pipeline_id",
        "probability",
        "created_at",
        "updated_at",
    ),
}
_THIN_DEFAULT = ("id", "name", "avatar", "created_at", "updated_at")
_INDEXED = {"contact_email.email": "emails", "email": "emails"}
_ALWAYS_INDEXED = ("external_id", "mobile_number", "work_number", "name", "phone")


def routes(state: "State") -> list[Route]:
    """The route of filtered search; the singular entity in the path may be a custom module's too."""

    def search(asked: RequestData) -> Any:
        key = asked.path["entity"]
        known = key in ENTITIES or (key == "lead" and leads_are_looked_up(state))
        if key not in state.tables or not (known or state.entities[key].is_custom):
            raise ApiError(404, "Entity not found")
        return filtered(state, key, asked)

    return [route("/filtered_search/{entity}", "POST", search, state.lock)]


def filtered(state: "State", key: str, asked: RequestData) -> Record:
    """Answer a filtered search: partial rows under the plural name, and the total."""
    rules = _rules(state, key, asked.body)
    found = [record for record in _candidates(state, key, rules) if _fits(state, record, rules)]
    found = sorted_records(state, key, found, asked)
    page = page_of(state, asked)
    if not state.switches.filtered_search_paginates:
        page = Page(1, _ONLY)
    names = _THIN.get(key, _THIN_DEFAULT)
    rows = [_thin(state, key, record, names) for record in page.of(found)]
    return {state.entities[key].plural: rows, "meta": {"total": len(found)}}


def _thin(state: "State", key: str, record: Record, names: Iterable[str]) -> Record:
    shown = plain(state, key, record)
    return {"partial": True, **{name: shown.get(name) for name in names}}


Rule = tuple[str, str, list[Any]]


def _rules(state: "State", key: str, body: Record) -> list[Rule]:
    given = body.get("filter_rule")
    if not isinstance(given, list) or not given:
        raise ApiError(400, "filter_rule can't be blank")
    return [_rule(state, key, row) for row in given]


def _rule(state: "State", key: str, row: Any) -> Rule:
    if not isinstance(row, dict):
        raise ApiError(400, "The type for filter_rule is invalid.")
    name, operator, value = row.get("attribute"), row.get("operator"), row.get("value")
    if not isinstance(name, str) or not _is_attribute(state, key, name):
        raise ApiError(400, "attribute is invalid")
    if not isinstance(operator, str) or operator not in _OPERATORS:
        raise ApiError(400, "operator is invalid")
    values = value if isinstance(value, list) else [value]
    wanted = _INSTANTS_WANTED.get(operator)
    if wanted is not None and (len(values) != wanted or any(_moment(state, one) is None for one in values)):
        raise ApiError(400, "value is invalid")
    return name, operator, values


def _is_attribute(state: "State", key: str, name: str) -> bool:
    if name in _INDEXED and key == "contact":
        return True
    schema, entity = state.schemas.get(key), state.entities[key]
    return (
        name in entity.shown or name in entity.hidden or (schema is not None and schema.get(name) is not None)
    )


def _candidates(state: "State", key: str, rules: list[Rule]) -> list[Record]:
    """Narrow by a rule that the index answers at once; otherwise take every record."""
    table = state.indexed(key)
    for name, operator, values in rules:
        term = _INDEXED.get(name, name)
        known = name in _INDEXED or name in _ALWAYS_INDEXED or name.startswith("cf_")
        if operator in {"is_in", "equals"} and known and not _is_multi(state, key, name):
            hits = {one["id"]: one for value in values for one in table.having(term, str(value))}
            return [hits[record_id] for record_id in sorted(hits)]
    return list(table.live())


def _is_multi(state: "State", key: str, name: str) -> bool:
    field = state.schemas[key].get(name) if key in state.schemas else None
    return field is not None and field.type in {"multi_select_dropdown", "checkbox", "number", "date"}


def _fits(state: "State", record: Record, rules: list[Rule]) -> bool:
    return all(_OPERATORS[operator](state, _value(record, name), values) for name, operator, values in rules)


def _value(record: Record, name: str) -> Any:
    if name in _INDEXED:
        return [row["value"] for row in record.get("emails") or ()]
    return value_of(record, name)


def _texts(value: Any) -> list[str]:
    match value:
        case None:
            return []
        case list() | tuple():
            return [str(one).casefold() for one in value]
        case str() if ";" in value:
            return [value.casefold(), *(part.strip().casefold() for part in value.split(";"))]
        case bool():
            return [str(value).casefold()]
        case float():
            return [str(value), str(int(value))] if value == int(value) else [str(value)]
        case _:
            return [str(value).casefold()]


def _is_in(state: "State", value: Any, wanted: list[Any]) -> bool:
    del state
    return bool(set(_texts(value)) & {text for one in wanted for text in _texts(one)})


def _is_not_in(state: "State", value: Any, wanted: list[Any]) -> bool:
    return not _is_in(state, value, wanted)


def _contains(state: "State", value: Any, wanted: list[Any]) -> bool:
    del state
    return any(str(one).casefold() in text for text in _texts(value) for one in wanted)


def _starts_with(state: "State", value: Any, wanted: list[Any]) -> bool:
    del state
    return any(text.startswith(str(one).casefold()) for text in _texts(value) for one in wanted)


def _is_before(state: "State", value: Any, wanted: list[Any]) -> bool:
    mine, other = _moment(state, value), _moment(state, wanted[0])
    return mine is not None and other is not None and mine < other


def _is_after(state: "State", value: Any, wanted: list[Any]) -> bool:
    mine, other = _moment(state, value), _moment(state, wanted[0])
    return mine is not None and other is not None and mine > other


def _in_range(state: "State", value: Any, wanted: list[Any]) -> bool:
    mine, start, end = (_moment(state, one) for one in (value, *wanted))
    return mine is not None and start is not None and end is not None and start <= mine <= end


def _moment(state: "State", value: Any) -> datetime | None:
    return parse_instant(value, state.zone)


_INSTANTS_WANTED: Mapping[str, int] = {"is_before": 1, "is_after": 1, "is_in_the_range": 2}
_OPERATORS: Mapping[str, Holds] = {
    "is_in": _is_in,
    "equals": _is_in,
    "is_not_in": _is_not_in,
    "contains": _contains,
    "starts_with": _starts_with,
    "is_before": _is_before,
    "is_after": _is_after,
    "is_in_the_range": _in_range,
}

BEHAVIOURS: tuple[tuple[str, str, str], ...] = (
    ("filtered_search takes the singular entity and rules that are all to hold", "[C]/[I]", "GF, LIVE"),
    (
        "Operators is_in, is_not_in, is_before, is_after, is_in_the_range, contains, starts_with, equals",
        "[C]",
        "RV, section 1.9",
    ),
    ("Rows are partial and thin; meta has the total", "[D]", "RV filter_contacts"),
    ("It has pages", "[?]", "switch filtered_search.paginates"),
    ("An unknown attribute or operator is a 400", "[I]", "strict reading"),
)
