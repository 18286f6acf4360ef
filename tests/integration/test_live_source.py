"""The live source: API and export give one snapshot, whatever happens on the way, and the limit is never met."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from clinicgen.later import rework

from live_source import SECRETS, LiveClinic, ScaledClock, live_clinic, open_live
from wherry.connectors.aerona import open_bundle
from wherry.model.errors import CredentialsRefused, PreflightFailed, SettingsInvalid, Unavailable
from wherry.staging import stage

TESTS = Path(__file__).parents[1]
Live = Callable[..., LiveClinic]


@pytest.fixture
def live() -> Iterator[Live]:
    """Start emulators of the API that end with the test."""
    opened = []

    def start(bundle: Path, *args: str, **options: Any) -> LiveClinic:
        context = live_clinic(bundle, *args, **options)
        opened.append(context)
        return context.__enter__()

    yield start
    for context in opened:
        context.__exit__(None, None, None)


@pytest.fixture(scope="session")
def digest(few: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """What the export stages to."""
    with open_bundle(few) as bundle:
        return stage(bundle, tmp_path_factory.mktemp("snapshots")).digest


def staged(source: Any, folder: Path) -> Any:
    try:
        return stage(source, folder / "snapshots")
    finally:
        source.close()


def codes(snapshot: Any) -> set[str]:
    return {finding.code for finding in snapshot.findings()}


def profile(folder: Path, text: str) -> str:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "clinic.yaml").write_text(text, encoding="utf-8")
    return "clinic.yaml"


SMALL_PAGES = "paging: {size: 2}\n"


def test_the_api_stages_what_the_export_stages(clinic, live, tmp_path):
    with open_bundle(clinic / "bundle") as bundle:
        expected = stage(bundle, tmp_path / "expected")
    there = live(clinic / "bundle")
    got = staged(open_live(there.url, tmp_path), tmp_path)
    assert got.digest == expected.digest
    assert got.counts() == expected.counts()
    assert {f.code for f in expected.findings()} <= codes(got)
    kept = [path.read_bytes() for path in (tmp_path / "aerona-api").rglob("*") if path.is_file()]
    for stream, column in (("patients", "lastName"), ("clinical_notes", "text"), ("documents", "fileName")):
        texts = {text[:30].encode() for text, _ in got.value_profile(stream, column).top if len(text) > 8}
        assert texts
        assert not [text for text in texts if any(text in data for data in kept)]


def test_the_limit_is_never_met_and_hardly_anything_of_it_is_left_unused(clinic, live, tmp_path):
    there = live(clinic / "bundle", scale=300)
    clock = ScaledClock(scale=300)
    began = clock.now()
    source = open_live(there.url, tmp_path, clock, profile=profile(tmp_path, "paging: {size: 2}\n"))
    staged(source, tmp_path)
    figures, took = there.figures(), (clock.now() - began).total_seconds()
    assert figures["calls"] > 2 * 280
    assert figures["invalidated"] == 0
    assert figures["fullest"] <= 290  # 300 are too many; calls take unequally long to arrive
    windows = (figures["calls"] - 1) // 280  # that must have passed before the last call
    assert took < windows * 900 / 0.9 + 900  # a tail that is no whole window, and this machine's own time


CHILD = """
import sys, time
sys.path.insert(0, sys.argv[1])
from pathlib import Path
from live_source import ScaledClock, open_live
from wherry.staging import stage
folder = Path(sys.argv[3])
source = open_live(sys.argv[2], folder, ScaledClock(origin=float(sys.argv[4])), profile="clinic.yaml")
stage(source, folder / "snapshots")
source.close()
"""


def test_killed_five_times_it_ends_with_the_same_snapshot_and_reads_no_page_twice(
    few, live, digest, tmp_path
):
    there, origin = live(few, "--setting", "limit.calls=100000"), time.monotonic()
    profile(tmp_path, SMALL_PAGES + "limit: {calls: 90000}\n")
    args = [sys.executable, "-c", CHILD, str(TESTS), there.url, str(tmp_path), str(origin)]
    pages = tmp_path / "aerona-api" / "pages"
    for kill in range(1, 6):
        child = subprocess.Popen(args, env=dict(os.environ))
        until = time.monotonic() + 30
        while len(list(pages.rglob("*.json"))) < 10 * kill and time.monotonic() < until:
            assert child.poll() is None
            time.sleep(0.005)
        child.send_signal(signal.SIGKILL)
        child.wait(10)
    kept = len(list(pages.rglob("*.json")))
    before = there.figures()["calls"]
    source = open_live(there.url, tmp_path, ScaledClock(origin=origin), profile="clinic.yaml")
    assert staged(source, tmp_path).digest == digest
    whole = live(few, "--setting", "limit.calls=100000")
    other = tmp_path / "other"
    profile(other, SMALL_PAGES + "limit: {calls: 90000}\n")
    staged(open_live(whole.url, other, profile="clinic.yaml"), other)
    assert (
        there.figures()["calls"] - before <= whole.figures()["calls"] - kept + 2
    )  # a login and the clinic's facts


def test_a_token_that_somebody_else_ended_costs_a_window_and_is_told(few, live, digest, tmp_path):
    there = live(few, "--faults", json.dumps([{"kind": "dead_token", "path": "/appointments", "nth": 1}]))
    clock = ScaledClock()
    began = clock.now()
    snapshot = staged(open_live(there.url, tmp_path, clock), tmp_path)
    assert snapshot.digest == digest
    assert "token_lost" in codes(snapshot)
    assert (clock.now() - began).total_seconds() >= 900
    assert there.figures()["logins"] == 2


def test_a_token_is_renewed_before_its_hour_is_over(few, live, digest, tmp_path):
    there = live(few, "--setting", "limit.calls=100000")
    clock = ScaledClock()
    text = "login: {refresh_minutes: 1}\nlimit: {calls: 8, minutes: 1.5}\n"  # several waits, each longer than a token
    snapshot = staged(open_live(there.url, tmp_path, clock, profile=profile(tmp_path, text)), tmp_path)
    assert snapshot.digest == digest
    assert there.figures()["logins"] > 2
    assert "token_lost" not in codes(snapshot)


@pytest.mark.parametrize("kind", ["status", "reset"])
def test_a_server_that_stumbles_is_asked_again(few, live, digest, tmp_path, kind):
    rules = [{"kind": kind, "path": "/patients", "nth": 1, "times": 2, "status": 503}]
    there = live(few, "--faults", json.dumps(rules))
    assert staged(open_live(there.url, tmp_path), tmp_path).digest == digest


def test_maintenance_hours_are_respected(few, live, digest, tmp_path):
    start = datetime(2026, 12, 1, 20, 50, tzinfo=UTC)
    there = live(few, "--setting", "maintenance=21:00-21:10", start=start, scale=300)
    clock = ScaledClock(start=start, scale=300)
    text = 'limit: {calls: 10, minutes: 3}\nmaintenance: {end: "21:10"}\n'
    source = open_live(there.url, tmp_path, clock, profile=profile(tmp_path, text))
    assert staged(source, tmp_path).digest == digest
    assert there.figures()["in_maintenance"] == 0
    assert clock.now() > start.replace(hour=21, minute=10)

    night = ScaledClock(start=datetime(2026, 12, 1, 22, 0, tzinfo=UTC), scale=1)
    with pytest.raises(PreflightFailed, match="maintenance from 21:00 to 00:00"):
        open_live(there.url, tmp_path / "night", night).describe()


DIALECT: dict[str, Any] = {
    "prefix": "/rest",
    "login": "session",
    "login_user": "login",
    "login_password": "secret",
    "items": "data",
    "total": "meta_total",
    "next": "after",
    "size": "limit",
    "cursor": "after",
    "offset": "skip",
    "custom": "extras",
    "lists": {"patients": "clients", "appointments": "diary", "practices": "sites"},
    "fields": {
        "patients": {"patientId": "id", "lastName": "name.family", "firstName": "name.given"},
        "appointments": {"appointmentTime": "startsAt", "patientId": "client"},
    },
}
OTHER_PROFILE = """
login: {path: session, body: {login: "{username}", secret: "{password}"}}
paging: {style: STYLE, param: PARAM, size_param: limit, size: 7, items: data, total: TOTAL, next: after}
limit: {calls: 5000}
tenant: {date_formats: ""}
lists:
  patients: {path: clients, custom: extras, fields: {patientId: id, lastName: name.family, firstName: name.given}}
  appointments: {path: diary, fields: {appointmentTime: startsAt, patientId: client}}
  practices: {path: sites}
  invoices: {date_format: dd/mm/yyyy}
"""


@pytest.mark.parametrize(
    "ways", [("cursor", "after", '""'), ("offset", "skip", "meta_total"), ("offset", "skip", '""')]
)
def test_another_clinic_s_api_is_described_by_a_profile_alone(few, live, digest, tmp_path, ways):
    style, param, total = ways
    dialect = tmp_path / "dialect.json"
    dialect.write_text(json.dumps(DIALECT), encoding="utf-8")
    settings = (
        "--setting",
        f"page.style={style}",
        "--setting",
        "limit.calls=6000",
        "--setting",
        "money.as=number",
    )
    there = live(few, "--dialect", str(dialect), *settings)
    text = OTHER_PROFILE.replace("STYLE", style).replace("PARAM", param).replace("TOTAL", total)
    formats = json.loads((few / "manifest.json").read_text(encoding="utf-8"))
    for entry in formats["files"]:
        if entry["date_format"] not in {None, "yyyy-mm-dd"} and entry["name"] != "invoices.csv":
            text += f"  {entry['name'].removesuffix('.csv')}: {{date_format: {entry['date_format']}}}\n"
    source = open_live(there.url, tmp_path, profile=profile(tmp_path, text))
    assert staged(source, tmp_path).digest == digest


@pytest.mark.parametrize(
    ("rules", "said"),
    [
        ([{"kind": "empty", "path": "/patients", "times": 9}], "holds no patients, which is hard to believe"),
        ([{"kind": "renamed", "path": "/patients", "field": "lastName", "to": "surnameX", "times": 99}], "no column lastName"),
        ([{"kind": "shrunk", "path": "/clinicalNotes", "nth": n, "times": 1} for n in (2, 4, 6)], "changed each of 3 times"),
        ([{"kind": "html", "path": "/recalls", "status": 200}], "a web page"),
    ],
)  # fmt: skip
def test_what_cannot_be_believed_is_not_staged(few, live, tmp_path, rules, said):
    there = live(few, "--faults", json.dumps(rules))
    source = open_live(there.url, tmp_path, profile=profile(tmp_path, "paging: {size: 2}\n"))
    with pytest.raises(PreflightFailed, match=said):
        staged(source, tmp_path)
    assert list((tmp_path / "snapshots").iterdir()) == []


def test_a_list_that_changed_while_it_was_read_is_read_anew(few, live, digest, tmp_path):
    rules = [{"kind": "shrunk", "path": "/clinicalNotes", "nth": 2, "times": 1}]
    there = live(few, "--faults", json.dumps(rules))
    source = open_live(there.url, tmp_path, profile=profile(tmp_path, "paging: {size: 2}\n"))
    assert staged(source, tmp_path).digest == digest
    plain = live(few)
    staged(
        open_live(plain.url, tmp_path / "plain", profile=profile(tmp_path / "plain", "paging: {size: 2}\n")),
        tmp_path,
    )
    assert there.figures()["calls"] == plain.figures()["calls"] + 2


@pytest.mark.parametrize(
    "faults", ["[]", '[{"kind": "shrunk", "path": "/clinicalNotes", "nth": 3, "times": 1}]']
)
def test_pages_are_asked_for_at_once_and_kept_in_their_order(few, live, digest, tmp_path, faults):
    plain, there = live(few), live(few, "--faults", faults)
    one = profile(tmp_path / "one", "paging: {size: 2}\n")
    staged(open_live(plain.url, tmp_path / "one", profile=one), tmp_path)
    four = profile(tmp_path, "paging: {size: 2, parallel: 4}\n")
    assert staged(open_live(there.url, tmp_path, profile=four), tmp_path).digest == digest
    wasted = there.figures()["calls"] - plain.figures()["calls"]
    assert wasted == 0 if faults == "[]" else 0 < wasted <= 6  # what was read, and what was under way


def test_a_parameter_that_the_server_does_not_know_is_noticed(few, live, tmp_path):
    there = live(few)
    text = "paging: {param: seite, size: 5}\nlimit: {calls: 250}\n"
    source = open_live(there.url, tmp_path, profile=profile(tmp_path, text))
    with pytest.raises(PreflightFailed, match=r"the same page of .* parameter 'seite'"):
        staged(source, tmp_path)


def test_drift_between_two_readings_is_told_and_a_list_that_vanished_stops(few, live, tmp_path):
    there = live(few, "--setting", "limit.calls=9000")
    text = profile(tmp_path, "limit: {calls: 8000}\n")
    staged(open_live(there.url, tmp_path, profile=text), tmp_path)

    later = rework(few, tmp_path / "later", {"clinical_notes": lambda _rows: []})
    file = later / "clinicians.csv"
    file.write_text(file.read_text(encoding="utf-8").replace("role", "post", 1), encoding="utf-8")
    there.admin("bundle", {"folder": str(later)})
    with pytest.raises(PreflightFailed, match="holds no clinical notes"):
        staged(open_live(there.url, tmp_path, profile=text), tmp_path)
    believed = profile(tmp_path, "limit: {calls: 8000}\nlists: {clinical_notes: {may_be_empty: true}}\n")
    snapshot = staged(open_live(there.url, tmp_path, profile=believed), tmp_path)
    assert {"field_appeared", "field_vanished", "fields_missing"} <= codes(snapshot)


def test_documents_are_read_once_and_found_after_the_reading(few, live, tmp_path):
    there = live(few)
    snapshot = staged(open_live(there.url, tmp_path), tmp_path)
    calls = there.figures()["calls"]
    source = open_live(there.url, tmp_path)
    for record in snapshot.read("documents"):
        ref = str(record.values["ref"])
        with source.open_document(ref) as blocks:
            assert b"".join(blocks) == (few / ref).read_bytes()
        assert source.document_size(ref) == (few / ref).stat().st_size
    source.close()
    assert snapshot.counts()["documents"]["ready"] > 0
    assert there.figures()["calls"] == calls


# --- doctor -------------------------------------------------------------------------------------------


def checks(source: Any) -> dict[str, Any]:
    try:
        return {check.code: check for check in source.probe() if not check.ok}
    finally:
        source.close()


def test_doctor_finds_nothing_wrong_where_all_is_well(few, live, tmp_path):
    assert checks(open_live(live(few, scale=1).url, tmp_path, ScaledClock(scale=1))) == {}


def test_doctor_knows_a_wrong_host_a_wrong_path_and_a_wrong_password(few, live, tmp_path):
    there = live(few)
    nobody = checks(open_live("http://127.0.0.1:9/api", tmp_path / "a"))
    assert "base_url" in nobody["source.reachable"].hint
    path = checks(open_live(there.url.replace("/api/v1", "/other"), tmp_path / "b"))
    assert "base_url" in path["source.reachable"].hint
    wrong = {**SECRETS, "password": "guess"}
    password = checks(open_live(there.url, tmp_path / "c", secrets=wrong))
    assert "WHERRY_SOURCE__PASSWORD" in password["source.login"].hint
    unset = checks(open_live(there.url, tmp_path / "d", secrets={}))
    assert "WHERRY_SOURCE__USERNAME" in unset["source.login"].hint
    assert there.figures()["logins"] == 1  # a refused password is not tried again: that would lock the user


def test_doctor_knows_a_locked_user_missing_rights_and_a_wrong_clock(few, live, tmp_path):
    there = live(
        few,
        *("--setting", "login.attempts=1", "--setting", "rights.denied=payments,patients"),
        *("--setting", "clock.skew=3600"),
        scale=1,
    )
    found = checks(open_live(there.url, tmp_path / "a", ScaledClock(scale=1)))
    assert set(found) == {"source.rights.payments", "source.rights.patients", "source.clock"}
    assert found["source.rights.patients"].fatal
    assert not found["source.rights.payments"].fatal
    wrong = {**SECRETS, "password": "guess"}
    checks(open_live(there.url, tmp_path / "b", secrets=wrong))
    locked = checks(open_live(there.url, tmp_path / "c"))
    assert "unlock" in locked["source.login"].hint


def test_no_secret_and_no_value_is_in_an_error_or_a_log(few, live, tmp_path, caplog):
    caplog.set_level("DEBUG")
    there = live(few, "--setting", "rights.denied=patients")
    with pytest.raises(PreflightFailed) as refused:
        staged(open_live(there.url, tmp_path), tmp_path)
    for secret in SECRETS.values():
        assert f"'{secret}'" not in caplog.text
        assert secret not in repr(refused.value)


@pytest.mark.parametrize(
    ("settings", "kind"),
    [({"profile": "nowhere.yaml"}, SettingsInvalid)],
)
def test_a_profile_that_is_not_there_is_named(tmp_path, settings, kind):
    with pytest.raises(kind, match=r"nowhere\.yaml"):
        open_live("http://127.0.0.1:9", tmp_path, **settings)


def test_a_reading_fails_as_doctor_says(few, live, tmp_path):
    with pytest.raises(Unavailable):
        staged(open_live("http://127.0.0.1:9/api", tmp_path / "a"), tmp_path)
    wrong = {**SECRETS, "password": "guess"}
    with pytest.raises(CredentialsRefused):
        staged(open_live(live(few).url, tmp_path / "b", secrets=wrong), tmp_path)
