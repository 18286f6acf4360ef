"""expected.json says of each record what a careful reader makes of it."""

import hashlib
from collections import Counter, defaultdict
from decimal import Decimal

import pytest
from clinicgen.columns import KEYS
from clinicgen.fates import STATES

PARENTS = {
    "patients": [("practiceId", "practices"), ("householdId", "households"), ("carePlanId", "care_plans")],
    "appointments": [
        ("patientId", "patients"),
        ("practiceId", "practices"),
        ("userId", "clinicians"),
        ("appointmentTypeId", "appointment_types"),
        ("appointmentStatusId", "appointment_statuses"),
    ],
    "treatment_plans": [("patientId", "patients"), ("userId", "clinicians")],
    "treatment_items": [("planId", "treatment_plans"), ("appointmentId", "appointments")],
    "clinical_notes": [("patientId", "patients"), ("appointmentId", "appointments")],
    "medical_flags": [("patientId", "patients")],
    "invoices": [("patientId", "patients")],
    "invoice_lines": [("invoiceId", "invoices"), ("itemId", "treatment_items")],
    "payments": [("patientId", "patients")],
    "payment_allocations": [("paymentId", "payments"), ("lineId", "invoice_lines")],
    "adjustments": [("patientId", "patients")],
    "refunds": [("paymentId", "payments")],
    "instalment_plans": [("patientId", "patients")],
    "instalments": [("planId", "instalment_plans")],
    "recalls": [("patientId", "patients")],
    "documents": [("patientId", "patients"), ("appointmentId", "appointments")],
}
OWNER = {stream: pairs[0] for stream, pairs in PARENTS.items() if stream != "patients"}


def _key(stream, row):
    if stream == "medical_flags":
        return f"{row['patientId']}|{hashlib.sha256(row['flag'].encode()).hexdigest()[:12]}"
    return "|".join(row[name] for name in KEYS[stream])


def test_counts_add_up(either):
    for stream, counts in either.expected["counts"].items():
        assert counts["read"] == either.entry(stream)["rows"] == sum(counts[state] for state in STATES), (
            stream
        )
        named = Counter(state for state, _ in either.expected["records"][stream].values())
        assert {state: counts[state] for state in STATES if state != "ready"} == {
            state: named[state] for state in STATES if state != "ready"
        }, stream
        reasons = Counter(f"{s}:{r}" for s, r in either.expected["records"][stream].values())
        assert dict(reasons) == either.expected["reasons"][stream], stream


def test_named_records_are_in_the_files(either):
    for stream, records in either.expected["records"].items():
        held = {_key(stream, row) for row in either.rows[stream]}
        assert {key.removesuffix("#2") for key in records} <= held, stream
    for name, case in either.expected["cases"].items():
        for stream, keys in case["keys"].items():
            held = {_key(stream, row) for row in either.rows[stream]}
            held |= {row["duplicateId"] for row in either.rows["merges"]} if stream == "patients" else set()
            assert keys, name
            assert set(keys) <= held, name


def test_clean_rejects_nothing_but_shows_every_other_state(clean):
    totals = Counter()
    for counts in clean.expected["counts"].values():
        totals.update(counts)
    assert totals["rejected"] == 0
    assert min(totals["filtered"], totals["merged"], totals["deferred"], totals["ready"]) > 0


def test_clean_has_no_dangling_reference(clean):
    ids = {stream: {row[KEYS[stream][0]] for row in rows} for stream, rows in clean.rows.items()}
    ids["patients"] |= {row["duplicateId"] for row in clean.rows["merges"]} | {"0"}
    for stream, pairs in PARENTS.items():
        for column, parent in pairs:
            missing = {row[column] for row in clean.rows[stream] if row[column]} - ids[parent]
            assert missing == set(), f"{stream}.{column}"


def test_children_follow_their_parents(either):
    """Worked out again from the files alone: nothing below a held, waiting or filtered record is ready."""
    records = either.expected["records"]
    for stream, (column, parent) in OWNER.items():
        for row in either.rows[stream]:
            above = records[parent].get(row[column], ["ready", ""])[0]
            mine = records[stream].get(_key(stream, row), ["ready", ""])[0]
            if above in {"rejected", "deferred"}:
                assert mine in {"rejected", "deferred"}, (stream, _key(stream, row))
            if above == "filtered" and parent == "patients":
                assert mine == "filtered", (stream, _key(stream, row))
            if mine == "deferred" and stream != "instalment_plans":
                assert above in {"rejected", "deferred"}, (stream, _key(stream, row))


def test_filtered_merged_and_waiting_worked_out_again(either):
    expected = either.expected["records"]
    deceased = {row["patientId"] for row in either.rows["patients"] if row["status"] == "deceased"}
    assert {k for k, v in expected["patients"].items() if v == ["filtered", "deceased"]} == deceased
    merged = {row["duplicateId"] for row in either.rows["merges"]}
    listed = {row["patientId"] for row in either.rows["patients"]} & merged
    assert {k for k, v in expected["patients"].items() if v[0] == "merged" or v[1] == "merge_cycle"} == listed
    blocked = {row["appointmentId"] for row in either.rows["appointments"] if row["patientId"] in {"", "0"}}
    assert {k for k, v in expected["appointments"].items() if v[1] == "blocked_time"} == blocked
    unsigned = {row["planId"] for row in either.rows["instalment_plans"] if row["signOffState"] != "approved"}
    assert {k for k, v in expected["instalment_plans"].items() if v[1] == "sign_off_required"} == unsigned


def test_dirty_shows_every_reason(dirty):
    reasons = {
        reason
        for records in dirty.expected["records"].values()
        for state, reason in records.values()
        if state == "rejected"
    }
    assert reasons == {
        "ambiguous_date",
        "checksum_mismatch",
        "conflicting_duplicate",
        "currency_mismatch",
        "date_format_mismatch",
        "invalid_amount",
        "merge_cycle",
        "missing_file",
        "missing_name",
        "nonexistent_local_time",
        "orphan",
        "over_allocated",
        "total_mismatch",
        "unknown_line_type",
        "unknown_practice",
        "unknown_type",
        "unmapped_status",
        "unsafe_path",
    }
    filtered = {
        v[1] for records in dirty.expected["records"].values() for v in records.values() if v[0] == "filtered"
    }
    assert filtered == {"deceased", "blocked_time", "duplicate_row", "parent_filtered"}
    found = {code for code, finding in dirty.expected["findings"].items() if finding["count"]}
    assert found >= {
        "ambiguous_local_time",
        "mojibake",
        "placeholder_email",
        "sentinel_date",
        "shared_email_across_households",
        "shared_email_in_household",
        "unlisted_file",
        "encoding_differs",
    }


def test_who_keeps_a_shared_address(clean):
    """Worked out again: the head if loaded, else the oldest adult."""
    fates = clean.expected["records"]["patients"]
    groups = defaultdict(list)
    for row in clean.rows["patients"]:
        if row["householdId"] and row["email"] and row["patientId"] not in fates:
            groups[row["householdId"], row["email"].lower()].append(row)
    expected = []
    for members in (m for m in groups.values() if len(m) > 1):
        heads = [row for row in members if row["isHouseholdHead"] == "true"]
        adults = [row for row in members if row["dateOfBirth"] < "2008"] or members
        holder = heads[0] if heads else min(adults, key=lambda row: row["dateOfBirth"])
        rest = sorted(int(row["patientId"]) for row in members if row is not holder)
        expected.append((int(holder["patientId"]), rest))
    found = clean.expected["findings"]["shared_email_in_household"]["keys"]["patients"]
    assert sorted((int(k[0]), sorted(map(int, k[1:]))) for k in found) == sorted(expected)


def test_who_never_booked(either):
    seen = {row["patientId"] for row in either.rows["appointments"]}
    fates = either.expected["records"]["patients"]
    never = {r["patientId"] for r in either.rows["patients"]} - seen - set(fates)
    assert set(either.expected["findings"]["never_booked"]["keys"]["patients"]) == never
    assert all(r["referralSource"] for r in either.rows["patients"] if r["patientId"] in never)


def test_documents_are_there_and_whole_unless_named(either):
    fates = either.expected["records"]["documents"]
    for row in either.rows["documents"]:
        path = either.bundle / row["ref"].lstrip("/")
        inside = path.resolve().is_relative_to((either.bundle / "documents").resolve())
        reason = fates.get(row["documentId"], ["ready", ""])[1]
        if reason in {"", "parent_filtered"}:
            content = path.read_bytes()
            assert inside
            assert (hashlib.sha256(content).hexdigest(), str(len(content))) == (row["sha256"], row["bytes"])
        elif reason == "unsafe_path":
            assert not inside or row["ref"].startswith("/")
        elif reason == "missing_file":
            assert not path.exists()
        else:
            assert hashlib.sha256(path.read_bytes()).hexdigest() != row["sha256"]


@pytest.mark.parametrize(
    ("header", "part", "whole", "below", "amount"),
    [
        ("invoices", "invoice_lines", "total", "invoiceId", "gross"),
        ("treatment_plans", "treatment_items", "total", "planId", "netPrice"),
        ("instalment_plans", "instalments", "total", "planId", "amount"),
    ],
)
def test_totals_are_the_sums_of_their_parts(clean, header, part, whole, below, amount):
    sums = defaultdict(Decimal)
    for row in clean.rows[part]:
        sums[row[below]] += Decimal(row[amount])
    for row in clean.rows[header]:
        assert Decimal(row[whole]) == sums[row[KEYS[header][0]]], (header, row[KEYS[header][0]])


def test_what_is_paid_and_owed(clean):
    paid = {row["paymentId"]: row for row in clean.rows["payments"]}
    settled, allocated = defaultdict(Decimal), defaultdict(Decimal)
    for row in clean.rows["payment_allocations"]:
        allocated[row["paymentId"]] += Decimal(row["amount"])
        if paid[row["paymentId"]]["status"] == "received":
            settled[row["lineId"]] += Decimal(row["amount"])
    assert all(Decimal(paid[number]["amount"]) >= total for number, total in allocated.items())
    owed = {row["invoiceId"]: Decimal(row["total"]) for row in clean.rows["invoices"]}
    for row in clean.rows["invoice_lines"]:
        owed[row["invoiceId"]] -= settled[row["lineId"]]
    assert owed == {row["invoiceId"]: Decimal(row["outstanding"]) for row in clean.rows["invoices"]}


def test_only_goods_bear_vat(clean):
    for row in clean.rows["invoice_lines"]:
        net, vat, gross = (Decimal(row[name]) for name in ("net", "vat", "gross"))
        assert net + vat == gross
        assert (vat != 0) == (row["lineType"] == "shop")


def test_each_practice_has_one_currency(clean):
    currency = {row["practiceId"]: row["currency"] for row in clean.rows["practices"]}
    assert sorted(currency.values()) == ["EUR", "EUR", "GBP", "GBP"]
    home = {row["patientId"]: currency.get(row["practiceId"]) for row in clean.rows["patients"]}
    for stream in ("invoices", "payments"):
        assert all(
            row["currency"] == home.get(row["patientId"], row["currency"]) for row in clean.rows[stream]
        )
