"""Appointments: when they are, what they are, whether they are over."""

from dataclasses import dataclass
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from wherry.mapping.ask import Ask, Context, Outcome, Problem, rows_of
from wherry.mapping.coerce import (
    flag_of,
    id_of,
    in_zone,
    instant_of,
    later,
    one_line,
    text_of,
    whole_of,
    zone_of,
)
from wherry.mapping.transforms.people import clinician_text
from wherry.mapping.transforms.registry import transform
from wherry.mapping.transforms.scalars import in_choices
from wherry.mapping.values import translate
from wherry.mapping.zones import rails_zone
from wherry.model.catalog import FieldType, Privacy
from wherry.model.record import Record

CLOSED = frozenset({"Completed", "Cancelled", "No-show"})
TITLE_LENGTH = 255  # no documented limit [?]; this is what a Rails string column holds
_YEAR = 366 * 24 * 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """When an appointment is, on the practice's own clocks; `end` is None where nobody says."""

    start: datetime
    end: datetime | None
    all_day: bool


def practice_zone(record: Record, context: Context) -> ZoneInfo:
    """Return the zone of the record's practice, else its clinician's, else what the source declares for all."""
    clinician = context.row("clinicians", id_of(record.values.get("userId"))) or {}
    key = id_of(record.values.get("practiceId")) or id_of(clinician.get("practiceId"))
    practice = context.row("practices", key) or {}
    names = (practice.get("timeZone"), record.facts.get("zone"), context.zone)
    return next((zone for zone in map(zone_of, names) if zone), ZoneInfo("UTC"))


def minutes_of(record: Record, context: Context) -> int | None:
    """Return the length in minutes: the appointment's own, else its type's, else None."""
    kind = context.row("appointment_types", id_of(record.values.get("appointmentTypeId"))) or {}
    for value in (record.values.get("duration"), kind.get("durationDefault")):
        minutes = whole_of(value)
        if minutes is not None and 0 < minutes <= _YEAR:
            return minutes
    return None


def slot_of(record: Record, context: Context) -> Slot | None:
    """Return when the appointment is, or None where its time cannot be read."""
    moment = instant_of(record.values.get("appointmentTime"))
    zone = practice_zone(record, context)
    start = in_zone(moment, zone) if moment else None
    if start is None:
        return None
    all_day = flag_of(record.values.get("allDay")) is True
    minutes = minutes_of(record, context)
    end = later(start, minutes, zone) if minutes else None
    if not all_day:
        return Slot(start=start, end=end, all_day=False)
    last = end.date() if end and end.time() != time(0) else start.date()
    return Slot(start=_at(start.date(), time(0), zone), end=_at(last, time(23, 59), zone), all_day=True)


def _at(day: date, clock: time, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, clock, tzinfo=zone)


def upcoming(record: Record, context: Context) -> bool:
    """Return whether the appointment is still to come; one all day, until that day is over."""
    slot = slot_of(record, context)
    if slot is None:
        return False
    border = slot.end if slot.all_day and slot.end else slot.start
    return border > context.now


def status_text(ask: Ask) -> str | Problem | None:
    """Return the appointment's status as people read it; unknown and undeclared ones are a Problem."""
    key = id_of(ask.of("appointmentStatusId"))
    if not key:
        return None
    row = ask.context.row("appointment_statuses", key)
    if row is None:
        return Problem(reason="unmapped_status", detail="no such record in appointment_statuses")
    own = ask.table("values")
    for word in (text_of(row.get("name")), text_of(row.get("canonical"))):
        if word.casefold() in {name.strip().casefold() for name in own}:
            return translate("appointment_status", word, own=own, reason="unmapped_status")
    word = text_of(row.get("canonical"))
    if not word:
        return Problem(reason="unmapped_status", detail="the source does not say what this status means")
    return translate("appointment_status", word, reason="unmapped_status")


def type_text(ask: Ask, key: str) -> str:
    """Return an appointment type's category; its name too, once the class clinical is open.

    Names such as those of procedures tell something about health.
    """
    row = ask.context.row("appointment_types", key)
    if row is None:
        return f"type {key}"
    name, category = one_line(row.get("name")), one_line(row.get("category"))
    if Privacy.CLINICAL in ask.context.unlocked and name:
        return f"{name} ({category})" if category else name
    return category


def to_minute(moment: datetime) -> str:
    """Return date, clock and offset, readable to the minute."""
    offset = moment.strftime("%z")
    return f"{moment:%Y-%m-%d %H:%M} {offset[:3]}:{offset[3:5]}"


@transform(gives=FieldType.DATETIME, compare="instant")
def start_time(ask: Ask) -> Outcome:
    """The appointment's start, with the practice's offset; of one all day, the start of that day."""
    slot = slot_of(ask.record, ask.context)
    return slot.start.isoformat() if slot else Problem(reason="missing_time")


@transform(gives=FieldType.DATETIME, compare="instant", sources=(1, 4))
def end_time(ask: Ask) -> Outcome:
    """The appointment's end: start and duration, or the default duration of its type."""
    slot = slot_of(ask.record, ask.context)
    if slot is None:
        return Problem(reason="missing_time")
    if slot.end is None:
        return Problem(
            reason="missing_duration",
            detail="neither the appointment nor its type says how long it takes",
            hint="give the appointment type a default duration, then run `wherry retry`",
        )
    return slot.end.isoformat()


@transform(compare="text")
def start_text(ask: Ask) -> Outcome:
    """The start on the practice's clocks, to the minute; of one all day, its date."""
    moment = instant_of(ask.first)
    start = in_zone(moment, practice_zone(ask.record, ask.context)) if moment else None
    return to_minute(start) if start else None


@transform(compare="text", sources=(1, 4))
def end_text(ask: Ask) -> Outcome:
    """The end on the practice's clocks, to the minute; left out where nobody says how long it takes."""
    moment, minutes = instant_of(ask.first), minutes_of(ask.record, ask.context)
    if moment is None or minutes is None:
        return None
    end = later(moment, minutes, practice_zone(ask.record, ask.context))
    return to_minute(end) if end else None


@transform(compare="text")
def local_time(ask: Ask) -> Outcome:
    """A moment on the practice's clocks, to the minute."""
    moment = instant_of(ask.first)
    local = in_zone(moment, practice_zone(ask.record, ask.context)) if moment else None
    if local is None:
        return text_of(ask.first) or None
    return to_minute(local)


@transform(compare="text", sources=(1, 6))
def subject(ask: Ask) -> Outcome:
    """Start and end, type and provider on one line of at most 255 characters."""
    slot = slot_of(ask.record, ask.context)
    if slot is None:
        return Problem(reason="missing_time")
    when = f"{slot.start:%Y-%m-%d}" if slot.all_day else f"{slot.start:%Y-%m-%d %H:%M}"
    if slot.end and not slot.all_day:
        same_day = slot.end.date() == slot.start.date()
        when += f"{slot.end:–%H:%M}" if same_day else f"{slot.end:–%Y-%m-%d %H:%M}"
    kind, who = id_of(ask.of("appointmentTypeId")), id_of(ask.of("userId"))
    parts = [when, type_text(ask, kind) if kind else "", clinician_text(ask.context, who) if who else ""]
    line = ", ".join(part for part in parts if part)
    return line if len(line) <= TITLE_LENGTH else line[: TITLE_LENGTH - 1].rstrip() + "…"


@transform(gives=FieldType.INTEGER, compare="number", args=("values",), sources=(1, 4))
def task_status(ask: Ask) -> Outcome:
    """1 for what is over (completed, cancelled, missed or past), else 0."""
    text = status_text(ask)
    if isinstance(text, Problem):
        return text
    return 1 if text in CLOSED or not upcoming(ask.record, ask.context) else 0


@transform(gives=FieldType.DROPDOWN, compare="choice", args=("values",))
def appointment_status(ask: Ask) -> Outcome:
    """The appointment's status as people read it."""
    text = status_text(ask)
    return in_choices(ask, text, "appointment_status") if isinstance(text, str) else text


@transform(compare="text")
def appointment_type(ask: Ask) -> Outcome:
    """The appointment type's category; its name too, once the class clinical is open."""
    key = id_of(ask.first)
    return (type_text(ask, key) or None) if key else None


@transform(compare="text")
def practice_name(ask: Ask) -> Outcome:
    """The practice's name."""
    key = id_of(ask.first)
    row = ask.context.row("practices", key)
    return (one_line(row.get("name")) if row else f"practice {key}" if key else "") or None


@transform(compare="exact", sources=(0, 1))
def rails_zone_name(ask: Ask) -> Outcome:
    """The practice's zone under the name by which Freshsales lists it."""
    zone = practice_zone(ask.record, ask.context).key
    for row in rows_of(ask.context.destination, "time_zones"):
        if row.get("name") == zone:
            return text_of(row.get("id")) or None
    return rails_zone(zone) or Problem(
        reason="zone_unknown", detail="the destination's list has no such zone", hint="add it to zones.yaml"
    )


@transform(gives=FieldType.BOOLEAN, compare="boolean")
def all_day(ask: Ask) -> Outcome:
    """Whether the appointment takes the whole day."""
    return flag_of(ask.first) is True
