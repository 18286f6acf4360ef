"""Values of one field: text, numbers, dates, choices."""

from datetime import date, datetime
from decimal import Decimal

from wherry.mapping.ask import Ask, Outcome, Problem
from wherry.mapping.coerce import day_of, decimal_of, flag_of, instant_of, items_of, text_of
from wherry.mapping.transforms.registry import transform
from wherry.mapping.values import entry_for, spelling, translate
from wherry.model.catalog import FieldType
from wherry.model.record import Value

_NUMBER_BEFORE, _NUMBER_AFTER = 11, 4  # digits of a number field: [D] crmsupport 50000002390


def plain(value: Value) -> Outcome:
    """Return the value as JSON holds it, without loss, or a Problem."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return value if value.strip() else None
    if isinstance(value, int | Decimal):
        return number_of(value)
    if isinstance(value, datetime):
        return value.isoformat() if instant_of(value) else Problem(reason="naive_time")
    if isinstance(value, date):
        return value.isoformat()
    return joined(items_of(value))


def number_of(value: int | Decimal) -> Outcome:
    """Return a number that the destination can hold exactly, or a Problem."""
    exact = decimal_of(value)
    if exact is None:
        return Problem(reason="invalid_number")
    if abs(exact) >= 10**_NUMBER_BEFORE:
        return Problem(reason="number_out_of_range", detail=f"more than {_NUMBER_BEFORE} digits")
    if exact == exact.to_integral_value():
        return int(exact)
    digits = exact.normalize().as_tuple().exponent
    if isinstance(digits, int) and -digits > _NUMBER_AFTER:
        return Problem(reason="number_too_precise", detail=f"more than {_NUMBER_AFTER} decimals")
    return float(exact)


def joined(items: tuple[str, ...]) -> Outcome:
    """Return a multiple choice as Freshsales writes it ([D] 50000002586: joined by `;`)."""
    if any(";" in item for item in items):
        return Problem(reason="separator_in_value", detail="a choice holds a semicolon")
    return ";".join(items) or None


def in_choices(ask: Ask, text: str, table: str = "") -> Outcome:
    """Return the text as the destination's pick list spells it, by the reviewed table where one is named, or a Problem."""
    there = offered(ask)
    choices = there or list(ask.rule.choices)
    if not choices:
        return text
    found = entry_for(text, choices, table)
    return found or Problem(reason="choice_missing", detail="the destination's pick list has no such choice")


def offered(ask: Ask) -> list[str]:
    """Return the entries of the destination's pick list; none where the field is still to be made."""
    field = ask.target.field if ask.target else None
    return [choice.value for choice in field.choices] if field else []


@transform(gives=None, compare="")
def as_is(ask: Ask) -> Outcome:
    """The value itself, in the spelling of JSON."""
    return plain(ask.first)


@transform()
def one_text(ask: Ask) -> Outcome:
    """The value as text, whatever its type."""
    return text_of(ask.first) or None


@transform(args=("with",), sources=(1, 9), compare="text")
def join_lines(ask: Ask) -> Outcome:
    """The filled ones of several texts, joined by `args.with` (", ")."""
    pieces = [text_of(value) for value in ask.values]
    return ask.arg("with", ", ").join(piece for piece in pieces if piece) or None


@transform(gives=FieldType.DATE, compare="date")
def iso_date(ask: Ask) -> Outcome:
    """The calendar day as YYYY-MM-DD; of an instant, the day it had where it was written down."""
    day = day_of(ask.first)
    if day is None:
        return Problem(reason="invalid_date") if text_of(ask.first) else None
    return day.isoformat()


@transform(gives=FieldType.DATETIME, compare="instant")
def instant(ask: Ask) -> Outcome:
    """The moment in ISO 8601 with its offset."""
    moment = instant_of(ask.first)
    if moment is None:
        return Problem(reason="invalid_time") if text_of(ask.first) else None
    return moment.isoformat()


@transform(gives=FieldType.BOOLEAN, compare="boolean")
def boolean(ask: Ask) -> Outcome:
    """Yes or no."""
    flag = flag_of(ask.first)
    if flag is None and text_of(ask.first):
        return Problem(reason="unmapped_value", detail="neither yes nor no")
    return flag


@transform(gives=FieldType.MONEY, compare="number")
def money(ask: Ask) -> Outcome:
    """The amount, exact to two decimals."""
    if not text_of(ask.first):
        return None
    amount = decimal_of(ask.first)
    if amount is None:
        return Problem(reason="invalid_amount")
    if abs(amount) < 10**_NUMBER_BEFORE and amount * 100 != (amount * 100).to_integral_value():
        return Problem(reason="invalid_amount", detail="more than two decimals")
    return number_of(amount)


@transform(gives=FieldType.DROPDOWN, compare="choice", args=("table", "values"))
def choice(ask: Ask) -> Outcome:
    """The pick-list text that `args.values`, then the destination's own list, then the value table `args.table` gives for the value."""
    word = text_of(ask.first)
    if not word:
        return None
    own, table = ask.table("values"), ask.arg("table")
    decided = spelling(word) in map(spelling, own)
    if not decided and (entry := entry_for(word, offered(ask), table)):
        return entry
    text = translate(table, word, own=own) if decided or table else word
    return text if isinstance(text, Problem) else in_choices(ask, text, table)


@transform(gives=FieldType.MULTI_SELECT, compare="set")
def multi(ask: Ask) -> Outcome:
    """Several pick-list texts, joined by `;`."""
    spelt: list[str] = []
    for item in items_of(ask.first):
        text = in_choices(ask, item)
        if not isinstance(text, str):
            return text
        spelt.append(text)
    return joined(tuple(spelt))


@transform(args=("text",), sources=(0, 0))
def fixed(ask: Ask) -> Outcome:
    """The text `args.text`, for every record."""
    return ask.arg("text") or None


@transform(gives=FieldType.DATE, compare="date")
def recall_due(ask: Ask) -> Outcome:
    """The patient's next recall, as staging found it; blank where there is none."""
    day = day_of(ask.record.facts.get("recall_due"))
    return day.isoformat() if day else None
