import pytest

from wherry.staging import ParquetSnapshot

PATIENTS = "patientId,lastName,practiceId,status\n5,Brook,1,active\n6,Cole,2,active\n"
READY = ("ready", "")


def test_doubles_and_conflicts(staged, fates):
    snapshot = staged(
        {"patients": "patientId,lastName\n5,Brook\n5,Brook\n6,Cole\n6,Coles\n6,Cole\n7,Dunne\n"}
    )
    assert fates(snapshot, "patients") == {
        "5": READY,
        "5#2": ("filtered", "duplicate_row"),
        "6": ("rejected", "conflicting_duplicate"),
        "6#2": ("rejected", "conflicting_duplicate"),
        "6#3": ("filtered", "duplicate_row"),
        "7": READY,
    }
    assert [record.key.id for record in snapshot.read("patients")] == ["5", "7"]


def test_rows_that_say_the_same_in_other_words_are_one_record(staged, fates):
    snapshot = staged({"patients": "patientId,lastName,allowSms\n5,Brook,Yes\n05,Brook,true\n"})
    assert fates(snapshot, "patients") == {"5": READY, "5#2": ("filtered", "duplicate_row")}


def test_an_unreadable_double_keeps_its_reason(staged, fates):
    snapshot = staged(
        {"patients": "patientId,lastName,allowSms\n5,Brook,perhaps\n5,Brook,perhaps\n5,Brook,maybe\n"}
    )
    assert sorted(fates(snapshot, "patients").values()) == [
        ("filtered", "duplicate_row"),
        ("rejected", "invalid_boolean"),
        ("rejected", "invalid_boolean"),
    ]


def test_chains_of_merges_are_followed_and_children_move(staged, fates):
    snapshot = staged(
        {
            "patients": PATIENTS + "7,Brook,1,active\n",
            "merges": "duplicateId,masterId\n7,8\n8,9\n9,5\n",
            "clinical_notes": "noteId,patientId,text\n1,7,a\n2,8,b\n3,5,c\n",
        }
    )
    assert fates(snapshot, "patients")["7"] == ("merged", "merged")
    notes = {
        r.key.id: (r.values["patientId"], r.facts.get("merged_from")) for r in snapshot.read("clinical_notes")
    }
    assert notes == {"1": ("5", "7"), "2": ("5", "8"), "3": ("5", None)}
    master = next(r for r in snapshot.read("patients") if r.key.id == "5")
    assert master.facts["merged_ids"] == ("7", "8", "9")


def test_merges_in_a_circle_are_held_with_what_hangs_on_them(staged, fates):
    snapshot = staged(
        {
            "patients": PATIENTS + "7,Ash,1,active\n8,Ash,1,active\n",
            "merges": "duplicateId,masterId\n7,8\n8,7\n6,7\n",
            "clinical_notes": "noteId,patientId,text\n1,7,a\n2,5,b\n",
        }
    )
    assert fates(snapshot, "patients") == {
        "5": READY,
        "6": ("rejected", "merge_cycle"),
        "7": ("rejected", "merge_cycle"),
        "8": ("rejected", "merge_cycle"),
    }
    assert set(fates(snapshot, "merges").values()) == {("rejected", "merge_cycle")}
    note = next(s for s in snapshot.fates("clinical_notes") if s.key.id == "1")
    assert (note.fate, note.reason, note.blocked_by) == ("deferred", "blocked_by_parent", "patients/7")


def test_a_merge_into_nobody_is_an_orphan(staged, fates):
    snapshot = staged({"patients": PATIENTS, "merges": "duplicateId,masterId\n6,77\n99,78\n"})
    assert fates(snapshot, "patients")["6"] == ("rejected", "orphan")
    assert set(fates(snapshot, "merges").values()) == {("rejected", "orphan")}


def test_orphans_and_blocked_descendants(staged, fates):
    snapshot = staged(
        {
            "patients": PATIENTS + "7,,1,active\n",
            "treatment_plans": "planId,patientId,status\n1,404,accepted\n2,7,accepted\n3,5,accepted\n4,,accepted\n",
            "treatment_items": "itemId,planId\n1,1\n2,2\n3,3\n4,999\n",
        }
    )
    assert fates(snapshot, "treatment_plans") == {
        "1": ("rejected", "orphan"),
        "2": ("deferred", "blocked_by_parent"),
        "3": READY,
        "4": ("rejected", "orphan"),
    }
    assert fates(snapshot, "treatment_items") == {
        "1": ("deferred", "blocked_by_parent"),
        "2": ("deferred", "blocked_by_parent"),
        "3": READY,
        "4": ("rejected", "orphan"),
    }
    blocked = {s.key.id: s.blocked_by for s in snapshot.fates("treatment_items")}
    assert blocked == {"1": "treatment_plans/1", "2": "treatment_plans/2", "3": "", "4": ""}


def test_unknown_practice_and_unmapped_status(staged, fates):
    snapshot = staged(
        {
            "patients": PATIENTS + "7,Ash,44,active\n8,Elm,,active\n",
            "appointments": "appointmentId,patientId,practiceId,appointmentStatusId,appointmentTime\n"
            "1,5,1,5,2026-01-05T09:00\n2,5,1,9,2026-01-05T09:00\n3,5,1,77,2026-01-05T09:00\n"
            "4,5,1,,2026-01-05T09:00\n5,5,44,5,2026-01-05T09:00\n",
        }
    )
    assert fates(snapshot, "patients")["7"] == ("rejected", "unknown_practice")
    assert fates(snapshot, "patients")["8"] == READY
    assert [reason for _, reason in fates(snapshot, "appointments").values()] == [
        "", "unmapped_status", "unmapped_status", "unmapped_status", "unknown_practice",
    ]  # fmt: skip


MONEY = {
    "patients": PATIENTS,
    "invoices": "invoiceId,patientId,currency,total\n1,5,GBP,30.00\n2,5,GBP,31.00\n3,6,GBP,0.00\n4,5,GBP,12.00\n"
    "5,5,GBP,0.00\n6,5,GBP,5.00\n",
    "invoice_lines": "lineId,invoiceId,lineType,net,vat,gross\n1,1,treatment,40.00,0,40.00\n"
    "2,1,discount,-10.00,0,-10.00\n3,2,treatment,30.00,0,30.00\n4,4,shop,10.00,2.00,12.00\n"
    "4,4,shop,10.00,2.00,12.00\n5,6,treatment,about five,0,5.00\n",
    "payments": "paymentId,patientId,amount,currency,status\n1,5,30.00,GBP,received\n2,5,10.00,GBP,received\n"
    "3,6,5.00,GBP,received\n",
    "payment_allocations": "paymentId,lineId,amount\n1,1,30.00\n2,1,6.00\n2,4,4.01\n",
}


def test_money_checks(staged, fates):
    snapshot = staged(MONEY)
    assert fates(snapshot, "invoices") == {
        "1": READY,
        "2": ("rejected", "total_mismatch"),
        "3": ("rejected", "currency_mismatch"),
        "4": READY,
        "5": READY,
        "6": ("rejected", "total_mismatch"),
    }
    assert fates(snapshot, "invoice_lines")["3"] == ("deferred", "blocked_by_parent")
    assert fates(snapshot, "payments") == {
        "1": READY,
        "2": ("rejected", "over_allocated"),
        "3": ("rejected", "currency_mismatch"),
    }
    assert fates(snapshot, "payment_allocations") == {
        "1|1": READY,
        "2|1": ("deferred", "blocked_by_parent"),
        "2|4": ("deferred", "blocked_by_parent"),
    }


@pytest.mark.parametrize("state", ["", "pending", "rejected"])
def test_instalments_wait_for_a_signature(staged, fates, state):
    snapshot = staged(
        {
            "patients": PATIENTS,
            "instalment_plans": f"planId,patientId,total,signOffState\n1,5,100.00,{state}\n2,5,100.00,approved\n",
            "instalments": "instalmentId,planId,amount\n1,1,50.00\n2,2,50.00\n",
        }
    )
    assert fates(snapshot, "instalment_plans") == {"1": ("deferred", "sign_off_required"), "2": READY}
    assert fates(snapshot, "instalments") == {"1": ("deferred", "blocked_by_parent"), "2": READY}


DECEASED = {
    "patients": PATIENTS + "7,Ash,1,deceased\n8,,1,deceased\n",
    "invoices": "invoiceId,patientId,currency,total\n1,7,GBP,0.00\n2,7,EUR,0.00\n3,8,GBP,0.00\n",
    "instalment_plans": "planId,patientId,total,signOffState\n1,7,100.00,pending\n2,7,100.00,approved\n",
    "instalments": "instalmentId,planId,amount\n1,1,50.00\n2,2,50.00\n",
}


def test_deceased_are_filtered_with_what_hangs_on_them(staged, fates):
    snapshot = staged(DECEASED)
    assert fates(snapshot, "patients")["7"] == ("filtered", "deceased")
    assert fates(snapshot, "patients")["8"] == ("rejected", "missing_name")
    assert fates(snapshot, "invoices") == {
        "1": ("filtered", "parent_filtered"),
        "2": ("rejected", "currency_mismatch"),
        "3": ("deferred", "blocked_by_parent"),
    }
    assert set(fates(snapshot, "instalment_plans").values()) == {("filtered", "parent_filtered")}


def test_a_policy_lets_the_deceased_in_but_not_what_has_a_fault_of_its_own(staged):
    snapshot = staged(DECEASED)

    def keys(stream):
        assert list(ParquetSnapshot.open(snapshot.folder, ("deceased",)).keys(stream)) == [
            r.key.id for r in ParquetSnapshot.open(snapshot.folder, ("deceased",)).read(stream)
        ]
        return list(ParquetSnapshot.open(snapshot.folder, ("deceased",)).keys(stream))

    assert keys("patients") == ["5", "6", "7"]
    assert keys("invoices") == ["1"]
    assert keys("instalment_plans") == ["2"]
    assert keys("instalments") == ["2"]
    assert list(ParquetSnapshot.open(snapshot.folder, ("blocked_time",)).keys("invoices")) == []


def test_references_that_are_no_parents_are_reported_only(staged, fates):
    snapshot = staged(
        {
            "patients": "patientId,lastName,preferredClinicianId,carePlanId\n5,Brook,3,4\n6,Cole,3,\n",
            "clinical_notes": "noteId,patientId,appointmentId,text\n1,5,77,a\n",
        }
    )
    assert set(fates(snapshot, "patients").values()) == {READY}
    found = {
        (f.file, f.message.split(" in ")[1].split()[0]): f.count
        for f in snapshot.findings()
        if f.code == "dangling_reference"
    }
    assert found == {
        ("patients", "preferredClinicianId"): 2,
        ("patients", "carePlanId"): 1,
        ("clinical_notes", "appointmentId"): 1,
    }


def test_every_record_is_counted_once(staged):
    snapshot = staged(MONEY)
    for stream, counts in snapshot.counts().items():
        assert sum(counts.values()) == snapshot.catalog.stream(stream).records
        assert sum(counts.values()) == sum(1 for _ in snapshot.fates(stream))
