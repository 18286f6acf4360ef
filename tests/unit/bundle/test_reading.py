import codecs
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from wherry.connectors.aerona import FileOverrides, Overrides, connector
from wherry.connectors.bundle.decode import inspect, is_mojibake
from wherry.model.catalog import Privacy
from wherry.model.errors import PreflightFailed, SettingsInvalid
from wherry.model.opening import Opening
from wherry.model.record import Fate


class NoClock:
    def now(self):
        raise AssertionError

    def sleep(self, seconds):
        raise AssertionError


def opening(settings, root):
    return Opening(settings=settings, root=root, state=root, clock=NoClock())


def codes(bundle):
    return {(finding.code, finding.file): finding.count for finding in bundle.findings()}


# --- text ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "declared", "encoding", "finding"),
    [
        ("a,Siobhán\n".encode(), "utf-8", "utf-8", ""),
        ("a,Siobhán\n".encode(), None, "utf-8", ""),
        (codecs.BOM_UTF8 + "a,Siobhán\n".encode(), "windows-1252", "utf-8-sig", ""),
        ("a,Siobhán\n".encode("utf-16"), "utf-8", "utf-16", ""),
        ("a,Siobhán\n".encode("cp1252"), "utf-8", "cp1252", "encoding_differs"),
        ("a,Siobhán\n".encode("cp1252"), None, "cp1252", "encoding_proven"),
        ("a,Siobhán\n".encode("cp1252"), "windows-1252", "cp1252", ""),
        ("a,Siobhán\n".encode(), "windows-1252", "utf-8", "encoding_differs"),
        (b"plain\n", "windows-1252", "utf-8", ""),
        ("a,€\n".encode("iso-8859-15"), "iso-8859-15", "iso8859-15", ""),
    ],
)
@pytest.mark.parametrize("block", [1, 7, 1 << 20])
def test_encoding_is_proven_whatever_the_blocks(data, declared, encoding, finding, block):
    blocks = [data[at : at + block] for at in range(0, len(data), block)]
    found = inspect(blocks, "x.csv", declared)
    assert (found.encoding, found.finding[0]) == (encoding, finding)
    assert "".join(data.decode(found.encoding)).startswith(("a,", "plain"))


def test_an_unknown_encoding_name_is_refused():
    with pytest.raises(PreflightFailed, match=r"x\.csv"):
        inspect([b"a"], "x.csv", "klingon-8")


@pytest.mark.parametrize("text", ["SiobhÃ¡n", "RÃ³isÃ\xadn", "Oâ€™Brien"])
def test_mojibake_is_told(text):
    assert is_mojibake(text)


@pytest.mark.parametrize("text", ["Siobhán", "O’Brien", "Müller", "Seán Ó Sé", "São Tomé", "Ærø", "plain"])
def test_names_with_accents_are_no_mojibake(text):
    assert not is_mojibake(text)


def test_mojibake_is_reported_and_kept(extracted, write_bundle, opened):
    bundle = opened(write_bundle({"patients.csv": "patientId,lastName\n1,Ã“ Sé\n2,SiobhÃ¡n\n3,Ó Sé\n"}))
    names = [record.values["lastName"] for record in bundle.extract("patients")]
    assert names[1] == "SiobhÃ¡n"
    assert codes(bundle)["mojibake", "patients.csv"] >= 1
    assert "Siobh" not in repr(bundle.findings())


def test_line_ends_and_newlines_in_cells_and_physical_lines(extracted):
    content = 'noteId,patientId,text\r\n1,5,"a\r\nb\nc"\r\n\r\n2,5," led, by ""quotes"" "\r\n'
    first, second = extracted("clinical_notes.csv", content)
    assert first.values["text"] == "a\r\nb\nc"
    assert second.values["text"] == ' led, by "quotes" '
    assert (first.staged.line, second.staged.line) == (2, 6)


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("declared", [True, False, "wrong"])
def test_delimiter_is_declared_or_proven(write_bundle, opened, delimiter, declared):
    content = "patientId,firstName,lastName\n1,Ann,Brook\n".replace(",", delimiter)
    said = {True: delimiter, False: None, "wrong": "," if delimiter != "," else ";"}[declared]
    folder = write_bundle({"patients.csv": content}, entries={"patients.csv": {"delimiter": said}})
    bundle = opened(folder)
    (record,) = bundle.extract("patients")
    assert record.values["lastName"] == "Brook"
    assert (("delimiter_differs", "patients.csv") in codes(bundle)) == (declared == "wrong")


def test_ragged_rows(write_bundle, opened):
    content = "carePlanId,name,fee,vendor,\n1,Gold,10.00,,\n2,Silver\n3,Tin,5.00,,,,\n4,Lead,1.00,,,x\n5,Zinc,2,,y\n"
    bundle = opened(write_bundle({"care_plans.csv": content}))
    records = list(bundle.extract("care_plans"))
    assert [(r.staged.key.id, r.staged.fate, r.staged.reason) for r in records] == [
        ("1", Fate.READY, ""),
        ("2", Fate.REJECTED, "ragged_row"),
        ("3", Fate.READY, ""),
        ("4", Fate.REJECTED, "ragged_row"),
        ("5", Fate.READY, ""),
    ]
    assert "care_plans.csv, line 3" in records[1].staged.detail
    found = codes(bundle)
    assert found["extra_cells", "care_plans.csv"] == 1
    assert found["unnamed_column", "care_plans.csv"] == 1
    assert found["empty_column", "care_plans.csv"] == 1
    assert found["unknown_column", "care_plans.csv"] == 1


# --- headers ------------------------------------------------------------------------------------------


def test_header_variants_are_recognised_and_kept_as_spelt(write_bundle, opened):
    content = "Patient ID,Surname,D.O.B.,Mobile No.,Loyalty\n7,Brook,1980-01-31,07700 900123,Gold\n"
    bundle = opened(write_bundle({"patients.csv": content}))
    (record,) = bundle.extract("patients")
    assert record.staged.key.id == "7"
    assert record.values["dateOfBirth"] == date(1980, 1, 31)
    assert record.values["mobile"] == "07700 900123"
    assert record.values["custom:Loyalty"] == "Gold"
    patients = bundle.describe().stream("patients")
    assert patients.field("dateOfBirth").header == "D.O.B."
    assert patients.field("custom:Loyalty").custom
    assert patients.field("custom:Loyalty").label == "Loyalty"


def test_a_person_overrides_what_a_header_means(write_bundle, opened):
    content = "patientId,lastName,Mobile,Cell,Hall\n1,Brook,07700 900001,07700 900002,A\n"
    folder = write_bundle({"patients.csv": content})
    with pytest.raises(PreflightFailed, match=r"'Mobile' and 'Cell' both mean mobile") as error:
        opened(folder).describe()
    assert "headers.yaml" in error.value.hint
    bundle = opened(folder, headers={"patients.csv": {"Mobile": "", "Hall": "town"}})
    (record,) = bundle.extract("patients")
    assert record.values["mobile"] == "07700 900002"
    assert record.values["town"] == "A"


def test_a_missing_key_column_is_one_clear_error(write_bundle, opened):
    with pytest.raises(
        PreflightFailed, match=r"patients\.csv, line 1: there is no column patientId"
    ) as error:
        opened(write_bundle({"patients.csv": "Number,lastName\n1,Brook\n"})).describe()
    assert error.value.exit_code == 3


# --- dates over a whole column -------------------------------------------------------------------------


def test_a_column_is_proven_by_one_value_that_nothing_contradicts(write_bundle, opened):
    content = "id,patientId,type,amount,date\n1,5,correction,1,03/04/2026\n2,5,correction,1,25/12/2026\n"
    folder = write_bundle({"adjustments.csv": content}, entries={"adjustments.csv": {"date_format": None}})
    records = list(opened(folder).extract("adjustments"))
    assert [r.values["date"] for r in records] == [date(2026, 4, 3), date(2026, 12, 25)]


def test_a_mixed_column_proves_nothing(write_bundle, opened):
    content = (
        "id,patientId,type,amount,date\n1,5,correction,1,03/04/2026\n2,5,correction,1,25/12/2026\n"
        "3,5,correction,1,12/25/2026\n4,5,correction,1,31/31/2026\n5,5,correction,1,2026-04-03\n"
    )
    folder = write_bundle({"adjustments.csv": content}, entries={"adjustments.csv": {"date_format": None}})
    records = list(opened(folder).extract("adjustments"))
    assert [r.staged.reason for r in records] == ["ambiguous_date", "", "", "date_format_mismatch", ""]
    assert records[4].values["date"] == date(2026, 4, 3)
    assert "03/04" not in records[0].staged.detail


def test_a_null_date_format_is_not_declared_but_an_absent_one_is_the_manifests(write_bundle, opened):
    content = "id,patientId,type,amount,date\n1,5,correction,1,03/04/2026\n"
    folder = write_bundle({"adjustments.csv": content}, date_format="dd/mm/yyyy")
    assert next(opened(folder).extract("adjustments")).values["date"] == date(2026, 4, 3)
    folder = write_bundle(
        {"adjustments.csv": content},
        date_format="dd/mm/yyyy",
        entries={"adjustments.csv": {"date_format": None}},
    )
    assert next(opened(folder).extract("adjustments")).staged.reason == "ambiguous_date"
    told = Overrides(files={"adjustments": FileOverrides(date_format="mm/dd/yyyy")})
    assert next(opened(folder, overrides=told).extract("adjustments")).values["date"] == date(2026, 3, 4)


# --- times --------------------------------------------------------------------------------------------

PRACTICES = "practiceId,name,timeZone\n1,Ashmere,Europe/London\n2,Lisboa,Atlantic/Azores\n"


def test_times_are_on_the_practices_clock(write_bundle, opened):
    visits = (
        "appointmentId,patientId,practiceId,appointmentStatusId,appointmentTime,createdAt\n"
        "1,5,2,1,2026-07-01T09:00,2026-06-01T10:00:00Z\n2,5,,1,2026-07-01T09:00,2026-06-01T10:00\n"
        "3,6,,1,01/07/2026 09:00,\n"
    )
    patients = "patientId,lastName,practiceId\n5,Brook,2\n6,Cole,1\n"
    bundle = opened(
        write_bundle({"practices.csv": PRACTICES, "patients.csv": patients, "appointments.csv": visits})
    )
    one, two, three = bundle.extract("appointments")
    assert one.values["appointmentTime"].astimezone(UTC) == datetime(2026, 7, 1, 9, tzinfo=UTC)
    assert one.values["appointmentTime"].tzinfo.key == "Atlantic/Azores"
    assert one.values["createdAt"].isoformat() == "2026-06-01T10:00:00+00:00"
    assert two.values["appointmentTime"] == one.values["appointmentTime"]
    assert three.values["appointmentTime"].astimezone(UTC) == datetime(2026, 7, 1, 8, tzinfo=UTC)


def test_gap_fold_and_blocked_time(write_bundle, opened):
    rows = "".join(
        f"{n},{patient},1,{time}\n"
        for n, patient, time in [
            (1, 5, "2025-03-30T01:30"), (2, 5, "2025-10-26T01:30"), (3, "", "2025-03-30T01:30"),
            (4, 0, "2026-01-01T09:00"), (5, "x7", "2026-01-01T09:00"), (6, 5, ""),
        ]
    )  # fmt: skip
    bundle = opened(
        write_bundle(
            {"appointments.csv": "appointmentId,patientId,appointmentStatusId,appointmentTime\n" + rows}
        )
    )
    found = [(r.staged.fate, r.staged.reason) for r in bundle.extract("appointments")]
    assert found == [
        (Fate.REJECTED, "nonexistent_local_time"),
        (Fate.READY, ""),
        (Fate.FILTERED, "blocked_time"),
        (Fate.FILTERED, "blocked_time"),
        (Fate.REJECTED, "invalid_id"),
        (Fate.REJECTED, "missing_time"),
    ]
    assert codes(bundle)["ambiguous_local_time", "appointments.csv"] == 1


# --- values, counted ----------------------------------------------------------------------------------


def test_placeholders_become_nothing_and_are_counted(write_bundle, opened):
    content = (
        "patientId,lastName,firstName,email,mobile,dateOfBirth\n"
        "1,Brook,N/A,noemail@example.com,00000000000,0001-01-01\n2,Null,AAAA,x@example.org,07700 900123,1901-01-01\n"
        "3,Cole,-,cole@@example,0,0000-00-00\n"
    )
    bundle = opened(write_bundle({"patients.csv": content}))
    one, two, three = bundle.extract("patients")
    assert (one.values["firstName"], one.values["email"], one.values["mobile"]) == (None, None, None)
    assert (two.values["lastName"], two.values["dateOfBirth"]) == ("Null", None)
    assert three.values["email"] == "cole@@example"
    found = codes(bundle)
    assert found["placeholder_value", "patients.csv"] == 3
    assert found["placeholder_email", "patients.csv"] == 2
    assert found["placeholder_phone", "patients.csv"] == 2
    assert found["sentinel_date", "patients.csv"] == 3
    assert found["invalid_email", "patients.csv"] == 1


@pytest.mark.parametrize(
    ("name", "content", "reason", "field"),
    [
        ("patients.csv", "patientId,lastName\n1,\n", "missing_name", "lastName"),
        ("patients.csv", "patientId,lastName\n,Brook\n", "missing_key", "patientId"),
        ("patients.csv", "patientId,lastName,status\n1,Brook,gone\n", "unmapped_status", "status"),
        ("patients.csv", "patientId,lastName,allowSms\n1,Brook,perhaps\n", "invalid_boolean", "allowSms"),
        ("invoices.csv", "invoiceId,patientId,total\n1,5,1.234\n", "invalid_amount", "total"),
        ("invoice_lines.csv", "lineId,invoiceId,lineType,net\n1,5,gift,1\n", "unknown_line_type", "lineType"),
        ("payments.csv", "paymentId,patientId,amount,status\n1,5,1,lost\n", "unmapped_status", "status"),
        ("practices.csv", "practiceId,name,timeZone\n1,A,Europe/Ashmere\n", "invalid_time_zone", "timeZone"),
        (
            "instalment_plans.csv",
            "planId,patientId,months,signOffState\n1,5,six,approved\n",
            "invalid_number",
            "months",
        ),
    ],
)
def test_a_record_that_shows_its_own_fault(extracted, name, content, reason, field):
    (record,) = extracted(name, content)
    staged = record.staged
    assert (staged.fate, staged.reason, staged.field) == (Fate.REJECTED, reason, field)
    assert staged.detail.startswith(f"{name}, line 2: ")


def test_words_are_read_without_case_and_spaces(extracted):
    (plan,) = extracted("treatment_plans.csv", "planId,patientId,status\n1,5,In Progress\n")
    assert plan.values["status"] == "in_progress"


def test_a_joint_key_holds_no_clinical_word(extracted):
    (flag,) = extracted("medical_flags.csv", "patientId,flag\n5,Penicillin allergy\n")
    assert flag.staged.key.id.startswith("5|")
    assert "enicillin" not in flag.staged.key.id
    (share,) = extracted("payment_allocations.csv", "paymentId,lineId,amount\n5,7,1.00\n")
    assert share.staged.key.id == "5|7"
    assert share.values["amount"] == Decimal("1.00")


def test_privacy_of_the_known_columns(write_bundle, opened):
    catalog = opened(write_bundle({})).describe()
    classes = {
        (stream.name, field.name): field.privacy for stream in catalog.streams for field in stream.fields
    }
    clinical = {name for name, privacy in classes.items() if privacy is Privacy.CLINICAL}
    assert {
        ("appointments", "appointmentNotes"), ("appointments", "cancelReason"), ("clinical_notes", "text"),
        ("clinical_notes", "flags"), ("treatment_items", "tooth"), ("treatment_items", "surfaces"),
        ("treatment_items", "material"), ("treatment_items", "description"), ("medical_flags", "flag"),
    } <= clinical  # fmt: skip
    assert {n for (s, n), p in classes.items() if p is Privacy.NATIONAL_ID} == {"nhsNumber", "ppsNumber"}
    assert {p for (s, _), p in classes.items() if s == "documents"} == {Privacy.DOCUMENTS}
    assert classes["patients", "sex"] is classes["patients", "dateOfBirth"] is Privacy.IDENTITY


# --- the bundle as a whole ----------------------------------------------------------------------------


def test_what_the_bundle_says_of_itself(write_bundle, opened):
    bundle = opened(
        write_bundle(
            {"patients.csv": "patientId,lastName\n1,Brook\n", "weather.csv": "day\n1\n"},
            extra={"export.log": b"done", "documents/a.txt": b"a"},
            options={"requested": ["documents", "audit_history"], "granted": ["documents"]},
        ),
        overrides=Overrides(timezone="Europe/Dublin", currency="EUR"),
    )
    facts = bundle.facts()
    assert (facts["tz"], facts["currency"], facts["exported_at"]) == (
        "Europe/Dublin",
        "EUR",
        "2026-10-02T19:40:00+01:00",
    )
    found = codes(bundle)
    assert ("unlisted_file", "export.log") in found
    assert ("unknown_file", "weather.csv") in found
    assert not any(file.startswith("documents/") for _, file in found)
    (option,) = [f for f in bundle.findings() if f.code == "option_not_granted"]
    assert option.message.startswith("audit history was requested but not granted")


def test_a_file_that_is_not_listed_is_an_empty_stream(write_bundle, opened):
    bundle = opened(write_bundle({"patients.csv": "patientId,lastName\n"}))
    assert list(bundle.extract("patients")) == []
    assert list(bundle.extract("recalls")) == []


def test_documents_are_checked_to_the_byte(write_bundle, opened):
    import hashlib

    good = hashlib.sha256(b"hello").hexdigest()
    rows = [
        ("1", "5", good, "documents/a.txt", ""),
        ("2", "5", good, "documents/none.txt", "missing_file"),
        ("3", "5", good, "documents/../manifest.json", "unsafe_path"),
        ("4", "5", good, "manifest.json", "unsafe_path"),
        ("5", "5", "0" * 64, "documents/a.txt", "checksum_mismatch"),
        ("6", "4", good, "documents/a.txt", "checksum_mismatch"),
        ("7", "5", good, "", "missing_file"),
    ]
    content = "documentId,patientId,bytes,sha256,ref\n" + "".join(
        f"{n},9,{size},{sha},{ref}\n" for n, size, sha, ref, _ in rows
    )
    bundle = opened(write_bundle({"documents.csv": content}, extra={"documents/a.txt": b"hello"}))
    assert [r.staged.reason for r in bundle.extract("documents")] == [row[-1] for row in rows]
    with bundle.open_document("documents/a.txt") as blocks:
        assert b"".join(blocks) == b"hello"
    with pytest.raises(PreflightFailed), bundle.open_document("manifest.json"):
        pass


def test_the_connector_reads_its_settings(write_bundle):
    folder = write_bundle({"patients.csv": "patientId,lastName,dateOfBirth\n1,Brook,03/04/1980\n"})
    settings = {
        "bundle": folder.name,
        "date_format": {"patients.csv": "dd/mm/yyyy"},
        "timezone": "Europe/Dublin",
    }
    with connector(opening(settings, folder.parent)) as bundle:
        assert next(bundle.extract("patients")).values["dateOfBirth"] == date(1980, 4, 3)
        assert bundle.facts()["tz"] == "Europe/Dublin"


@pytest.mark.parametrize(
    "wrong",
    [{}, {"bundle": "x", "timezone": "Moon"}, {"bundle": "x", "date_format": "ddmm"}, {"bundle": "x", "encoding": 8},
     {"bundle": "x", "date_format": {"patients.csv": "soon"}}, {"bundle": "x", "encoding": {"patients.csv": 8}}],
)  # fmt: skip
def test_settings_that_cannot_be_are_named(wrong, tmp_path):
    with pytest.raises(SettingsInvalid, match=r"\[source\]"):
        connector(opening(wrong, tmp_path))
