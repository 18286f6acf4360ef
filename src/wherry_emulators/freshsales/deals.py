"""Deals: what may be written to one, its stage, its people, and the money."""

from typing import TYPE_CHECKING, Any

from wherry_emulators.freshsales.contacts import clean_tags
from wherry_emulators.freshsales.deal_products import clean_deal_products
from wherry_emulators.freshsales.unique import check_unique
from wherry_emulators.freshsales.validate import Problems, clean_fields, whole_number
from wherry_emulators.freshsales.wire import Record

if TYPE_CHECKING:
    from wherry_emulators.freshsales.state import State

_CLOSED = ("Closed Won", "Closed Lost")


def prepare_deal(state: "State", old: Record | None, body: Record) -> Record:
    """Turn a body into a deal's changes; ApiError 400 with everything that is wrong with it.

    An account named in ``sales_account`` that does not exist is created, once all else is found right.
    """
    problems = Problems()
    changes = clean_fields(state, "deal", body, old, problems)
    changes |= clean_tags(body, problems)
    changes |= _clean_contacts(state, body, old, problems)
    changes |= _clean_account(state, body, problems)
    changes |= _clean_stage(state, changes, old, problems)
    _check_reason(state, {**(old or {}), **changes}, changes, problems)
    _check_probability(changes, problems)
    changes |= clean_deal_products(state, body, old, problems)
    check_unique(state, "deal", old, changes, problems)
    problems.raise_if_any()
    if old is None and changes.get("currency_id") is None:
        changes["currency_id"] = state.selectors.rows("currencies")[0]["id"]
    return changes | _account_by_name(state, body)


def stage_of(state: "State", deal: Record) -> Record:
    """The stage row of a deal; one that no longer exists counts as open."""
    found = state.selectors.find("deal_stages", deal.get("deal_stage_id"))
    return found or {"forecast_type": "Open", "probability": 100}


def is_open(state: "State", deal: Record) -> bool:
    """Whether the deal is neither won nor lost."""
    return stage_of(state, deal)["forecast_type"] not in _CLOSED


def _check_reason(state: "State", after: Record, changes: Record, problems: Problems) -> None:
    """A reason that the tenant requires is asked of lost deals only."""
    field = state.schemas["deal"].get("deal_reason_id")
    touched = "deal_stage_id" in changes or "deal_reason_id" in changes
    if field is None or not field.required or not touched or after.get("deal_reason_id") is not None:
        return
    if stage_of(state, after)["forecast_type"] == "Closed Lost":
        problems.add(f"{field.label} can't be blank")


def _check_probability(changes: Record, problems: Problems) -> None:
    probability = changes.get("probability")
    if probability is not None and not 0 <= probability <= 100:
        problems.add("Probability (%) must be between 0 and 100")


def _clean_contacts(state: "State", body: Record, old: Record | None, problems: Problems) -> Record:
    if "contacts_added_list" not in body and "contacts_removed_list" not in body:
        return {}
    added = _contact_ids(state, body.get("contacts_added_list"), problems, must_exist=True)
    removed = _contact_ids(state, body.get("contacts_removed_list"), problems, must_exist=False)
    known = (old or {}).get("contacts") or []
    kept = [one for one in dict.fromkeys([*known, *added]) if one not in removed]
    return {"contacts": kept}


def _contact_ids(state: "State", given: Any, problems: Problems, *, must_exist: bool) -> list[int]:
    if given is not None and not isinstance(given, list):
        problems.add("The type for contacts is invalid.")
        return []
    ids = [whole_number(one) for one in given or ()]
    known = [one for one in ids if one is not None]
    if len(known) < len(ids) or (must_exist and any(state.find("contact", one) is None for one in known)):
        problems.add("Related contacts is invalid")
        return []
    return known


def _clean_account(state: "State", body: Record, problems: Problems) -> Record:
    named = body.get("sales_account")
    if named is not None and (not isinstance(named, dict) or not isinstance(named.get("name"), str)):
        problems.add("The type for sales_account is invalid.")
    if "sales_account_id" not in body:
        return {}
    given = body["sales_account_id"]
    if given in (None, ""):
        return {"sales_account_id": None}
    account = whole_number(given)
    if account is None or state.find("sales_account", account) is None:
        problems.add("Account name is invalid")
        return {}
    return {"sales_account_id": account}


def _account_by_name(state: "State", body: Record) -> Record:
    named = body.get("sales_account")
    if not isinstance(named, dict) or not named.get("name"):
        return {}
    found = state.tables["sales_account"].having("name", named["name"])
    live = [account for account in found if not account.get("is_deleted")]
    account = live[0] if live else state.insert("sales_account", {"name": named["name"]})
    return {"sales_account_id": account["id"]}


def _clean_stage(state: "State", changes: Record, old: Record | None, problems: Problems) -> Record:
    moved = "deal_stage_id" in changes or "deal_pipeline_id" in changes
    if old is not None and not moved:
        return {}
    pipeline_id, stage_id = changes.get("deal_pipeline_id"), changes.get("deal_stage_id")
    stage = state.selectors.find("deal_stages", stage_id)
    if stage is None:
        before = (old or {}).get("deal_pipeline_id")
        if before and pipeline_id in (None, before):
            return {name: (old or {})[name] for name in ("deal_pipeline_id", "deal_stage_id")}
        pipeline_id = pipeline_id or state.selectors.default_pipeline()["id"]
        stages = state.selectors.stages_of(pipeline_id)
        if not stages:
            problems.add("Deal pipeline has no stages")
            return {}
        stage = stages[0]
    if pipeline_id is not None and stage["deal_pipeline_id"] != pipeline_id:
        problems.add("Deal stage does not belong to the deal pipeline")
        return {}
    return _moved(state, stage, changes, old)


def _moved(state: "State", stage: Record, changes: Record, old: Record | None) -> Record:
    """What follows from being in this stage: dates, and the probability unless it was set by hand."""
    found = {"deal_stage_id": stage["id"], "deal_pipeline_id": stage["deal_pipeline_id"]}
    before = stage_of(state, old) if old else None
    if old and old.get("deal_stage_id") == stage["id"]:
        return found
    found["stage_updated_time"] = state.stamp()
    by_hand = old is not None and before is not None and old.get("probability") != before["probability"]
    if changes.get("probability") is None and not by_hand:
        found["probability"] = stage["probability"]
    if changes.get("closed_date") is None:
        closed = stage["forecast_type"] in _CLOSED
        found["closed_date"] = state.now().date().isoformat() if closed else None
    return found


BEHAVIOURS: tuple[tuple[str, str, str], ...] = (
    ("A deal needs a name and an amount", "[L]", "RV deal_fields"),
    ("A stage must belong to the pipeline; a stage alone brings its pipeline", "[I]", "section 3.3"),
    ("Entering a won or lost stage sets closed_date to today unless one is given", "[I]", "section 3.3"),
    ("Leaving it clears closed_date", "[I]", "section 3.3"),
    ("A pipeline alone brings its first stage, unless the deal is in it already", "[I]", "section 3.3"),
    ("A reason the tenant requires (deal_reason_id) is asked of lost deals only", "[I]", "section 3.3"),
    ("sales_account {name} links the account of that name, or makes it", "[D]", "MC"),
    ("contacts_added_list and contacts_removed_list change the related contacts", "[D]", "MC"),
)
