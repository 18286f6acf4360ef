"""Sales accounts: what may be written to one, and what is lost when one is deleted."""

from typing import TYPE_CHECKING

from wherry_emulators.freshsales.contacts import clean_tags
from wherry_emulators.freshsales.unique import check_unique
from wherry_emulators.freshsales.validate import Problems, clean_fields, whole_number
from wherry_emulators.freshsales.wire import Record

if TYPE_CHECKING:
    from wherry_emulators.freshsales.state import State


def prepare_account(state: "State", old: Record | None, body: Record) -> Record:
    """Turn a body into an account's changes; ApiError 400 with everything that is wrong with it."""
    problems = Problems()
    changes = clean_fields(state, "sales_account", body, old, problems)
    changes |= clean_tags(body, problems)
    changes |= _clean_parent(state, body, old, problems)
    check_unique(state, "sales_account", old, changes, problems)
    problems.raise_if_any()
    return changes


def account_discarded(state: "State", account: Record, body: Record) -> None:
    """Do what follows an account's deletion: its deals and child accounts lose it for good.

    With ``delete_associated_contacts_deals`` its contacts and deals are deleted too.
    """
    with_children = body.get("delete_associated_contacts_deals") in (True, "true", 1)
    parent = ("sales_account", account["id"])
    for deal in state.children(parent, "deal"):
        changed = state.update("deal", deal, {"sales_account_id": None})
        if with_children:
            state.discard("deal", changed)
    for child in state.children(parent, "sales_account"):
        state.update("sales_account", child, {"parent_sales_account_id": None})
    for contact in state.children(parent, "contact"):
        kept = [row for row in contact["sales_accounts"] if row["id"] != account["id"]]
        changed = state.put("contact", {**contact, "sales_accounts": kept})
        if with_children:
            state.discard("contact", changed)


def _clean_parent(state: "State", body: Record, old: Record | None, problems: Problems) -> Record:
    if "parent_sales_account_id" not in body:
        return {}
    given = body["parent_sales_account_id"]
    if given in (None, ""):
        return {"parent_sales_account_id": None}
    parent = whole_number(given)
    itself = old is not None and parent == old["id"]
    if parent is None or itself or state.find("sales_account", parent) is None:
        problems.add("Parent account is invalid")
        return {}
    return {"parent_sales_account_id": parent}


BEHAVIOURS: tuple[tuple[str, str, str], ...] = (
    ("An account needs a name, which is unique", "[L]/[D]", "RV; SUP 50000002578"),
    (
        "Deleting an account takes it from its deals, contacts and child accounts for good",
        "[D]",
        "SUP 50000002562",
    ),
    ("delete_associated_contacts_deals deletes its contacts and deals as well", "[C]", "BF, fpto"),
)
