"""The product catalogue: products, their prices, restore and the bulk calls."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from starlette.routing import Route

from wherry_emulators.freshsales.body_values import read_values, require
from wherry_emulators.freshsales.bulk import selected
from wherry_emulators.freshsales.deal_products import require_catalogue
from wherry_emulators.freshsales.errors import ApiError
from wherry_emulators.freshsales.includes import Siblings, with_includes
from wherry_emulators.freshsales.records import stamps
from wherry_emulators.freshsales.tasks import success
from wherry_emulators.freshsales.times import parse_date_or_instant
from wherry_emulators.freshsales.validate import (
    Invalid,
    Problems,
    number,
    reference,
    text,
    truth,
    whole_number,
)
from wherry_emulators.freshsales.wire import Handler, Record, Reply, RequestData, route, unwrap

if TYPE_CHECKING:
    from wherry_emulators.freshsales.state import State

_KEY = "product"
_PRICING_TYPES = (0, 1, 2)


def prepare_product(state: "State", old: Record | None, body: Record) -> Record:
    """Turn a body into a product's changes; ApiError 400 with everything that is wrong with it."""
    problems = Problems()
    changes = read_values(body, _readers(state), problems)
    changes |= _prices(state, body, old, problems)
    require({**(old or {}), **changes}, {"name": "Name"}, problems)
    problems.raise_if_any()
    if old is None:
        changes = {"is_active": True, "pricing_type": 0, **changes, **stamps(state, body)}
    return {**changes, "pricing_type": changes.get("pricing_type", (old or {}).get("pricing_type", 0)) or 0}


def routes(state: "State") -> list[Route]:
    """Routes of the catalogue, refused with 403 on plans without one."""
    found: dict[tuple[str, str], Handler] = {
        ("/cpq/products", "POST"): lambda asked: _post(state, asked),
        ("/cpq/products/{id:int}", "GET"): lambda asked: _single(state, state.get(_KEY, asked.id), asked),
        ("/cpq/products/{id:int}", "PUT"): lambda asked: _put(state, asked),
        ("/cpq/products/{id:int}", "DELETE"): lambda asked: _delete(state, asked),
        ("/cpq/products/{id:int}/restore", "PUT"): lambda asked: _restore(state, asked),
        ("/cpq/products/products_bulk_update", "PUT"): lambda asked: _bulk_update(state, asked),
        ("/cpq/products/products_bulk_assign", "POST"): lambda asked: _bulk_assign(state, asked),
        ("/cpq/products/products_bulk_delete", "POST"): lambda asked: _bulk_delete(state, asked),
        ("/cpq/products/products_bulk_restore", "POST"): lambda asked: _bulk_restore(state, asked),
    }
    return [route(path, verb, _gated(state, handler), state.lock) for (path, verb), handler in found.items()]


def _gated(state: "State", handler: Handler) -> Handler:
    def run(asked: RequestData) -> Any:
        require_catalogue(state)
        return handler(asked)

    return run


def _post(state: "State", asked: RequestData) -> Reply:
    record = state.insert(_KEY, prepare_product(state, None, unwrap(asked.body, _KEY)))
    return Reply(_single(state, record, asked), state.switches.create_status.get(_KEY, 200))


def _put(state: "State", asked: RequestData) -> Record:
    old = state.get(_KEY, asked.id)
    changes = prepare_product(state, old, unwrap(asked.body, _KEY))
    return _single(state, state.update(_KEY, old, changes), asked)


def _delete(state: "State", asked: RequestData) -> Record:
    state.discard(_KEY, state.get(_KEY, asked.id))
    return success()


def _restore(state: "State", asked: RequestData) -> Record:
    found = state.tables[_KEY].get_any(asked.id)
    if found is None or not found.get("is_deleted"):
        raise ApiError(404, "Product not found")
    return _single(state, state.update(_KEY, found, {"is_deleted": False}), asked)


def _bulk_update(state: "State", asked: RequestData) -> Record:
    values = unwrap(asked.body, _KEY)
    if values is asked.body:
        raise ApiError(400, "product can't be blank")
    chosen = selected(state, _KEY, asked.body, "ids" if "ids" in asked.body else "selected_ids")
    for product in chosen:
        state.update(_KEY, product, prepare_product(state, product, values))
    return {"message": f"{len(chosen)} products updated."}


def _bulk_assign(state: "State", asked: RequestData) -> Record:
    chosen = selected(state, _KEY, asked.body)
    for product in chosen:
        state.update(_KEY, product, prepare_product(state, product, {"owner_id": asked.body.get("owner_id")}))
    return {"message": f"{len(chosen)} products updated."}


def _bulk_delete(state: "State", asked: RequestData) -> Record:
    chosen = selected(state, _KEY, asked.body)
    for product in chosen:
        state.discard(_KEY, product)
    return {"message": f"{len(chosen)} products deleted."}


def _bulk_restore(state: "State", asked: RequestData) -> Record:
    ids = asked.body.get("selected_ids")
    if not isinstance(ids, list) or not ids:
        raise ApiError(400, "selected_ids can't be blank")
    binned = {record["id"]: record for record in state.tables[_KEY].binned()}
    chosen = [binned[one] for one in map(whole_number, ids) if one in binned]
    for product in chosen:
        state.update(_KEY, product, {"is_deleted": False})
    return {"message": f"{len(chosen)} products restored."}


def _single(state: "State", record: Record, asked: RequestData) -> Record:
    siblings = Siblings()
    shown = with_includes(state, _KEY, record, asked.includes, siblings)
    return {**siblings.as_json(), _KEY: shown}


def _readers(state: "State") -> dict[str, tuple[str, Callable[[Any], Any]]]:
    short = ("name", "category", "product_code", "sku_number")
    return {
        **{name: (name.replace("_", " ").capitalize(), lambda value: text(value, 256)) for name in short},
        "description": ("Description", lambda value: text(value, 65_535)),
        "is_active": ("Active", truth),
        "owner_id": ("Owner", lambda value: reference(state, "users", value)),
        "territory_id": ("Territory", lambda value: reference(state, "territories", value)),
        "valid_till": ("Valid till", lambda value: _date(state, value)),
        "parent_product": ("Parent product", lambda value: _parent(state, value)),
        "pricing_type": ("Pricing type", _pricing_type),
    }


def _date(state: "State", value: Any) -> str:
    found = parse_date_or_instant(value, state.zone)
    if found is None:
        raise Invalid("is invalid")
    return found


def _parent(state: "State", value: Any) -> int:
    found = whole_number(value)
    if found is None or state.find(_KEY, found) is None:
        raise Invalid("is invalid")
    return found


def _pricing_type(value: Any) -> int:
    found = whole_number(value)
    if found not in _PRICING_TYPES:
        raise Invalid("is invalid")
    return found


def _prices(state: "State", body: Record, old: Record | None, problems: Problems) -> Record:
    given = body.get("product_pricings")
    if given is None:
        return {}
    if not isinstance(given, list) or not all(isinstance(row, dict) for row in given):
        problems.add("The type for product_pricings is invalid.")
        return {}
    rows: list[Record] = [dict(row) for row in (old or {}).get("product_pricings") or ()]
    for wanted in given:
        rows = _price(state, rows, wanted, problems)
    return {"product_pricings": rows}


def _price(state: "State", rows: list[Record], wanted: Record, problems: Problems) -> list[Record]:
    row_id, currency = whole_number(wanted.get("id")), wanted.get("currency_code")
    known = next((row for row in rows if row_id == row["id"] or currency == row["currency_code"]), None)
    if wanted.get("_destroy") in (True, "true", 1):
        return [row for row in rows if row is not known]
    if known is None and row_id is not None:
        problems.add("Product pricing must exist")
        return rows
    codes = {row["currency_code"] for row in state.selectors.rows("currencies")}
    base = known or {"id": state.ids.next("pricing"), "currency_code": currency, "unit_price": 0.0}
    if base["currency_code"] not in codes:
        problems.add("Currency code is invalid")
        return rows
    made = {"_destroy": False, "billing_cycle": None, "billing_type": None, "setup_fee": None, **base}
    made |= {name: wanted[name] for name in ("billing_cycle", "billing_type", "setup_fee") if name in wanted}
    made["unit_price"] = _unit_price(wanted, base, problems)
    made["is_locked"] = False
    return [made if row is known else row for row in rows] if known else [*rows, made]


def _unit_price(wanted: Record, base: Record, problems: Problems) -> float:
    # One listing of the documentation calls the price currency_value.
    value = wanted.get("unit_price", wanted.get("currency_value", base["unit_price"]))
    try:
        return float(number(value))
    except Invalid as broken:
        problems.add(f"Unit price {broken}")
        return 0.0


BEHAVIOURS: tuple[tuple[str, str, str], ...] = (
    ("Products: create, read, update, delete, restore, prices, bulk calls; no list", "[D]", "MC"),
    ("A price names a currency of the account; unit_price or currency_value", "[L]/[?]", "RV; MC"),
    ("DELETE of a product answers success as text 200 and moves it to the bin", "[L]/[D]", "RV; MC"),
)
