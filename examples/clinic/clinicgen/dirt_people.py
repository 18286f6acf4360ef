"""Faults in patients, visits and notes, each with the fate a careful reader gives it."""

from clinicgen.calendar_days import stamp
from clinicgen.cast import Cast
from clinicgen.diary import visit, write_note, write_visit
from clinicgen.export import Export
from clinicgen.fates import DUPLICATE_ROW, READY, Fate, held
from clinicgen.people import Patient
from clinicgen.places import UNDECLARED_STATUS

NOBODY = "99999999"


def write_people_faults(cast: Cast) -> None:
    """Write all of them."""
    _held_patients(cast)
    _repeated_patients(cast)
    _merge_circle(cast)
    _repairable_patients(cast)
    _visits(cast)
    _notes_and_flags(cast)


def _held_patients(cast: Cast) -> None:
    faults = (
        ("missing_name", "no last name", {"lastName": ""}),
        ("unmapped_status", "a status nobody declared", {"status": "dormant"}),
        ("unknown_practice", "a location in no file", {"practiceId": "99"}),
        ("date_format_mismatch", "day first in a file declared year first", {"dateOfBirth": "17/05/1985"}),
        ("date_format_mismatch", "a day that never was", {"dateOfBirth": "1985-02-30"}),
    )
    for at, (reason, why, change) in enumerate(faults):
        person = cast.make(1 + at % 4, f"Faulty|Number{at}", "1985-05-17", **change)
        cast.export.case(f"patient_{reason}_{at}", why, patients=cast.enter(person, fate=held(reason)))


def _repeated_patients(cast: Cast) -> None:
    export = cast.export
    same = cast.one(1, "Twice|Told", "1977-07-07", sex="male")
    export.add("patients", same.row, DUPLICATE_ROW)
    export.case("patient_duplicate_row", "the same row again", patients=[same.id])
    other = cast.make(2, "Two|Minds", "1978-08-08")
    fate = held("conflicting_duplicate")
    cast.enter(other, fate=fate)
    export.add("patients", {**other.row, "lastName": "Opinions", "dateOfBirth": "1979-08-08"}, fate)
    export.case(
        "patient_conflicting_duplicate", "one id, two contents: neither is believed", patients=[other.id]
    )


def _merge_circle(cast: Cast) -> None:
    fate = held("merge_cycle")
    people = [cast.make(3, f"{first}|Ouroboros", "1950-05-05") for first in ("Alpha", "Beta")]
    ids = cast.enter(*people, fate=fate)
    for duplicate, master in (ids, reversed(ids)):
        row = {"duplicateId": duplicate, "masterId": master, "mergedAt": "2025-05-05T10:00"}
        cast.export.add("merges", row, fate)
    cast.export.case("merge_circle", "each was merged into the other", patients=ids)


def _repairable_patients(cast: Cast) -> None:
    export = cast.export
    broken = cast.one(3, "SeÃ¡n|Ã“ FlannagÃ¡in", "1949-09-09", sex="male", email="sean.of@example.org")
    export.finding("mojibake", "patients", broken.id)
    export.case("mojibake", "UTF-8 once read as Windows-1252", patients=[broken.id])
    nothing = cast.one(1, "Nil|Nought", "0000-00-00", preferredName="N/A")
    export.finding("sentinel_date", "patients", nothing.id)
    export.case("sentinel_zero_date", "zeros for no date", patients=[nothing.id])
    wrong = cast.one(1, "Ann|Address", "1991-01-19", email="ann.address(at)example.org")
    export.finding("invalid_email", "patients", wrong.id)
    export.case("invalid_email", "not an address; the person is real all the same", patients=[wrong.id])


def _fault(export: Export, name: str, why: str, row: dict[str, str], fate: Fate) -> str:
    number = export.number("appointments")
    export.add("appointments", {"appointmentId": number, **row}, fate)
    export.case(f"appointment_{name}", why, appointments=[number])
    return number


def _visits(cast: Cast) -> None:
    export = cast.export
    host = cast.one(1, "Hosta|Visitor", "1965-05-25")
    plain = visit(host, "2025-04-01", "10:00", "completed")
    faults = (
        ("orphan", "orphan", "its patient is in no file", {"patientId": NOBODY}),
        (
            "spring_gap",
            "nonexistent_local_time",
            "the clocks jumped over it",
            {"appointmentTime": "2025-03-30T01:30"},
        ),
        (
            "undeclared_1",
            "unmapped_status",
            "a status of unknown meaning",
            {"appointmentStatusId": UNDECLARED_STATUS},
        ),
        ("undeclared_2", "unmapped_status", "the same again", {"appointmentStatusId": UNDECLARED_STATUS}),
        ("unlisted_status", "unmapped_status", "a status in no file", {"appointmentStatusId": "77"}),
        ("unknown_practice", "unknown_practice", "a location in no file", {"practiceId": "98"}),
        (
            "impossible_date",
            "date_format_mismatch",
            "a thirteenth month",
            {"appointmentTime": "2025-13-02T09:00"},
        ),
    )
    for name, reason, why, change in faults:
        _fault(export, name, why, {**plain, **change}, held(reason))
    irish = cast.one(4, "Hostin|Visitor", "1966-06-26", sex="male")
    gap = visit(irish, "2026-03-29", "01:15", "completed")
    _fault(export, "spring_gap_dublin", "Dublin's clocks jumped, too", gap, held("nonexistent_local_time"))
    again = _fault(export, "duplicate_row", "the same row again", plain, READY)
    export.add("appointments", {"appointmentId": again, **plain}, DUPLICATE_ROW)
    conflict = held("conflicting_duplicate")
    twice = _fault(export, "conflicting_duplicate", "one id, two times", plain, conflict)
    export.add(
        "appointments", {"appointmentId": twice, **plain, "appointmentTime": "2025-04-01T11:00"}, conflict
    )
    mixed = visit(host, "2025-04-02", "10:00", "completed") | {"appointmentTime": "02/04/2025 10:00"}
    export.case(
        "appointment_day_first",
        "the other spelling of a moment",
        appointments=[write_visit(export, host, mixed)],
    )


def _orphan_note(export: Export, host: Patient) -> str:
    number = export.number("clinical_notes")
    row = {
        "noteId": number,
        "patientId": NOBODY,
        "userId": host.clinician,
        "notedAt": stamp("2024-04-04", "09:00"),
        "text": "Whose is this?",
    }
    export.add("clinical_notes", row, held("orphan"))
    return number


def _notes_and_flags(cast: Cast) -> None:
    export = cast.export
    host = cast.one(2, "Nota|Bene", "1969-09-29")
    export.case("note_orphan", "its patient is in no file", clinical_notes=[_orphan_note(export, host)])
    export.add(
        "medical_flags", {"patientId": NOBODY, "flag": "Asthma", "since": "2020-02-02"}, held("orphan")
    )
    damaged = "Tiocfaidh sÃ© arÃ\xads i gceann sÃ© mhÃ\xad."
    note = write_note(export, host, "2024-04-05T09:00", damaged)
    export.finding("mojibake", "clinical_notes", note)
    export.case("note_mojibake", "a note read in the wrong encoding long ago", clinical_notes=[note])
