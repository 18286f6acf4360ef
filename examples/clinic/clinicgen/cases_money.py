"""Named cases about treatment, money, recalls and documents."""

from clinicgen.cast import Cast
from clinicgen.fates import READY, held
from clinicgen.money_rows import (
    Invoice,
    Line,
    Payment,
    Refund,
    write_adjustment,
    write_instalments,
    write_invoice,
    write_payment,
    write_refund,
)
from clinicgen.paperwork import Document, pdf_bytes, png_bytes, write_document, write_recall
from clinicgen.people import Patient
from clinicgen.treatment import PLAN_STATUSES, PROCEDURES, write_plan

_BY_CODE = {procedure.code: procedure for procedure in PROCEDURES}


def write_money_cases(cast: Cast) -> None:
    """Write all of them."""
    _plans(cast)
    _every_line_type(cast)
    _payments(cast)
    _household_payment(cast)
    _adjustments_and_refunds(cast)
    _instalments(cast)
    _deceased_with_records(cast)
    _recalls_and_flags(cast)
    _documents(cast)


def _plans(cast: Cast) -> None:
    person = cast.one(1, "Celia|Planter", "1974-04-14")
    chosen = [(_BY_CODE["CF2"], "16", 0), (_BY_CODE["CR1"], "26", 6950), (_BY_CODE["HY1"], "", 0)]
    for status in PLAN_STATUSES:
        write_plan(cast.export, person, (f"Plan, {status}", status, "2025-09-15"), chosen)
    cast.export.case("every_plan_status", "one plan of each, same items", patients=[person.id])
    child = cast.one(3, "Dónal|Planter", "2018-08-08", sex="male")
    write_plan(cast.export, child, ("Milk teeth", "accepted", "2026-01-12"), [(_BY_CODE["GI1"], "55", 0)])
    cast.export.case("milk_tooth", "55 in FDI: a milk molar", patients=[child.id])
    bare = cast.one(1, "Effie|Planter", "1990-09-19")
    write_plan(cast.export, bare, ("Nothing on it yet", "proposed", "2026-09-01"), [])
    cast.export.case("plan_without_items", "a heading only", patients=[bare.id])


def _every_line_type(cast: Cast) -> None:
    person = cast.one(2, "Floyd|Ledgerwood", "1968-02-29", sex="male")
    lines = [
        Line(type="opening_balance", text="Brought forward", pence=4000),
        Line(type="treatment", text="Crown", pence=69500),
        Line(type="shop", text="Interdental brushes, size 0.6", pence=495, qty=3),
        Line(type="discount", text="Family discount", pence=-6950),
        Line(type="adjustment", text="Account correction", pence=-1234),
    ]
    invoice = write_invoice(cast.export, person, "2026-03-03", lines)
    credit = write_invoice(
        cast.export, person, "2026-03-04", [Line(type="adjustment", text="Goodwill", pence=-2500)]
    )
    empty = write_invoice(
        cast.export, person, "2026-03-05", [Line(type="treatment", text="Free review", pence=0)]
    )
    cast.export.case("every_line_type", "types say what a negative line is", invoices=[invoice.id])
    cast.export.case("negative_invoice", "a credit", invoices=[credit.id])
    cast.export.case("zero_invoice", "nothing to pay", invoices=[empty.id])


def _exam(cast: Cast, person: Patient, outstanding: int = 0) -> Invoice:
    lines = [Line(type="treatment", text="Examination", pence=5200)]
    return write_invoice(cast.export, person, "2026-04-20", lines, outstanding)


def _payments(cast: Cast) -> None:
    export = cast.export
    person = cast.one(1, "Greta|Ledgerwood", "1972-03-03")
    first = _exam(cast, person)
    wrong = Payment(
        date="2026-04-20", pence=5200, method="cash", status="cancelled", note="Wrong method, entered again"
    )
    right = Payment(date="2026-04-20", pence=5200)
    twins = [
        write_payment(export, person, wrong),
        write_payment(export, person, right, [(first.lines[0][0], 5200)]),
    ]
    export.case("cancelled_twin", "the method was wrong: cancelled and entered again", payments=twins)
    others = {
        status: write_payment(
            export, person, Payment(date="2026-04-21", pence=1000, status=status, method="direct debit")
        )
        for status in ("pending", "failed")
    }
    export.case("not_received", "pending or failed: no money yet", payments=list(others.values()))
    deposit = write_payment(
        export, person, Payment(date="2026-05-01", pence=10000, note="Deposit for the crown")
    )
    export.case("deposit", "received, allocated to nothing yet", payments=[deposit])
    part = _exam(cast, person, 3200)
    write_payment(export, person, Payment(date="2026-05-02", pence=2000), [(part.lines[0][0], 2000)])
    export.case("part_paid", "some of it is still owed", invoices=[part.id])


def _household_payment(cast: Cast) -> None:
    head = cast.make(4, "Hilda|Purser", "1979-09-09")
    child = cast.make(4, "Ivor|Purser", "2013-03-13", sex="male", email="")
    cast.bind("Purser family", head, [head, child])
    cast.enter(head, child)
    ids = []
    for person in (head, child):
        invoice = _exam(cast, person)
        payment = Payment(date="2026-04-20", pence=5200, household="9001", note="Paid together")
        ids.append(write_payment(cast.export, person, payment, [(invoice.lines[0][0], 5200)]))
    cast.export.case("household_payment", "one payment over the counter, one row a patient", payments=ids)


def _adjustments_and_refunds(cast: Cast) -> None:
    export = cast.export
    person = cast.one(2, "June|Ledgerwood", "1964-12-01")
    kinds = ("correction", "write_off", "third_party", "bad_debt")
    days = ("2026-05-04", "2026-05-14", "2026-05-25", "2026-06-03")
    ids = [
        write_adjustment(export, person, kind, 1500 + at * 250, day)
        for at, (kind, day) in enumerate(zip(kinds, days, strict=True))
    ]
    export.case(
        "every_adjustment", "bad debt marks the patient, the others lower the balance", adjustments=ids
    )
    # In the dirty variant nothing tells day from month in this file, so none of its dates can be read.
    fate = held("ambiguous_date") if export.dirty else READY
    invoice = _exam(cast, person, 5200)
    back = Payment(date="2026-04-22", pence=5200, status="refunded")
    paid = write_payment(export, person, back, [(invoice.lines[0][0], 5200)])
    refunds = [
        write_refund(
            export, person, Refund(payment=paid, target="treatment", pence=5200, date="2026-06-05"), fate
        )
    ]
    over = write_payment(export, person, Payment(date="2026-04-23", pence=3000))
    extra = Refund(payment=over, target="balance", pence=1000, date="2026-07-08")
    refunds.append(write_refund(export, person, extra, fate))
    export.case("refunds", "one against a treatment, one against the balance", refunds=refunds)


def _instalments(cast: Cast) -> None:
    person = cast.one(1, "Kaspar|Teilzahl", "1985-05-05", sex="male")
    plans = {
        state: write_instalments(cast.export, person, "2026-06-01", [10000] * 6, state)[0]
        for state in ("approved", "pending", "", "rejected")
    }
    cast.export.case("instalments_signed", "approved: goes", instalment_plans=[plans["approved"]])
    waiting = [plans["pending"], plans[""], plans["rejected"]]
    cast.export.case("instalments_unsigned", "pending, blank, rejected: wait", instalment_plans=waiting)


def _deceased_with_records(cast: Cast) -> None:
    person = cast.one(1, "Lavinia|Skelton", "1933-03-03", status="deceased", deceasedDate="2026-02-14")
    invoice = write_invoice(
        cast.export, person, "2026-01-05", [Line(type="treatment", text="Denture", pence=42000)]
    )
    write_recall(cast.export, person, {"dueDate": "2026-07-05"})
    cast.export.case("deceased_with_records", "not loaded, nor what hangs on it", invoices=[invoice.id])


def _recalls_and_flags(cast: Cast) -> None:
    export = cast.export
    person = cast.one(2, "Mungo|Returner", "1999-01-19", sex="male")
    rows = (
        {"type": "dentist", "intervalMonths": "6", "dueDate": "2026-12-01", "method": "email"},
        {
            "type": "hygienist",
            "intervalMonths": "3",
            "dueDate": "2026-11-01",
            "method": "sms",
            "status": "sent",
        },
        {
            "type": "other",
            "intervalMonths": "24",
            "dueDate": "2025-01-15",
            "method": "post",
            "status": "booked",
        },
    )
    ids = [write_recall(export, person, row) for row in rows]
    export.case("every_recall_type", "one is long overdue", recalls=ids)
    exempt = cast.one(2, "Nigel|Returner", "1942-02-02", sex="male", recallExempt="true")
    row = {"dueDate": "2026-12-12", "status": "exempt", "exempt": "true"}
    export.case("recall_exempt", "must not be called back", recalls=[write_recall(export, exempt, row)])
    for flag in ("Penicillin allergy", "Übelkeit bei Lokalanästhesie", 'Says "fainted once"'):
        export.add(
            "medical_flags", {"patientId": person.id, "flag": flag, "since": "2024-05-05"}, person.below
        )


def _documents(cast: Cast) -> None:
    export = cast.export
    person = cast.one(1, "Otis|Filer", "1991-11-11", sex="male")
    pictures = Document(
        kind="image",
        name="X-ray – Órla’s (2).png",
        content=png_bytes(90),
        ref=f"documents/{person.id}/X-ray (2).png",
    )
    files = {
        "document_pdf": (Document(kind="consent", name="Consent.pdf", content=pdf_bytes("Consent")), "a PDF"),
        "document_odd_name": (pictures, "dash, fada, apostrophe, brackets; in a folder of its own"),
        "document_text": (
            Document(kind="letter", name="Überweisung.TXT", content="Grüße\r\n\u20ac 5\r\n".encode()),
            "capital extension, CRLF, UTF-8",
        ),
        "document_large": (
            Document(kind="image", name="panorama.png", content=png_bytes(10, side=700)),
            "larger than one read",
        ),
    }
    for name, (document, why) in files.items():
        export.case(name, why, documents=[write_document(export, person, document)])
    same = [
        write_document(
            export, person, Document(kind="letter", name="Letter.txt", content=b"The same letter twice.\n")
        )
        for _ in range(2)
    ]
    export.case("documents_alike", "same name, same bytes, two documents", documents=same)
