"""The clinic with every fault: nothing faulty is written, nothing sound is held back, everything is said."""

import csv
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from clinic_journey import make_bundle
from wherry.app.status import REJECT_COLUMNS

OURS = {"rejected": "rejected", "deferred": "deferred", "merged": "merged", "filtered": "filtered"}
# What only the mapping holds back: the plan that is sound itself, but of which an item is not.
AT_MAPPING = {("treatment_plans", "rejected"): 1}


@pytest.fixture(scope="module")
def dirty(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    out = tmp_path_factory.mktemp("dirty")
    return out / "bundle", make_bundle(out, dirty=True)


def test_every_fault_is_named_and_everything_else_arrives(journey: Any, dirty: Any) -> None:
    bundle, expected = dirty
    way = journey(bundle=bundle).planned()
    assert way.prepare().exit_code == 0
    result = way.load()
    assert result.exit_code == 4
    streams = result.document()["streams"]
    counts = expected["counts"]
    assert {name: streams[name]["read"] for name in counts} == {
        name: line["read"] for name, line in counts.items()
    }
    assert all(line["unexplained"] == 0 and line["pending"] == 0 for line in streams.values())
    for name, line in counts.items():
        for state in ("merged", "rejected"):
            assert streams[name][state] == line[state] + AT_MAPPING.get((name, state), 0), (name, state)
        assert streams[name]["deferred"] >= line["deferred"], name
    way.assert_once()

    table = list(
        csv.DictReader((way.directory / result.rejects_csv).read_text(encoding="utf-8").splitlines())
    )
    lines = (
        (way.directory / result.rejects_csv).with_suffix(".jsonl").read_text(encoding="utf-8").splitlines()
    )
    assert [json.loads(line) for line in lines] == table
    assert tuple(table[0]) == REJECT_COLUMNS
    assert len(table) == sum(line["rejected"] + line["deferred"] for line in streams.values())
    found = Counter((row["stream"], row["reason"]) for row in table)
    for name, reasons in expected["reasons"].items():
        for label, count in reasons.items():
            state, _, reason = label.partition(":")
            if state in {"rejected", "deferred"}:
                assert found[name, reason] >= count, (name, reason)
    assert all(
        row["hint"] for row in table if row["reason"] not in {"blocked_by_parent", "sign_off_required"}
    )
    assert all(row["blocked_by"] for row in table if row["reason"] == "blocked_by_parent")

    assert way.reconcile().exit_code == 0
    assert way.rollback().exit_code == 0
    assert way.marks() == {}
