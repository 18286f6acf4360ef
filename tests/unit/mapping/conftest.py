"""A small clinic and a small CRM: catalogs, lookups and records for every test of the mapping."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from wherry.mapping.ask import Context
from wherry.mapping.blueprint import Blueprint, load_blueprint
from wherry.mapping.tenant import fitting
from wherry.model.catalog import Catalog, Choice, Field, FieldType, Person, Privacy, Stream
from wherry.model.policy import Policies
from wherry.model.record import Key, Record, Value

T = FieldType
BUNDLE = {
    "practices": "practiceId name address1 address2 town county postcode country timeZone currency active",
    "clinicians": "userId title firstName lastName role email gdcOrDentalCouncilNo practiceId active",
    "patients": (
        "patientId householdId isHouseholdHead title firstName lastName preferredName dateOfBirth sex email"
        " mobile homePhone workPhone address1 address2 address3 town county postcode country practiceId"
        " preferredClinicianId status deceasedDate allowEmail allowSms allowPost marketingEmail marketingSms"
        " consentDate recallExempt carePlanId referralSource insuranceProvider preferredAppointmentTime"
        " nhsNumber ppsNumber createdAt updatedAt"
    ),
    "appointments": (
        "appointmentId patientId practiceId userId appointmentTypeId appointmentStatusId appointmentTime"
        " duration allDay emergency reminderSent createdVia cancelledAt cancelReason appointmentNotes"
        " createdAt updatedAt"
    ),
    "clinical_notes": "noteId appointmentId patientId userId notedAt flags text",
    "documents": "documentId patientId appointmentId kind fileName mime bytes sha256 ref",
    "procedures": "code",
    "invoices": "invoiceId patientId date currency total outstanding status",
    "invoice_lines": "lineId invoiceId lineType itemId description qty net vat gross",
    "treatment_plans": "planId patientId userId name status createdAt total",
}
ITEMS = "itemId planId appointmentId code description tooth surfaces material fee discount netPrice status completedAt"
NOT_MOVED = [
    "appointment_types",
    "appointment_statuses",
    "care_plans",
    "households",
    "merges",
    "treatment_items",
    "medical_flags",
    "payments",
    "payment_allocations",
    "adjustments",
    "refunds",
    "instalment_plans",
    "instalments",
    "recalls",
]
_CLASSES = {
    "nhsNumber": Privacy.NATIONAL_ID,
    "ppsNumber": Privacy.NATIONAL_ID,
    "appointmentNotes": Privacy.CLINICAL,
    "cancelReason": Privacy.CLINICAL,
    "text": Privacy.CLINICAL,
    "flags": Privacy.CLINICAL,
    **dict.fromkeys(("fileName", "mime", "bytes", "sha256", "ref"), Privacy.DOCUMENTS),
    **dict.fromkeys(("description", "tooth", "surfaces", "material"), Privacy.CLINICAL),
}
_TYPES = {
    **dict.fromkeys(("dateOfBirth", "deceasedDate", "consentDate", "date"), T.DATE),
    **dict.fromkeys(("total", "outstanding", "net", "vat", "gross"), T.MONEY),
    **dict.fromkeys(("createdAt", "updatedAt", "appointmentTime", "cancelledAt", "notedAt"), T.DATETIME),
    **dict.fromkeys(("isHouseholdHead", "recallExempt", "active", "allDay", "emergency"), T.BOOLEAN),
    **dict.fromkeys(("allowEmail", "allowSms", "allowPost", "marketingEmail", "marketingSms"), T.BOOLEAN),
    "reminderSent": T.BOOLEAN,
    "duration": T.INTEGER,
    "bytes": T.INTEGER,
    **dict.fromkeys(("total", "fee", "discount", "netPrice"), T.MONEY),
    "text": T.TEXTAREA,
}


def _source(custom: tuple[Field, ...] = ()) -> Catalog:
    streams = []
    for name, columns in {**BUNDLE, "treatment_items": ITEMS}.items():
        fields = tuple(
            Field(name=c, type=_TYPES.get(c, T.TEXT), privacy=_CLASSES.get(c, Privacy.COMMERCIAL))
            for c in columns.split()
        )
        streams.append(Stream(name=name, fields=fields + (custom if name == "patients" else ())))
    return Catalog(system="aerona", streams=tuple(streams))


def _choices(*texts: str) -> tuple[Choice, ...]:
    return tuple(Choice(id=str(n), value=text) for n, text in enumerate(texts))


_SUBSCRIPTION = _choices("Unsubscribed", "Subscribed", "Not subscribed", "Reported as spam", "Bounced")
_STANDARD = {
    "contacts": (
        "first_name last_name email mobile_number work_number external_id address city state zipcode country"
    ),
    "sales_accounts": "name address city state zipcode country",
    "tasks": "title description",
    "appointments": "title description location time_zone",
    "notes": "description",
    "documents": "name file content_type sha256",
    "deals": "name",
    "products": "name product_code description",
    "deal_products": "",
}
_OTHER = {
    "contacts": (
        Field(name="subscription_status", type=T.DROPDOWN, choices=_SUBSCRIPTION),
        Field(name="sms_subscription_status", type=T.DROPDOWN, choices=_SUBSCRIPTION[:3]),
        *(
            Field(name=n, type=T.DROPDOWN)
            for n in ("lifecycle_stage_id", "contact_status_id", "lead_source_id", "owner_id")
        ),
        Field(name="created_at", type=T.DATE, read_only=True),
    ),
    "sales_accounts": (Field(name="owner_id", type=T.DROPDOWN),),
    "tasks": (
        Field(name="due_date", type=T.DATETIME, required=True),
        Field(name="owner_id", type=T.DROPDOWN),
        Field(name="task_type_id", type=T.DROPDOWN),
        Field(name="outcome_id", type=T.DROPDOWN),
        Field(name="status", type=T.INTEGER),
        Field(name="targetable_id", type=T.REFERENCE, required=True),
    ),
    "appointments": (
        Field(name="from_date", type=T.DATETIME, required=True),
        Field(name="end_date", type=T.DATETIME, required=True),
        Field(name="is_allday", type=T.BOOLEAN),
        Field(name="outcome_id", type=T.REFERENCE),
        Field(name="attendee_user_id", type=T.REFERENCE),
    ),
    "notes": (),
    "documents": (Field(name="size", type=T.INTEGER),),
    "deals": (
        Field(name="amount", type=T.NUMBER, required=True),
        *(
            Field(name=n, type=T.DROPDOWN)
            for n in ("owner_id", "currency_id", "deal_pipeline_id", "deal_stage_id")
        ),
        Field(name="closed_date", type=T.DATE),
    ),
    "products": (),
    "deal_products": (
        Field(name="products", type=T.GROUP, required=True),
        Field(name="deal_amount", type=T.MONEY),
    ),
}


def _custom_fields(stream: str) -> tuple[Field, ...]:
    made: dict[str, Field] = {}
    for mapping in load_blueprint().mappings:
        for rule in mapping.rules:
            label = rule.to.removeprefix("custom:")
            if (
                mapping.destination == stream
                and rule.to.startswith("custom:")
                and rule.when in ("", "plan_on_contact")
            ):
                kind = T(rule.type)
                made[label] = Field(
                    name="cf_" + label.lower().replace(" ", "_"),
                    label=label,
                    type=kind,
                    custom=True,
                    max_length={T.TEXT: 256, T.TEXTAREA: 10_000}.get(kind),
                    choices=_choices(*rule.choices),
                )
    return tuple(made.values())


def _destination() -> Catalog:
    streams = []
    for name, texts in _STANDARD.items():
        fields = tuple(
            Field(name=n, type=T.TEXT, max_length=None if n in {"description", "title"} else 256)
            for n in texts.split()
        )
        streams.append(Stream(name=name, fields=fields + _OTHER[name] + _custom_fields(name)))
    return Catalog(
        system="freshsales",
        streams=tuple(streams),
        people=(Person(id=11, name="Ada Park", email="ada@clinic.example", active=True),),
        abilities={"appointments": True},
        lookups={
            "lifecycle_stages": [{"id": 21, "name": "Lead"}, {"id": 22, "name": "Customer"}],
            "contact_statuses": [
                {"id": 31, "name": "New", "lifecycle_stage_id": 21},
                {"id": 32, "name": "Won", "lifecycle_stage_id": 22},
            ],
            "task_types": [{"id": 41, "name": "Appointment"}],
            "task_outcomes": [{"id": 51, "name": "No-show", "sales_activity_type_id": 4}],
            "lead_sources": [{"id": 61, "name": "Referral"}],
            "deal_pipelines": [{"id": 71, "name": "Default Pipeline", "is_default": True}],
            "deal_stages": [
                {"id": 81, "name": "New", "deal_pipeline_id": 71, "forecast_type": "Open"},
                {"id": 82, "name": "Won", "deal_pipeline_id": 71, "forecast_type": "Closed Won"},
                {"id": 83, "name": "Lost", "deal_pipeline_id": 71, "forecast_type": "Closed Lost"},
            ],
            "currencies": [{"id": 91, "currency_code": "GBP", "is_active": True}],
        },
    )


LOOKUPS: dict[str, dict[str, dict[str, Value]]] = {
    "practices": {
        "1": {"practiceId": "1", "name": "Riverside", "timeZone": "Europe/London"},
        "2": {"practiceId": "2", "name": "Liffey", "timeZone": "Europe/Dublin"},
    },
    "clinicians": {
        "7": {
            "title": "Dr", "firstName": "Ada", "lastName": "Park", "role": "Principal Dentist",
            "practiceId": "1", "active": True,
        },
        "8": {
            "title": "Mr", "firstName": "Tom", "lastName": "Gone", "role": "Hygienist",
            "practiceId": "1", "active": False,
        },
    },
    "appointment_types": {
        "1": {"name": "Implant consult", "category": "Consultation", "durationDefault": 30},
        "2": {"name": "Odd", "category": "Other", "durationDefault": None},
    },
    "appointment_statuses": {
        "1": {"name": "Booked", "canonical": "booked"},
        "5": {"name": "Done", "canonical": "completed"},
        "6": {"name": "Broken", "canonical": "broken"},
        "7": {"name": "FTA", "canonical": "no_show"},
        "8": {"name": "Curious", "canonical": None},
        "9": {"name": "Off", "canonical": "cancelled"},
    },
    "care_plans": {"3": {"name": "Gold"}},
}  # fmt: skip

NOW = datetime(2026, 10, 2, 18, 40, tzinfo=UTC)
PATIENT: dict[str, Value] = {
    "patientId": "1042", "householdId": "77", "isHouseholdHead": True, "title": "Mrs", "firstName": "Ana",
    "lastName": "O’Dare", "preferredName": "Annie", "dateOfBirth": date(1980, 2, 29), "sex": "F",
    "email": "Ana@Clinic.Example", "mobile": "(07700) 900123", "homePhone": "020 7946 0018",
    "workPhone": None, "address1": "1 High St", "address2": None, "address3": "Old Town", "town": "Leeds",
    "county": "West Yorkshire", "postcode": "LS1 1AA", "country": "United Kingdom", "practiceId": "1",
    "preferredClinicianId": "7", "status": "active", "deceasedDate": None, "allowEmail": True,
    "allowSms": True, "allowPost": None, "marketingEmail": True, "marketingSms": None,
    "consentDate": date(2025, 5, 1), "recallExempt": False, "carePlanId": "3", "referralSource": "referral",
    "insuranceProvider": "Acme Dental", "preferredAppointmentTime": "mornings", "nhsNumber": "9434765919",
    "ppsNumber": None, "createdAt": datetime(2019, 3, 4, 9, 30, tzinfo=UTC), "updatedAt": NOW,
}  # fmt: skip
APPOINTMENT: dict[str, Value] = {
    "appointmentId": "900", "patientId": "1042", "practiceId": "1", "userId": "7", "appointmentTypeId": "1",
    "appointmentStatusId": "5", "appointmentTime": datetime(2026, 3, 2, 9, 15, tzinfo=UTC), "duration": 45,
    "allDay": False, "emergency": True, "reminderSent": True, "createdVia": "portal", "cancelledAt": None,
    "cancelReason": None, "appointmentNotes": "root canal talk",
    "createdAt": datetime(2026, 2, 1, 8, 0, tzinfo=UTC), "updatedAt": NOW,
}  # fmt: skip
NOTE: dict[str, Value] = {
    "noteId": "5", "appointmentId": "900", "patientId": "1042", "userId": "8",
    "notedAt": datetime(2026, 7, 2, 9, 40, tzinfo=UTC), "flags": None, "text": "First.\r\n\r\nSecond. Third.",
}  # fmt: skip
PRACTICE: dict[str, Value] = {
    "practiceId": "1", "name": "Riverside", "address1": "2 Quay", "address2": None, "town": "Leeds",
    "county": None, "postcode": "LS1 2BB", "country": "GB", "timeZone": "Europe/London", "currency": "GBP",
    "active": True,
}  # fmt: skip
TREATMENT_PLAN: dict[str, Value] = {
    "planId": "41",
    "patientId": "1",
    "userId": "7",
    "name": "Upper left",
    "status": "accepted",
    "createdAt": NOW,
    "total": Decimal("828.50"),
}
_BASE = {
    "patients": ("patientId", PATIENT),
    "appointments": ("appointmentId", APPOINTMENT),
    "clinical_notes": ("noteId", NOTE),
    "practices": ("practiceId", PRACTICE),
    "treatment_plans": ("planId", TREATMENT_PLAN),
}


@pytest.fixture(scope="session")
def blueprint() -> Blueprint:
    return load_blueprint()


@pytest.fixture(scope="session")
def moving(blueprint: Blueprint, destination: Catalog) -> tuple[Mapping[str, Any], ...]:
    """The blueprint's mappings as far as the destination can take them."""
    return fitting(blueprint.mappings, destination)


@pytest.fixture(scope="session")
def bundle() -> Mapping[str, str]:
    return BUNDLE


@pytest.fixture(scope="session")
def not_moved() -> list[str]:
    return NOT_MOVED


@pytest.fixture(scope="session")
def source() -> Catalog:
    return _source()


@pytest.fixture(scope="session")
def source_with() -> Callable[..., Catalog]:
    """A source catalog with custom columns on patients."""
    return lambda *fields: _source(fields)


@pytest.fixture(scope="session")
def destination() -> Catalog:
    return _destination()


@pytest.fixture
def context(source: Catalog, destination: Catalog) -> Context:
    return Context(
        policies=Policies(fallback_owner="ada@clinic.example"),
        source=source,
        destination=destination,
        now=NOW,
        zone="Europe/London",
        owners={"7": 11},
        fallback_owner=12,
        lookups=LOOKUPS,
    )


@pytest.fixture(scope="session")
def record() -> Callable[..., Record]:
    """A record of a stream, with some values or facts changed."""

    def make(stream: str, facts: Mapping[str, Value] | None = None, **changed: Any) -> Record:
        key, values = _BASE[stream]
        merged = {**values, **changed}
        return Record(key=Key(stream, str(merged[key])), values=merged, facts=facts or {})

    return make


@pytest.fixture(scope="session")
def changed() -> Callable[..., Context]:
    """A context with other policies (`policy_NAME=…`) or other attributes."""

    def make(context: Context, **change: Any) -> Context:
        policy = {k.removeprefix("policy_"): v for k, v in change.items() if k.startswith("policy_")}
        rest = {k: v for k, v in change.items() if not k.startswith("policy_")}
        return replace(context, policies=replace(context.policies, **policy), **rest)

    return make
