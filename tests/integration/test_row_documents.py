"""Row 12 from end to end: documents become files on the contact, each once, or are refused by name."""

import csv
import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from shutil import copytree
from typing import Any

import pytest

from clinic_journey import COLUMNS, Journey
from wherry.model.errors import PreflightFailed, StorageFull

PLANS = ("growth", "pro", "enterprise")
SOUND = {
    "1": ("11", "Consent.pdf", b"%PDF-1.4 consent"),
    "2": ("11", "../../X-ray: \u202eÓrla?.png", b"\x89PNG picture"),
    "3": ("12", "", b"a letter without a name"),
    "4": ("12", "Consent.pdf", b"%PDF-1.4 consent"),
    "5": ("14", f"{'Überweisung ' * 30}.TXT", b"long name " * 40_000),
    "6": ("14", "old [aerona:documents:1].pdf", b"a name that looks like a marker"),
}
NAMES = {
    "1": "Consent.pdf [aerona:documents:1]",
    "2": "_._.._X-ray_ Órla_.png [aerona:documents:2]",
    "3": "letter.bin [aerona:documents:3]",
    "4": "Consent.pdf [aerona:documents:4]",
    "6": "old [aerona_documents_1].pdf [aerona:documents:6]",
}
FAULTY = {"7": "missing_file", "8": "checksum_mismatch", "9": "empty_file", "10": "unsafe_path"}
UPLOADS = {"method": "POST", "path": "^/documents"}


def write_documents(bundle: Path, rows: dict[str, tuple[str, str, bytes]], stored: dict[str, bytes]) -> None:
    """Write documents into a bundle: number → patient, name, bytes as listed; `stored` differs from the list."""
    (bundle / "documents").mkdir(exist_ok=True)
    table = []
    for number, (patient, name, content) in rows.items():
        ref = f"documents/{number}.bin"
        kept = stored.get(number, content)
        if number not in stored or kept != b"-":
            (bundle / ref).write_bytes(kept)
        cells = {
            "documentId": number,
            "patientId": patient,
            "kind": "letter",
            "fileName": name,
            "mime": "text/plain",
            "bytes": str(len(content)),
            "sha256": hashlib.sha256(content).hexdigest(),
            "ref": "documents/../../etc" if number == "10" else ref,
        }
        table.append([cells.get(column, "") for column in COLUMNS["documents"]])
    manifest = json.loads((bundle / "manifest.json").read_text(encoding="utf-8"))
    entry = next(one for one in manifest["files"] if one["name"] == "documents.csv")
    path = bundle / "documents.csv"
    with path.open("w", encoding=entry["encoding"], newline="") as file:
        csv.writer(file, delimiter=entry["delimiter"]).writerows([COLUMNS["documents"], *table])
    entry |= {"rows": len(table), "sha256": hashlib.sha256(path.read_bytes()).hexdigest()}
    (bundle / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")


@pytest.fixture
def sound(few: Path, tmp_path: Path) -> Path:
    """The small bundle with six documents in it that are as they should be."""
    bundle = copytree(few, tmp_path / "bundle")
    write_documents(bundle, SOUND, {})
    return bundle


@pytest.fixture
def mixed(few: Path, tmp_path: Path) -> Path:
    """The same, and four that are missing, altered, empty, and outside of the folder."""
    bundle = copytree(few, tmp_path / "bundle")
    faulty = dict.fromkeys(FAULTY, ("11", "faulty.txt", b"sound"))
    faulty["9"] = ("11", "empty.txt", b"")
    write_documents(bundle, {**SOUND, **faulty}, {"7": b"-", "8": b"altered", "10": b"-"})
    return bundle


def files(way: Journey) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = way.emulator.admin("files")["files"]
    return found


def assert_arrived(way: Journey) -> None:
    """Every sound document is there once, on its patient's contact, byte for byte, under its name."""
    contacts = {
        record["external_id"]: record["id"] for record in way.live("contact") if record.get("external_id")
    }
    there = {one["name"].rpartition(":")[2].rstrip("]"): one for one in files(way)}
    assert len(files(way)) == len(there)
    assert set(there) == set(SOUND)
    for number, (patient, _name, content) in SOUND.items():
        one = there[number]
        assert one["sha256"] == hashlib.sha256(content).hexdigest()
        assert one["targetables"] == [{"id": contacts[patient], "type": "Contact"}]
        assert one["name"].endswith(f" [aerona:documents:{number}]")
        assert len(one["name"].encode()) <= 255
        assert one["name"] == NAMES.get(number, one["name"])
    assert there["5"]["name"].endswith(".TXT [aerona:documents:5]")


@pytest.mark.parametrize("plan", PLANS)
def test_files_land_are_proved_and_go_with_their_contacts(journey: Any, mixed: Path, plan: str) -> None:
    way = journey(bundle=mixed, plan=plan, policy='delete = "forget"')
    way.discover()
    way.propose()
    frozen = way.plan()
    way.approve()
    assert way.prepare().exit_code == 0
    before = way.state()
    assert frozen.stages[-1].destination == "documents"
    assert frozen.stages[-1].privacy == ("documents",)
    assert frozen.extra["storage"]["files"] == len(SOUND)
    assert [line for line in frozen.irreversible if "6 files" in str(line["what"])]

    result = way.load()
    assert result.exit_code == 4
    assert_arrived(way)
    line = result.document()["streams"]["documents"]
    assert (line["read"], line["created"], line["rejected"]) == (10, 6, 4)
    assert result.document()["streams"]["link.documents.patients"]["created"] == 6
    rejects = csv.DictReader((way.directory / result.rejects_csv).read_text(encoding="utf-8").splitlines())
    assert {row["key"]: row["reason"] for row in rejects if row["stream"] == "documents"} == FAULTY

    told = next(one for one in way.live("contact") if one.get("external_id") == "12")["custom_field"]
    lines = told["cf_source_documents"].splitlines()
    assert lines[0].startswith("3 · letter · text/plain · 23 bytes · sha256 ")
    assert lines[1].startswith("4 · Consent.pdf · letter · ")
    assert lines[1].endswith(hashlib.sha256(SOUND["4"][2]).hexdigest())

    proof = way.reconcile()
    assert proof.exit_code == 0
    proved = proof.document()["streams"]["documents"]
    assert (proved["expected"], proved["found"], proved["different"], proved["missing"]) == (6, 6, 0, 0)

    preview = way.preview()
    back = way.rollback(preview.preview.confirm)
    assert back.exit_code == 0
    assert (back.reverted, back.irreversible) == (preview.reverted, preview.irreversible)
    # The account for patients without a practice was made by prepare, and goes too.
    assert {**way.state(), "sales_accounts": before["sales_accounts"]} == before
    assert files(way) == []

    assert way.load().document()["streams"]["documents"]["created"] == 6
    assert_arrived(way)
    assert way.unexplained() == 0


def test_a_file_on_a_contact_that_stays_stays_and_is_not_sent_again(journey: Any, sound: Path) -> None:
    way = journey(bundle=sound).prepared()
    way.load()
    kept = next(record for record in way.live("contact") if record.get("external_id") == "12")
    way.emulator.call("PUT", f"/contacts/{kept['id']}", {"contact": {"job_title": "Baker"}})
    back = way.rollback()
    assert (back.exit_code, back.kept_edited) == (7, 1)
    way.plan()
    way.approve()
    line = way.load().document()["streams"]["documents"]
    assert (line["created"], line["unchanged"]) == (4, 2)
    there = Counter(one["name"] for one in files(way) if one["targetables"][0]["id"] == kept["id"])
    assert set(there.values()) == {1}


def test_nothing_is_uploaded_while_the_class_is_locked(journey: Any, sound: Path) -> None:
    way = journey(bundle=sound)
    way.discover()
    way.propose()
    way.plan()
    way.approve(unlock=("clinical",))
    way.prepare()
    line = way.load().document()["streams"]["documents"]
    assert line["filtered"] == len(SOUND)
    assert files(way) == []
    assert not any("cf_source_documents" in one["custom_field"] for one in way.live("contact"))


def test_what_cannot_fit_does_not_begin(journey: Any, sound: Path) -> None:
    way = journey(bundle=sound)
    text = way.toml.read_text(encoding="utf-8")
    way.toml.write_text(
        text.replace("[destination]\n", "[destination]\nstorage_mb_per_user = 0\n"), encoding="utf-8"
    )
    way.planned()
    assert any("do not fit" in warning for warning in way.plan().warnings)
    way.approve()
    way.prepare()
    with pytest.raises(PreflightFailed, match="do not fit") as refused:
        way.load()
    assert refused.value.exit_code == 3
    assert "storage_mb_per_user" in refused.value.hint
    assert set(way.marks()) == {"sales_account @unassigned"}


def test_a_full_account_stops_the_run_which_goes_on_once_there_is_room(journey: Any, sound: Path) -> None:
    way = journey("--switch", "storage.per_user_bytes=50", bundle=sound).prepared()
    with pytest.raises(StorageFull):
        way.load()
    way.emulator.admin("switches", {"storage.per_user_bytes": 50_000_000})
    assert way.load().exit_code == 0
    assert_arrived(way)


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "after_commit", "drop": True, "match": UPLOADS, "every": 2},
        {"kind": "reset", "applied": True, "match": UPLOADS, "every": 2},
        {"kind": "before_commit", "match": UPLOADS, "every": 3},
        {"kind": "truncated_body", "match": UPLOADS, "every": 2},
    ],
    ids=lambda fault: fault["kind"],
)
def test_a_lost_answer_doubles_nothing(journey: Any, sound: Path, fault: dict[str, Any]) -> None:
    way = journey(bundle=sound).prepared()
    way.emulator.admin("faults", [fault])
    assert way.load().exit_code == 0
    assert_arrived(way)


def test_many_faults_at_once_lose_nothing_and_double_nothing(journey: Any, sound: Path) -> None:
    way = journey(bundle=sound).prepared()
    faults = [
        {"kind": "reset", "applied": True, "match": UPLOADS, "times": 1},
        {"kind": "reset", "applied": False, "match": UPLOADS, "times": 1},
        {"kind": "before_commit", "status": 500, "match": UPLOADS, "times": 2},
        {"kind": "truncated_body", "match": UPLOADS, "after": 1, "times": 2},
    ]
    way.emulator.admin("faults", faults)
    assert way.load().exit_code == 0
    met = way.emulator.admin("faults")
    way.emulator.admin("faults", [])
    assert_arrived(way)
    assert all(one["fired"] for one in met), met
    proved = way.reconcile().document()["streams"]["documents"]
    assert (proved["expected"], proved["found"], proved["missing"]) == (6, 6, 0)
    assert way.load().document()["streams"]["documents"]["unchanged"] == 6
    assert way.unexplained() == 0


def test_an_account_that_takes_empty_files_is_sent_none(journey: Any, mixed: Path) -> None:
    way = journey("--switch", "documents.may_be_empty=true", bundle=mixed).prepared()
    result = way.load()
    assert result.exit_code == 4
    assert_arrived(way)
    rejects = csv.DictReader((way.directory / result.rejects_csv).read_text(encoding="utf-8").splitlines())
    held = {row["key"]: row for row in rejects if row["stream"] == "documents"}
    assert held["9"]["reason"] == "empty_file"
    assert held["9"]["hint"]


def test_a_process_that_is_killed_after_the_upload_doubles_nothing(journey: Any, sound: Path) -> None:
    way = journey(bundle=sound, engine="workers = 1").prepared()
    way.emulator.admin(
        "faults", [{"kind": "hang", "seconds": 20, "when": "after", "match": UPLOADS, "after": 2, "times": 1}]
    )
    command = [sys.executable, "-m", "wherry", "--project-dir", str(way.directory), "load"]
    process = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=dict(os.environ)
    )
    until = time.monotonic() + 60
    while len(files(way)) < 3 and time.monotonic() < until:
        time.sleep(0.1)
    process.send_signal(signal.SIGKILL)
    process.wait(10)
    assert len(files(way)) == 3
    assert way.load().exit_code == 0
    assert_arrived(way)
    assert way.unexplained() == 0


def test_a_document_that_changes_after_it_was_staged_is_refused_and_follows(
    journey: Any, sound: Path
) -> None:
    way = journey(bundle=sound).prepared()
    place = sound / "documents" / "1.bin"
    right = place.read_bytes()
    place.write_bytes(right[::-1])
    (sound / "documents" / "2.bin").unlink()
    result = way.load()
    assert result.exit_code == 4
    rejects = csv.DictReader((way.directory / result.rejects_csv).read_text(encoding="utf-8").splitlines())
    reasons = {row["key"]: row["reason"] for row in rejects if row["stream"] == "documents"}
    assert reasons == {"1": "checksum_mismatch", "2": "missing_file"}
    assert len(files(way)) == len(SOUND) - 2

    place.write_bytes(right)
    (sound / "documents" / "2.bin").write_bytes(SOUND["2"][2])
    way.retry(stream="documents")
    assert_arrived(way)
