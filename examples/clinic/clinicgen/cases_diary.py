"""Named cases about visits and what was written at them."""

from clinicgen.cast import Cast
from clinicgen.diary import visit, write_note, write_visit
from clinicgen.fates import BLOCKED_TIME
from clinicgen.people import Patient
from clinicgen.places import CANONICAL, DEPARTED_CLINICIAN
from clinicgen.words import SENTENCES

LONGER_THAN_A_TEXT_COLUMN = 65_535
LONGER_THAN_A_TEXT_AREA = 10_000


def write_diary_cases(cast: Cast) -> None:
    """Write all of them."""
    _every_status(cast)
    _clock_changes(cast)
    _flags_and_shapes(cast)
    _blocked_time(cast)
    _long_notes(cast)
    _difficult_texts(cast)


def _every_status(cast: Cast) -> None:
    ids = []
    for where, name in ((1, "Una|Everyday"), (3, "Vera|Everyday")):
        person = cast.one(where, name, "1963-06-16")
        for at, state in enumerate(CANONICAL):
            day = "2026-10-05" if state in ("booked", "confirmed") else "2026-10-02"
            row = visit(person, day, f"{9 + at:02}:15", state)
            if state == "cancelled":
                row |= {"cancelledAt": "2026-10-01T16:05", "cancelReason": "Unwell"}
            ids.append(write_visit(cast.export, person, row))
    cast.export.case(
        "every_appointment_status",
        "each canonical status, under each country's own ids; in_chair and arrived were under way at the export",
        appointments=ids,
    )


def _clock_changes(cast: Cast) -> None:
    export = cast.export
    person = cast.one(1, "Walter|Nightingale", "1959-10-26", sex="male")
    irish = cast.one(3, "Xenia|Nightingale", "1960-10-26")
    ids = []
    for patient in (person, irish):
        row = visit(patient, "2025-10-26", "01:30", "completed") | {"emergency": "true", "duration": "90"}
        ids.append(write_visit(export, patient, row))
        export.finding("ambiguous_local_time", "appointments", ids[-1])
    export.case("autumn_fold", "01:30 happened twice: the first one is taken, and noted", appointments=ids)
    summer = write_visit(export, person, visit(person, "2026-07-01", "09:00", "completed"))
    winter = write_visit(export, irish, visit(irish, "2026-01-14", "09:00", "completed"))
    export.case("summer_and_winter", "the same clock, an hour apart in UTC", appointments=[summer, winter])


def _flags_and_shapes(cast: Cast) -> None:
    export = cast.export
    person = cast.one(2, "Yusuf|Allday", "1981-12-12", sex="male", mobile="07700 900170")
    whole = visit(person, "2026-10-12", "00:00", "confirmed") | {"allDay": "true", "duration": "1440"}
    urgent = visit(person, "2026-09-30", "18:45", "completed") | {"emergency": "true", "reminderSent": "true"}
    past_midnight = visit(person, "2026-05-05", "23:30", "completed") | {
        "duration": "60",
        "emergency": "true",
    }
    seconds = visit(person, "2026-05-06", "09:05:30", "completed") | {"createdVia": "api"}
    by_departed = visit(person, "2024-03-11", "14:00", "completed") | {"userId": DEPARTED_CLINICIAN}
    upcoming = visit(person, "2027-01-11", "08:30", "booked") | {"createdVia": "portal"}
    named = {
        "all_day": (whole, "a day, not 24 hours"),
        "emergency": (urgent, "flagged as an emergency, reminder sent"),
        "past_midnight": (past_midnight, "ends on the next day"),
        "time_with_seconds": (seconds, "made through the API, to the second"),
        "visit_with_departed": (by_departed, "the clinician has left"),
        "upcoming": (upcoming, "belongs in a calendar"),
    }
    for name, (row, why) in named.items():
        export.case(name, why, appointments=[write_visit(export, person, row)])


def _blocked_time(cast: Cast) -> None:
    owner = cast.one(1, "Zelda|Allday", "1982-12-12")
    ids = []
    for patient_id, note in (("", "Staff meeting"), ("0", "Lunch")):
        row = visit(owner, "2026-10-07", "13:00", "booked")
        row |= {"patientId": patient_id, "appointmentNotes": note}
        number = cast.export.number("appointments")
        cast.export.add("appointments", {"appointmentId": number, **row}, BLOCKED_TIME)
        ids.append(number)
    cast.export.case("blocked_time", "no patient, blank or 0: not an appointment", appointments=ids)


def _paragraphs(least: int) -> str:
    """Return notes of at least so many characters, with paragraphs, emoji and combining marks all along."""
    odd = (
        "Smile line good 😀.",
        "Cafe\u0301 au lait staining.",
        "Nurse 👩🏽‍⚕️ present.",
        "Family 👨‍👩‍👧‍👦 informed.",
    )
    parts: list[str] = []
    length = 0
    while length < least:
        at = len(parts)
        picked = [SENTENCES[(at * 7 + step) % len(SENTENCES)] for step in range(6)]
        parts.append(f"Entry {at + 1}. " + " ".join([*picked, odd[at % len(odd)]]))
        length += len(parts[-1]) + 2
    return "\n\n".join(parts)


def _long_notes(cast: Cast) -> None:
    export = cast.export
    person = cast.one(1, "Agnes|Longstaff", "1937-01-31")
    huge = _write_text(cast, person, _paragraphs(LONGER_THAN_A_TEXT_COLUMN + 5000), "2019-02-03T12:00")
    long = _write_text(cast, person, _paragraphs(LONGER_THAN_A_TEXT_AREA + 2000), "2020-02-03T12:00")
    unbroken = _write_text(cast, person, "👨‍👩‍👧‍👦e\u0301" * 1500, "2021-02-03T12:00")
    export.case("note_over_65535", "a whole history in one note", clinical_notes=[huge])
    export.case("note_over_10000", "longer than a text area, in paragraphs", clinical_notes=[long])
    export.case(
        "note_without_breaks", "no space to split at; must not part a grapheme", clinical_notes=[unbroken]
    )


def _write_text(cast: Cast, person: Patient, text: str, moment: str = "2023-04-04T16:20") -> str:
    return write_note(cast.export, person, moment, text)


def _difficult_texts(cast: Cast) -> None:
    export = cast.export
    person = cast.one(4, "Bartley|Textor", "1958-05-08", sex="male")
    texts = {
        "note_crlf": ("First line\r\nSecond line\r\n\r\nEnd", "CRLF inside, kept as it is"),
        "note_quotes": ('Said: "it\'s ""fine"""; then left, smiling', "quotes, commas, semicolons"),
        "note_formula": ("=1+1", "a spreadsheet would calculate it"),
        "note_plus": ("+44 7700 900171 is the daughter's number", "begins with a plus"),
        "note_at": ("@SUM(1+1)*cmd|' /C calc'!A0", "begins with an at sign"),
        "note_spaces": ("  led by spaces, followed by a line end \n", "spaces at both ends are text"),
        "note_markup": ("<b>Bold</b> & <script>alert(1)</script> %s {{x}}", "looks like markup"),
        "note_rtl": ("שלום مرحبا – zero\u200bwidth", "right to left, and a zero-width space"),
    }
    for name, (text, why) in texts.items():
        export.case(name, why, clinical_notes=[_write_text(cast, person, text)])
    row = visit(person, "2026-06-10", "15:00", "completed")
    row["appointmentNotes"] = '=HYPERLINK("x")\r\nsecond line; "quoted"'
    export.case(
        "visit_note_formula",
        "formula, CRLF and quotes in one",
        appointments=[write_visit(export, person, row)],
    )
