"""The date of a patient's next recall, which the contact carries; and reading what does not move."""

from wherry.model.record import Fate

PATIENTS = "patientId,lastName,status\n1,Brook,active\n2,Cole,active\n3,Dunne,active\n4,Elm,deceased\n"
RECALLS = (
    "recallId,patientId,type,intervalMonths,dueDate,method,status,exempt\n"
    "1,1,dentist,6,2027-03-01,email,due,false\n2,1,hygienist,3,2026-11-05,sms,due,false\n"
    "3,1,other,12,2026-01-01,post,exempt,true\n4,2,dentist,6,2026-12-01,email,exempt,true\n"
    "5,4,dentist,6,2026-12-01,email,due,false\n6,99,dentist,6,2026-12-01,email,due,false\n"
)


def test_the_earliest_date_counts_and_exempt_recalls_do_not(staged):
    snapshot = staged({"patients": PATIENTS, "recalls": RECALLS})
    due = {record.key.id: record.facts["recall_due"] for record in snapshot.read("patients")}
    assert due == {"1": "2026-11-05", "2": None, "3": None}


def test_without_recalls_nobody_has_a_date(staged):
    snapshot = staged({"patients": PATIENTS})
    assert {record.facts["recall_due"] for record in snapshot.read("patients")} == {None}


def test_records_can_be_read_with_the_fate_that_they_were_given(staged):
    snapshot = staged({"patients": PATIENTS, "recalls": RECALLS})
    found = {record.key.id: fate for fate, record in snapshot.read_with_fate("recalls", tuple(Fate))}
    assert found == {**dict.fromkeys("1234", Fate.READY), "5": Fate.FILTERED, "6": Fate.REJECTED}
    only = snapshot.read_with_fate("recalls", [Fate.REJECTED])
    assert [record.values["intervalMonths"] for _, record in only] == [6]
    assert list(snapshot.read_with_fate("recalls", [])) == []
