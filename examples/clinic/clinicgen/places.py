"""The clinic itself: practices, clinicians, appointment types and statuses, care plans."""

from dataclasses import dataclass

from clinicgen.export import Export

CANONICAL = ("booked", "confirmed", "arrived", "in_chair", "completed", "cancelled", "no_show")


@dataclass(frozen=True, slots=True, kw_only=True)
class Practice:
    """What the rest of the generator needs to know of one location."""

    id: str
    country: str
    currency: str
    town: str
    county: str
    clinicians: tuple[str, ...]
    statuses: dict[str, str]
    types: tuple[tuple[str, str], ...]
    care_plans: tuple[str, ...]


_UK_STATUSES = dict(zip(CANONICAL, ("1", "2", "3", "4", "5", "6", "7"), strict=True))
_IE_STATUSES = dict(zip(CANONICAL, ("21", "22", "23", "24", "25", "26", "27"), strict=True))
_STATUS_NAMES = {
    "booked": ("Booked", "Pending"),
    "confirmed": ("Confirmed", "Confirmed by text"),
    "arrived": ("Arrived", "In reception"),
    "in_chair": ("In chair", "In surgery"),
    "completed": ("Completed", "Treatment complete"),
    "cancelled": ("Cancelled", "Cancelled by patient"),
    "no_show": ("DNA", "FTA"),
}
UNDECLARED_STATUS = "9"

_TYPES = {
    "GB": (
        ("1", "Examination", "examination", "20"),
        ("2", "Hygiene visit", "hygiene", "30"),
        ("3", "Treatment", "treatment", "40"),
        ("4", "Emergency", "emergency", "20"),
        ("5", "New patient consultation", "consultation", "45"),
        ("6", "Review", "examination", "15"),
    ),
    "IE": (
        ("11", "Scrúdú / Exam", "examination", "25"),
        ("12", "Scale and polish", "hygiene", "30"),
        ("13", "Treatment", "treatment", "45"),
        ("14", "Éigeandáil / Emergency", "emergency", "20"),
        ("15", "First visit", "consultation", "45"),
        ("16", "Orthodontic review", "orthodontics", "20"),
    ),
}

_PRACTICES = (
    ("1", "Riverside Dental Ashmere", "1 Weir Lane", "", "Ashmere", "Wexshire", "ZZ1 1AA", "GB"),
    (
        "2",
        "Riverside Dental Holmbridge",
        "The Old Bank",
        "22 Market Hill",
        "Holmbridge",
        "Wexshire",
        "ZZ2 4BD",
        "GB",
    ),
    ("3", "Riverside Dental Dún Rua", "7 Sráid na hAbhann", "", "Dún Rua", "Co. Carrig", "Z91 A1B2", "IE"),
    ("4", "Riverside Dental Carrigmoy", "Unit 3", "Quay House", "Carrigmoy", "Co. Carrig", "Z92 C3D4", "IE"),
)

_CLINICIANS = (
    ("1", "Dr", "Helen", "Ashworth", "Principal Dentist", "helen.ashworth@riverside.example.com", "1"),
    ("2", "Dr", "Tobias", "Weiß", "Associate", "tobias.weiss@riverside.example.com", "1"),
    ("3", "Ms", "Priya", "Nair", "Hygienist", "priya.nair@riverside.example.com", "1"),
    ("4", "Dr", "Samuel", "Adeyemi-Clarke", "Associate", "samuel.adeyemi-clarke@riverside.example.com", "2"),
    ("5", "Mrs", "Joan", "Petrie", "Therapist", "joan.petrie@riverside.example.com", "2"),
    ("6", "Dr", "Marcus", "Fell", "Associate", "marcus.fell@riverside.example.com", "2"),
    (
        "7",
        "Dr",
        "Aoife",
        "Ní Dhuibhir",
        "Principal Dentist",
        "  Aoife.NiDhuibhir@Riverside.Example.com ",
        "3",
    ),
    ("8", "Dr", "Cormac", "O’Hanlon", "Associate", "cormac.ohanlon@riverside.example.com", "3"),
    ("9", "Ms", "Zofia", "Wiśniewska", "Hygienist", "zofia.wisniewska@riverside.example.com", "3"),
    ("10", "Dr", "Daniel", "de Búrca", "Associate", "daniel.deburca@riverside.example.com", "4"),
    ("11", "Ms", "Gráinne", "Tuohy", "Therapist", "grainne.tuohy@riverside.example.com", "4"),
    ("12", "Mr", "Oliver", "Quist", "Practice Manager", "oliver.quist@riverside.example.com", "1"),
)
DEPARTED_CLINICIAN = "6"
CLINICIAN_WITHOUT_USER = "11"
ODD_EMAIL_CLINICIAN = "7"

_CARE_PLANS = (
    ("1", "Riverside Essential", "monthly", "14.50", "GBP", "true"),
    ("2", "Riverside Gold", "monthly", "24.00", "GBP", "true"),
    ("3", "Riverside Family", "yearly", "310.00", "GBP", "false"),
    ("4", "Abhainn Care", "monthly", "18.00", "EUR", "true"),
)

PRACTICES = tuple(
    Practice(
        id=row[0],
        country=row[7],
        currency="GBP" if row[7] == "GB" else "EUR",
        town=row[4],
        county=row[5],
        clinicians=tuple(c[0] for c in _CLINICIANS if c[6] == row[0] and c[4] != "Practice Manager"),
        statuses=_UK_STATUSES if row[7] == "GB" else _IE_STATUSES,
        types=tuple((t[0], t[3]) for t in _TYPES[row[7]]),
        care_plans=("1", "2", "3") if row[7] == "GB" else ("4",),
    )
    for row in _PRACTICES
)
PRACTICE_NAMES = tuple(row[1] for row in _PRACTICES)


def clinician_users() -> list[tuple[str, str, str]]:
    """Return id, display name and e-mail of each clinician, the e-mail tidied as a CRM would keep it."""
    return [(c[0], f"{c[2]} {c[3]}", c[5].strip().lower()) for c in _CLINICIANS]


def write_places(export: Export) -> None:
    """Write the five files that everything else refers to."""
    for practice, row in zip(PRACTICES, _PRACTICES, strict=True):
        named = dict(
            zip(
                ("practiceId", "name", "address1", "address2", "town", "county", "postcode", "country"),
                row,
                strict=True,
            )
        )
        zone = "Europe/London" if row[7] == "GB" else "Europe/Dublin"
        export.add("practices", {**named, "timeZone": zone, "currency": practice.currency, "active": "true"})
    _write_clinicians(export)
    for types in _TYPES.values():
        for row4 in types:
            export.add(
                "appointment_types",
                dict(zip(("id", "name", "category", "durationDefault"), row4, strict=True)),
            )
    _write_statuses(export)
    names = ("carePlanId", "name", "interval", "fee", "currency", "active")
    for plan in _CARE_PLANS:
        export.add("care_plans", dict(zip(names, plan, strict=True)))


def _write_clinicians(export: Export) -> None:
    names = ("userId", "title", "firstName", "lastName", "role", "email", "practiceId")
    for row in _CLINICIANS:
        council = "" if row[4] == "Practice Manager" else f"SYN-{int(row[0]):05}"
        active = "false" if row[0] == DEPARTED_CLINICIAN else "true"
        export.add(
            "clinicians",
            {**dict(zip(names, row, strict=True)), "gdcOrDentalCouncilNo": council, "active": active},
        )
    export.case(
        "departed_clinician", "left the clinic; history still names them", clinicians=[DEPARTED_CLINICIAN]
    )
    export.case(
        "clinician_without_user", "no user in the CRM has this e-mail", clinicians=[CLINICIAN_WITHOUT_USER]
    )
    export.case(
        "clinician_email_spelling",
        "differs from the CRM's in case and spaces",
        clinicians=[ODD_EMAIL_CLINICIAN],
    )


def _write_statuses(export: Export) -> None:
    for at, table in enumerate((_UK_STATUSES, _IE_STATUSES)):
        for canonical, number in table.items():
            export.add(
                "appointment_statuses",
                {"id": number, "name": _STATUS_NAMES[canonical][at], "canonical": canonical},
            )
    export.add("appointment_statuses", {"id": UNDECLARED_STATUS, "name": "Broken", "canonical": ""})
    export.case(
        "undeclared_status",
        "may mean cancelled or missed; a person decides",
        appointment_statuses=[UNDECLARED_STATUS],
    )
