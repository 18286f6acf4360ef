"""Ids of the destination that are found by a name: stages, statuses, sources, task types, outcomes."""

from wherry.mapping.ask import Ask, Outcome, Problem, rows_of
from wherry.mapping.coerce import id_of, one_line, text_of, whole_of
from wherry.mapping.transforms.registry import transform
from wherry.mapping.transforms.scheduling import status_text
from wherry.mapping.values import spelling
from wherry.model.catalog import Catalog, FieldType
from wherry.model.jsons import Json
from wherry.model.operation import LEADS


def named_id(destination: Catalog, lookup: str, name: str, **also: Json) -> int | None:
    """Return the id of the row of that name (case, and what parts its words, ignored), or None."""
    wanted = spelling(name)
    for row in rows_of(destination, lookup):
        if not wanted or spelling(text_of(row.get("name"))) != wanted:
            continue
        if all(row.get(key) == value for key, value in also.items()):
            return whole_of(row.get("id"))
    return None


def knows_status(destination: Catalog, name: str) -> bool:
    """Whether prospects may be given a status of that name: a lead stage, where leads are apart from contacts."""
    leads = destination.stream(LEADS)
    if leads is None:
        return named_id(destination, "contact_statuses", name) is not None
    field = leads.field("lead_stage_id")
    return name.strip().casefold() in {
        choice.value.strip().casefold() for choice in (field.choices if field else ())
    }


def _stage_name(ask: Ask) -> str:
    policies = ask.context.policies
    if ask.record.facts.get("never_booked") is not True:
        return policies.patient_stage
    own = {name.strip().casefold(): stage for name, stage in ask.table("by_referral").items()}
    referral = text_of(ask.of("referralSource")).casefold()
    return own.get(referral, policies.prospect_stage)


@transform(gives=FieldType.DROPDOWN, args=("by_referral",), sources=(0, 1))
def lifecycle_stage(ask: Ask) -> Outcome:
    """The id of the stage that the policy names; for prospects `args.by_referral` may name another."""
    name = _stage_name(ask)
    if not name:
        return None
    found = named_id(ask.context.destination, "lifecycle_stages", name)
    return found if found is not None else Problem(reason="stage_missing", detail="see policy")


@transform(gives=FieldType.DROPDOWN, args=("by_referral",), sources=(0, 1))
def prospect_status(ask: Ask) -> Outcome:
    """The id of the prospect's status inside its stage: the policy's, else 'New'."""
    stage = named_id(ask.context.destination, "lifecycle_stages", _stage_name(ask))
    for name in (ask.context.policies.prospect_status, "New"):
        found = named_id(ask.context.destination, "contact_statuses", name, lifecycle_stage_id=stage)
        if stage is not None and found is not None:
            return found
    return None


@transform(gives=FieldType.DROPDOWN, args=("by_referral",), sources=(0, 1))
def lead_stage(ask: Ask) -> Outcome:
    """The id of the lead's stage: the one that `args.by_referral` names, else the policy's status, else 'New'."""
    own = {name.strip().casefold(): stage for name, stage in ask.table("by_referral").items()}
    named = own.get(text_of(ask.of("referralSource")).casefold())
    field = ask.target.field if ask.target else None
    stages = {choice.value.strip().casefold(): choice.id for choice in (field.choices if field else ())}
    for name in (named,) if named else (ask.context.policies.prospect_status, "New"):
        found = stages.get(name.strip().casefold())
        if found is not None:
            return whole_of(found)
    return Problem(reason="stage_missing", detail="see by_referral") if named else None


@transform(gives=FieldType.DROPDOWN, args=("lookup", "names"))
def id_by_name(ask: Ask) -> Outcome:
    """The id of the row of the destination's `args.lookup` that has this name; left out where none has.

    `args.names` may say which row a source value stands for.
    """
    word = text_of(ask.first)
    own = {spelling(name): row for name, row in ask.table("names").items()}
    return named_id(ask.context.destination, ask.arg("lookup"), own.get(spelling(word), word))


@transform(gives=FieldType.DROPDOWN, args=("lookup", "name"), sources=(0, 0))
def id_of_row(ask: Ask) -> Outcome:
    """The id of the row named `args.name` in the destination's `args.lookup`; left out where there is none."""
    return named_id(ask.context.destination, ask.arg("lookup"), ask.arg("name"))


@transform(gives=FieldType.DROPDOWN, args=("lookup", "values"))
def outcome(ask: Ask) -> Outcome:
    """The id of the outcome in `args.lookup` that is named like the appointment's status, where one is."""
    text = status_text(ask)
    lookup_name = ask.arg("lookup", "task_outcomes")
    return named_id(ask.context.destination, lookup_name, text) if isinstance(text, str) else None


@transform(args=("stream", "field"))
def lookup(ask: Ask) -> Outcome:
    """The field `args.field` of the record of `args.stream` that the value points to."""
    key = id_of(ask.first)
    if not key:
        return None
    row = ask.context.row(ask.arg("stream"), key)
    if row is None:
        return Problem(reason="unknown_reference", detail=f"no such record in {ask.arg('stream')}")
    return one_line(row.get(ask.arg("field"))) or None
