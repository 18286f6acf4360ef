"""What a record hangs below: the contact of a note, the account of a deal, the list of a contact."""

from collections.abc import Callable, Iterator
from typing import Any

from wherry_emulators.freshsales.entity import Entity
from wherry_emulators.freshsales.tables import Parent
from wherry_emulators.freshsales.wire import Record

EntityOfModel = Callable[[Any], Entity | None]

_SINGLE = (("sales_account_id", "sales_account"), ("parent_sales_account_id", "sales_account"))


def parents_of(entity_of_model: EntityOfModel, key: str, record: Record) -> frozenset[Parent]:
    """Tell the (entity, id) pairs that this record hangs below."""
    return frozenset(_parents(entity_of_model, key, record))


def _parents(entity_of_model: EntityOfModel, key: str, record: Record) -> Iterator[Parent]:
    for target in record.get("targetables") or ():
        entity = entity_of_model(target["type"])
        if entity:
            yield entity.key, target["id"]
    for name, parent in _SINGLE:
        if record.get(name):
            yield parent, record[name]
    if key == "deal":
        yield from (("contact", contact) for contact in record.get("contacts") or ())
        yield from (("product", row["product_id"]) for row in record.get("products") or ())
    if key == "contact":
        yield from (("sales_account", row["id"]) for row in record.get("sales_accounts") or ())
        yield from (("list", one) for one in record.get("lists") or ())
