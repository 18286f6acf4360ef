"""What an invoice comes to once payments, refunds and adjustments are shared out, and what its lines are there.

Facts on every invoice that may move (names are part of the contract with mapping; amounts as text, exact):
`lines` one JSON text a line: [id, type, code, quantity, net, vat, gross]; `descriptions` [id, description];
`paid` one JSON text per payment and line that it settles: [payment id, date, method, currency, amount];
`adjusted` what adjustments take off it; `plan_name` of the treatment plan that it is named after;
`owner_key` the plan's clinician, else the one whom the patient prefers; `practice_key` the patient's.

Facts on every line: `carrier` the line of its invoice that carries all products, where it is one of them;
`patient_key`; `total` the invoice's; and on the carrier `products`, one JSON text a product: [code, quantity, amount], and `codes`.
"""

# ruff: noqa: S608 - names and literals in SQL are quoted by layout.py; DuckDB cannot bind identifiers

from wherry.staging.layout import quoted
from wherry.staging.relations import NUMBER
from wherry.staging.workbench import Workbench

STREAMS = (
    "patients", "treatment_plans", "treatment_items", "invoices", "invoice_lines", "payments",
    "payment_allocations", "adjustments", "refunds", "procedures",
)  # fmt: skip
PRODUCT_TYPES = "('treatment', 'shop')"  # the others are discounts, corrections, balances: no goods
LOWERING = "('correction', 'write_off', 'third_party')"  # bad debt is still owed
_MONEY = "DECIMAL(18, 2)"
_STEPS = ("charge", "settled", "owing", "share", "named", "product")


def settle_money(bench: Workbench) -> None:
    """Write the facts of invoices and their lines, and the stream of procedures that are billed; plans come first.

    A payment counts once it was received. A refund against a treatment takes back what the payment settled,
    its last lines first; a payment said to be refunded without any such refund settles nothing. Adjustments
    of a patient settle the oldest invoices first. Types decide what an amount does, its sign does not.
    """
    if any(name not in bench.layouts for name in STREAMS) or "invoices" not in bench.filled:
        return
    _charges(bench)
    _settled(bench)
    _adjusted(bench)
    _named(bench)
    _products(bench)
    _write_invoices(bench)
    _write_lines(bench)
    _write_procedures(bench)
    for name in _STEPS:
        bench.run(f"DROP TABLE {name}")


def _moves(alias: str) -> str:
    """Records that move, and those that a policy may let in together with their parent."""
    return f"({alias}._fate = 'ready' OR {alias}._via IS NOT NULL)"


def _amount(bench: Workbench, stream: str, field: str, alias: str) -> str:
    return f"coalesce(TRY_CAST({bench.layouts[stream].sql(field, alias)} AS {_MONEY}), 0)"


def _charges(bench: Workbench) -> None:
    """One row a line: its code, quantity and amount, with VAT where the invoice's total holds it."""
    line, item = bench.layouts["invoice_lines"], bench.layouts["treatment_items"]
    net, gross = line.sql("net", "l"), f"coalesce({line.sql('gross', 'l')}, {line.sql('net', 'l')})"
    quantity = f"TRY_CAST({line.sql('qty', 'l')} AS DECIMAL(18, 4))"
    bench.run(
        f"""
        CREATE OR REPLACE TEMP TABLE charge AS
        SELECT l._seq AS seq, l._key AS id, {NUMBER.format(key="l._key")} AS n, v._key AS invoice,
               {bench.layouts["invoices"].sql("patientId", "v")} AS patient, {line.sql("lineType", "l")} AS type,
               coalesce(nullif(trim({item.sql("code", "i")}), ''), {line.sql("lineType", "l")}) AS code,
               CASE WHEN {quantity} > 0 THEN {quantity} ELSE 1 END AS quantity,
               CAST(CASE WHEN sum(TRY_CAST({gross} AS {_MONEY})) OVER (PARTITION BY v._key)
                         = {_amount(bench, "invoices", "total", "v")} THEN {gross} ELSE {net} END AS {_MONEY}) AS amount,
               l._fate AS fate, l._via AS via
        FROM invoice_lines l
        JOIN invoices v ON v._key = {line.sql("invoiceId", "l")} AND {_moves("v")}
        LEFT JOIN treatment_items i ON i._key = {line.sql("itemId", "l")}
        WHERE {_moves("l")}
        """
    )


def _settled(bench: Workbench) -> None:
    """One row per payment and line: what the payment still settles of it."""
    pay, allocation = bench.layouts["payments"], bench.layouts["payment_allocations"]
    bench.run(
        f"""
        CREATE OR REPLACE TEMP TABLE settled AS
        WITH back AS (
          SELECT {bench.layouts["refunds"].sql("paymentId", "r")} AS payment,
                 sum(abs({_amount(bench, "refunds", "amount", "r")})) AS amount
          FROM refunds r WHERE {_moves("r")} AND {bench.layouts["refunds"].sql("target", "r")} = 'treatment' GROUP BY 1),
        given AS (
          SELECT a._key AS id, {allocation.sql("paymentId", "a")} AS payment, {allocation.sql("lineId", "a")} AS line,
                 {_amount(bench, "payment_allocations", "amount", "a")} AS amount
          FROM payment_allocations a WHERE {_moves("a")}),
        ordered AS (
          SELECT *, sum(amount) OVER (PARTITION BY payment ORDER BY {NUMBER.format(key="line")} DESC NULLS FIRST,
                 line DESC ROWS UNBOUNDED PRECEDING) - amount AS later FROM given)
        SELECT c.invoice, p._key AS payment, {NUMBER.format(key="p._key")} AS n, c.id AS line, {pay.sql("date", "p")} AS day,
               {pay.sql("method", "p")} AS method, {pay.sql("currency", "p")} AS currency,
               CAST(o.amount - CASE
                 WHEN b.amount IS NULL THEN CASE WHEN {pay.sql("status", "p")} = 'refunded' THEN o.amount ELSE 0 END
                 ELSE least(o.amount, greatest(0, b.amount - o.later)) END AS {_MONEY}) AS amount
        FROM ordered o JOIN charge c ON c.id = o.line
        JOIN payments p ON p._key = o.payment AND {_moves("p")} AND {pay.sql("status", "p")} IN ('received', 'refunded')
        LEFT JOIN back b ON b.payment = o.payment
        """
    )


def _adjusted(bench: Workbench) -> None:
    """One row an invoice that adjustments of its patient settle, oldest first."""
    invoice, adjustment = bench.layouts["invoices"], bench.layouts["adjustments"]
    bench.run(
        f"""
        CREATE OR REPLACE TEMP TABLE owing AS
        SELECT v._key AS invoice, {invoice.sql("patientId", "v")} AS patient, {invoice.sql("date", "v")} AS day,
               {NUMBER.format(key="v._key")} AS n,
               greatest(0, {_amount(bench, "invoices", "total", "v")} - coalesce(s.paid, 0)) AS amount
        FROM invoices v LEFT JOIN (SELECT invoice, sum(amount) AS paid FROM settled GROUP BY 1) s ON s.invoice = v._key
        WHERE {_moves("v")}
        """
    )
    bench.run(
        f"""
        CREATE OR REPLACE TEMP TABLE share AS
        WITH off AS (
          SELECT {adjustment.sql("patientId", "a")} AS patient,
                 sum(abs({_amount(bench, "adjustments", "amount", "a")})) AS amount
          FROM adjustments a WHERE {_moves("a")} AND {adjustment.sql("type", "a")} IN {LOWERING} GROUP BY 1),
        ordered AS (
          SELECT *, sum(amount) OVER (PARTITION BY patient ORDER BY day NULLS LAST, n, invoice
                 ROWS UNBOUNDED PRECEDING) - amount AS before FROM owing)
        SELECT o.invoice, CAST(least(o.amount, greatest(0, f.amount - o.before)) AS {_MONEY}) AS amount
        FROM ordered o JOIN off f USING (patient)
        """
    )


def _named(bench: Workbench) -> None:
    """One row an invoice: the plan that it is named after, its clinician and practice.

    That is the patient's active plan, else the one that the invoice's own lines bill: see plans.py.
    """
    invoice, plan, people = (bench.layouts[name] for name in ("invoices", "treatment_plans", "patients"))
    bench.run(
        f"""
        CREATE OR REPLACE TEMP TABLE named AS
        SELECT v._key AS invoice, {plan.sql("name", "t")} AS name,
               coalesce({plan.sql("userId", "t")}, {people.sql("preferredClinicianId", "p")}) AS clinician,
               {people.sql("practiceId", "p")} AS practice
        FROM invoices v
        LEFT JOIN patients p ON p._key = {invoice.sql("patientId", "v")}
        LEFT JOIN treatment_plans t ON {_moves("t")} AND t._key = coalesce(
          nullif(json_extract_string(p._facts, '$.plan_key'), ''), json_extract_string(v._facts, '$.plan_key'))
        WHERE {_moves("v")}
        """
    )


def _products(bench: Workbench) -> None:
    """One row per invoice and product; a code whose lines come to less than nothing is none."""
    bench.run(
        f"""
        CREATE OR REPLACE TEMP TABLE product AS
        SELECT invoice, code, sum(quantity) AS quantity, sum(amount) AS amount, arg_min(id, (n, id)) AS first,
               min(n) AS n FROM charge
        WHERE type IN {PRODUCT_TYPES} GROUP BY 1, 2 HAVING sum(amount) >= 0
        """
    )


def _write_invoices(bench: Workbench) -> None:
    line = bench.layouts["invoice_lines"]
    row = ", ".join(
        f"coalesce({one}, '')"
        for one in (
            "c.id",
            "c.type",
            "c.code",
            *(line.sql(name, "l") for name in ("qty", "net", "vat", "gross")),
        )
    )
    paid = (
        "s.payment, coalesce(s.day, ''), coalesce(s.method, ''), coalesce(s.currency, ''), s.amount::VARCHAR"
    )
    bench.run(
        f"""
        UPDATE invoices v SET _facts = json_merge_patch(coalesce(v._facts, '{{}}'), to_json(struct_pack(
          lines := coalesce(f.lines, []), descriptions := coalesce(f.told, []), paid := coalesce(f.paid, []),
          adjusted := coalesce(f.adjusted, '0.00'), plan_name := coalesce(f.name, ''),
          owner_key := coalesce(f.clinician, ''), practice_key := coalesce(f.practice, ''))))::VARCHAR
        FROM (
          SELECT m.*, w.lines, w.told, p.paid, a.amount::VARCHAR AS adjusted FROM named m
          LEFT JOIN (
            SELECT c.invoice, list(to_json([{row}])::VARCHAR ORDER BY c.n, c.id) AS lines,
                   list(to_json([c.id, {line.sql("description", "l")}])::VARCHAR ORDER BY c.n, c.id)
                     FILTER (WHERE {line.sql("description", "l")} IS NOT NULL) AS told
            FROM charge c JOIN invoice_lines l ON l._seq = c.seq GROUP BY 1) w USING (invoice)
          LEFT JOIN (
            SELECT s.invoice, list(to_json([{paid}])::VARCHAR ORDER BY s.day, s.n, s.payment, s.line) AS paid
            FROM settled s WHERE s.amount <> 0 GROUP BY 1) p USING (invoice)
          LEFT JOIN share a USING (invoice)) f
        WHERE f.invoice = v._key AND {_moves("v")}
        """
    )


def _write_lines(bench: Workbench) -> None:
    bench.run(
        f"""
        UPDATE invoice_lines l SET _facts = json_merge_patch(coalesce(l._facts, '{{}}'), to_json(struct_pack(
          patient_key := coalesce(f.patient, ''), total := coalesce(f.total, '0.00'), carrier := coalesce(f.carrier, ''),
          products := CASE WHEN l._key = f.carrier THEN f.products ELSE [] END,
          codes := CASE WHEN l._key = f.carrier THEN f.codes ELSE [] END)))::VARCHAR
        FROM (
          SELECT c.seq, c.patient, {_amount(bench, "invoices", "total", "v")}::VARCHAR AS total, CASE WHEN p.code IS NOT NULL THEN w.carrier END AS carrier, w.products, w.codes
          FROM charge c JOIN invoices v ON v._key = c.invoice
          LEFT JOIN product p ON p.invoice = c.invoice AND p.code = c.code AND c.type IN {PRODUCT_TYPES}
          LEFT JOIN (
            SELECT invoice, arg_min(first, (n, first)) AS carrier, list(code ORDER BY code) AS codes,
                   list(to_json([code, quantity::VARCHAR, amount::VARCHAR])::VARCHAR ORDER BY code) AS products
            FROM product GROUP BY 1) w ON w.invoice = c.invoice) f
        WHERE f.seq = l._seq
        """
    )


def _write_procedures(bench: Workbench) -> None:
    """Make a record of every code that is billed; of one that only unmoved invoices bill, one that waits with them."""
    own = bench.layouts["procedures"].columns
    bench.run(
        f"""
        INSERT INTO procedures (_seq, _key, _line, _base, _raw_hash, _fate, _reason, _field, _detail, _blocked_by, _via,
                                {quoted(own["code"])})
        SELECT row_number() OVER (ORDER BY c.code) - 1, c.code, 0, sha256(c.code), sha256(c.code),
               CASE WHEN bool_or(c.fate = 'ready') THEN 'ready' ELSE 'filtered' END,
               CASE WHEN bool_or(c.fate = 'ready') THEN '' ELSE 'parent_filtered' END, '', '', '',
               CASE WHEN bool_or(c.fate = 'ready') THEN NULL ELSE max(c.via) END, c.code
        FROM charge c JOIN product p ON p.invoice = c.invoice AND p.code = c.code
        WHERE c.type IN {PRODUCT_TYPES} GROUP BY c.code
        """
    )
    bench.filled.add("procedures")
