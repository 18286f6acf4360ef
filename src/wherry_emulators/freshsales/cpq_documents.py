"""Quotes and other sales documents of a deal: their own lines, restore, forget and the bulk calls."""

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from starlette.routing import Route

from wherry_emulators.freshsales.body_values import read_values, require
from wherry_emulators.freshsales.bulk import selected
from wherry_emulators.freshsales.deal_products import clean_deal_products, products_of, require_catalogue
from wherry_emulators.freshsales.document_entities import ADDRESSES
from wherry_emulators.freshsales.errors import ApiError
from wherry_emulators.freshsales.records import stamps
from wherry_emulators.freshsales.render import plain
from wherry_emulators.freshsales.times import parse_date_or_instant
from wherry_emulators.freshsales.validate import Invalid, Problems, number, reference, text, whole_number
from wherry_emulators.freshsales.wire import Handler, Record, Reply, RequestData, route, unwrap

if TYPE_CHECKING:
    from wherry_emulators.freshsales.state import State

_KEY = "cpq_document"
_ROOT = "/cpq/cpq_documents"
_NUMBER = re.compile(r"DOC-(\d+)")


def routes(state: "State") -> list[Route]:
    """Routes of documents, refused with 403 on plans without a product catalogue."""
    found: dict[tuple[str, str], Handler] = {
        (_ROOT, "POST"): lambda asked: _post(state, asked),
        (f"{_ROOT}/{{id:int}}", "GET"): lambda asked: _single(state, state.get(_KEY, asked.id)),
        (f"{_ROOT}/{{id:int}}", "PUT"): lambda asked: _put(state, asked),
        (f"{_ROOT}/{{id:int}}", "DELETE"): lambda asked: _delete(state, asked),
        (f"{_ROOT}/{{id:int}}/restore", "PUT"): lambda asked: _restore(state, asked),
        (f"{_ROOT}/{{id:int}}/forget", "DELETE"): lambda asked: _forget(state, asked),
        (f"{_ROOT}/{{id:int}}/related_products", "GET"): lambda asked: _related(state, asked),
        (f"{_ROOT}/cpq_documents_bulk_update", "PUT"): lambda asked: _bulk_update(state, asked),
        (f"{_ROOT}/cpq_documents_bulk_assign", "POST"): lambda asked: _bulk_assign(state, asked),
        (f"{_ROOT}/cpq_documents_bulk_delete", "POST"): lambda asked: _bulk_delete(state, asked),
        (f"{_ROOT}/cpq_documents_bulk_restore", "POST"): lambda asked: _bulk_restore(state, asked),
    }
    return [route(path, verb, _gated(state, handler), state.lock) for (path, verb), handler in found.items()]


def prepare_document(state: "State", old: Record | None, body: Record) -> Record:
    """Turn a body into a document's changes; ApiError 400 with everything that is wrong with it.

    Lines (``products``) set the amount to their total, as they do on a deal.
    """
    problems = Problems()
    changes = read_values(body, _readers(state), problems)
    changes |= clean_deal_products(state, body, old, problems)
    require({**(old or {}), **changes}, {"deal_id": "Deal", "document_type": "Document type"}, problems)
    problems.raise_if_any()
    if old is None:
        changes = {**_numbered(state, changes["deal_id"]), **changes, **stamps(state, body)}
    return changes


def _numbered(state: "State", deal_id: int) -> Record:
    """Give what a new document gets by itself: its number, its currency, and whether it is the deal's first."""
    kept = list(state.tables[_KEY].everything())
    numbers = (_NUMBER.fullmatch(one.get("document_number") or "") for one in kept)
    last = max((int(found[1]) for found in numbers if found), default=0)
    return {
        "document_number": f"DOC-{last + 1}",
        "currency_code": state.selectors.rows("currencies")[0]["currency_code"],
        "is_deal_primary": not any(one["deal_id"] == deal_id for one in state.tables[_KEY].live()),
    }


def _gated(state: "State", handler: Handler) -> Handler:
    def run(asked: RequestData) -> Any:
        require_catalogue(state)
        return handler(asked)

    return run


def _post(state: "State", asked: RequestData) -> Reply:
    record = state.insert(_KEY, prepare_document(state, None, unwrap(asked.body, _KEY)))
    return Reply(_single(state, record), state.switches.create_status.get(_KEY, 200))


def _put(state: "State", asked: RequestData) -> Record:
    old = state.get(_KEY, asked.id)
    return _single(state, state.update(_KEY, old, prepare_document(state, old, unwrap(asked.body, _KEY))))


def _delete(state: "State", asked: RequestData) -> Record:
    state.discard(_KEY, state.get(_KEY, asked.id))
    return {"msg": {"id": asked.id, "code": "success"}}


def _restore(state: "State", asked: RequestData) -> Record:
    found = state.tables[_KEY].get_any(asked.id)
    if found is None or not found.get("is_deleted"):
        raise ApiError(404, "Document not found")
    return _single(state, state.update(_KEY, found, {"is_deleted": False}))


def _forget(state: "State", asked: RequestData) -> Record:
    if state.tables[_KEY].get_any(asked.id) is None:
        raise ApiError(404, "Document not found")
    state.erase(_KEY, asked.id)
    return {"msg": {"id": asked.id, "code": "success"}}


def _related(state: "State", asked: RequestData) -> Record:
    lines = state.get(_KEY, asked.id).get("products") or ()
    found = [state.find("product", line["product_id"]) for line in lines]
    shown = [
        {**plain(state, "product", one), "product_pricings": [*(one.get("product_pricings") or ())]}
        for one in found
        if one
    ]
    return {"products": shown}


def _bulk_update(state: "State", asked: RequestData) -> Record:
    values = unwrap(asked.body, _KEY)
    if values is asked.body:
        raise ApiError(400, "cpq_document can't be blank")
    chosen = selected(state, _KEY, asked.body, "ids" if "ids" in asked.body else "selected_ids")
    for document in chosen:
        state.update(_KEY, document, prepare_document(state, document, values))
    return {"message": f"{len(chosen)} documents updated."}


def _bulk_assign(state: "State", asked: RequestData) -> Record:
    chosen = selected(state, _KEY, asked.body)
    for document in chosen:
        changes = prepare_document(state, document, {"owner_id": asked.body.get("owner_id")})
        state.update(_KEY, document, changes)
    return {"message": f"{len(chosen)} documents updated."}


def _bulk_delete(state: "State", asked: RequestData) -> Record:
    chosen = selected(state, _KEY, asked.body)
    for document in chosen:
        state.discard(_KEY, document)
    return {"message": f"{len(chosen)} documents deleted."}


def _bulk_restore(state: "State", asked: RequestData) -> Record:
    ids = asked.body.get("selected_ids")
    if not isinstance(ids, list) or not ids:
        raise ApiError(400, "selected_ids can't be blank")
    binned = {record["id"]: record for record in state.tables[_KEY].binned()}
    chosen = [binned[one] for one in map(whole_number, ids) if one in binned]
    for document in chosen:
        state.update(_KEY, document, {"is_deleted": False})
    return {"message": f"{len(chosen)} documents restored."}


def _single(state: "State", record: Record) -> Record:
    lines = [_line(record, row) for row in products_of(state, record)]
    amount = float(record.get("amount") or 0)
    more = {
        "amount": amount,
        "base_currency_amount": amount if lines or amount else None,
        "products": lines,
        "has_products": bool(lines),
    }
    return {_KEY: {**plain(state, _KEY, record), **more}}


def _line(record: Record, row: Record) -> Record:
    """Show a line as a document does: the same as a deal's, under the document's own names."""
    kept = {name: value for name, value in row.items() if name not in {"deal_id", "_id", "category"}}
    return {**kept, "cpq_document_id": record["id"], "item_id": row["_id"], "custom_columns": {}}


def _readers(state: "State") -> dict[str, tuple[str, Callable[[Any], Any]]]:
    short = ("document_type", "display_name", "stage", "cpq_document_template_name", *ADDRESSES)
    return {
        **{name: (name.replace("_", " ").capitalize(), lambda value: text(value, 256)) for name in short},
        "deal_id": ("Deal", lambda value: _record(state, "deal", value)),
        "contact_id": ("Contact", lambda value: _record(state, "contact", value)),
        "sales_account_id": ("Account", lambda value: _record(state, "sales_account", value)),
        "owner_id": ("Owner", lambda value: reference(state, "users", value)),
        "territory_id": ("Territory", lambda value: reference(state, "territories", value)),
        "valid_till": ("Valid till", lambda value: _date(state, value)),
        "amount": ("Amount", number),
        "currency_code": ("Currency code", lambda value: _currency(state, value)),
    }


def _record(state: "State", key: str, value: Any) -> int:
    found = whole_number(value)
    if found is None or state.find(key, found) is None:
        raise Invalid("must exist")
    return found


def _date(state: "State", value: Any) -> str:
    found = parse_date_or_instant(value, state.zone)
    if found is None:
        raise Invalid("is invalid")
    return found


def _currency(state: "State", value: Any) -> str:
    if value not in {row["currency_code"] for row in state.selectors.rows("currencies")}:
        raise Invalid("is invalid")
    return str(value)


BEHAVIOURS: tuple[tuple[str, str, str], ...] = (
    (
        "Documents: create, read, update, delete, restore, forget, related products, bulk calls; no list",
        "[D]",
        "MC",
    ),
    ("A document needs a deal and a type; numbers run DOC-1, DOC-2, …", "[D]/[L]", "MC; RV document"),
    ('DELETE of a document answers {"msg": {"id", "code": "success"}}; forget likewise', "[L]/[C]", "RV"),
    (
        "Lines set the document's amount to their total; the deal keeps its own",
        "[I]",
        "as section 3.4 for deals",
    ),
    (
        "The first document of a deal is its primary one",
        "[I]",
        "is_deal_primary is captured, its rule is not",
    ),
)
