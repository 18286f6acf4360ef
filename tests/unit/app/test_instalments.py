"""Instalments: the sheet, and what a signature changes of the counts."""

import csv
from datetime import UTC, datetime

import pytest

from wherry.app.instalments import is_signed, settled, signature, write_sheet
from wherry.model.plan import Approval
from wherry.model.record import Fate, Key, Staged

DIGEST = "d" * 64
AT = datetime(2026, 10, 3, 9, tzinfo=UTC)


def sheet(ws, digest=DIGEST):
    with write_sheet(ws, digest).open(encoding="utf-8", newline="") as file:
        return {row["plan"]: row for row in csv.DictReader(file)}


def sign(ws, digest=DIGEST, run="instalments"):
    ws.ledger.approve(Approval(digest=digest, by="Maria", at=AT, purpose_of_run=run))


def test_each_plan_stands_on_the_sheet_with_what_remains_and_when(still):
    rows = sheet(still)
    assert list(rows) == ["1", "2", "3", "4", "5"]
    second = rows["2"]
    assert (second["paid"], second["remaining"], second["remaining_instalments"]) == ("100.00", "200.00", "2")
    assert (second["next_due"], second["remaining_by_month"]) == ("2026-11-01", "2026-11 200.00")
    assert (second["total"], second["months"], second["sign_off"]) == ("300.00", "3", "pending")
    assert rows["1"]["remaining_by_month"] == "2026-10 100.00; 2026-11 100.00"
    assert rows["3"]["remaining"] == "90.00"  # a plan without parts: all of it
    assert "M-1" not in str(rows)


def test_the_state_of_each_plan_follows_the_signature_of_this_plan_only(clinic):
    ws = clinic()
    sign(ws, digest="e" * 64)
    sign(ws, run="load")
    assert {key: row["state"] for key, row in sheet(ws).items()} == {
        "1": "signed in the source",
        "2": "waits for a signature",
        "3": "waits for a signature",
        "4": "filtered: parent_filtered",
        "5": "rejected: orphan",
    }
    sign(ws)
    after = sheet(ws)
    assert after["2"]["state"] == after["3"]["state"] == "signed off by Maria on 2026-10-03"
    assert after["4"]["state"] == "filtered: parent_filtered"
    assert signature(ws.ledger.approvals(), DIGEST).by == "Maria"


def test_parts_that_cannot_be_read_are_counted_and_in_no_sum(clinic):
    parts = "instalmentId,planId,dueDate,amount,status\n1,2,2026-11-01,100.00,due\n2,2,2026-11-02,much,due\n"
    row = sheet(clinic(files={"instalments": parts}))["2"]
    assert (row["remaining"], row["unreadable_parts"]) == ("100.00", "1")


def fates(ws, *, signed):
    found = settled(ws.snapshot().fates(), signed=signed)
    return {(s.key.stream, s.key.id): (s.fate.value, s.reason) for s in found}


@pytest.mark.parametrize("signed", [False, True])
def test_a_signature_moves_plans_and_their_parts_from_deferred_to_no_equivalent(still, signed):
    found = fates(still, signed=signed)
    done = ("no_equivalent", "signed_off")
    plans, parts = "instalment_plans", "instalments"
    assert found[plans, "1"] == found[parts, "2"] == done
    assert found[plans, "2"] == (done if signed else ("deferred", "sign_off_required"))
    assert found[parts, "5"] == (done if signed else ("deferred", "blocked_by_parent"))
    assert found[plans, "4"] == ("filtered", "parent_filtered")
    assert found[plans, "5"] == ("rejected", "orphan")
    assert found[parts, "7"] == ("deferred", "blocked_by_parent")  # its plan waits for no signature


def test_nothing_else_is_touched_and_nothing_is_lost(still):
    ws = still
    before = {(s.key.stream, s.key.id): (s.fate.value, s.reason) for s in ws.snapshot().fates()}
    after = fates(ws, signed=True)
    assert set(before) == set(after)
    for key, fate in before.items():
        if not key[0].startswith("instalment"):
            assert after[key] == fate


def test_a_plan_that_waits_for_its_patient_keeps_waiting():
    staged = Staged(
        key=Key("instalment_plans", "1"),
        fate=Fate.DEFERRED,
        reason="blocked_by_parent",
        blocked_by="patients/9",
    )
    part = Staged(
        key=Key("instalments", "1"),
        fate=Fate.DEFERRED,
        reason="blocked_by_parent",
        blocked_by="instalment_plans/1",
    )
    assert list(settled([staged, part], signed=True)) == [staged, part]


def test_an_approval_for_something_else_is_no_signature():
    other = Approval(digest=DIGEST, by="Maria", at=AT, purpose_of_run="load")
    assert not is_signed([other], DIGEST)
    assert is_signed([other, Approval(digest=DIGEST, by="M", at=AT, purpose_of_run="instalments")], DIGEST)
