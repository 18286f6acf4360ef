"""Control totals of the money: what the source says against what was read back, month by month.

Three kinds: `invoiced` by month of the invoice, `outstanding` likewise, `received` by month of the payment
and its method. The source's side is added up from what staging found, the other from the fields of the
deals alone; no value function of the mapping is asked, so that a mistake in one of them shows here.
"""

import html
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation

from wherry.model.diff import Observed
from wherry.model.record import Record, Value

INVOICED, OUTSTANDING, RECEIVED = "invoiced", "outstanding", "received"
LABELS = ("Invoice Date", "Invoice Currency", "Outstanding Balance", "Payments")
_PAYMENT = re.compile(
    r"(?P<day>[\d-]*) \| (?P<method>.*) \| (?P<amount>-?\d+\.\d\d) (?P<code>\w*) \| payment \S+"
)


@dataclass(frozen=True, slots=True, order=True)
class Cell:
    """What one control total is about; `month` is YYYY-MM, or empty where the day is not known."""

    kind: str
    month: str
    currency: str
    method: str = ""


@dataclass(slots=True)
class Sum:
    """How many amounts, and what they come to."""

    count: int = 0
    amount: Decimal = Decimal(0)

    def add(self, amount: Decimal) -> None:
        """Add one amount."""
        self.count += 1
        self.amount += amount


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One control total on both sides."""

    cell: Cell
    source: Sum
    found: Sum

    @property
    def equal(self) -> bool:
        """Whether both sides say the same: as many amounts, and the same sum."""
        return self.source == self.found


@dataclass(slots=True, kw_only=True)
class ControlTotals:
    """Both sides, grown invoice by invoice; `names` are the API names of the deal's fields by their label."""

    names: Mapping[str, str]
    source: dict[Cell, Sum] = field(default_factory=dict)
    found: dict[Cell, Sum] = field(default_factory=dict)

    def add(self, invoice: Record, deal: Observed | None) -> None:
        """Add an invoice that landed, and the deal that was read back for it, where one was."""
        for cell, amount in of_invoice(invoice):
            self.source.setdefault(cell, Sum()).add(amount)
        for cell, amount in self._of_deal(deal) if deal is not None and not deal.deleted else ():
            self.found.setdefault(cell, Sum()).add(amount)

    @property
    def lines(self) -> tuple[Line, ...]:
        """Return every control total, in order."""
        return tuple(
            Line(cell=cell, source=self.source.get(cell, Sum()), found=self.found.get(cell, Sum()))
            for cell in sorted({*self.source, *self.found})
        )

    @property
    def equal(self) -> bool:
        """Whether all of them are equal on both sides."""
        return all(line.equal for line in self.lines)

    def _of_deal(self, deal: Observed) -> Iterator[tuple[Cell, Decimal]]:
        date, code, owed, payments = (deal.fields.get(self.names.get(label, "")) for label in LABELS)
        month, currency = str(date or "")[:7], str(code or "").strip()
        yield Cell(INVOICED, month, currency), _decimal(deal.fields.get("amount"))
        yield Cell(OUTSTANDING, month, currency), _decimal(owed)
        yield from _sums(_payments(str(payments or "")))


def of_invoice(invoice: Record) -> Iterator[tuple[Cell, Decimal]]:
    """Yield what the source says of one invoice: its total, what is owed, and each payment that settles it."""
    currency = str(invoice.values.get("currency") or "").strip()
    month, total = _month(invoice.values.get("date")), _decimal(invoice.values.get("total"))
    paid = invoice.facts.get("paid")
    rows = [json.loads(text) for text in paid if isinstance(text, str)] if isinstance(paid, tuple) else []
    settled = sum((_decimal(row[4]) for row in rows), Decimal(0)) + _decimal(invoice.facts.get("adjusted"))
    yield Cell(INVOICED, month, currency), total
    yield Cell(OUTSTANDING, month, currency), total - settled
    yield from _sums(
        (row[0], Cell(RECEIVED, row[1][:7], row[3] or currency, _word(row[2])), _decimal(row[4]))
        for row in rows
    )


def _payments(text: str) -> Iterator[tuple[str, Cell, Decimal]]:
    for place, line in enumerate(html.unescape(text).splitlines()):
        hit = _PAYMENT.fullmatch(line.strip())
        if hit is not None:
            cell = Cell(RECEIVED, hit["day"][:7], hit["code"], _word(hit["method"]))
            yield str(place), cell, _decimal(hit["amount"])


def _sums(rows: Iterator[tuple[str, Cell, Decimal]]) -> Iterator[tuple[Cell, Decimal]]:
    """Yield each payment once, whatever number of lines it settles."""
    sums: dict[tuple[str, Cell], Decimal] = {}
    for payment, cell, amount in rows:
        sums[payment, cell] = sums.get((payment, cell), Decimal(0)) + amount
    for (_payment, cell), amount in sums.items():
        yield cell, amount


def _word(text: str) -> str:
    return " ".join(text.split()).casefold()


def _month(value: Value) -> str:
    return str(value or "")[:7]


def _decimal(value: object) -> Decimal:
    """Return an amount; nothing, and what is no number, count as nothing."""
    try:
        found = Decimal(str(value)) if value not in (None, "") else Decimal(0)
    except InvalidOperation:
        return Decimal(0)
    return found.quantize(Decimal("0.01")) if found.is_finite() else Decimal(0)
