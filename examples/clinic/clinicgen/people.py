"""Patients and the households they live in."""

from dataclasses import dataclass, field
from random import Random

from clinicgen.calendar_days import PAST_DAYS, SLOTS, stamp
from clinicgen.export import Export
from clinicgen.fates import DECEASED, MERGED, READY, Fate
from clinicgen.places import PRACTICES, Practice
from clinicgen.words import (
    DENTIST_NOTES,
    FIRST,
    INSURERS,
    LANGUAGES,
    LAST,
    REFERRALS,
    STREETS,
    TIERS,
    TIMES,
    TOPICS,
    mailbox,
)

YES_NO = ("true", "true", "true", "false", "")


@dataclass(slots=True)
class Patient:
    """One patient as far as the records below them need to know."""

    id: str
    practice: Practice
    clinician: str
    fate: Fate = READY
    prospect: bool = False
    child: bool = False
    days: tuple[int, int] = (0, len(PAST_DAYS))
    row: dict[str, str] = field(default_factory=dict)

    @property
    def below(self) -> Fate:
        """What becomes of this patient's own records."""
        return self.fate.of_child()


def phone(rng: Random, country: str, kind: str) -> str:
    """Return a number from the ranges kept for fiction (UK), or an invented 555 one (Ireland)."""
    last = rng.randrange(1000)
    if country == "IE":
        return (
            f"08{rng.choice('3567')} 555 {rng.randrange(10000):04}"
            if kind == "mobile"
            else f"01 555 {last:04}"
        )
    if kind == "mobile":
        return f"07700 900{last:03}"
    return f"020 7946 0{last:03}" if kind == "home" else f"0161 496 0{last:03}"


def postcode(rng: Random, country: str) -> str:
    """Return a code in an area that does not exist: ZZ in the UK, Z9x in Ireland."""
    a, b = rng.choice("ABDEFGHJLN"), rng.choice("PQRSTUWXYZ")
    if country == "IE":
        return f"Z9{rng.randrange(3, 10)} {a}{rng.randrange(10)}{b}{rng.randrange(10)}"
    return f"ZZ{rng.randrange(1, 30)} {rng.randrange(1, 10)}{a}{b}"


def fictional_nhs_number(rng: Random) -> str:
    """Return a number of the 999 range, never issued to anyone, with a right check digit."""
    while True:
        digits = "999" + f"{rng.randrange(10**6):06}"
        check = -sum(int(d) * w for d, w in zip(digits, range(10, 1, -1), strict=True)) % 11
        if check < 10:
            return f"{digits}{check}"


def impossible_pps_number(rng: Random) -> str:
    """Return seven digits and a letter that cannot follow them, so that it is nobody's number."""
    digits = f"{rng.randrange(10**7):07}"
    right = sum(int(d) * w for d, w in zip(digits, range(8, 1, -1), strict=True)) % 23
    return digits + "WABCDEFGHIJKLMNOPQRSTUV"[(right + 7) % 23]


def household_address(rng: Random, practice: Practice) -> dict[str, str]:
    """Return the address columns that a household shares."""
    flat = f"Flat {rng.randrange(1, 20)}" if rng.random() < 0.15 else ""
    street = f"{rng.randrange(1, 180)} {rng.choice(STREETS)}"
    return {
        "address1": flat or street,
        "address2": street if flat else "",
        "town": practice.town,
        "county": practice.county,
        "postcode": postcode(rng, practice.country),
        "country": practice.country,
    }


def _consent(rng: Random) -> dict[str, str]:
    marketing = rng.random() < 0.45
    return {
        "allowEmail": rng.choice(YES_NO),
        "allowSms": rng.choice(YES_NO),
        "allowPost": rng.choice(YES_NO),
        "marketingEmail": "true" if marketing else rng.choice(("false", "")),
        "marketingSms": "true" if marketing and rng.random() < 0.6 else rng.choice(("false", "")),
        "consentDate": rng.choice(PAST_DAYS[-700:]) if marketing else "",
    }


def _preferences(rng: Random, first_seen: str) -> dict[str, str]:
    size = rng.randrange(20) * 5 if rng.random() < 0.3 else 0
    topics = rng.sample(TOPICS, rng.randrange(1, 4)) if rng.random() < 0.35 else ()
    return {
        "custom:Dentist notes preference": rng.choice(DENTIST_NOTES),
        "custom:Preferred language": rng.choice(LANGUAGES),
        "custom:Loyalty tier": rng.choice(TIERS),
        "custom:First seen": first_seen,
        "custom:Newsletter topics": ";".join(topics),
        "custom:Mouthguard size": f"{size // 10}.{size % 10}" if size else "",
    }


def _identity(rng: Random, practice: Practice, last: str, number: str, *, child: bool) -> dict[str, str]:
    first = rng.choice(FIRST[practice.country])
    year = rng.randrange(2011, 2024) if child else rng.randrange(1936, 2004)
    address = f"{mailbox(first)}.{mailbox(last)}{number}@example.com"
    female = rng.random() < 0.52
    title = "" if child else rng.choice(("Ms", "Mrs", "Miss", "Dr") if female else ("Mr", "Mr", "Dr"))
    row = {
        "title": title,
        "firstName": first,
        "lastName": last,
        "preferredName": first[:3] if rng.random() < 0.08 else "",
        "dateOfBirth": f"{year}-{rng.randrange(1, 13):02}-{rng.randrange(1, 29):02}",
        "sex": "female" if female else "male",
        "email": "" if child or rng.random() < 0.1 else address,
        "mobile": "" if child or rng.random() < 0.1 else phone(rng, practice.country, "mobile"),
        "homePhone": phone(rng, practice.country, "home") if rng.random() < 0.3 else "",
        "workPhone": phone(rng, practice.country, "work") if rng.random() < 0.1 and not child else "",
    }
    national = rng.random() < 0.25
    if national and practice.country == "GB":
        row["nhsNumber"] = fictional_nhs_number(rng)
    elif national:
        row["ppsNumber"] = impossible_pps_number(rng)
    return row


def _status(rng: Random, *, child: bool, alone: bool) -> str:
    draw = rng.random()
    if draw < 0.03 and alone and not child:
        return "deceased"
    if draw < 0.07:
        return "archived"
    return "inactive" if draw < 0.15 else "active"


def _days_at_the_clinic(rng: Random, born: str, status: str) -> tuple[int, int]:
    """Return the first and the last day, as places in PAST_DAYS, between which the patient is seen."""
    last = len(PAST_DAYS) - (rng.randrange(2, 400) if status == "deceased" else 1)
    earliest = max(0, (int(born[:4]) + 2 - int(PAST_DAYS[0][:4])) * 260)
    return rng.randrange(min(earliest, last - 120), last - 100), last


def random_patient(
    rng: Random, export: Export, practice: Practice, last: str, *, child: bool, alone: bool
) -> Patient:
    """Draw one patient; nothing is written yet."""
    number = export.number("patients")
    status = _status(rng, child=child, alone=alone)
    identity = _identity(rng, practice, last, number, child=child)
    days = _days_at_the_clinic(rng, identity["dateOfBirth"], status)
    created = PAST_DAYS[days[0]]
    prospect = status == "active" and alone and rng.random() < 0.09
    clinician = rng.choice(practice.clinicians)
    clock = rng.choice(SLOTS)
    row = {
        "patientId": number,
        **identity,
        **_consent(rng),
        **_preferences(rng, "" if prospect else created),
        "practiceId": practice.id,
        "preferredClinicianId": "" if prospect else clinician,
        "status": status,
        "recallExempt": "true" if rng.random() < 0.03 else "false",
        "carePlanId": rng.choice(practice.care_plans) if rng.random() < 0.12 and not prospect else "",
        "referralSource": rng.choice(REFERRALS) if prospect or rng.random() < 0.3 else "",
        "insuranceProvider": rng.choice(INSURERS),
        "preferredAppointmentTime": rng.choice(TIMES),
        "createdAt": stamp(created, clock),
        "updatedAt": stamp(rng.choice(PAST_DAYS[-300:]), clock),
    }
    if status == "deceased":
        row["deceasedDate"] = PAST_DAYS[days[1]]
    fate = DECEASED if status == "deceased" else READY
    return Patient(number, practice, clinician, fate, prospect, child, days, row)


def random_household(rng: Random, export: Export) -> list[Patient]:
    """Draw a household of one to five, write its rows, and return its patients."""
    practice = rng.choice(PRACTICES)
    last = rng.choice(LAST[practice.country])
    size = rng.choice((1, 1, 1, 1, 1, 2, 2, 3, 4, 5))
    adults = 1 if size == 1 else rng.choice((1, 2, 2)) if size > 2 else 2
    address = household_address(rng, practice)
    members = [
        random_patient(rng, export, practice, last, child=at >= adults, alone=size == 1) for at in range(size)
    ]
    for member in members:
        member.row.update(address)
    if size > 1:
        _bind(rng, export, members, last)
    for member in members:
        write_patient(export, member)
    return members


def _bind(rng: Random, export: Export, members: list[Patient], last: str) -> None:
    number = export.number("households")
    head = members[0] if rng.random() < 0.85 else None
    shared = members[0].row["email"]
    if shared and rng.random() < 0.6:
        sharing = [m for m in members[1:] if m.child or rng.random() < 0.4]
        for member in sharing:
            member.row["email"] = shared
        if sharing:
            note_shared_email(export, head, [members[0], *sharing])
    for member in members:
        member.row["householdId"] = number
        member.row["isHouseholdHead"] = "true" if member is head else "false"
    export.add(
        "households",
        {"householdId": number, "name": f"{last} family", "headPatientId": head.id if head else ""},
    )


def note_shared_email(export: Export, head: Patient | None, sharing: list[Patient]) -> None:
    """Note who keeps an address shared inside a household: its head, else the oldest adult, and who is demoted."""
    loaded = [m for m in sharing if m.fate is READY]
    adults = [m for m in loaded if not m.child] or loaded
    holder = head if head in loaded else min(adults, key=lambda m: m.row["dateOfBirth"])
    demoted = [m.id for m in loaded if m is not holder]
    if holder and demoted:
        export.finding("shared_email_in_household", "patients", holder.id, *demoted)


def write_patient(export: Export, patient: Patient) -> None:
    """Write the patient's row."""
    if patient.prospect:
        export.finding("never_booked", "patients", patient.id)
    export.add("patients", patient.row, patient.fate)


def merge_into(export: Export, master: Patient, merged_at: str, *, still_listed: bool) -> Patient:
    """Make up a duplicate that was merged into the master; its row may be gone, its id lives on in other files."""
    number = export.number("patients")
    row = {**master.row, "patientId": number, "email": "", "updatedAt": merged_at}
    if still_listed:
        export.add("patients", row, MERGED)
    export.add("merges", {"duplicateId": number, "masterId": master.id, "mergedAt": merged_at})
    return Patient(
        number,
        master.practice,
        master.clinician,
        master.fate,
        master.prospect,
        master.child,
        master.days,
        row,
    )
