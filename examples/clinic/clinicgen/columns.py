"""The files of the bundle: their columns in order, what identifies a row, and how each is spelt on disk."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

CUSTOM = (
    "custom:Dentist notes preference",
    "custom:Preferred language",
    "custom:Loyalty tier",
    "custom:First seen",
    "custom:Newsletter topics",
    "custom:Mouthguard size",
)

_PATIENT = """patientId householdId isHouseholdHead title firstName lastName preferredName dateOfBirth sex email
mobile homePhone workPhone address1 address2 address3 town county postcode country practiceId
preferredClinicianId status deceasedDate allowEmail allowSms allowPost marketingEmail marketingSms consentDate
recallExempt carePlanId referralSource insuranceProvider preferredAppointmentTime nhsNumber ppsNumber createdAt
updatedAt"""

_PLAIN = {
    "practices": "practiceId name address1 address2 town county postcode country timeZone currency active",
    "clinicians": "userId title firstName lastName role email gdcOrDentalCouncilNo practiceId active",
    "appointment_types": "id name category durationDefault",
    "appointment_statuses": "id name canonical",
    "care_plans": "carePlanId name interval fee currency active",
    "patients": _PATIENT,
    "households": "householdId name headPatientId",
    "merges": "duplicateId masterId mergedAt",
    "treatment_plans": "planId patientId userId name status createdAt total",
    "treatment_items": "itemId planId appointmentId code description tooth surfaces material fee discount "
    "netPrice status completedAt",
    "appointments": "appointmentId patientId practiceId userId appointmentTypeId appointmentStatusId "
    "appointmentTime duration allDay emergency reminderSent createdVia cancelledAt cancelReason "
    "appointmentNotes createdAt updatedAt",
    "clinical_notes": "noteId appointmentId patientId userId notedAt flags text",
    "medical_flags": "patientId flag since",
    "invoices": "invoiceId patientId date currency total outstanding status",
    "invoice_lines": "lineId invoiceId lineType itemId description qty net vat gross",
    "payments": "paymentId patientId householdPaymentId date method amount currency status note",
    "payment_allocations": "paymentId lineId amount",
    "adjustments": "id patientId type amount date note",
    "refunds": "refundId paymentId target amount date",
    "instalment_plans": "planId patientId total startDate months mandateRef status signOffState",
    "instalments": "instalmentId planId dueDate amount status",
    "recalls": "recallId patientId type intervalMonths dueDate method status exempt",
    "documents": "documentId patientId appointmentId kind fileName mime bytes sha256 ref",
}

COLUMNS: dict[str, tuple[str, ...]] = {
    stream: tuple(names.split()) + (CUSTOM if stream == "patients" else ())
    for stream, names in _PLAIN.items()
}

KEYS: dict[str, tuple[str, ...]] = {
    stream: ("patientId", "flag")
    if stream == "medical_flags"
    else ("paymentId", "lineId")
    if stream == "payment_allocations"
    else (names[0],)
    for stream, names in COLUMNS.items()
}


def key_of(stream: str, row: Mapping[str, str]) -> str:
    """Return a row's key: its id, or both columns joined; a part that is no id stands as the start of its SHA-256."""
    first, *others = (row[name] for name in KEYS[stream])
    hashed = [part if part.isdigit() else hashlib.sha256(part.encode()).hexdigest()[:12] for part in others]
    return "|".join([first, *hashed])


HEADER_VARIANTS: dict[str, dict[str, str]] = {
    "patients": {"patientId": "Patient ID", "dateOfBirth": "D.O.B.", "mobile": "Mobile No."},
    "appointments": {"appointmentTime": "Appt Start"},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """How one CSV file is written, and what the manifest says about it where that differs."""

    encoding: str = "utf-8"
    declared_encoding: str = "utf-8"
    delimiter: str = ","
    line_end: str = "\n"
    date_format: str | None = "yyyy-mm-dd"
    day_first: tuple[str, ...] = ()
    extra_columns: tuple[str, ...] = ()
    headers: tuple[tuple[str, str], ...] = ()


CLEAN_DIALECTS: dict[str, Dialect] = {
    "practices": Dialect(encoding="utf-8-sig"),
    "appointments": Dialect(line_end="\r\n"),
    "payments": Dialect(delimiter=";"),
    "invoices": Dialect(date_format="dd/mm/yyyy", day_first=("date",)),
}

DIRTY_DIALECTS: dict[str, Dialect] = {
    **CLEAN_DIALECTS,
    "patients": Dialect(headers=tuple(HEADER_VARIANTS["patients"].items())),
    "appointments": Dialect(line_end="\r\n", headers=tuple(HEADER_VARIANTS["appointments"].items())),
    "recalls": Dialect(encoding="cp1252"),
    "refunds": Dialect(date_format=None, day_first=("date",)),
    "adjustments": Dialect(date_format=None, day_first=("date",)),
    "care_plans": Dialect(extra_columns=("vendorRef", "")),
}
