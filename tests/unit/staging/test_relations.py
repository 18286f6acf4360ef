from wherry.staging import ParquetSnapshot

HEAD = "patientId,lastName,householdId,isHouseholdHead,dateOfBirth,email,practiceId,status\n"
HOUSEHOLDS = "householdId,name,headPatientId\n1,Brook,{head}\n2,Cole,\n"


def facts(snapshot):
    return {record.key.id: record.facts for record in snapshot.read("patients")}


def holders(snapshot):
    return {key for key, fact in facts(snapshot).items() if fact["email_holder"]}


def test_the_head_keeps_a_shared_address_else_the_oldest(staged):
    rows = (
        "1,Brook,1,false,1950-01-01,home@example.org,1,active\n2,Brook,1,true,1980-01-01,Home@example.org,1,active\n"
        "3,Brook,1,false,2015-01-01,home@example.org ,1,active\n"
        "4,Cole,2,false,2016-01-01,cole@example.org,1,active\n5,Cole,2,false,1990-01-01,cole@example.org,1,active\n"
        "6,Cole,2,false,,cole@example.org,1,active\n"
    )
    snapshot = staged({"patients": HEAD + rows, "households": HOUSEHOLDS.format(head="")})
    assert holders(snapshot) == {"2", "5"}
    found = facts(snapshot)
    assert found["1"]["email_holder_key"] == found["3"]["email_holder_key"] == "2"
    assert found["2"]["email_holder_key"] == ""
    assert {fact["email_scope"] for fact in found.values()} == {"household"}
    assert found["3"]["payer_key"] == "2"
    assert found["4"]["payer_key"] == ""
    counts = {f.code: f.count for f in snapshot.findings()}
    assert counts["shared_email_in_household"] == 4


def test_the_households_file_names_the_head_even_where_the_patient_does_not(staged):
    rows = (
        "1,Brook,1,,1950-01-01,home@example.org,1,active\n2,Brook,1,,1980-01-01,home@example.org,1,active\n"
    )
    snapshot = staged({"patients": HEAD + rows, "households": HOUSEHOLDS.format(head="2")})
    assert holders(snapshot) == {"2"}
    assert {fact["payer_key"] for fact in facts(snapshot).values()} == {"2"}


def test_across_households_exactly_one_keeps_the_address(staged):
    rows = (
        "1,Brook,1,true,1980-01-01,a@example.org,1,active\n2,Cole,2,true,1970-01-01,a@example.org,1,active\n"
        "3,Dunne,,,1960-01-01,a@example.org,1,active\n4,Elm,,,1980-02-02,b@example.org,1,active\n"
    )
    snapshot = staged({"patients": HEAD + rows, "households": HOUSEHOLDS.format(head="")})
    assert holders(snapshot) == {"2", "4"}
    assert facts(snapshot)["3"]["email_scope"] == "across"
    assert facts(snapshot)["4"]["email_scope"] == ""
    assert {f.code: f.count for f in snapshot.findings()}["shared_email_across_households"] == 1


def test_ties_go_to_the_lowest_number(staged):
    rows = "10,Brook,1,,1980-01-01,a@example.org,1,active\n9,Brook,1,,1980-01-01,a@example.org,1,active\n"
    assert holders(staged({"patients": HEAD + rows})) == {"9"}


def test_the_deceased_and_the_merged_hold_nothing(staged):
    rows = (
        "1,Brook,1,true,1940-01-01,a@example.org,1,deceased\n2,Brook,1,,1980-01-01,a@example.org,1,active\n"
        "3,Brook,1,,1945-01-01,a@example.org,1,active\n4,Brook,1,,1930-01-01,a@example.org,1,active\n"
    )
    snapshot = staged(
        {
            "patients": HEAD + rows,
            "households": HOUSEHOLDS.format(head="1"),
            "merges": "duplicateId,masterId\n4,2\n",
        }
    )
    assert holders(snapshot) == {"3"}
    assert facts(snapshot)["2"]["payer_key"] == ""
    late = next(iter(ParquetSnapshot.open(snapshot.folder, ("deceased",)).read("patients", ["1"])))
    assert late.facts["email_holder"] is False
    assert late.facts["email_holder_key"] == "3"


def test_never_booked_and_zone(staged):
    rows = "1,Brook,,,,,1,active\n2,Cole,,,,,2,active\n3,Dunne,,,,,,active\n4,Brook,,,,,1,active\n"
    snapshot = staged(
        {
            "patients": HEAD + rows,
            "merges": "duplicateId,masterId\n4,3\n",
            "appointments": "appointmentId,patientId,practiceId,appointmentStatusId,appointmentTime\n"
            "1,1,1,9,2026-01-05T09:00\n2,4,1,5,2026-01-05T09:00\n",
        }
    )
    found = facts(snapshot)
    assert {key: fact["never_booked"] for key, fact in found.items()} == {"1": False, "2": True, "3": False}
    assert {key: fact["zone"] for key, fact in found.items()} == {
        "1": "Europe/London",
        "2": "Europe/Dublin",
        "3": "Europe/London",
    }
    assert found["3"]["merged_ids"] == ("4",)
    assert next(iter(snapshot.read("patients"))).values["dateOfBirth"] is None
