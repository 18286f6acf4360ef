"""How the API is spelt: paths, envelope, parameters and field names. All of it is [U]: no list is documented."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from wherry_emulators.process import SettingError

LISTS: Mapping[str, str] = {
    "practices": "practices",
    "clinicians": "clinicians",
    "appointment_types": "appointmentTypes",
    "appointment_statuses": "appointmentStatuses",
    "care_plans": "carePlans",
    "households": "households",
    "patients": "patients",
    "merges": "merges",
    "appointments": "appointments",
    "treatment_plans": "treatmentPlans",
    "treatment_items": "treatments",
    "clinical_notes": "clinicalNotes",
    "medical_flags": "medicalFlags",
    "invoices": "invoices",
    "invoice_lines": "invoiceLines",
    "payments": "payments",
    "payment_allocations": "paymentAllocations",
    "adjustments": "adjustments",
    "refunds": "refunds",
    "instalment_plans": "instalmentPlans",
    "instalments": "instalments",
    "recalls": "recalls",
    "documents": "documents",
}
"""Stream → path of its list. Practice, Clinician, Appointment Type and Status are implied by the specification [A]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """One spelling of the API."""

    prefix: str = "/api/v1"
    login: str = "login"
    login_user: str = "username"
    login_password: str = "password"  # noqa: S105 - the name of a field
    tenant: str = "tenant"
    exports: str = "exports"
    content: str = "content"  # documents/{id}/…
    items: str = "items"
    total: str = "total"
    next: str = "nextCursor"
    page: str = "page"
    offset: str = "offset"
    cursor: str = "cursor"
    size: str = "pageSize"
    modified: str = "modifiedSince"
    only: str = "fields"
    custom: str = "customFields"
    lists: Mapping[str, str] = field(default_factory=lambda: LISTS)
    fields: Mapping[str, Mapping[str, str]] = field(default_factory=dict)  # stream → column → name, a.b nests


def read_dialect(file: Path | None) -> Dialect:
    """Read a dialect from a JSON file that names what differs; SettingError when it cannot be used."""
    if file is None:
        return Dialect()
    try:
        found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        wrong = found.keys() - {one.name for one in fields(Dialect)}
    except (OSError, ValueError, AttributeError) as error:
        raise SettingError(f"dialect {file.name} cannot be read: {error}") from error
    if wrong:
        raise SettingError(f"dialect {file.name}: {min(wrong)} is no part of a dialect")
    found["lists"] = {**LISTS, **found.get("lists", {})}
    return Dialect(**found)
