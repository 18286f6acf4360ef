"""The bundled clinic, staged: its generator says on its own what a careful reader makes of each record."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from wherry.connectors.aerona import open_bundle
from wherry.staging import stage

GENERATOR = Path(__file__).parents[3] / "examples" / "clinic" / "generate.py"
PASSWORD = "weir lane 1"


@pytest.fixture(scope="module", params=["--clean", "--dirty"])
def clinic(request, tmp_path_factory):
    """Return the generator's folder, what it expects, and the snapshot that staging made."""
    out = tmp_path_factory.mktemp("clinic")
    subprocess.run(
        [
            sys.executable,
            str(GENERATOR),
            "--out",
            str(out),
            "--patients",
            "150",
            request.param,
            "--zip",
            PASSWORD,
        ],
        check=True,
        capture_output=True,
        timeout=120,
    )
    with open_bundle(out / "bundle") as bundle:
        snapshot = stage(bundle, out / "snapshots")
    yield out, json.loads((out / "expected.json").read_text()), snapshot
    snapshot.close()


def test_each_record_has_the_fate_that_the_generator_foresaw(clinic):
    _, expected, snapshot = clinic
    for stream, counts in expected["counts"].items():
        found = snapshot.counts()[stream]
        assert (stream, sum(found.values())) == (stream, counts["read"])
        assert (stream, found["ready"]) == (stream, counts["ready"])
        named = {key: tuple(fate) for key, fate in expected["records"][stream].items()}
        rest = {s.key.id: (s.fate.value, s.reason) for s in snapshot.fates(stream) if s.fate != "ready"}
        assert (stream, rest) == (stream, named)


def test_what_was_noticed(clinic):
    _, expected, snapshot = clinic
    found = {}
    for finding in snapshot.findings():
        found[finding.code] = found.get(finding.code, 0) + finding.count
    for code in (
        "placeholder_email",
        "sentinel_date",
        "never_booked",
        "ambiguous_local_time",
        "invalid_email",
    ):
        assert (code, found.get(code, 0)) == (code, expected["findings"].get(code, {"count": 0})["count"])
    for code in ("mojibake", "encoding_differs", "unlisted_file"):
        assert (code in found) == (code in expected["findings"])
    assert "option_not_granted" in found


def test_shared_addresses_have_the_holders_that_the_generator_foresaw(clinic):
    _, expected, snapshot = clinic
    facts = {r.key.id: r.facts for r in snapshot.read("patients")}
    groups = expected["findings"]["shared_email_in_household"]["keys"]["patients"]
    for holder, *demoted in groups:
        assert facts[holder]["email_holder"] is True
        assert {facts[key]["email_holder_key"] for key in demoted} == {holder}
    (across,) = expected["findings"]["shared_email_across_households"]["keys"]["patients"]
    assert sum(facts[key]["email_holder"] for key in across) == 1
    never = expected["findings"]["never_booked"]["keys"]["patients"]
    assert {key for key, fact in facts.items() if fact["never_booked"]} == set(never)


def test_the_zip_of_it_gives_the_same_snapshot(clinic, tmp_path):
    out, _, snapshot = clinic
    with open_bundle(out / "clinic.zip", password=PASSWORD) as bundle:
        again = stage(bundle, tmp_path)
    assert again.digest == snapshot.digest
    again.close()


def test_no_value_of_a_patient_is_in_the_findings_or_the_fates(clinic):
    _, _, snapshot = clinic
    names: set[str] = set()
    for record in snapshot.read("patients"):
        names.update(
            str(record.values[field]) for field in ("lastName", "email", "mobile") if record.values[field]
        )
    told = "\n".join([*map(repr, snapshot.findings()), *map(repr, snapshot.fates())])
    assert not [name for name in names if len(name) > 4 and name in told]


def test_custom_columns(clinic):
    _, _, snapshot = clinic
    patients = snapshot.catalog.stream("patients")
    types = {f.label: f.type.value for f in patients.fields if f.custom}
    assert types == {
        "Dentist notes preference": "textarea",
        "Preferred language": "dropdown",
        "Loyalty tier": "dropdown",
        "First seen": "date",
        "Newsletter topics": "multi_select",
        "Mouthguard size": "number",
    }
