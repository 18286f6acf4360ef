"""Kinds of fault, one record each: what is wrong in the export, and what only the account knows."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

Cells = dict[str, str]
Change = Callable[[list[Cells]], list[Cells]]
NOBODY = "99999999"
LONG = "a line of words and more of them. " * 4_000


@dataclass(frozen=True)
class Kind:
    """One kind of fault: the cells that one row of a stream gets."""

    name: str
    stream: str
    cells: Cells


def _kinds(stream: str, **faults: Cells) -> Iterator[Kind]:
    for name, cells in faults.items():
        yield Kind(name, stream, cells)


KINDS: tuple[Kind, ...] = (
    *_kinds(
        "patients",
        no_last_name={"lastName": ""},
        no_name={"firstName": "", "lastName": ""},
        unknown_status={"status": "dormant"},
        unknown_practice={"practiceId": "99"},
        day_first={"dateOfBirth": "17/05/1985"},
        impossible_day={"dateOfBirth": "1985-02-30"},
        zero_date={"dateOfBirth": "0000-00-00"},
        bad_email={"email": "ann(at)example.org"},
        words_for_phone={"mobile": "ask her mother"},
        endless_phone={"mobile": "07700 900" + "1" * 40},
        endless_name={"lastName": "Ng" * 200},
        endless_address={"address1": "Long Lane " * 60},
        odd_flag={"allowEmail": "maybe"},
        odd_consent_date={"consentDate": "yesterday"},
        unknown_care_plan={"carePlanId": "777"},
        unknown_clinician={"preferredClinicianId": "888"},
        no_key={"patientId": ""},
        unknown_sex={"sex": "unsaid-x"},
        unknown_country={"country": "Narnia"},
        control_characters={"lastName": "Bell\x07Tower"},
        undeclared_tier={"custom:Loyalty tier": "Diamond ++"},
        odd_custom_date={"custom:First seen": "not a date"},
        odd_creation={"createdAt": "2025-13-02T09:00"},
    ),
    *_kinds(
        "appointments",
        visit_of_nobody={"patientId": NOBODY},
        hour_that_never_was={"appointmentTime": "2025-03-30T01:30"},
        status_in_no_file={"appointmentStatusId": "77"},
        practice_in_no_file={"practiceId": "98"},
        thirteenth_month={"appointmentTime": "2025-13-02T09:00"},
        no_time={"appointmentTime": ""},
        no_duration={"duration": ""},
        negative_duration={"duration": "-5"},
        duration_in_words={"duration": "ninety"},
        odd_all_day={"allDay": "perhaps"},
        type_in_no_file={"appointmentTypeId": "999"},
        clinician_in_no_file={"userId": "999"},
        endless_remark={"appointmentNotes": LONG[:12_000]},
    ),
    *_kinds(
        "clinical_notes",
        note_of_nobody={"patientId": NOBODY},
        odd_note_time={"notedAt": "soon"},
        endless_note={"text": LONG},
        empty_note={"text": ""},
        note_with_control={"text": "pain \x0b\x07 on biting"},
    ),
    *_kinds(
        "invoices",
        total_in_words={"total": "one hundred"},
        total_off={"total": "9999.99"},
        foreign_currency={"currency": "CHF"},
        invoice_of_nobody={"patientId": NOBODY},
        odd_invoice_date={"date": "31/02/2025"},
        odd_invoice_status={"status": "hmm"},
    ),
    *_kinds(
        "invoice_lines",
        undeclared_line={"lineType": "goodwill"},
        line_of_no_invoice={"invoiceId": NOBODY},
        odd_quantity={"qty": "three"},
    ),
    *_kinds("treatment_plans", paused_plan={"status": "paused"}, plan_of_nobody={"patientId": NOBODY}),
    *_kinds("treatment_items", odd_fee={"fee": "12.3.4"}, item_of_no_plan={"planId": NOBODY}),
    *_kinds("documents", no_such_file={"ref": "files/none.pdf"}, altered_file={"sha256": "0" * 64}),
    *_kinds("recalls", recall_of_nobody={"patientId": NOBODY}, odd_due_date={"dueDate": "soon"}),
    *_kinds("payments", payment_of_nobody={"patientId": NOBODY}, odd_payment={"amount": "5 quid"}),
)

# What no catalog shows: refusals out of the blue.
HIDDEN_FAULTS: list[dict[str, Any]] = [
    {"kind": "before_commit", "status": 400, "match": {"method": "POST", "path": "^/tasks"}, "after": 40, "times": 1},
    {"kind": "before_commit", "status": 400, "match": {"method": "POST", "path": "^/notes"}, "after": 30, "times": 1},
]  # fmt: skip
HIDDEN_KINDS = 2


def changes(spare: int = 30) -> dict[str, Change]:
    """Give each kind a row of its own, far from each other; the first rows are the clinic's odd cases."""
    return {stream: _change(stream, spare) for stream in dict.fromkeys(kind.stream for kind in KINDS)}


def _change(stream: str, spare: int) -> Change:
    mine = [kind for kind in KINDS if kind.stream == stream]

    def change(rows: list[Cells]) -> list[Cells]:
        first = min(spare, max(0, len(rows) - len(mine)))
        step = max(1, (len(rows) - first) // len(mine))
        for place, kind in enumerate(mine):
            rows[first + place * step].update(kind.cells)
        return rows

    return change
