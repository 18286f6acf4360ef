"""Invoices and their lines, payments and what they settle, adjustments, refunds, instalments."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random

from clinicgen.calendar_days import PAST_DAYS, months_later
from clinicgen.export import Export
from clinicgen.fates import BLOCKED, READY, SIGN_OFF, Fate
from clinicgen.people import Patient
from clinicgen.treatment import Item, money

LINE_TYPES = ("treatment", "shop", "discount", "adjustment", "opening_balance")
METHODS = ("card", "card", "cash", "bank transfer", "direct debit", "finance")
VAT_ON_GOODS = {"GB": 20, "IE": 23}  # percent; dental treatment bears none
SHOP = (
    ("Interdental brushes, size 0.6", 495),
    ("Electric toothbrush", 8900),
    ("Fluoride toothpaste 2800 ppm", 750),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One invoice line before it has an id; pence for one piece."""

    type: str
    text: str
    pence: int
    qty: int = 1
    item: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Invoice:
    """A written invoice: its lines' ids with what each comes to, in pence."""

    id: str
    date: str
    total: int
    lines: list[tuple[str, int]] = field(default_factory=list)


def write_invoice(
    export: Export, patient: Patient, date: str, lines: Sequence[Line], outstanding: int | None = None
) -> Invoice:
    """Write an invoice whose total is the sum of its lines, VAT and all; `outstanding` is all of it unless given."""
    number = export.number("invoices")
    total = sum(line.pence * line.qty for line in lines)
    left = total if outstanding is None else outstanding
    row = {
        "invoiceId": number,
        "patientId": patient.id,
        "date": date,
        "currency": patient.practice.currency,
        "total": money(total),
        "outstanding": money(left),
        "status": "paid" if left <= 0 else "unpaid" if left == total else "part_paid",
    }
    export.add("invoices", row, patient.below)
    written = [(_write_line(export, patient, number, line), line.pence * line.qty) for line in lines]
    return Invoice(id=number, date=date, total=total, lines=written)


def _write_line(export: Export, patient: Patient, invoice: str, line: Line) -> str:
    number = export.number("invoice_lines")
    gross = line.pence * line.qty
    rate = VAT_ON_GOODS[patient.practice.country] if line.type == "shop" else 0
    net = round(gross * 100 / (100 + rate))
    row = {
        "lineId": number,
        "invoiceId": invoice,
        "lineType": line.type,
        "itemId": line.item,
        "description": line.text,
        "qty": str(line.qty),
        "net": money(net),
        "vat": money(gross - net),
        "gross": money(gross),
    }
    export.add("invoice_lines", row, patient.below)
    return number


@dataclass(frozen=True, slots=True, kw_only=True)
class Payment:
    """A payment before it has an id; pence."""

    date: str
    pence: int
    method: str = "card"
    status: str = "received"
    household: str = ""
    note: str = ""


def write_payment(
    export: Export, patient: Patient, payment: Payment, allocations: Sequence[tuple[str, int]] = ()
) -> str:
    """Write a payment and what it settles, as line id and pence; return its id."""
    number = export.number("payments")
    row = {
        "paymentId": number,
        "patientId": patient.id,
        "householdPaymentId": payment.household,
        "date": payment.date,
        "method": payment.method,
        "amount": money(payment.pence),
        "currency": patient.practice.currency,
        "status": payment.status,
        "note": payment.note,
    }
    export.add("payments", row, patient.below)
    for line, pence in allocations:
        export.add(
            "payment_allocations",
            {"paymentId": number, "lineId": line, "amount": money(pence)},
            patient.below,
        )
    return number


def write_adjustment(export: Export, patient: Patient, kind: str, pence: int, date: str) -> str:
    """Write an adjustment of the patient's balance; return its id."""
    number = export.number("adjustments")
    row = {
        "id": number,
        "patientId": patient.id,
        "type": kind,
        "amount": money(pence),
        "date": date,
        "note": f"{kind.replace('_', ' ')}, see ledger",
    }
    export.add("adjustments", row, patient.below)
    return number


@dataclass(frozen=True, slots=True, kw_only=True)
class Refund:
    """A refund before it has an id, of a payment, against a `treatment` or the `balance`; pence."""

    payment: str
    target: str
    pence: int
    date: str


def write_refund(export: Export, patient: Patient, refund: Refund, fate: Fate = READY) -> str:
    """Write a refund; return its id."""
    number = export.number("refunds")
    row = {
        "refundId": number,
        "paymentId": refund.payment,
        "target": refund.target,
        "amount": money(refund.pence),
        "date": refund.date,
    }
    export.add("refunds", row, patient.below if fate is READY else fate)
    return number


def write_instalments(
    export: Export, patient: Patient, start: str, monthly: Sequence[int], sign_off: str
) -> tuple[str, list[str]]:
    """Write an instalment plan and its instalments; unless approved, both wait for a person to sign."""
    number = export.number("instalment_plans")
    free = patient.below is READY and sign_off == "approved"
    row = {
        "planId": number,
        "patientId": patient.id,
        "total": money(sum(monthly)),
        "startDate": start,
        "months": str(len(monthly)),
        "mandateRef": f"SYN-MD-{int(number):05}",
        "status": "active",
        "signOffState": sign_off,
    }
    export.add("instalment_plans", row, patient.below if patient.below is not READY or free else SIGN_OFF)
    ids = []
    for at, pence in enumerate(monthly):
        due = months_later(start, at)
        ids.append(export.number("instalments"))
        part = {
            "instalmentId": ids[-1],
            "planId": number,
            "dueDate": due,
            "amount": money(pence),
            "status": "paid" if due < PAST_DAYS[-1] else "due",
        }
        export.add("instalments", part, patient.below if patient.below is not READY or free else BLOCKED)
    return number, ids


def _lines_for(rng: Random, items: Sequence[Item]) -> list[Line]:
    lines = [Line(type="treatment", text=i.procedure.name, pence=i.fee, item=i.id) for i in items]
    lines += [
        Line(type="discount", text=f"Discount, {i.procedure.name.lower()}", pence=-i.discount, item=i.id)
        for i in items
        if i.discount
    ]
    if rng.random() < 0.2:
        text, pence = rng.choice(SHOP)
        lines.append(Line(type="shop", text=text, pence=pence, qty=rng.randrange(1, 4)))
    return lines


_EXAM = Line(type="treatment", text="Examination", pence=5200)
_HYGIENE = Line(type="treatment", text="Scale and polish", pence=6800)


def write_random_money(
    rng: Random, export: Export, patient: Patient, items: list[Item], visits: list[tuple[str, str]]
) -> None:
    """Bill the completed items and some visits, then pay most of it."""
    done = [item for item in items if item.completed]
    if done:
        _bill(rng, export, patient, max(item.completed for item in done), _lines_for(rng, done))
    for _, day in visits:
        if rng.random() < 0.35:
            lines = [_EXAM, _HYGIENE] if rng.random() < 0.3 else [_EXAM]
            _bill(rng, export, patient, day, lines)
    if visits and rng.random() < 0.02:
        monthly = [rng.randrange(20, 90) * 100] * rng.randrange(3, 13)
        write_instalments(
            export, patient, visits[-1][1], monthly, rng.choice(("approved", "approved", "pending", ""))
        )
    if visits and rng.random() < 0.03:
        write_adjustment(
            export, patient, rng.choice(("correction", "write_off")), rng.randrange(1, 90) * 50, visits[-1][1]
        )


def _bill(rng: Random, export: Export, patient: Patient, day: str, lines: list[Line]) -> None:
    draw = rng.random()
    total = sum(line.pence * line.qty for line in lines)
    received = total if draw < 0.8 else total // 2 if draw < 0.88 else 0
    invoice = write_invoice(export, patient, day, lines, total - received)
    if draw >= 0.97:
        return
    status = "received" if received else rng.choice(("pending", "failed"))
    amount = received or total
    payment = Payment(date=day, pence=amount, method=rng.choice(METHODS), status=status)
    write_payment(export, patient, payment, _settle(invoice, amount) if received else ())


def _settle(invoice: Invoice, amount: int) -> list[tuple[str, int]]:
    """Share an amount out over the lines that are charges, first come first served."""
    shares = []
    for line, pence in invoice.lines:
        share = min(pence, amount)
        if share > 0:
            shares.append((line, share))
            amount -= share
    return shares
