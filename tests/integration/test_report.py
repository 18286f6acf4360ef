"""The page of the whole migration: every figure is the ledger's, and no value of a record is on it."""

import json
import re
from pathlib import Path

import jsonschema
import pytest

from wherry.app.report import report
from wherry.model.errors import UsageInvalid

SCHEMA = Path(__file__).parents[2] / "docs" / "schemas" / "report.json"


def reported(way):
    with way.open() as workspace:
        result = report(workspace)
    document = json.loads(json.dumps(result.document()))
    jsonschema.Draft202012Validator(json.loads(SCHEMA.read_text(encoding="utf-8"))).validate(document)
    return document, (way.directory / result.path).read_text(encoding="utf-8")


def test_the_report_tells_the_whole_way_and_shows_no_value(journey):
    way = journey()
    with way.open() as workspace, pytest.raises(UsageInvalid):
        report(workspace)
    way.prepared()
    document, page = reported(way)
    assert document["streams"] == {}
    assert "Nothing was loaded yet" in page
    assert "not done yet" in page

    way.sample(size=10)
    load = way.load()
    proof = way.reconcile()
    document, page = reported(way)
    assert document["run"] == load.run
    assert document["streams"] == load.document()["streams"]
    assert document["reconcile"]["streams"] == proof.document()["streams"]
    assert document["reconcile"]["since"] == []
    assert document["sample"]["since"] == [load.run]
    assert document["chain"]["ok"]
    assert sum(s["created"] + s["adopted"] for s in document["standing"]) == len(way.located())
    stayed = {(r["stream"], r["state"]): 0 for r in document["reasons"]}
    for line in document["reasons"]:
        stayed[line["stream"], line["state"]] += line["count"]
    for (stream, state), count in stayed.items():
        assert document["streams"][stream][state] == count
    assert {a["for"] for a in document["approvals"]} >= {"load", "sample"}
    assert [r["kind"] for r in document["runs"]] == ["prepare", "sample", "load"]
    assert page.count("<svg") == 2
    assert "http" not in page  # nothing is fetched
    assert "<script" not in page
    people = {
        w for c in way.live("contact") for w in (c.get("last_name"), c.get("email")) if w and len(w) > 4
    }
    assert not [word for word in people if re.search(rf"\b{re.escape(word)}\b", page)]

    way.rollback()
    document, page = reported(way)
    assert document["standing"] == []
    assert document["reconcile"]["since"] == [document["runs"][-1]["run"]]
    assert f"written since: {document['runs'][-1]['run']} (rollback)" in page
    assert "an appointment carries its status" in page  # why such a stream has no record of its own there
    undone = document["runs"][-1]["writes"]
    assert sum(undone.values()) > 0


def test_what_a_retry_brought_is_no_longer_among_what_stayed(journey, few, tmp_path):
    way = journey().prepared()
    refused = {
        "kind": "before_commit",
        "status": 400,
        "match": {"method": "POST", "path": "^/tasks"},
        "times": 1,
    }
    way.emulator.admin("faults", [refused])
    way.load()
    before = [
        r for r in reported(way)[0]["reasons"] if r["state"] == "rejected" and r["stream"] == "appointments"
    ]
    assert sum(r["count"] for r in before) == 1
    way.emulator.admin("faults", [])
    way.retry(stream="appointments")
    document, _page = reported(way)
    after = [r for r in document["reasons"] if r["state"] == "rejected" and r["stream"] == "appointments"]
    assert after == []
