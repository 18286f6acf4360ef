"""The people of the named cases: given, not drawn, so that they are the same whatever the seed."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random

from clinicgen.calendar_days import PAST_DAYS
from clinicgen.diary import visit, write_visit
from clinicgen.export import Export
from clinicgen.fates import DECEASED, READY, Fate
from clinicgen.people import Patient, household_address, note_shared_email, write_patient
from clinicgen.places import PRACTICES
from clinicgen.words import mailbox

CHILDREN_BORN_FROM = "2008"


@dataclass(slots=True)
class Cast:
    """Makes patients, binds them into households, and enters them with one completed visit each."""

    export: Export
    rng: Random = field(default_factory=lambda: Random("named cases"))

    def make(self, where: int, name: str, born: str, **changes: str) -> Patient:
        """Return a patient of practice `where` (1 to 4), named `First|Last`; nothing is written yet."""
        first, _, last = name.partition("|")
        practice = PRACTICES[where - 1]
        number = self.export.number("patients")
        row = {
            "patientId": number,
            "firstName": first,
            "lastName": last,
            "dateOfBirth": born,
            "sex": "female",
            "email": f"{mailbox(first)}.{mailbox(last)}@example.org".encode("ascii", "ignore").decode(),
            **household_address(self.rng, practice),
            "practiceId": practice.id,
            "preferredClinicianId": practice.clinicians[0],
            "status": "active",
            "allowEmail": "true",
            "recallExempt": "false",
            "createdAt": "2024-02-05T10:00:00Z",
            "updatedAt": "2026-03-02T10:00:00Z",
            "custom:Preferred language": "English",
            "custom:First seen": "2024-02-05",
            **changes,
        }
        fate = DECEASED if row["status"] == "deceased" else READY
        return Patient(
            number,
            practice,
            practice.clinicians[0],
            fate,
            prospect=False,
            child=born >= CHILDREN_BORN_FROM,
            row=row,
        )

    def bind(self, name: str, head: Patient | None, members: Sequence[Patient]) -> str:
        """Make one household of the members, at the first one's address; return its id."""
        number = self.export.number("households")
        place = {
            k: members[0].row[k] for k in ("address1", "address2", "town", "county", "postcode", "country")
        }
        for member in members:
            member.row.update(place)
            member.row["householdId"] = number
            member.row["isHouseholdHead"] = "true" if member is head else "false"
        self.export.add(
            "households", {"householdId": number, "name": name, "headPatientId": head.id if head else ""}
        )
        return number

    def share(self, head: Patient | None, members: Sequence[Patient], address: str) -> None:
        """Give all of one household the same address."""
        for member in members:
            member.row["email"] = address
        note_shared_email(self.export, head, list(members))

    def enter(self, *patients: Patient, fate: Fate | None = None) -> list[str]:
        """Write the patients, each with one visit unless a prospect; return their ids."""
        for patient in patients:
            if fate is not None:
                patient.fate = fate
            write_patient(self.export, patient)
            if not patient.prospect:
                day = self.rng.choice(PAST_DAYS[-600:-420])
                write_visit(self.export, patient, visit(patient, day, "10:30", "completed"))
        return [patient.id for patient in patients]

    def one(self, where: int, name: str, born: str, **changes: str) -> Patient:
        """Make a patient and enter it at once."""
        patient = self.make(where, name, born, **changes)
        self.enter(patient)
        return patient
