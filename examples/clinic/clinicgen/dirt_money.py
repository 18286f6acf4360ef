"""Faults in treatment, money, recalls and documents, each with the fate a careful reader gives it."""

from dataclasses import dataclass

from clinicgen.cast import Cast
from clinicgen.dirt_people import NOBODY
from clinicgen.export import Export, Verbatim
from clinicgen.fates import BLOCKED, READY, Fate, held
from clinicgen.paperwork import Document, write_document
from clinicgen.people import Patient


def write_money_faults(cast: Cast) -> None:
    """Write all of them, on two patients with nothing wrong about them: one pays in pounds, one in euro."""
    pounds = cast.one(1, "Penny|Sterling", "1972-02-12")
    euro = cast.one(3, "Eunan|Coyne", "1973-03-13", sex="male")
    _treatment(cast.export, pounds)
    _invoices(_Desk(cast.export, pounds))
    _foreign_currency(_Desk(cast.export, euro))
    _payments(_Desk(cast.export, pounds))
    _amount_spellings(_Desk(cast.export, pounds))
    _recalls(cast.export, pounds)
    _documents(cast.export, pounds)


@dataclass(frozen=True, slots=True)
class _Desk:
    """Enters rows for one patient, whatever is wrong with them."""

    export: Export
    patient: Patient

    def invoice(self, fate: Fate, lines: tuple[str, ...], **changes: str) -> str:
        """Write an invoice of 100.00 with treatment lines of the given amounts."""
        number = self.export.number("invoices")
        row = {
            "invoiceId": number,
            "patientId": self.patient.id,
            "date": "2025-09-19",
            "currency": self.patient.practice.currency,
            "total": "100.00",
            "outstanding": "0.00",
            "status": "paid",
            **changes,
        }
        self.export.add("invoices", row, fate)
        for amount in lines:
            self.line(fate.of_child(), invoiceId=number, net=amount, gross=amount)
        return number

    def line(self, fate: Fate, **changes: str) -> str:
        """Write an invoice line."""
        number = self.export.number("invoice_lines")
        row = {"lineId": number, "lineType": "treatment", "description": "Filling", "qty": "1", "vat": "0.00"}
        self.export.add("invoice_lines", {**row, **changes}, fate)
        return number

    def payment(self, fate: Fate, **changes: str) -> str:
        """Write a payment of 50.00."""
        number = self.export.number("payments")
        row = {
            "paymentId": number,
            "patientId": self.patient.id,
            "date": "2025-09-20",
            "method": "card",
            "amount": "50.00",
            "currency": self.patient.practice.currency,
            "status": "received",
        }
        self.export.add("payments", {**row, **changes}, fate)
        return number

    def adjustment(self, fate: Fate, amount: str, kind: str = "correction") -> str:
        """Write an adjustment of the balance."""
        number = self.export.number("adjustments")
        row = {
            "id": number,
            "patientId": self.patient.id,
            "type": kind,
            "amount": amount,
            "date": "2025-09-21",
        }
        self.export.add("adjustments", row, fate)
        return number


def _treatment(export: Export, host: Patient) -> None:
    plan = export.number("treatment_plans")
    row = {
        "planId": plan,
        "patientId": host.id,
        "userId": host.clinician,
        "name": "Paused plan",
        "status": "paused",
        "createdAt": "2025-09-01T09:00",
        "total": "0.00",
    }
    export.add("treatment_plans", row, held("unmapped_status"))
    item = {"planId": plan, "code": "EX1", "description": "Examination", "fee": "0.00", "discount": "0.00"}
    item |= {"netPrice": "0.00", "status": "planned"}
    export.add("treatment_items", {"itemId": export.number("treatment_items"), **item}, BLOCKED)
    sound = export.number("treatment_plans")
    good = {**row, "planId": sound, "name": "Sound plan", "status": "proposed"}
    export.add("treatment_plans", good)
    odd = {"itemId": export.number("treatment_items"), **item, "planId": sound, "fee": "12.3.4"}
    export.add("treatment_items", odd, held("invalid_amount"))
    lost = {"itemId": export.number("treatment_items"), **item, "planId": NOBODY}
    export.add("treatment_items", lost, held("orphan"))
    export.case("plan_unmapped_status", "a status nobody declared; its item waits", treatment_plans=[plan])
    export.case(
        "item_invalid_amount", "two points in an amount; its plan waits", treatment_items=[odd["itemId"]]
    )
    export.case("item_orphan", "its plan is in no file", treatment_items=[lost["itemId"]])


def _invoices(desk: _Desk) -> None:
    export = desk.export
    odd_total = desk.invoice(held("total_mismatch"), ("60.00", "30.00"))
    export.case("invoice_total_mismatch", "100.00 over lines of 90.00", invoices=[odd_total])
    words = desk.invoice(held("invalid_amount"), ("100.00",), total="one hundred")
    export.case("invoice_invalid_amount", "an amount in words", invoices=[words])
    year_first = desk.invoice(held("date_format_mismatch"), ("100.00",), date=Verbatim("2025-09-19"))
    export.case("invoice_date_format", "year first in a file declared day first", invoices=[year_first])
    impossible = desk.invoice(held("date_format_mismatch"), ("100.00",), date=Verbatim("31/02/2025"))
    export.case("invoice_impossible_date", "31 February", invoices=[impossible])
    orphan = desk.invoice(held("orphan"), ("100.00",), patientId=NOBODY)
    export.case("invoice_orphan", "its patient is in no file; its line waits", invoices=[orphan])
    sound = desk.invoice(READY, ("100.00",))
    unknown = desk.line(
        held("unknown_line_type"), invoiceId=sound, lineType="goodwill", net="0.00", gross="0.00"
    )
    export.case("line_unknown_type", "a type nobody declared, on a sound invoice", invoice_lines=[unknown])
    lost = desk.line(held("orphan"), invoiceId=NOBODY, net="5.00", gross="5.00")
    export.case("line_orphan", "its invoice is in no file", invoice_lines=[lost])


def _foreign_currency(desk: _Desk) -> None:
    invoice = desk.invoice(held("currency_mismatch"), ("100.00",), currency="GBP")
    desk.export.case("invoice_currency", "pounds at a practice that takes euro", invoices=[invoice])
    payment = desk.payment(held("currency_mismatch"), currency="GBP")
    desk.export.case("payment_currency", "pounds at a practice that takes euro", payments=[payment])


def _payments(desk: _Desk) -> None:
    export = desk.export
    number = export.number("invoices")
    row = {"invoiceId": number, "patientId": desk.patient.id, "date": "2025-09-22", "currency": "GBP"}
    export.add("invoices", {**row, "total": "80.00", "outstanding": "0.00", "status": "paid"})
    lines = [desk.line(READY, invoiceId=number, net="40.00", gross="40.00") for _ in range(2)]
    over = desk.payment(held("over_allocated"))
    for line in lines:
        export.add("payment_allocations", {"paymentId": over, "lineId": line, "amount": "40.00"}, BLOCKED)
    export.case("payment_over_allocated", "80.00 settled with 50.00", payments=[over])
    lost = {"paymentId": NOBODY, "lineId": lines[0], "amount": "1.00"}
    export.add("payment_allocations", lost, held("orphan"))
    export.case(
        "allocation_orphan", "its payment is in no file", payment_allocations=[f"{NOBODY}|{lines[0]}"]
    )
    faults = (
        ("invalid_amount", "about forty", {"amount": "ca. 40"}),
        ("unmapped_status", "a status nobody declared", {"status": "on hold"}),
        ("orphan", "its patient is in no file", {"patientId": NOBODY}),
    )
    for reason, why, change in faults:
        export.case(f"payment_{reason}", why, payments=[desk.payment(held(reason), **change)])


def _amount_spellings(desk: _Desk) -> None:
    export = desk.export
    paid = [desk.payment(READY, amount=text) for text in ("£1,234.50", "1.234,50", "1234.50")]
    export.case("amount_spellings", "all three are 1234.50", payments=paid)
    less = [desk.adjustment(READY, text) for text in ("(45.00)", "45.00-", "-45.00")]
    export.case("negative_spellings", "all three are -45.00", adjustments=less)
    bad = desk.adjustment(held("invalid_amount"), "45.0.0")
    export.case("adjustment_invalid_amount", "two points in an amount", adjustments=[bad])
    gift = desk.adjustment(held("unknown_type"), "5.00", "gift")
    export.case("adjustment_unknown_type", "a kind nobody declared", adjustments=[gift])


def _recalls(export: Export, host: Patient) -> None:
    number = export.number("recalls")
    row = {"recallId": number, "patientId": host.id, "type": "dentist", "intervalMonths": "6"}
    row |= {"dueDate": "2026-12-24", "method": "post – café rota", "status": "due", "exempt": "false"}
    export.add("recalls", row)
    export.finding("encoding_differs", "recalls", number)
    export.case("windows_1252", "declared UTF-8, written Windows-1252", recalls=[number])
    lost = export.number("recalls")
    export.add("recalls", {**row, "recallId": lost, "patientId": NOBODY}, held("orphan"))
    vet = export.number("recalls")
    export.add("recalls", {**row, "recallId": vet, "type": "implantologist"}, held("unknown_type"))
    export.case("recall_unknown_type", "a kind nobody declared", recalls=[vet])
    export.case("recall_orphan", "its patient is in no file", recalls=[lost])


def _documents(export: Export, host: Patient) -> None:
    body = b"A letter that should be here.\n"
    faults = (
        (
            "missing_file",
            "missing_file",
            "listed, not delivered",
            Document(kind="letter", name="gone.txt", content=body, stored=b""),
        ),
        (
            "altered",
            "checksum_mismatch",
            "one letter changed on the way",
            Document(kind="letter", name="changed.txt", content=body, stored=body.replace(b"here", b"hare")),
        ),
        (
            "climbing",
            "unsafe_path",
            "climbs out of the folder",
            Document(kind="letter", name="up.txt", content=body, stored=b"", ref="documents/../../up.txt"),
        ),
        (
            "absolute",
            "unsafe_path",
            "an absolute path",
            Document(kind="letter", name="abs.txt", content=body, stored=b"", ref="/documents/abs.txt"),
        ),
    )
    for name, reason, why, document in faults:
        number = write_document(export, host, document, held(reason))
        export.case(f"document_{name}", why, documents=[number])
    (export.folder / "export.log").write_text("19:40 export finished\n", encoding="utf-8")
    export.finding("unlisted_file", "export.log")  # no record, so no key
