"""Invoices: their name, stage, balance and text, and the products that stand for their lines.

What other records say of an invoice stands in its facts; see staging/money.py for their names.
"""

import json
from collections.abc import Iterator, Mapping
from decimal import Decimal

from wherry.mapping.ask import Ask, Outcome, Problem, rows_of
from wherry.mapping.coerce import day_of, decimal_of, one_line, text_of, whole_of
from wherry.mapping.transforms.registry import transform
from wherry.mapping.transforms.scalars import in_choices, number_of
from wherry.mapping.values import translate
from wherry.model.catalog import FieldType
from wherry.model.jsons import Json
from wherry.model.record import Record

PAID, PART_PAID, UNPAID, VOID = "Paid", "Part paid", "Unpaid", "Void"
WON, LOST = "Closed Won", "Closed Lost"
_CLOSED_AS = {PAID: WON, VOID: LOST}


def fact_rows(record: Record, name: str) -> Iterator[list[str]]:
    """Yield the rows of a fact that is a list of JSON texts; whatever is no such row is left out."""
    found = record.facts.get(name)
    for text in found if isinstance(found, tuple) else ():
        try:
            row = json.loads(text)
        except ValueError:
            continue
        if isinstance(row, list):
            yield [str(cell) for cell in row]


def balance(record: Record) -> Decimal | None:
    """Return what is still owed on an invoice: its total less what payments and adjustments settle of it.

    Negative for a credit; None where the invoice has no readable total.
    """
    total = decimal_of(record.values.get("total"))
    if total is None:
        return None
    settled = sum(
        (decimal_of(row[4]) or Decimal(0) for row in fact_rows(record, "paid") if len(row) > 4), Decimal(0)
    )
    return total - settled - (decimal_of(record.facts.get("adjusted")) or Decimal(0))


def status_of(ask: Ask) -> str | Problem:
    """Return the payment status by `args.values` and the table `invoice_status`; a blank one follows the balance."""
    word = text_of(ask.of("status"))
    if word:
        return translate("invoice_status", word, own=ask.table("values"), reason="unmapped_status")
    owed, total = balance(ask.record), decimal_of(ask.of("total"))
    if owed is None or total is None:
        return Problem(reason="invalid_amount", detail="the invoice has neither a status nor a total")
    if owed <= 0:
        return PAID
    return UNPAID if owed == total else PART_PAID


def _pipeline(ask: Ask) -> int | None:
    rows = list(rows_of(ask.context.destination, "deal_pipelines"))
    wanted = ask.arg("pipeline").strip().casefold()
    named = [row for row in rows if wanted and text_of(row.get("name")).casefold() == wanted]
    if wanted and not named:
        return None
    usual = [row for row in rows if row.get("is_default") is True]
    return next((whole_of(row.get("id")) for row in (*named, *usual, *rows)), None)


@transform()
def deal_name(ask: Ask) -> Outcome:
    """The name of the treatment plan that staging found for the invoice; without one, `Invoice` and its number."""
    return one_line(ask.record.facts.get("plan_name")) or f"Invoice {text_of(ask.first)}"


@transform(gives=FieldType.DROPDOWN, compare="choice", args=("values",), sources=(1, 3), always=True)
def payment_status(ask: Ask) -> Outcome:
    """Paid, part paid, unpaid or void, by `args.values` and a reviewed table; a blank status follows the balance."""
    found = status_of(ask)
    return found if isinstance(found, Problem) else in_choices(ask, found, "invoice_status")


@transform(gives=FieldType.REFERENCE, args=("pipeline",), sources=(0, 0))
def deal_pipeline(ask: Ask) -> Outcome:
    """The id of the pipeline named `args.pipeline`, else of the account's default one."""
    found = _pipeline(ask)
    if found is None and ask.arg("pipeline"):
        return Problem(
            reason="pipeline_missing", hint="create the pipeline there, or name another under args"
        )
    return found


@transform(gives=FieldType.REFERENCE, args=("pipeline", "stages", "values"), sources=(1, 3))
def deal_stage(ask: Ask) -> Outcome:
    """The id of the pipeline's stage for the payment status, by the table `args.stages`.

    Where the pipeline has no stage of that name: its won stage for what is paid, its lost one for what is
    void, its first open one for everything else.
    """
    status = status_of(ask)
    if isinstance(status, Problem):
        return status
    pipeline = _pipeline(ask)
    rows = [
        row
        for row in rows_of(ask.context.destination, "deal_stages")
        if row.get("deal_pipeline_id") == pipeline
    ]
    wanted = ask.table("stages").get(status, "").strip().casefold()
    named = [row for row in rows if wanted and text_of(row.get("name")).casefold() == wanted]
    fitting = [row for row in rows if _fits(row, status)]
    return next((whole_of(row.get("id")) for row in (*named, *fitting)), None)


def _fits(row: Mapping[str, Json], status: str) -> bool:
    forecast = row.get("forecast_type")
    wanted = _CLOSED_AS.get(status)
    return forecast == wanted if wanted else forecast not in (WON, LOST)


@transform(gives=FieldType.DATE, compare="date", args=("values",), sources=(1, 3))
def paid_on(ask: Ask) -> Outcome:
    """The day on which a paid invoice was settled: that of its last payment, else its own; blank for others."""
    if status_of(ask) != PAID:
        return None
    days = [day for row in fact_rows(ask.record, "paid") if len(row) > 1 and (day := day_of(row[1]))]
    found = max(days, default=None) or day_of(ask.of("date"))
    return found.isoformat() if found else None


@transform(gives=FieldType.MONEY, compare="number", sources=(1, 9), always=True)
def outstanding_balance(ask: Ask) -> Outcome:
    """What is still owed: the total less what received payments settle of it, refunds back in, less adjustments."""
    owed = balance(ask.record)
    return Problem(reason="invalid_amount") if owed is None else number_of(owed)


@transform(gives=FieldType.MONEY, compare="number", sources=(0, 9), args=("fact",))
def amount_of_fact(ask: Ask) -> Outcome:
    """The amount that staging found under `args.fact`; blank where it is nothing."""
    found = decimal_of(ask.record.facts.get(ask.arg("fact")))
    return number_of(found) if found else None


@transform(gives=FieldType.REFERENCE)
def currency(ask: Ask) -> Outcome:
    """The id of the account's active currency of that code; left out where it has none."""
    code = text_of(ask.first).casefold()
    for row in rows_of(ask.context.destination, "currencies"):
        if (
            code
            and text_of(row.get("currency_code")).casefold() == code
            and row.get("is_active") is not False
        ):
            return whole_of(row.get("id"))
    return None


@transform(gives=FieldType.TEXTAREA, compare="text", sources=(1, 9))
def invoice_lines_text(ask: Ask) -> Outcome:
    """The invoice's lines, one a line of text: number, type, code, quantity, net, VAT and gross."""
    lines = []
    for row in fact_rows(ask.record, "lines"):
        number, kind, code, quantity, net, vat, gross = (*row, *[""] * 7)[:7]
        kind = kind.replace("_", " ")
        what = kind if code in ("", row[1]) else f"{kind} {code}"
        amounts = (("net", net), ("VAT", vat), ("gross", gross))
        told = ", ".join(f"{name} {amount}" for name, amount in amounts if amount)
        lines.append(f"Line {number}: {quantity or 1} × {what}: {told}")
    return "\n".join(lines) or None


@transform(gives=FieldType.TEXTAREA, compare="text", sources=(1, 9))
def line_descriptions(ask: Ask) -> Outcome:
    """What the invoice's lines say in words, one a line of text behind the line's number."""
    rows = (row for row in fact_rows(ask.record, "descriptions") if len(row) == 2)
    return "\n".join(f"Line {number}: {one_line(text)}" for number, text in rows) or None


@transform(gives=FieldType.TEXTAREA, compare="text", sources=(1, 9))
def payments_text(ask: Ask) -> Outcome:
    """What settles the invoice, one payment a line: date, method, amount, currency, the payment's number."""
    return "\n".join(payment_lines(ask.record)) or None


def payment_lines(record: Record) -> list[str]:
    """Return a line for each payment: `2026-05-02 | card | 20.00 GBP | payment 6`; amounts of one add up."""
    sums: dict[tuple[str, str, str, str], Decimal] = {}
    for payment, day, method, code, amount in (row for row in fact_rows(record, "paid") if len(row) == 5):
        key = (day, one_line(method), code or text_of(record.values.get("currency")), payment)
        sums[key] = sums.get(key, Decimal(0)) + (decimal_of(amount) or Decimal(0))
    return [
        f"{day} | {method} | {amount:.2f} {code} | payment {id_}"
        for (day, method, code, id_), amount in sums.items()
    ]


@transform(gives=FieldType.GROUP, compare="exact", sources=(0, 9))
def deal_product_rows(ask: Ask) -> Outcome:
    """The products of the invoice: code, quantity and price of each; lines of one code make one product."""
    found: list[Json] = []
    for code, given, amount in (row for row in fact_rows(ask.record, "products") if len(row) == 3):
        quantity, total = decimal_of(given) or Decimal(1), decimal_of(amount) or Decimal(0)
        price = total / quantity
        if price != round(price, 4):  # no price that multiplies up exactly: one piece at the whole price
            quantity, price = Decimal(1), total
        row: dict[str, Json] = {"code": code}
        for name, value in (("quantity", quantity), ("unit_price", round(price, 4))):
            number = number_of(value)
            if isinstance(number, Problem) or number is None:
                return number
            row[name] = number if isinstance(number, int | float) else 0
        found.append(row)
    return found or None


@transform(gives=FieldType.MONEY, compare="number", sources=(0, 9))
def deal_amount(ask: Ask) -> Outcome:
    """The invoice's total, to be set again once products are attached: attaching them overwrites it."""
    found = decimal_of(ask.record.facts.get("total"))
    return number_of(found) if found is not None else Problem(reason="invalid_amount")


@transform(sources=(1, 1), args=("text",))
def text_with(ask: Ask) -> Outcome:
    """The value behind the words `args.text`."""
    found = one_line(ask.first)
    return f"{ask.arg('text')} {found}".strip() if found else None
