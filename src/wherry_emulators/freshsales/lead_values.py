"""Leads of the Classic edition: what may be written to one."""

from typing import TYPE_CHECKING

from wherry_emulators.freshsales.addresses import clean_emails, clean_phone_numbers
from wherry_emulators.freshsales.contacts import clean_tags
from wherry_emulators.freshsales.unique import check_unique
from wherry_emulators.freshsales.validate import Problems, clean_fields
from wherry_emulators.freshsales.wire import Record

if TYPE_CHECKING:
    from wherry_emulators.freshsales.state import State


def prepare_lead(state: "State", old: Record | None, body: Record) -> Record:
    """Turn a body into a lead's changes; ApiError 400 with everything that is wrong with it."""
    problems = Problems()
    changes = clean_fields(state, "lead", body, old, problems)
    changes |= clean_emails(state, body, old, problems)
    changes |= clean_phone_numbers(state, body, old, problems)
    changes |= clean_tags(body, problems)
    after = {**(old or {}), **changes}
    if not after.get("last_name") and not after.get("email"):
        problems.add("Last name or email can't be blank")
    check_unique(state, "lead", old, changes, problems)
    problems.raise_if_any()
    if old is None and not changes.get("lead_stage_id"):
        changes["lead_stage_id"] = state.selectors.rows("lead_stages")[0]["id"]
    return changes


def leads_are_looked_up(state: "State") -> bool:
    """Whether lookup and filtered search take leads: on Classic, if a switch says so."""
    return state.switches.edition == "classic" and state.switches.leads_found_by_lookup


BEHAVIOURS: tuple[tuple[str, str, str], ...] = (
    ("A lead needs a last name or an email", "[I]", "as a contact"),
    ("A new lead is in the first stage unless told otherwise", "[I]", "section 3.15 does not say"),
    ("Two leads may have one email", "[?]", "switch leads.email_unique"),
)
