"""Treatment plans: one line for each item, what a patient's active plan says, and who made a plan when.

The items of a plan and a patient's active plan were found when the source was staged (staging/plans.py);
here they only become text. A tooth is written as the source has it, with the notation that the source
declares beside it: nothing is converted, and where nothing is declared, that is said.
"""

from collections.abc import Iterator, Mapping, Sequence

import orjson

from wherry.mapping.ask import TEXT_LENGTH, TEXTAREA_LENGTH, Ask, Noted, Outcome, Problem
from wherry.mapping.coerce import decimal_of, one_line, text_of
from wherry.mapping.transforms.people import clinician_text
from wherry.mapping.transforms.registry import transform
from wherry.mapping.transforms.scalars import in_choices, number_of
from wherry.mapping.transforms.scheduling import local_time
from wherry.mapping.values import translate
from wherry.model.catalog import FieldType, Privacy
from wherry.model.record import Value

_GAP = " · "
_NO_NOTATION = "notation not declared"
Item = Mapping[str, str | None]


def items_of_plan(facts: Mapping[str, Value]) -> tuple[Item, ...]:
    """Return the items that staging found for a plan, each as its texts."""
    found = facts.get("items")
    return tuple(orjson.loads(one) for one in found) if isinstance(found, tuple) else ()


def item_lines(ask: Ask) -> tuple[str, ...] | Problem:
    """Return one line for each item of the plan, numbered; clinical words only where their class is open.

    A Problem where an item is held back, or has a status that no table knows: the plan would be incomplete.
    """
    held = ask.record.facts.get("items_held")
    if isinstance(held, tuple) and held:
        return Problem(
            reason="item_held",
            detail=f"held back: treatment_items/{', treatment_items/'.join(held)}",
            hint="mend what holds the item back, then run `wherry discover` and plan again",
        )
    lines: list[str] = []
    for number, item in enumerate(items_of_plan(ask.record.facts), 1):
        status = _item_status(ask, item)
        if isinstance(status, Problem):
            return status
        lines.append(f"{number}. {_GAP.join(_pieces(ask, item, status))}")
    return tuple(lines)


def clinical_open(ask: Ask) -> bool:
    """Return whether somebody opened the class of what was done to which tooth."""
    return Privacy.CLINICAL in ask.context.unlocked


def split_lines(lines: Sequence[str], limit: int, most: int) -> tuple[str, ...] | None:
    """Return the lines as at most so many texts of at most so many characters, cut between lines only.

    Joined by line ends they are the lines again. None where they do not fit, or one line alone does not.
    """
    texts: list[str] = []
    for line in lines:
        if len(line) > limit:
            return None
        if texts and len(texts[-1]) + 1 + len(line) <= limit:
            texts[-1] += "\n" + line
        else:
            texts.append(line)
    return tuple(texts) if len(texts) <= most else None


def _item_status(ask: Ask, item: Item) -> str | Problem:
    word = text_of(item.get("status"))
    if not word:
        return ""
    return translate("plan_item_status", word, own=ask.table("values"))


def _pieces(ask: Ask, item: Item, status: str) -> Iterator[str]:
    yield one_line(item.get("code")) or "no code"
    if clinical_open(ask):
        notation = ask.context.tooth_notation or _NO_NOTATION
        yield from _said("", item.get("description"))
        yield from _said("tooth", item.get("tooth"), f" ({notation})")
        yield from _said("surfaces", item.get("surfaces"))
        yield from _said("material", item.get("material"))
    yield from _said("fee", item.get("fee"))
    yield from _said("discount", item.get("discount"))
    yield from _said("net", item.get("netPrice"))
    yield from _said("", status)
    yield from _said("completed at", (item.get("completedAt") or "")[:16].replace("T", " "))
    yield from _said("appointment", item.get("appointmentId"))
    yield from _said("item", item.get("itemId"))


def _said(label: str, value: str | None, after: str = "") -> Iterator[str]:
    text = one_line(value)
    if text:
        yield f"{label} {text}{after}".strip()


@transform(gives=FieldType.TEXTAREA, compare="text", args=("part", "parts", "values"), sources=(1, 20))
def plan_items(ask: Ask) -> Outcome:
    """Part `args.part` of `args.parts` of the plan's items, one a line, cut between lines only.

    A plan whose items need more parts is refused, so that nothing is ever cut off.
    """
    lines = item_lines(ask)
    if isinstance(lines, Problem):
        return lines
    part, parts = _whole(ask, "part"), _whole(ask, "parts")
    limit = (ask.target.max_length if ask.target else None) or TEXTAREA_LENGTH
    texts = split_lines(lines, limit, parts)
    if texts is None:
        return Problem(
            reason="too_long",
            detail=f"the {len(lines)} items do not fit into {parts} fields of {limit} characters",
            hint="add a rule for one more field, and raise args.parts of all of them",
        )
    return texts[part - 1] if part <= len(texts) else None


def _whole(ask: Ask, name: str) -> int:
    given = ask.rule.args.get(name)
    return given if isinstance(given, int) and given > 0 else 1


@transform(gives=FieldType.NUMBER, compare="number", sources=(1, 2))
def plan_item_count(ask: Ask) -> Outcome:
    """How many items the plan has."""
    return len(items_of_plan(ask.record.facts))


@transform(compare="text", sources=(1, 2))
def plan_name(ask: Ask) -> Outcome:
    """The plan's name; `Treatment plan` and its id where it has none."""
    return one_line(ask.first) or f"Treatment plan {ask.record.key.id}"


@transform(compare="text", sources=(1, 3))
def plan_header(ask: Ask) -> Outcome:
    """On one line: that this is a treatment plan, when it was made, and by whom. Sources: time, clinician."""
    when = local_time(ask)
    who = text_of(ask.value(1))
    made = when if isinstance(when, str) else ""
    parts = ("Treatment plan", made, clinician_text(ask.context, who) if who else "")
    return _GAP.join(part for part in parts if part)


@transform(gives=FieldType.TEXTAREA, compare="text", args=("values",), sources=(1, 20))
def plan_text(ask: Ask) -> Outcome:
    """The whole plan as text: name, status and total, then one line for each item."""
    lines = item_lines(ask)
    if isinstance(lines, Problem):
        return lines
    status = text_of(ask.of("status"))
    shown = translate("plan_status", status) if status else ""
    if isinstance(shown, Problem):
        return shown
    head = (("Name", one_line(ask.of("name"))), ("Status", shown), ("Total", text_of(ask.of("total"))))
    return "\n".join([*(f"{label}: {text}" for label, text in head if text), *lines])


@transform(sources=(0, 1))
def billed_plan(ask: Ask) -> Outcome:
    """The id of the treatment plan whose items most lines of the invoice are for; blank where there is none."""
    return text_of(ask.record.facts.get("plan_key")) or None


# what the patient's active plan says ---------------------------------------------------------------------


@transform(gives=FieldType.DROPDOWN, compare="choice", sources=(1, 2))
def active_plan_status(ask: Ask) -> Outcome:
    """The status of the patient's active plan; blank where none is active."""
    word = text_of(ask.record.facts.get("plan_status"))
    if not word:
        return None
    text = translate("plan_status", word)
    return text if isinstance(text, Problem) else in_choices(ask, text, "plan_status")


@transform(compare="text", sources=(1, 3))
def active_plan_codes(ask: Ask) -> Outcome:
    """The procedure codes of the active plan, each once, in the order of its items.

    Where they do not all fit into the field, it ends by saying how many more there are.
    """
    if _incomplete(ask):
        return Noted(value=None, reason="item_held", detail="an item of the active plan is held back")
    found = ask.record.facts.get("plan_codes")
    codes = tuple(dict.fromkeys(one_line(code) for code in found)) if isinstance(found, tuple) else ()
    limit = (ask.target.max_length if ask.target else None) or TEXT_LENGTH
    return _shortened([code for code in codes if code], limit) or None


def _shortened(codes: Sequence[str], limit: int) -> str:
    for kept in range(len(codes), -1, -1):
        more = [f"and {len(codes) - kept} more"] if kept < len(codes) else []
        text = ", ".join([*codes[:kept], *more])
        if len(text) <= limit:
            return text
    return ""


@transform(gives=FieldType.MONEY, compare="number", sources=(1, 3))
def active_plan_fee(ask: Ask) -> Outcome:
    """The total of the active plan as the source has it, else the sum of its items' net prices."""
    if _incomplete(ask):
        return Noted(value=None, reason="item_held", detail="an item of the active plan is held back")
    amount = decimal_of(ask.record.facts.get("plan_fee"))
    return None if amount is None else number_of(amount)


def _incomplete(ask: Ask) -> bool:
    return ask.record.facts.get("plan_held") not in (None, 0)
