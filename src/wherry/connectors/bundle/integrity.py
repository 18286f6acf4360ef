"""How the streams of an export hang together, as data that staging decides with."""

from wherry.model.ports import Check, Integrity, Merges, Parent
from wherry.model.record import Fate

_PARENTS = (
    Parent(stream="clinicians", field="practiceId", parent="practices", reason="unknown_practice", required=False),
    Parent(stream="patients", field="practiceId", parent="practices", reason="unknown_practice", required=False),
    Parent(stream="appointments", field="patientId", parent="patients"),
    Parent(stream="appointments", field="practiceId", parent="practices", reason="unknown_practice", required=False),
    Parent(stream="treatment_plans", field="patientId", parent="patients"),
    Parent(stream="treatment_items", field="planId", parent="treatment_plans"),
    Parent(stream="clinical_notes", field="patientId", parent="patients"),
    Parent(stream="medical_flags", field="patientId", parent="patients"),
    Parent(stream="invoices", field="patientId", parent="patients"),
    Parent(stream="invoice_lines", field="invoiceId", parent="invoices"),
    Parent(stream="payments", field="patientId", parent="patients"),
    Parent(stream="payment_allocations", field="paymentId", parent="payments"),
    Parent(stream="payment_allocations", field="lineId", parent="invoice_lines"),
    Parent(stream="adjustments", field="patientId", parent="patients"),
    Parent(stream="refunds", field="paymentId", parent="payments"),
    Parent(stream="instalment_plans", field="patientId", parent="patients"),
    Parent(stream="instalments", field="planId", parent="instalment_plans"),
    Parent(stream="recalls", field="patientId", parent="patients"),
    Parent(stream="documents", field="patientId", parent="patients"),
)  # fmt: skip

_UNMAPPED_STATUS = """
SELECT a._seq FROM appointments a
LEFT JOIN appointment_statuses s
  ON s._key = a.appointmentStatusId AND s._fate = 'ready' AND s.canonical IS NOT NULL
WHERE s._key IS NULL"""

# A total is right when it is the sum of its lines without VAT, or with it. Doubled rows count once.
_TOTAL_MISMATCH = """
WITH sums AS (
  SELECT invoiceId, sum(CAST(net AS DECIMAL(18, 2))) AS net,
         sum(CAST(coalesce(gross, net) AS DECIMAL(18, 2))) AS gross, count(*) - count(net) AS unread
  FROM invoice_lines WHERE _fate <> 'filtered' GROUP BY invoiceId)
SELECT i._seq FROM invoices i LEFT JOIN sums s ON s.invoiceId = i._key
WHERE s.unread > 0
   OR coalesce(CAST(i.total AS DECIMAL(18, 2)), 0) NOT IN (coalesce(s.net, 0), coalesce(s.gross, 0))"""

_OVER_ALLOCATED = """
WITH sums AS (
  SELECT paymentId, sum(CAST(amount AS DECIMAL(18, 2))) AS allocated
  FROM payment_allocations WHERE _fate <> 'filtered' GROUP BY paymentId)
SELECT p._seq FROM payments p JOIN sums s ON s.paymentId = p._key
WHERE s.allocated > coalesce(CAST(p.amount AS DECIMAL(18, 2)), 0)"""

_FOREIGN_CURRENCY = """
SELECT r._seq FROM {stream} r
JOIN patients p ON p._key = r.patientId JOIN practices c ON c._key = p.practiceId
WHERE r.currency <> c.currency"""


def _currency(stream: str) -> Check:
    return Check(
        stream=stream,
        sql=_FOREIGN_CURRENCY.format(stream=stream),
        reason="currency_mismatch",
        field="currency",
        detail="currency is not that of the patient's practice",
    )


_CHECKS = (
    Check(
        stream="appointments",
        sql=_UNMAPPED_STATUS,
        reason="unmapped_status",
        field="appointmentStatusId",
        detail="appointmentStatusId is no status whose meaning is declared in appointment_statuses.csv",
    ),
    _currency("invoices"),
    _currency("payments"),
    Check(
        stream="invoices",
        sql=_TOTAL_MISMATCH,
        reason="total_mismatch",
        field="total",
        detail="total is not the sum of the invoice's lines",
    ),
    Check(
        stream="payments",
        sql=_OVER_ALLOCATED,
        reason="over_allocated",
        field="amount",
        detail="more is allocated than was paid",
    ),
    Check(
        stream="patients",
        sql="SELECT _seq FROM patients WHERE status = 'deceased'",
        reason="deceased",
        fate=Fate.FILTERED,
        field="status",
        detail="the patient has died",
    ),
    Check(
        stream="instalment_plans",
        sql="SELECT _seq FROM instalment_plans WHERE signOffState IS DISTINCT FROM 'approved'",
        reason="sign_off_required",
        fate=Fate.DEFERRED,
        field="signOffState",
        detail="the schedule waits for a person's signature",
        late=True,
    ),
)

INTEGRITY = Integrity(
    parents=_PARENTS,
    merges=(Merges(stream="patients", table="merges", duplicate="duplicateId", master="masterId"),),
    checks=_CHECKS,
)
"""Parents stand before their children, so that one pass hands every fate on."""
