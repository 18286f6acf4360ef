"""Appointments, blocked time, and the notes written at visits."""

from random import Random

from clinicgen.calendar_days import FUTURE_DAYS, PAST_DAYS, SLOTS, stamp
from clinicgen.export import Export
from clinicgen.fates import BLOCKED_TIME
from clinicgen.people import Patient
from clinicgen.places import PRACTICES
from clinicgen.words import CANCEL_REASONS, SENTENCES, VISIT_NOTES

_PAST_STATES = ("completed",) * 16 + ("cancelled", "cancelled", "no_show")
_FUTURE_STATES = ("booked", "booked", "confirmed", "confirmed", "cancelled")
_CHANNELS = ("desk", "desk", "desk", "portal", "api")
_NOTE_FLAGS = ("", "", "", "", "charting", "radiograph", "follow-up")


def visit(patient: Patient, day: str, clock: str, state: str) -> dict[str, str]:
    """Return a plain appointment of the patient; the caller changes what is odd about it."""
    kind, minutes = patient.practice.types[0]
    return {
        "patientId": patient.id,
        "practiceId": patient.practice.id,
        "userId": patient.clinician,
        "appointmentTypeId": kind,
        "appointmentStatusId": patient.practice.statuses[state],
        "appointmentTime": f"{day}T{clock}",
        "duration": minutes,
        "allDay": "false",
        "emergency": "false",
        "reminderSent": "false",
        "createdVia": "desk",
    }


def write_visit(export: Export, patient: Patient, row: dict[str, str]) -> str:
    """Give the appointment its id, write it, return the id."""
    number = export.number("appointments")
    export.add("appointments", {"appointmentId": number, **row}, patient.below)
    return number


def _random_visit(rng: Random, patient: Patient, *, upcoming: bool) -> dict[str, str]:
    day = rng.choice(FUTURE_DAYS) if upcoming else PAST_DAYS[rng.randrange(*patient.days)]
    state = rng.choice(_FUTURE_STATES if upcoming else _PAST_STATES)
    clock = rng.choice(SLOTS)
    row = visit(patient, day, clock, state)
    kind, minutes = rng.choice(patient.practice.types)
    booked = rng.choice(PAST_DAYS[-60:]) if upcoming else day
    row["appointmentTypeId"] = kind
    row["duration"] = minutes
    row["emergency"] = "true" if minutes == "20" and rng.random() < 0.3 else "false"
    row["reminderSent"] = "false" if upcoming else "true"
    row["createdVia"] = rng.choice(_CHANNELS)
    row["appointmentNotes"] = rng.choice(VISIT_NOTES)
    row["createdAt"] = row["updatedAt"] = stamp(booked, "08:00")
    if state == "cancelled":
        row["cancelledAt"] = f"{booked}T07:45"
        row["cancelReason"] = rng.choice(CANCEL_REASONS)
    return row


def write_random_visits(rng: Random, export: Export, patient: Patient) -> list[tuple[str, str]]:
    """Write the patient's appointments and notes; return id and day of each completed visit."""
    completed = patient.practice.statuses["completed"]
    visits = []
    for _ in range(rng.randrange(1, 11)):
        row = _random_visit(rng, patient, upcoming=False)
        number = write_visit(export, patient, row)
        if row["appointmentStatusId"] == completed:
            visits.append((number, row["appointmentTime"][:10]))
            if rng.random() < 0.75:
                write_note(
                    export,
                    patient,
                    row["appointmentTime"],
                    _random_text(rng),
                    (number, rng.choice(_NOTE_FLAGS)),
                )
    if patient.row["status"] == "active" and rng.random() < 0.45:
        write_visit(export, patient, _random_visit(rng, patient, upcoming=True))
    return visits


def _random_text(rng: Random) -> str:
    text = " ".join(rng.sample(SENTENCES, rng.randrange(2, 6)))
    return f"{text}\n\nSeen by nurse, notes checked." if rng.random() < 0.2 else text


def write_note(
    export: Export, patient: Patient, moment: str, text: str, visit_and_flags: tuple[str, str] = ("", "")
) -> str:
    """Write a clinical note of the patient, at `yyyy-mm-ddThh:mm`, and return its id."""
    number = export.number("clinical_notes")
    appointment, flags = visit_and_flags
    row = {
        "noteId": number,
        "appointmentId": appointment,
        "patientId": patient.id,
        "userId": patient.clinician,
        "notedAt": stamp(moment[:10], moment[11:16]),
        "flags": flags,
        "text": text,
    }
    export.add("clinical_notes", row, patient.below)
    return number


def write_blocked_time(rng: Random, export: Export) -> None:
    """Block a lunch, a meeting or a whole day of some clinician: no patient, so no appointment."""
    practice = rng.choice(PRACTICES)
    all_day = rng.random() < 0.3
    day = rng.choice(PAST_DAYS + FUTURE_DAYS)
    row = {
        "appointmentId": export.number("appointments"),
        "patientId": rng.choice(("", "0")),
        "practiceId": practice.id,
        "userId": rng.choice(practice.clinicians),
        "appointmentTypeId": practice.types[0][0],
        "appointmentStatusId": practice.statuses["booked"],
        "appointmentTime": f"{day}T00:00" if all_day else f"{day}T13:00",
        "duration": "1440" if all_day else "60",
        "allDay": "true" if all_day else "false",
        "emergency": "false",
        "reminderSent": "false",
        "createdVia": "desk",
        "appointmentNotes": "Annual leave"
        if all_day
        else rng.choice(("Lunch", "Staff meeting", "Steriliser service")),
        "createdAt": stamp(day, "07:00") if day in PAST_DAYS[-200:] else "",
    }
    export.add("appointments", row, BLOCKED_TIME)
