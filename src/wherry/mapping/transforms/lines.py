"""Lines of a description, and the first line of a note."""

from wherry.mapping.ask import Ask, Noted, Outcome, Problem
from wherry.mapping.coerce import flag_of, id_of, in_zone, instant_of, one_line, text_of
from wherry.mapping.transforms.people import clinician_text
from wherry.mapping.transforms.registry import REGISTRY, transform
from wherry.mapping.transforms.scheduling import practice_zone, to_minute


def _shown(ask: Ask) -> Outcome:
    shower = REGISTRY.get(ask.arg("show"))
    if shower is not None and shower.name != "line":
        return shower.call(ask)
    if isinstance(ask.first, bool):
        return "Yes" if ask.first else "No"
    return text_of(ask.first) or None


@transform(args=("label", "show", "values"), sources=(1, 6), compare="text")
def line(ask: Ask) -> Outcome:
    """`Label: value`, the value as the value function `args.show` gives it; left out where it is blank."""
    shown = _shown(ask)
    if isinstance(shown, Problem):
        return shown
    value = shown.value if isinstance(shown, Noted) else shown
    text = text_of(value)
    if not text:
        return None
    written = f"{ask.arg('label')}: {text}"
    return Noted(value=written, reason=shown.reason) if isinstance(shown, Noted) else written


@transform(sources=(1, 1), compare="text")
def yes_no(ask: Ask) -> Outcome:
    """Yes or No; left out where it is unknown."""
    flag = flag_of(ask.first)
    return None if flag is None else "Yes" if flag else "No"


@transform(sources=(1, 4), compare="text")
def note_header(ask: Ask) -> Outcome:
    """When the note was written, on the practice's clocks, by whom, and in which appointment.

    Sources: time, clinician, then any of flags and appointment. Freshsales stamps its own time and author.
    """
    moment = instant_of(ask.first)
    local = in_zone(moment, practice_zone(ask.record, ask.context)) if moment else None
    when = to_minute(local) if local else one_line(ask.first)
    who = id_of(ask.value(1))
    flags, appointment = one_line(ask.value(2)), id_of(ask.value(3))
    parts = (
        when,
        clinician_text(ask.context, who) if who else "",
        f"flags {flags}" if flags else "",
        f"appointment {appointment}" if appointment else "",
    )
    return " · ".join(part for part in parts if part) or None
