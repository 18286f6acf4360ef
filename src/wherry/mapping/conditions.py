"""Named conditions: which mapping a record takes, and which rules apply."""

from collections.abc import Callable, Mapping
from functools import cache

from wherry.mapping.ask import Ask
from wherry.mapping.coerce import id_of
from wherry.mapping.transforms.scheduling import CLOSED, status_text, upcoming
from wherry.mapping.transforms.treatment import clinical_open
from wherry.model.operation import LEADS
from wherry.model.record import Record

Condition = Callable[[Ask], bool]

EVENTS = "appointments"
CONTACTS = "contacts"


def never_booked(ask: Ask) -> bool:
    """The patient has no appointment in the source."""
    return ask.record.facts.get("never_booked") is True


def booked(ask: Ask) -> bool:
    """The patient has an appointment in the source, or staging does not say."""
    return not never_booked(ask)


def is_event(ask: Ask) -> bool:
    """The appointment belongs in a calendar: by policy, and by its time.

    Where time decides, one that already lives there as a task or as an event stays what it is.
    """
    record, context = ask.record, ask.context
    policy = context.policies.appointments
    if policy != "split":
        return policy == "event"
    placed = context.placed.get(record.key)
    if placed is not None:
        return placed == EVENTS
    return status_text(ask) not in CLOSED and upcoming(record, context)


def has_calendar(ask: Ask) -> bool:
    """The destination has a calendar, which its connector knows; or the appointment stands in it already."""
    placed = ask.context.placed.get(ask.record.key) == EVENTS
    return placed or ask.context.destination.abilities.get("appointments") is True


def is_task(ask: Ask) -> bool:
    """The appointment does not belong in a calendar, or the destination has none."""
    return not (has_calendar(ask) and is_event(ask))


def field_exists(ask: Ask) -> bool:
    """The destination has the field that the rule writes."""
    return ask.target is not None and ask.target.field is not None


def owner_writable(ask: Ask) -> bool:
    """The destination lets the owner of an appointment be set."""
    return ask.context.destination.abilities.get("appointments_owner_writable") is True


def has_products(ask: Ask) -> bool:
    """The destination has a product catalogue."""
    return ask.context.destination.abilities.get("products") is True


def carries_products(ask: Ask) -> bool:
    """The invoice line carries the products of its invoice, and the destination has a catalogue for them."""
    return has_products(ask) and bool(ask.record.facts.get("products"))


def keeps_closed_date(ask: Ask) -> bool:
    """The destination keeps the day on which a deal was closed, as far as it says."""
    known = ask.target.field if ask.target else None
    shown = known is not None and not known.read_only
    return shown and ask.context.destination.abilities.get("deals_closed_date") is not False


def custom_modules(ask: Ask) -> bool:
    """The destination has custom modules."""
    return ask.context.destination.abilities.get("custom_modules") is True


def plan_on_contact(ask: Ask) -> bool:
    """The active treatment plan belongs on the contact: there are no custom modules, or the field is there."""
    return not custom_modules(ask) or field_exists(ask)


def has_leads(ask: Ask) -> bool:
    """The destination keeps leads apart from contacts, as the Classic edition does."""
    return ask.context.destination.stream(LEADS) is not None


def is_lead(ask: Ask) -> bool:
    """The patient has only asked so far, and the destination keeps leads apart from contacts.

    Whoever has notes, plans, invoices or documents is a contact, for only contacts are sure to take these;
    and who is a contact there already stays one.
    """
    record, context = ask.record, ask.context
    contact = record.key.id in context.adoptions or context.placed.get(record.key) == CONTACTS
    return record.facts.get("only_asked") is True and not contact and has_leads(ask)


def on_suite(ask: Ask) -> bool:
    """The destination is the Suite, where leads are contacts."""
    return ask.context.policies.edition == "suite"


def always(_: Ask) -> bool:
    """Every record."""
    return True


CONDITIONS: Mapping[str, Condition] = {
    check.__name__: check
    for check in (
        never_booked,
        booked,
        is_event,
        has_calendar,
        is_task,
        field_exists,
        owner_writable,
        has_products,
        carries_products,
        keeps_closed_date,
        has_leads,
        is_lead,
        on_suite,
        always,
        custom_modules,
        plan_on_contact,
        clinical_open,
    )
}


@cache
def terms_of(when: str) -> tuple[tuple[bool, str], ...]:
    """Return the terms of `not a and b` as (wanted, name)."""
    terms = []
    for term in when.split(" and "):
        name = term.strip()
        if name:
            wanted = not name.startswith("not ")
            terms.append((wanted, name.removeprefix("not ").strip()))
    return tuple(terms)


def excluding(one: str, other: str) -> bool:
    """Return whether two conditions can never hold for the same record: one wants what the other forbids."""
    wanted = set(terms_of(one))
    return any((not positive, name) in wanted for positive, name in terms_of(other))


def holds(when: str, ask: Ask) -> bool:
    """Return whether the condition holds; the empty one always does, an unknown one never."""
    for wanted, name in terms_of(when):
        check = CONDITIONS.get(name)
        if check is None or check(ask) is not wanted:
            return False
    return True


def has_patient(record: Record) -> bool:
    """Return whether the record names a patient; an appointment without one is blocked time."""
    return bool(id_of(record.values.get("patientId")))
