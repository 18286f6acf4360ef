"""Consent: two flags a channel, each yes, no or unknown; unknown is no consent."""

from datetime import date

from wherry.mapping.ask import Ask, Outcome, Problem
from wherry.mapping.coerce import day_of, flag_of, text_of
from wherry.mapping.transforms.registry import transform
from wherry.mapping.transforms.scalars import in_choices
from wherry.model.catalog import FieldType

ADULT = 18  # years


def age_on(born: date, day: date) -> int:
    """Return full years of age; somebody born on 29 February has the birthday on 1 March."""
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))


def never_marketable(ask: Ask) -> bool:
    """Return whether this patient may not be marketed to, whatever the consents say."""
    if text_of(ask.of("status")).casefold() != "active" or ask.of("deceasedDate") is not None:
        return True
    born = day_of(ask.of("dateOfBirth"))
    return born is not None and age_on(born, ask.context.now.date()) < ADULT


@transform(gives=FieldType.DROPDOWN, compare="choice", always=True)
def consent(ask: Ask) -> Outcome:
    """Yes, No or Unknown: a blank consent is written as unknown, never left to be taken for either."""
    flag = flag_of(ask.first)
    if flag is None and text_of(ask.first):
        return Problem(reason="unmapped_value", detail="neither yes nor no")
    return in_choices(ask, "Unknown" if flag is None else "Yes" if flag else "No")


@transform(gives=FieldType.DROPDOWN, compare="exact", sources=(2, 2), always=True)
def subscription(ask: Ask) -> Outcome:
    """The channel's subscription: Subscribed only if contact and marketing are both allowed in so many words.

    Sources: the channel's contact flag, then its marketing flag. A clear no to either is Unsubscribed,
    anything else Not subscribed. Archived, inactive, deceased and minor patients are never Subscribed.
    Written as the id of the destination's own choice; [L] record values are integers.
    """
    allowed, marketing = flag_of(ask.value(0)), flag_of(ask.value(1))
    if allowed is False or marketing is False:
        wanted = "Unsubscribed"
    elif allowed and marketing and not never_marketable(ask):
        wanted = "Subscribed"
    else:
        wanted = "Not subscribed"
    choices = ask.target.field.choices if ask.target and ask.target.field else ()
    for choice in choices:
        if choice.value.strip().casefold() == wanted.casefold():
            return int(choice.id) if choice.id.isdecimal() else choice.id
    return Problem(reason="choice_missing", detail=f"the destination has no choice {wanted!r}")
