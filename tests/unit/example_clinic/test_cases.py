"""Each named case is as odd as it claims to be."""

import struct
import unicodedata
import zlib
from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest
from clinicgen.money_rows import LINE_TYPES
from clinicgen.paperwork import pdf_bytes, png_bytes
from clinicgen.places import CANONICAL
from clinicgen.treatment import PLAN_STATUSES

EXPORTED = "2026-10-02T19:40"
ZONES = {"GB": "Europe/London", "IE": "Europe/Dublin"}


def _values(made, stream, column):
    return {row[column] for row in made.rows[stream]}


def _notes(made, name):
    (row,) = made.case(name)
    return row["text"]


def test_every_word_of_the_contract_occurs(clean):
    assert _values(clean, "patients", "status") == {"active", "inactive", "archived", "deceased"}
    assert _values(clean, "treatment_plans", "status") == set(PLAN_STATUSES)
    assert _values(clean, "invoice_lines", "lineType") == set(LINE_TYPES)
    assert _values(clean, "payments", "status") == {"received", "pending", "cancelled", "failed", "refunded"}
    assert _values(clean, "adjustments", "type") == {"correction", "write_off", "third_party", "bad_debt"}
    assert _values(clean, "refunds", "target") == {"treatment", "balance"}
    assert _values(clean, "instalment_plans", "signOffState") == {"", "pending", "approved", "rejected"}
    assert _values(clean, "recalls", "type") == {"dentist", "hygienist", "other"}
    assert _values(clean, "documents", "kind") == {"consent", "image", "letter"}
    assert _values(clean, "appointments", "createdVia") == {"api", "portal", "desk"}
    assert _values(clean, "appointment_statuses", "canonical") == {"", *CANONICAL}
    used = _values(clean, "appointments", "appointmentStatusId")
    undeclared = {row["id"] for row in clean.rows["appointment_statuses"] if not row["canonical"]}
    assert used == _values(clean, "appointment_statuses", "id") - undeclared
    for stream in ("patients", "appointments"):
        assert _values(clean, stream, "practiceId") >= {"1", "2", "3", "4"}


def test_undeclared_status_is_used_twice_in_the_dirty_variant(dirty):
    (undeclared,) = [row["id"] for row in dirty.rows["appointment_statuses"] if not row["canonical"]]
    assert [row["appointmentStatusId"] for row in dirty.rows["appointments"]].count(undeclared) == 2


def test_there_is_a_past_and_a_future(clean):
    times = sorted(row["appointmentTime"] for row in clean.rows["appointments"])
    assert times[0] < "2018" < EXPORTED < times[-1]


def test_nobody_is_seen_before_birth_or_after_death(clean):
    people = {row["patientId"]: row for row in clean.rows["patients"]}
    for row in clean.rows["appointments"]:
        person = people.get(row["patientId"])
        if person is None:
            continue
        day = row["appointmentTime"][:10]
        assert person["dateOfBirth"] < day
        assert not person["deceasedDate"] or day <= person["deceasedDate"]


@pytest.mark.parametrize("name", ["appointment_spring_gap", "appointment_spring_gap_dublin"])
def test_spring_gap_never_was(dirty, name):
    (row,) = dirty.case(name)
    zone = ZoneInfo({p["practiceId"]: p["timeZone"] for p in dirty.rows["practices"]}[row["practiceId"]])
    local = datetime.fromisoformat(row["appointmentTime"]).replace(tzinfo=zone)
    there_and_back = local.astimezone(ZoneInfo("UTC")).astimezone(zone)
    assert there_and_back.replace(tzinfo=None) != local.replace(tzinfo=None)


def test_autumn_fold_was_twice_and_nothing_else_is_odd(clean):
    country = {p["practiceId"]: p["country"] for p in clean.rows["practices"]}
    folded = set()
    for row in clean.rows["appointments"]:
        local = datetime.fromisoformat(row["appointmentTime"])
        zone = ZoneInfo(ZONES[country[row["practiceId"]]])
        first, second = (local.replace(tzinfo=zone, fold=fold) for fold in (0, 1))
        if first.utcoffset() != second.utcoffset():
            folded.add(row["appointmentId"])
    assert folded == set(clean.expected["cases"]["autumn_fold"]["keys"]["appointments"])
    assert folded == set(clean.expected["findings"]["ambiguous_local_time"]["keys"]["appointments"])


def test_twins_and_namesakes(clean):
    one, two = clean.case("twins")
    assert one["dateOfBirth"] == two["dateOfBirth"]
    assert one["email"] == two["email"] != ""
    assert one["firstName"] != two["firstName"]
    one, two = clean.case("namesakes")
    assert (one["firstName"], one["lastName"]) == (two["firstName"], two["lastName"])
    assert one["dateOfBirth"] != two["dateOfBirth"]


def test_an_address_of_two_homes(clean):
    one, two = clean.case("email_across_households")
    assert one["householdId"] != two["householdId"]
    assert one["email"] != two["email"]
    assert one["email"].lower() == two["email"].lower()
    homes = {}
    for row in clean.rows["patients"]:
        if row["email"] and row["householdId"]:
            homes.setdefault(row["email"].lower(), set()).add(row["householdId"])
    assert [email for email, where in homes.items() if len(where) > 1] == [one["email"].lower()]


def test_merge_chain_leads_to_one_master(clean):
    merges = {row["duplicateId"]: row["masterId"] for row in clean.rows["merges"]}
    first, middle, master = clean.expected["cases"]["merge_chain"]["keys"]["patients"]
    assert (merges[first], merges[middle]) == (middle, master)
    listed = {row["patientId"] for row in clean.rows["patients"]}
    assert first in listed
    assert middle not in listed
    for duplicate in (first, middle):
        assert any(row["patientId"] == duplicate for row in clean.rows["appointments"])
        assert any(row["patientId"] == duplicate for row in clean.rows["clinical_notes"])


def test_long_notes(clean):
    huge, long, unbroken = (
        _notes(clean, f"note_{name}") for name in ("over_65535", "over_10000", "without_breaks")
    )
    assert len(huge) > 65_535
    assert 10_000 < len(long) < 20_000
    assert len(unbroken) > 10_000
    assert not any(letter.isspace() for letter in unbroken)
    for text in (huge, long):
        assert text.count("\n\n") > 10
        assert "👩🏽‍⚕️" in text
    assert all(any(unicodedata.combining(letter) for letter in text) for text in (huge, long, unbroken))


def test_difficult_texts_survive_the_file(clean):
    assert _notes(clean, "note_crlf") == "First line\r\nSecond line\r\n\r\nEnd"
    assert _notes(clean, "note_formula") == "=1+1"
    assert _notes(clean, "note_plus").startswith("+44")
    assert _notes(clean, "note_spaces") == "  led by spaces, followed by a line end \n"
    assert '""fine""' in _notes(clean, "note_quotes")
    (visit,) = clean.case("visit_note_formula")
    assert visit["appointmentNotes"].startswith("=HYPERLINK")
    assert "\r\n" in visit["appointmentNotes"]


def test_names_are_as_odd_as_promised(clean):
    names = " ".join(
        row["firstName"] + row["lastName"] + row["preferredName"] for row in clean.case("odd_names")
    )
    for sign in ("é", "’", "'", "ß", "🌻", "-", "\u0302"):
        assert sign in names
    starts = {row["firstName"][0] + row["lastName"][0] for row in clean.case("formula_like_names")}
    assert "=@" in starts


def test_custom_columns_keep_their_types(clean):
    patients = clean.rows["patients"]
    for row in patients:
        if row["custom:First seen"]:
            date.fromisoformat(row["custom:First seen"])
        if row["custom:Mouthguard size"]:
            float(row["custom:Mouthguard size"])
    assert any(row["custom:Newsletter topics"].count(";") == 2 for row in patients)
    assert 2 < len(_values(clean, "patients", "custom:Preferred language")) < 12


def test_all_of_one_patient_is_filled(clean):
    (row,) = clean.case("every_field")
    empty = {name for name, value in row.items() if not value}
    assert empty == {"householdId", "isHouseholdHead", "address2", "deceasedDate", "ppsNumber"}


def test_documents_are_real_files():
    pdf = pdf_bytes("Hello")
    start = int(pdf.rsplit(b"startxref\n", 1)[1].split()[0])
    assert pdf[start:].startswith(b"xref\n0 7\n")
    places = [int(line.split()[0]) for line in pdf[start:].splitlines()[3:9]]
    assert [pdf[place:].split(b" ", 1)[0] for place in places] == [b"1", b"2", b"3", b"4", b"5", b"6"]
    png = png_bytes(7)
    size, name = struct.unpack(">I4s", png[33:41])
    assert name == b"IDAT"
    assert len(zlib.decompress(png[41 : 41 + size])) == 32 * 33
    assert zlib.crc32(png[37 : 41 + size]) == struct.unpack(">I", png[41 + size : 45 + size])[0]
