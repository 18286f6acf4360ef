"""What treatment plans are to their patients and to their items: which plan is active, and what stands in it.

Facts on every plan that may move (names are part of the contract with mapping):
`items` its items that may move, each a JSON object of texts, in order of their ids; `items_held` the ids of
those that are held back; `active` whether it is its patient's active plan.
Facts on patients: `plan_key`, `plan_status`, `plan_fee`, `plan_codes` of the active plan, and
`plan_held`, how many of that plan's items are held back; `plan_key` is "" where no plan is active.
Fact on invoices: `plan_key`, the plan whose items most of its lines are for.
"""

# ruff: noqa: S608 - names and literals in SQL are quoted by layout.py; DuckDB cannot bind identifiers

from wherry.staging.layout import text
from wherry.staging.relations import NUMBER
from wherry.staging.workbench import Workbench

ACTIVE = ("in_progress", "accepted", "proposed")
"""The statuses of a plan that may be active, the strongest first; all others are over."""

ITEM_FIELDS = (
    *("itemId", "appointmentId", "code", "description", "tooth", "surfaces", "material"),
    *("fee", "discount", "netPrice", "status", "completedAt"),
)
_MAY_MOVE = "({t}._fate = 'ready' OR {t}._reason = 'deceased' OR {t}._via = 'deceased')"
_MOMENT = "TRY_CAST(regexp_replace({column}, '\\[.*', '') AS TIMESTAMPTZ)"


def relate_plans(bench: Workbench) -> None:
    """Write the facts of treatment plans, of their patients, and of invoices that name their items.

    A patient's active plan is, of those that are in progress, else accepted, else proposed, the one that was
    made last; of several made at once, or at no known time, the one with the highest id. The order of rows
    decides nothing.
    """
    if "treatment_plans" not in bench.filled:
        return
    _items(bench)
    _active(bench)
    _patch(
        bench,
        "treatment_plans",
        """
        SELECT p._seq AS seq, to_json(struct_pack(items := coalesce(i.items, []), items_held := coalesce(i.held, []),
               active := a.key IS NOT NULL)) AS facts
        FROM treatment_plans p LEFT JOIN plan_items i ON i.plan = p._key LEFT JOIN active_plan a ON a.key = p._key
        """,
    )
    if "patients" in bench.filled:
        _patch(
            bench,
            "patients",
            """
            SELECT p._seq AS seq, to_json(struct_pack(plan_key := coalesce(a.key, ''), plan_status := a.status,
                   plan_fee := a.fee, plan_codes := coalesce(a.codes, []), plan_held := coalesce(len(a.held), 0)
                   )) AS facts
            FROM patients p LEFT JOIN active_plan a ON a.patient = p._key WHERE p._fate = 'ready' OR p._reason = 'deceased'
            """,
        )
    _invoices(bench)
    for name in ("plan_items", "active_plan"):
        bench.run(f"DROP TABLE {name}")


def _patch(bench: Workbench, stream: str, facts: str) -> None:
    """Add facts to those that the records have already."""
    bench.run(
        f"UPDATE {stream} t SET _facts = json_merge_patch(coalesce(t._facts, '{{}}'), f.facts)::VARCHAR "
        f"FROM ({facts}) f WHERE f.seq = t._seq"
    )


def _items(bench: Workbench) -> None:
    shape = bench.layouts.get("treatment_items")
    if shape is None or "treatment_items" not in bench.filled:
        bench.run(
            "CREATE OR REPLACE TEMP TABLE plan_items AS SELECT '' AS plan, ['']::VARCHAR[] AS items, "
            "['']::VARCHAR[] AS held, ['']::VARCHAR[] AS codes, '' AS net WHERE false"
        )
        return
    packed = ", ".join(f'"{name}" := {shape.sql(name, "i")}' for name in ITEM_FIELDS)
    order = f"ORDER BY {NUMBER.format(key='i._key')} NULLS LAST, i._key"
    moves = f"FILTER (WHERE {_MAY_MOVE.format(t='i')})"
    net = shape.sql("netPrice", "i")
    bench.run(
        f"""
        CREATE OR REPLACE TEMP TABLE plan_items AS
        SELECT {shape.sql("planId", "i")} AS plan,
               list(to_json(struct_pack({packed}))::VARCHAR {order}) {moves} AS items,
               list(split_part(i._key, '#', 1) {order}) FILTER (WHERE i._fate IN ('rejected', 'deferred')) AS held,
               list({shape.sql("code", "i")} {order}) {moves} AS codes,
               CASE WHEN count(*) {moves} = count({net}) {moves}
                    THEN (sum(CAST({net} AS DECIMAL(18, 2))) {moves})::VARCHAR END AS net
        FROM treatment_items i GROUP BY 1
        """
    )


def _active(bench: Workbench) -> None:
    shape = bench.layouts["treatment_plans"]
    status, created = shape.sql("status", "p"), _MOMENT.format(column=shape.sql("createdAt", "p"))
    ranks = " ".join(f"WHEN {text(word)} THEN {rank}" for rank, word in enumerate(ACTIVE))
    bench.run(
        f"""
        CREATE OR REPLACE TEMP TABLE active_plan AS
        SELECT p._key AS key, {shape.sql("patientId", "p")} AS patient, {status} AS status,
               coalesce({shape.sql("total", "p")}, i.net) AS fee, i.codes AS codes, i.held AS held
        FROM treatment_plans p LEFT JOIN plan_items i ON i.plan = p._key
        WHERE {_MAY_MOVE.format(t="p")} AND {status} IN ({", ".join(map(text, ACTIVE))})
        QUALIFY row_number() OVER (
          PARTITION BY {shape.sql("patientId", "p")}
          ORDER BY CASE {status} {ranks} END, {created} DESC NULLS LAST,
                   {NUMBER.format(key="p._key")} DESC NULLS LAST, p._key DESC) = 1
        """
    )


def _invoices(bench: Workbench) -> None:
    lines, items = bench.layouts.get("invoice_lines"), bench.layouts.get("treatment_items")
    if lines is None or items is None or not {"invoices", "invoice_lines", "treatment_items"} <= bench.filled:
        return
    plan = items.sql("planId", "i")
    _patch(
        bench,
        "invoices",
        f"""
        SELECT v._seq AS seq, to_json(struct_pack(plan_key := n.plan)) AS facts FROM invoices v JOIN (
          SELECT {lines.sql("invoiceId", "l")} AS invoice, {plan} AS plan
          FROM invoice_lines l JOIN treatment_items i ON i._key = {lines.sql("itemId", "l")}
          WHERE {plan} IS NOT NULL GROUP BY 1, 2
          QUALIFY row_number() OVER (PARTITION BY invoice ORDER BY count(*) DESC,
                                     {NUMBER.format(key="plan")} NULLS LAST, plan) = 1) n ON n.invoice = v._key
        """,
    )
