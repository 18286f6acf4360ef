"""Products attached to a deal; attaching them overwrites the deal's amount."""

from typing import TYPE_CHECKING, Any

from wherry_emulators.freshsales.errors import ApiError
from wherry_emulators.freshsales.switches import Plan
from wherry_emulators.freshsales.validate import Invalid, Problems, number, whole_number
from wherry_emulators.freshsales.wire import Record

if TYPE_CHECKING:
    from wherry_emulators.freshsales.state import State

_PERCENT = 1
_KEPT = ("unit_price", "setup_fee", "billing_type", "billing_cycle", "quantity", "discount", "discount_type")
_NUMBERS = ("unit_price", "setup_fee", "quantity", "discount")


def require_catalogue(state: "State") -> None:
    """Raise ApiError 403 on a plan without product catalogue."""
    if state.plan not in (Plan.PRO, Plan.ENTERPRISE):
        raise ApiError(403, "Your plan does not include the product catalogue")


def clean_deal_products(state: "State", body: Record, old: Record | None, problems: Problems) -> Record:
    """Read ``products`` of a deal's body: rows are added, changed or, with ``_destroy``, taken away.

    An empty list takes all away. The changes hold the rows and the amount they add up to.
    """
    if "products" not in body:
        return {}
    require_catalogue(state)
    given = body["products"] or []
    if not isinstance(given, list) or not all(isinstance(row, dict) for row in given):
        problems.add("The type for products is invalid.")
        return {}
    rows = {row["product_id"]: row for row in (old or {}).get("products") or ()} if given else {}
    for wanted in given:
        product_id = whole_number(wanted.get("id", wanted.get("product_id")))
        product = state.find("product", product_id)
        if product_id is None or (product is None and product_id not in rows):
            problems.add("Product is invalid")
        elif wanted.get("_destroy") in (True, "true", 1):
            rows.pop(product_id, None)
        else:
            rows[product_id] = _row(state, product or {}, wanted, rows.get(product_id), problems)
    return {"products": list(rows.values()), "amount": round(sum(_total(row) for row in rows.values()), 4)}


def products_of(state: "State", deal: Record) -> list[Record]:
    """The rows of a deal's products as a read with ``include=products`` shows them."""
    return [_shown(state, deal, row) for row in deal.get("products") or ()]


def _row(state: "State", product: Record, wanted: Record, known: Record | None, problems: Problems) -> Record:
    row = dict(known) if known else _fresh(state, product)
    for name in _KEPT:
        if name in wanted:
            row[name] = _read(name, wanted[name], problems)
    return row


def _read(name: str, value: Any, problems: Problems) -> Any:
    if value is None or name not in _NUMBERS:
        return value
    try:
        found = number(value)
    except Invalid as broken:
        problems.add(f"{name.replace('_', ' ').capitalize()} {broken}")
        return 0
    return float(found) if name in {"unit_price", "discount"} else found


def _fresh(state: "State", product: Record) -> Record:
    price: Record = next(iter(product.get("product_pricings") or ()), {})
    return {
        "product_id": product["id"],
        "unit_price": float(price.get("unit_price") or 0),
        "setup_fee": price.get("setup_fee"),
        "billing_type": price.get("billing_type"),
        "billing_cycle": price.get("billing_cycle"),
        "currency_code": price.get("currency_code") or state.selectors.rows("currencies")[0]["currency_code"],
        "quantity": 1,
        "discount": 0.0,
        "discount_type": _PERCENT,
        "association_id": state.ids.next("deal_product"),
    }


def _total(row: Record) -> float:
    gross = float(row["unit_price"] or 0) * float(row["quantity"] or 0)
    discount = float(row["discount"] or 0)
    taken = gross * discount / 100 if row["discount_type"] == _PERCENT else discount
    return gross - taken + float(row["setup_fee"] or 0)


def _shown(state: "State", deal: Record, row: Record) -> Record:
    product = state.tables["product"].get_any(row["product_id"]) or {}
    return {
        **{name: row[name] for name in ("product_id", *_KEPT)},
        "currency_code": row["currency_code"],
        "deal_id": deal["id"],
        "association_id": row["association_id"],
        "_id": str(row["association_id"]),
        "id": row["product_id"],
        "name": product.get("name"),
        "pricing_type": product.get("pricing_type", 0),
        "avatar": None,
        "owner_id": product.get("owner_id"),
        "category": product.get("category"),
    }


BEHAVIOURS: tuple[tuple[str, str, str], ...] = (
    (
        "Writing products to a deal overwrites its amount with their total, 0.0 when none are left",
        "[L]",
        "RV product_deal",
    ),
    ("discount_type 1 is a percentage, anything else an amount", "[?]", "section 3.4"),
    ("Products need Pro or Enterprise; otherwise 403", "[D]", "SUP 50000002466"),
    ("products under the deal or beside it", "[?]", "RV test, MC"),
)
