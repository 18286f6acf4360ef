"""Whatever a ledger holds: the balance of every invoice equals one that is worked out another way, penny by penny."""

import csv
import hashlib
import io
import json
import shutil
import tempfile
from collections import defaultdict
from decimal import Decimal
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from wherry.connectors.aerona import open_bundle
from wherry.mapping.transforms.money import balance
from wherry.model.diff import Observed
from wherry.model.record import Key, Record
from wherry.reconcile.control import INVOICED, OUTSTANDING, RECEIVED, ControlTotals, of_invoice
from wherry.staging import stage

PENCE = st.integers(0, 30_000)
DAYS = st.sampled_from(["2026-01-31", "2026-02-01", "2026-02-28"])
LINES = st.lists(
    st.tuples(st.sampled_from(["treatment", "shop", "discount", "adjustment", "opening_balance"]), PENCE),
    max_size=4,
)


@st.composite
def ledgers(draw: st.DrawFn) -> dict[str, list[dict[str, Any]]]:
    """A ledger of two patients whose allocations never exceed their payment."""
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    found["patients"] = [
        {"patientId": n, "lastName": f"Ash{n}", "practiceId": 1, "status": "active"} for n in (1, 2)
    ]
    for number in range(1, draw(st.integers(1, 4)) + 1):
        lines = [(kind, -pence if kind == "discount" else pence) for kind, pence in draw(LINES)]
        for kind, pence in lines:
            line = {
                "lineId": len(found["invoice_lines"]) + 1,
                "invoiceId": number,
                "lineType": kind,
                "qty": 1,
            }
            found["invoice_lines"].append({**line, "net": pence, "vat": 0, "gross": pence})
        found["invoices"].append(
            {
                "invoiceId": number,
                "patientId": draw(st.sampled_from([1, 2])),
                "date": draw(DAYS),
                "currency": "GBP",
                "total": sum(pence for _, pence in lines),
            }
        )
    for number in range(1, draw(st.integers(0, 4)) + 1):
        _payment(draw, number, found)
    kinds = st.sampled_from(["correction", "write_off", "third_party", "bad_debt"])
    for number in range(1, draw(st.integers(0, 3)) + 1):
        row = {"id": number, "patientId": draw(st.sampled_from([1, 2])), "type": draw(kinds)}
        found["adjustments"].append({**row, "amount": draw(st.sampled_from([1, -1])) * draw(PENCE)})
    return found


def _payment(draw: st.DrawFn, number: int, found: dict[str, list[dict[str, Any]]]) -> None:
    lines = [row["lineId"] for row in found["invoice_lines"]]
    chosen = draw(st.lists(st.sampled_from(lines), unique=True, max_size=3)) if lines else []
    shares = [draw(PENCE) for _ in chosen]
    found["payments"].append(
        {
            "paymentId": number,
            "patientId": 1,
            "date": draw(DAYS),
            "method": draw(st.sampled_from(["card", "cash"])),
            "amount": sum(shares) + draw(PENCE),
            "currency": "GBP",
            "status": draw(st.sampled_from(["received", "refunded", "pending", "cancelled", "failed"])),
        }
    )
    for line, pence in zip(chosen, shares, strict=True):
        found["payment_allocations"].append({"paymentId": number, "lineId": line, "amount": pence})
    if draw(st.booleans()):
        row = {
            "refundId": number,
            "paymentId": number,
            "target": draw(st.sampled_from(["treatment", "balance"])),
        }
        found["refunds"].append({**row, "amount": draw(PENCE)})


def owed(ledger: dict[str, list[dict[str, Any]]]) -> dict[int, int]:
    """Work the balances out in pence, payment by payment, without any SQL."""
    of_line = {row["lineId"]: row["invoiceId"] for row in ledger["invoice_lines"]}
    left = {row["invoiceId"]: row["total"] for row in ledger["invoices"]}
    for payment in ledger["payments"]:
        if payment["status"] not in {"received", "refunded"}:
            continue
        own = [row for row in ledger["refunds"] if row["paymentId"] == payment["paymentId"]]
        own = [row for row in own if row["target"] == "treatment"]
        back = sum(row["amount"] for row in own)
        given_ = [row for row in ledger["payment_allocations"] if row["paymentId"] == payment["paymentId"]]
        for row in sorted(given_, key=lambda row: -row["lineId"]):
            taken = row["amount"] if payment["status"] == "refunded" and not own else min(back, row["amount"])
            back -= min(back, row["amount"])
            left[of_line[row["lineId"]]] -= row["amount"] - taken
    for patient in (1, 2):
        rows = [
            row for row in ledger["adjustments"] if row["patientId"] == patient and row["type"] != "bad_debt"
        ]
        credit = sum(abs(row["amount"]) for row in rows)
        for invoice in sorted(ledger["invoices"], key=lambda row: (row["date"], row["invoiceId"])):
            if invoice["patientId"] == patient:
                part = min(credit, max(0, left[invoice["invoiceId"]]))
                left[invoice["invoiceId"]] -= part
                credit -= part
    return left


MONEY = {"total", "net", "vat", "gross", "amount"}


def staged(ledger: dict[str, list[dict[str, Any]]], folder: Path) -> list[Record]:
    files = {
        "practices": [{"practiceId": 1, "name": "Ashmere", "timeZone": "Europe/London", "currency": "GBP"}],
        **ledger,
    }
    listed = []
    (folder / "bundle").mkdir()
    for stream, rows in files.items():
        if not rows:
            continue
        text = io.StringIO()
        writer = csv.DictWriter(text, list(rows[0]))
        writer.writeheader()
        writer.writerows(
            {name: f"{Decimal(value) / 100:.2f}" if name in MONEY else value for name, value in row.items()}
            for row in rows
        )
        data = text.getvalue().encode()
        (folder / "bundle" / f"{stream}.csv").write_bytes(data)
        listed.append(
            {"name": f"{stream}.csv", "rows": len(rows), "sha256": hashlib.sha256(data).hexdigest()}
        )
    manifest = {
        "format": "aerona-bundle",
        "version": 1,
        "tenant": "t",
        "exported_at": "2026-10-02T19:40:00+01:00",
    }
    manifest |= {"tz": "Europe/London", "currency": "GBP", "date_format": "yyyy-mm-dd", "files": listed}
    (folder / "bundle" / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    with open_bundle(folder / "bundle") as bundle:
        snapshot = stage(bundle, folder / "snapshots")
    try:
        return list(snapshot.read("invoices"))
    finally:
        snapshot.close()


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(ledger=ledgers())
def test_every_balance_and_every_total_is_what_it_must_be(ledger: dict[str, list[dict[str, Any]]]) -> None:
    folder = Path(tempfile.mkdtemp())
    try:
        records = staged(ledger, folder)
    finally:
        shutil.rmtree(folder)
    expected = owed(ledger)
    assert {int(record.key.id): balance(record) for record in records} == {
        key: Decimal(pence) / 100 for key, pence in expected.items()
    }
    cells = [pair for record in records for pair in of_invoice(record)]
    sums = {
        kind: sum((amount for cell, amount in cells if cell.kind == kind), Decimal(0))
        for kind in (INVOICED, OUTSTANDING, RECEIVED)
    }
    adjusted = sum((Decimal(str(record.facts["adjusted"])) for record in records), Decimal(0))
    assert sums[INVOICED] == sums[OUTSTANDING] + sums[RECEIVED] + adjusted
    totals = ControlTotals(names={})
    for record in records:
        totals.add(record, None)
    assert sum((line.source.amount for line in totals.lines), Decimal(0)) == sum(sums.values(), Decimal(0))
    assert totals.equal is False  # nothing was read back


def test_a_deal_is_added_up_from_its_own_fields() -> None:
    names = {"Invoice Date": "d", "Invoice Currency": "c", "Outstanding Balance": "o", "Payments": "p"}
    totals = ControlTotals(names=names)
    text = "2026-02-01 | card | 7.50 GBP | payment 4\n2026-03-01 | Bank | Transfer | 2.50 GBP | payment 5"
    fields = {"amount": "12.5", "d": "2026-01-31T00:00:00Z", "c": "GBP", "o": "2.5", "p": text}
    deal = Observed(stream="deals", id=1, fields=fields, links={})

    totals.add(Record(key=Key("invoices", "1"), values={}), deal)
    found = {
        (line.cell.kind, line.cell.month, line.cell.method): line.found.amount
        for line in totals.lines
        if line.found.count
    }
    assert found == {
        (INVOICED, "2026-01", ""): Decimal("12.50"),
        (OUTSTANDING, "2026-01", ""): Decimal("2.50"),
        (RECEIVED, "2026-02", "card"): Decimal("7.50"),
        (RECEIVED, "2026-03", "bank | transfer"): Decimal("2.50"),
    }
