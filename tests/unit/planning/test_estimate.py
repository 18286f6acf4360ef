"""The estimate's rules: grade, calls, hours, price, storage, gotchas; each moves with what it depends on."""

from dataclasses import replace

import pytest

from wherry.planning.estimate import (
    CALLS_PER_HOUR,
    Workload,
    count_calls,
    factors,
    grade_of,
    hours_of,
    object_counts,
    timeline,
)
from wherry.planning.gotchas import GIGABYTE, Circumstances, gotchas, storage_fit
from wherry.planning.price import EXAMPLE_TABLE, PriceList, price_of

STANDARD = {
    "practices": 2,
    "clinicians": 12,
    "patients": 8_000,
    "appointments": 30_000,
    "clinical_notes": 20_000,
    "treatment_plans": 3_000,
    "treatment_items": 9_000,
    "invoices": 9_000,
    "invoice_lines": 15_000,
    "documents": 2_000,
}


def workload(plan="enterprise", **moving):
    counts = {**STANDARD, **moving}
    return Workload(
        moving=counts, total=sum(counts.values()), plan=plan, calls_per_hour=int(CALLS_PER_HOUR[plan] * 0.9)
    )


def grade(work):
    return grade_of(factors(work))


def test_this_pair_with_defaults_is_b_with_two_of_eight_categories_to_map():
    assert object_counts() == {"total": 8, "one_to_one": 6, "needs_mapping": 2}
    assert grade(workload()) == "B"
    assert factors(workload())["objects"].inputs["share_one_to_one"] == 0.75


@pytest.mark.parametrize(
    ("work", "letter"),
    [
        (replace(workload(), clear_fields=1.0), "B"),
        (workload("growth"), "B"),
        (workload(appointments=600_000), "C"),
        (replace(workload("growth", appointments=3_000_000), source_api=True), "D"),
        (replace(workload("growth", appointments=600_000), clear_fields=0.5), "D"),
    ],
)
def test_the_grade_falls_with_volume_constraints_and_open_lines(work, letter):
    assert grade(work) == letter


def test_a_pair_without_obstacles_would_be_a():
    parts = factors(replace(workload(), clear_fields=1.0))
    parts["api"] = replace(parts["api"], points=0)
    assert grade_of(parts) == "A"


@pytest.mark.parametrize(("records", "points"), [(100_000, 0), (100_001, 1), (500_001, 2), (2_000_001, 3)])
def test_volume_counts_from_its_borders_on(records, points):
    work = Workload(moving={"patients": records}, total=records, plan="pro", calls_per_hour=1800)
    assert factors(work)["volume"].points == points


def test_calls_add_up_by_object_and_each_child_costs_one():
    calls = count_calls(workload())
    assert calls.total == sum(calls.by_object.values())
    assert calls.by_object["tasks"] == 30_000
    assert calls.by_object["files"] == 2_000
    assert calls.by_object["treatment_plans"] == 3_000
    assert calls.by_object["sales_accounts"] == 3  # the one for patients without a practice too
    more = count_calls(workload(appointments=30_001))
    assert more.by_object["tasks"] == 30_001


def test_contacts_with_an_address_of_their_own_go_a_hundred_in_three_calls():
    counted = replace(workload(), bulk_contacts=5_000)
    assert count_calls(counted).by_object["contacts"] == 3_000 + 50 * 3
    assert count_calls(counted, cautious=False).by_object["contacts"] == 3_150
    assert count_calls(workload()).by_object["contacts"] == 8_000


def test_read_back_takes_a_call_for_each_contact_with_something_on_it():
    without = workload(appointments=0, clinical_notes=0, documents=0, invoices=0, treatment_plans=0)
    assert count_calls(without).by_object["read_back"] == 81  # pages of 100: 8,002 contacts and accounts
    few = workload(appointments=10, clinical_notes=0, documents=0, invoices=0, treatment_plans=0)
    assert count_calls(few).by_object["read_back"] == 91


def test_what_a_plan_does_not_have_costs_nothing():
    growth, pro = count_calls(workload("growth")).by_object, count_calls(workload("pro")).by_object
    assert "treatment_plans" not in growth
    assert "treatment_plans" not in pro
    assert pro["notes"] == 22_000 + 3_000  # there a treatment plan becomes a note
    assert not {"products", "deal_products"} & set(growth)
    assert pro["deal_products"] == 18_000


def test_a_plan_s_own_figures_win():
    work = replace(workload(), known={"appointments": 400, "tasks": 29_600, "contacts": 77})
    calls = count_calls(work).by_object
    assert (calls["appointments"], calls["tasks"], calls["contacts"]) == (400, 29_600, 77)
    events = replace(workload(), known={"appointments": 30_000})
    assert "tasks" not in count_calls(events).by_object


def test_a_rollback_reserve_covers_every_single_record_and_its_look_before():
    calls = count_calls(workload())
    singles = 30_000 + 22_000 + 3_000 + 2_000
    assert calls.rollback > singles + calls.by_object["read_back"]


def test_hours_follow_the_minute_within_one_hour_s_quota_and_the_hour_beyond():
    assert hours_of(4_000, 4_500, 400) == pytest.approx(4_000 / 24_000)
    assert hours_of(9_000, 4_500, 400) == 2


def test_the_promise_holds_for_a_standard_practice_on_enterprise():
    time = timeline(workload())
    assert time.holds
    assert time.high <= 72
    assert time.low < time.high
    assert time.helps == ()


def test_where_the_promise_does_not_hold_it_says_what_helps_and_by_how_much():
    work = workload("growth", clinical_notes=40_000)
    time = timeline(work)
    assert not time.holds
    assert time.load[1] == pytest.approx(count_calls(work).total / 900, abs=0.01)
    words = "\n".join(time.helps)
    assert "history window" in words
    assert "notes gathered per visit: 10,000 calls less" in words
    assert "plan pro" in words
    assert "plan enterprise" in words
    assert "plan growth" not in words
    assert "visit" not in "\n".join(timeline(replace(work, visits=40_000)).helps)


def test_no_higher_plan_is_offered_on_the_highest():
    words = "\n".join(timeline(workload(appointments=500_000)).helps)
    assert "history window" in words
    assert "plan" not in words


@pytest.mark.parametrize("letter", ["A", "B", "C", "D"])
def test_the_price_is_the_table_s_and_does_not_grow_with_records(letter):
    few, many = (price_of(PriceList(), letter, records) for records in (1, 2_000_000))
    assert few == many
    assert few.amount == EXAMPLE_TABLE["crm"][letter]


def test_above_two_million_records_there_is_no_amount():
    found = price_of(PriceList(), "C", 2_000_001)
    assert found.amount is None
    assert "scoped individually" in found.rule


def test_a_table_without_the_category_gives_no_amount_and_says_so():
    found = price_of(PriceList(category="erp", table={"crm": {"B": 1.0}}), "B", 10)
    assert found.amount is None
    assert "erp" in found.rule


# storage and gotchas

CLINIC = Circumstances(plan="pro", moving=90_000, writes=50_000, patients=8_000)


def verdicts(**changes):
    return {row["id"]: row["verdict"] for row in gotchas(replace(CLINIC, **changes))}


@pytest.mark.parametrize(
    ("plan", "users", "gigabytes", "fits"),
    [
        ("growth", 2, 4, True),
        ("growth", 2, 5, False),
        ("pro", 1, 5, True),
        ("enterprise", 1, 100, True),
        ("enterprise", 1, 101, False),
        ("free", 9, 1, False),
    ],
)
def test_storage_is_counted_by_user_and_plan(plan, users, gigabytes, fits):
    found = replace(CLINIC, plan=plan, users=users, documents=10, document_bytes=gigabytes * GIGABYTE)
    assert storage_fit(found)["fits"] is fits
    row = next(row for row in gotchas(found) if row["id"] == "file_storage")
    assert row["verdict"] == ("ok" if fits else "act")


def test_a_file_beyond_the_limit_does_not_fit_whatever_the_room():
    found = replace(CLINIC, users=50, documents=1, document_bytes=200_000_000, largest_document=200_000_000)
    assert storage_fit(found)["fits"] is False
    assert (
        verdicts(users=50, documents=1, document_bytes=1, largest_document=150_000_001)["file_storage"]
        == "act"
    )


def test_unmeasured_storage_says_that_it_is_assumed():
    fit = storage_fit(replace(CLINIC, documents=100, clinicians=3))
    assert (fit["measured"], fit["bytes"], fit["users"], fit["users_known"]) == (False, 50_000_000, 3, False)
    assert verdicts(documents=100)["file_storage"] == "watch"


@pytest.mark.parametrize(
    ("changes", "id_", "verdict"),
    [
        ({}, "password_protected_export", "unknown"),
        ({"protected": False}, "password_protected_export", "ok"),
        ({"protected": True}, "password_protected_export", "act"),
        ({"protected": True, "password_given": True}, "password_protected_export", "ok"),
        ({"protected": False, "refused_options": ("audit_history",)}, "export_options", "act"),
        ({"protected": False}, "export_options", "ok"),
        ({}, "record_volume", "ok"),
        ({"moving": 100_001}, "record_volume", "watch"),
        ({"timeline_holds": False}, "record_volume", "act"),
        ({}, "instalment_sign_off", "ok"),
        ({"instalment_plans": 5}, "instalment_sign_off", "act"),
        ({"instalment_plans": 5, "unsigned_plans": 0}, "instalment_sign_off", "ok"),
        ({"instalment_plans": 5, "unsigned_plans": 3}, "instalment_sign_off", "act"),
        ({"instalment_plans": 5, "unsigned_plans": 3, "signed": True}, "instalment_sign_off", "ok"),
        ({}, "automations", "act"),
        ({}, "freddy_ai", "ok"),
        ({"plan": "growth"}, "freddy_ai", "watch"),
        ({}, "bot_sessions", "watch"),
        ({"patients": 500}, "bot_sessions", "ok"),
        ({}, "phone_credits", "watch"),
    ],
)
def test_each_gotcha_has_the_verdict_of_this_workspace(changes, id_, verdict):
    assert verdicts(**changes)[id_] == verdict


def test_who_has_to_act_is_told_what_to_do():
    worst = replace(
        CLINIC,
        plan="growth",
        protected=True,
        refused_options=("audit_history",),
        instalment_plans=2,
        documents=9,
        document_bytes=9 * GIGABYTE,
        timeline_holds=False,
    )
    acting = [row for row in gotchas(worst) if row["verdict"] == "act"]
    assert len(acting) == 6
    assert all(row["remedy"] for row in acting)
