"""What patients are to each other: who keeps a shared address, who pays, who never booked.

Facts on every patient that may move (names are part of the contract with mapping):
`never_booked` no appointment names the patient, `only_asked` nor does anything else of theirs; `email_holder` may carry its address as primary;
`email_holder_key` who carries it instead; `email_scope` "household", "across" (households) or "";
`payer_key` the living head of its household, itself included; `merged_ids` what was merged into it;
`zone` the IANA name of its practice's clock; `recall_due` the earliest date of its recalls that may move and
are not exempt, or none; `documents` a line for each of its documents that may move, in order of their ids.
"""

# ruff: noqa: S608 - names and literals in SQL are quoted by layout.py; DuckDB cannot bind identifiers

from wherry.model.ports import Finding, Integrity
from wherry.staging.layout import text
from wherry.staging.workbench import Workbench

OF_PATIENTS = ("appointments", "clinical_notes", "treatment_plans", "invoices", "documents")
"""Streams whose records belong on the patient's own record at the destination."""

NUMBER = "TRY_CAST(regexp_extract({key}, '^[0-9]+') AS BIGINT)"
"""The number by which a key is ordered; null where it does not begin with one."""


def relate(bench: Workbench, integrity: Integrity, zone: str) -> list[Finding]:
    """Write the facts of patients; return what a person should know. `zone` is the source's own.

    Of those who share an address one holds it: living before deceased, then the head of a household, then
    the oldest (an adult is older than any child; unknown birth dates come last), then the lowest id.
    """
    if "patients" not in bench.filled:
        return []
    _people(bench, zone)
    _payers(bench)
    _addresses(bench)
    merged = any(merges.stream == "patients" for merges in integrity.merges)
    ids = "SELECT gone, master FROM merged" if merged else "SELECT '' AS gone, '' AS master WHERE false"
    bench.run(
        f"""
        CREATE OR REPLACE TEMP TABLE ids AS
        SELECT master AS id, list(gone ORDER BY {NUMBER.format(key="gone")}, gone) AS gone
        FROM ({ids}) GROUP BY master
        """
    )
    bench.run(
        f"""
        UPDATE patients t SET _facts = f.facts FROM (
          SELECT p.seq, to_json(struct_pack(
            never_booked := NOT EXISTS ({_naming(bench, "appointments")}),
            only_asked := {_only_asked(bench)},
            email_holder := coalesce(a.rank, 1) = 1,
            email_holder_key := CASE WHEN a.rank > 1 THEN a.holder ELSE '' END,
            email_scope := coalesce(a.scope, ''),
            payer_key := coalesce(y.payer, ''),
            merged_ids := coalesce(i.gone, []),
            recall_due := r.due,
            documents := coalesce(d.lines, []),
            zone := p.zone))::VARCHAR AS facts
          FROM person p LEFT JOIN address a USING (seq) LEFT JOIN payer y USING (home)
          LEFT JOIN ids i ON i.id = p.id LEFT JOIN ({_recalls(bench)}) r ON r.id = p.id
          LEFT JOIN ({_documents(bench)}) d ON d.id = p.id) f
        WHERE f.seq = t._seq
        """
    )
    findings = _findings(bench)
    for name in ("ids", "person", "payer", "address"):
        bench.run(f"DROP TABLE {name}")
    return findings


def _people(bench: Workbench, zone: str) -> None:
    shape = bench.layouts["patients"]
    practices = bench.layouts.get("practices")
    clock = practices.sql("timeZone", "c") if practices else "NULL"
    join = f"LEFT JOIN practices c ON c._key = {shape.sql('practiceId', 'p')}" if practices else ""
    bench.run(
        f"""
        CREATE OR REPLACE TEMP TABLE person AS
        SELECT p._seq AS seq, p._key AS id, {NUMBER.format(key="p._key")} AS n, p._fate = 'ready' AS living,
               lower(trim({shape.sql("email", "p")})) AS email, {shape.sql("householdId", "p")} AS home,
               coalesce({shape.sql("isHouseholdHead", "p")} = 'true', false) AS head,
               TRY_CAST({shape.sql("dateOfBirth", "p")} AS DATE) AS born,
               coalesce({clock}, {text(zone)}) AS zone
        FROM patients p {join} WHERE p._fate = 'ready' OR p._reason = 'deceased'
        """
    )


def _payers(bench: Workbench) -> None:
    households = bench.layouts.get("households")
    named = (
        f"SELECT _key AS home, {households.sql('headPatientId')} AS id FROM households WHERE _fate = 'ready'"
        if households
        else "SELECT '' AS home, '' AS id WHERE false"
    )
    bench.run(
        f"""
        CREATE OR REPLACE TEMP TABLE payer AS
        SELECT p.home, arg_min(p.id, (p.id IS DISTINCT FROM h.id, p.n, p.id)) AS payer
        FROM person p LEFT JOIN ({named}) h ON h.home = p.home
        WHERE p.home IS NOT NULL AND p.living AND (p.head OR p.id = h.id) GROUP BY p.home
        """
    )


def _addresses(bench: Workbench) -> None:
    bench.run(
        """
        CREATE OR REPLACE TEMP TABLE address AS
        WITH shared AS (
          SELECT email, count(DISTINCT coalesce(home, '@' || id)) AS homes
          FROM person WHERE email IS NOT NULL GROUP BY email HAVING count(*) > 1),
        ranked AS (
          SELECT p.seq, p.id, p.email, p.living, s.homes, row_number() OVER (
            PARTITION BY p.email
            ORDER BY NOT p.living, NOT (p.head OR p.id IS NOT DISTINCT FROM y.payer), p.born NULLS LAST, p.n, p.id
          ) AS rank
          FROM person p JOIN shared s USING (email) LEFT JOIN payer y USING (home))
        SELECT seq, email, living, rank, first(id ORDER BY rank) OVER (PARTITION BY email) AS holder,
               CASE WHEN homes > 1 THEN 'across' ELSE 'household' END AS scope
        FROM ranked
        """
    )


def _naming(bench: Workbench, stream: str) -> str:
    layout = bench.layouts.get(stream)
    if layout is None:
        return "SELECT 1 WHERE false"
    return f"SELECT 1 FROM {stream} b WHERE {layout.sql('patientId', 'b')} = p.id"


def _only_asked(bench: Workbench) -> str:
    return " AND ".join(f"NOT EXISTS ({_naming(bench, stream)})" for stream in OF_PATIENTS)


def _recalls(bench: Workbench) -> str:
    recalls = bench.layouts.get("recalls")
    if recalls is None:
        return "SELECT '' AS id, '' AS due WHERE false"
    due = recalls.sql("dueDate")
    return (
        f"SELECT {recalls.sql('patientId')} AS id, min({due}) AS due FROM recalls "
        f"WHERE _fate = 'ready' AND {due} IS NOT NULL AND coalesce({recalls.sql('exempt')}, '') <> 'true' "
        "GROUP BY 1"
    )


def _documents(bench: Workbench) -> str:
    documents = bench.layouts.get("documents")
    if documents is None:
        return "SELECT '' AS id, [''] AS lines WHERE false"
    size, sha256 = documents.sql("bytes"), documents.sql("sha256")
    visit = documents.sql("appointmentId")
    parts = ", ".join(
        [
            "_key",
            documents.sql("fileName"),
            documents.sql("kind"),
            f"'appointment ' || {visit}",
            documents.sql("mime"),
            f"{size} || ' bytes'",
            f"'sha256 ' || lower({sha256})",
        ]
    )
    return (
        f"SELECT {documents.sql('patientId')} AS id, "
        f"list(concat_ws(' · ', {parts}) ORDER BY {NUMBER.format(key='_key')}, _key) AS lines "
        "FROM documents WHERE _fate = 'ready' GROUP BY 1"
    )


def _findings(bench: Workbench) -> list[Finding]:
    demoted = bench.number("SELECT count(*) FROM address WHERE living AND rank > 1 AND scope = 'household'")
    across = bench.number(
        "SELECT count(*) FROM (SELECT email FROM address WHERE living AND scope = 'across' "
        "GROUP BY email HAVING count(*) > 1)"
    )
    never = bench.number(
        "SELECT count(*) FROM patients WHERE _fate = 'ready' AND _facts LIKE '%\"never_booked\":true%'"
    )
    found = []
    if demoted:
        message = f"{demoted} patients share an address that another of their household keeps"
        found.append(
            Finding(code="shared_email_in_household", message=message, file="patients", count=demoted)
        )
    if across:
        message = f"{across} addresses are shared across households; exactly one patient keeps each"
        found.append(
            Finding(code="shared_email_across_households", message=message, file="patients", count=across)
        )
    if never:
        message = f"{never} patients have never booked"
        found.append(Finding(code="never_booked", message=message, file="patients", count=never))
    return found
