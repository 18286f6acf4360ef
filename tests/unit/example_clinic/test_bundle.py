"""The bundle is what its manifest says, and the same every time."""

import hashlib
import subprocess
import sys
import zipfile

import pytest
import pyzipper
from clinicgen.clinic import Order
from clinicgen.columns import COLUMNS


def _files(folder):
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_manifest_tells_rows_and_checksums(either):
    assert {e["name"] for e in either.manifest["files"]} == {f"{stream}.csv" for stream in COLUMNS}
    for entry in either.manifest["files"]:
        content = (either.bundle / entry["name"]).read_bytes()
        assert hashlib.sha256(content).hexdigest() == entry["sha256"], entry["name"]
        assert len(either.rows[entry["name"].removesuffix(".csv")]) == entry["rows"], entry["name"]


def test_manifest_header(clean):
    manifest = clean.manifest
    assert (manifest["format"], manifest["version"], manifest["tooth_notation"]) == (
        "aerona-bundle",
        1,
        "FDI",
    )
    assert set(manifest["options"]["requested"]) - set(manifest["options"]["granted"]) == {"audit_history"}


def test_every_column_is_used(clean):
    unused = {
        f"{stream}.{name}"
        for stream, columns in COLUMNS.items()
        for name in columns
        if not any(row[name] for row in clean.rows[stream])
    }
    assert unused == set()


def test_ids_are_short_integers_and_unique(clean):
    for stream in set(COLUMNS) - {"medical_flags", "payment_allocations"}:
        ids = [row[COLUMNS[stream][0]] for row in clean.rows[stream]]
        assert len(set(ids)) == len(ids), stream
        assert all(one.isdigit() and len(one) <= 11 for one in ids), stream


def test_same_arguments_give_the_same_bytes(make, dirty):
    again = make(dirty=True)
    assert _files(again.out) == _files(dirty.out)


@pytest.mark.parametrize("method", ["zipcrypto", "aes"])
def test_packing(make, clean, method):
    first = make(password="open sesame", zip_method=method)
    second = make(password="open sesame", zip_method=method)
    archive = first.out / "clinic.zip"
    if method == "zipcrypto":
        assert archive.read_bytes() == (second.out / "clinic.zip").read_bytes()
    with pyzipper.AESZipFile(archive) as opened:
        opened.setpassword(b"open sesame")
        assert {name: opened.read(name) for name in opened.namelist()} == _files(clean.bundle)
        opened.setpassword(b"guess")
        with pytest.raises(RuntimeError, match="password"):
            opened.read("manifest.json")


def test_plain_zip_opens_without_a_password(make, clean):
    made = make(password="")
    with zipfile.ZipFile(made.out / "clinic.zip") as opened:
        assert opened.testzip() is None
        assert {name: opened.read(name) for name in opened.namelist()} == _files(clean.bundle)


def test_the_seed_changes_the_crowd_but_not_the_named_cases(make, clean):
    other = make(seed=8)
    assert other.expected["cases"] == clean.expected["cases"]
    named = max(
        int(key) for case in clean.expected["cases"].values() for key in case["keys"].get("patients", ())
    )
    assert other.rows["patients"][: named // 2] == clean.rows["patients"][: named // 2]
    assert other.rows["patients"][named + 5 :] != clean.rows["patients"][named + 5 :]


def test_the_dirty_variant_only_adds(clean, dirty):
    patients = {row["patientId"]: row for row in dirty.rows["patients"]}
    assert all(patients[row["patientId"]] == row for row in clean.rows["patients"])
    assert len(dirty.rows["patients"]) > len(clean.rows["patients"])


def test_by_records_instead_of_patients(make):
    made = make(records=6000)
    total = sum(states["read"] for states in made.expected["counts"].values())
    assert 6000 <= total < 6300
    assert made.expected["records"] is None
    assert made.expected["findings"]["never_booked"] == {
        "count": made.expected["findings"]["never_booked"]["count"],
        "keys": {},
    }


def test_too_few_patients_are_refused(tmp_path):
    with pytest.raises(ValueError, match="named cases alone need"):
        Order(out=tmp_path, patients=12)


def test_command_line(tmp_path, clinic_folder):
    command = [sys.executable, str(clinic_folder / "generate.py"), "--out", str(tmp_path)]
    done = subprocess.run(
        [*command, "--patients", "125", "--dirty"], capture_output=True, text=True, check=True
    )
    assert "records" in done.stdout
    assert (tmp_path / "bundle" / "manifest.json").exists()
    refused = subprocess.run([*command, "--patients", "3"], capture_output=True, text=True, check=False)
    assert refused.returncode == 2
    assert "--patients 3" in refused.stderr


def test_spellings_on_disk(clean, dirty):
    def start(made, stream):
        return (made.bundle / f"{stream}.csv").read_bytes()[:4000]

    assert start(clean, "practices").startswith(b"\xef\xbb\xbf")
    assert b"\r\n" in start(clean, "appointments")
    assert start(clean, "payments").startswith(b"paymentId;patientId;")
    assert start(dirty, "patients").startswith(b"Patient ID,householdId,")
    assert b"D.O.B.,sex,email,Mobile No.," in start(dirty, "patients")
    assert b",Appt Start," in start(dirty, "appointments")
    assert start(dirty, "care_plans").splitlines()[0].endswith(b",active,vendorRef,")
    assert dirty.entry("refunds")["date_format"] is None
    assert dirty.entry("recalls")["encoding"] == "utf-8"
    with pytest.raises(UnicodeDecodeError):
        (dirty.bundle / "recalls.csv").read_bytes().decode("utf-8")
    assert all(row["date"][2] == "/" for row in clean.rows["invoices"])
