"""Results: every document passes its published schema; exit codes say what happened."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from sample_results import CHECK, COUNTS, DIFF, PLAN, PREVIEW, RESULTS, ROLLBACK, SAMPLE, STATUS
from wherry.app.results import DoctorResult
from wherry.app.run_results import AuditVerifyResult, DemoResult, DemoStep, ReconcileResult, StatusResult
from wherry.model.run import RecordState, StreamCounts

SCHEMAS = Path(__file__).parents[3] / "docs" / "schemas"


def schema(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((SCHEMAS / f"{name}.json").read_text(encoding="utf-8"))
    return loaded


def passes(name: str, document: object) -> bool:
    return jsonschema.Draft202012Validator(schema(name)).is_valid(document)


@pytest.mark.parametrize("name", sorted(RESULTS))
def test_a_document_passes_its_schema_and_names_it(name):
    document = RESULTS[name].document()
    jsonschema.Draft202012Validator(schema(name)).validate(json.loads(json.dumps(document)))
    assert next(iter(document)) == "schema"
    assert document["schema"] == f"wherry/{name}/1"


@pytest.mark.parametrize("path", sorted(SCHEMAS.glob("*.json")), ids=lambda p: p.stem)
def test_every_schema_is_one_and_belongs_to_a_result(path):
    jsonschema.Draft202012Validator.check_schema(schema(path.stem))
    assert path.stem in RESULTS or path.stem == "error"


@pytest.mark.parametrize("name", sorted(RESULTS))
def test_a_schema_refuses_what_is_missing_or_unknown(name):
    document = RESULTS[name].document()
    for key in document:
        assert not passes(name, {k: v for k, v in document.items() if k != key}), key
    assert not passes(name, {**document, "surprise": 1})


def test_read_is_the_sum_of_the_states_to_its_right():
    line = STATUS.document()["streams"]["patients"]
    states = [value for name, value in line.items() if name not in {"read", "unexplained"}]
    assert next(iter(line)) == "read"
    assert list(line)[-1] == "unexplained"
    assert line["read"] == sum(states) == 10
    broken = replace(STATUS, streams={"patients": StreamCounts(read=11, states=COUNTS.states)})
    assert not passes("status", broken.document())
    assert broken.exit_code == 1


def rejecting(result: StatusResult) -> StatusResult:
    return replace(result, streams={"p": StreamCounts(read=1, states={RecordState.REJECTED: 1})})


@pytest.mark.parametrize(
    ("result", "code"),
    [
        (STATUS, 0),
        (rejecting(STATUS), 4),
        (rejecting(replace(STATUS, state="paused")), 8),
        (replace(STATUS, state="interrupted"), 130),
        (replace(STATUS, state="failed"), 1),
        (replace(STATUS, state="interrupted", finished_verb=False), 0),
        (replace(STATUS, state="running", finished_verb=False), 0),
        (rejecting(replace(STATUS, finished_verb=False)), 4),
        (StatusResult(), 0),
        (SAMPLE, 0),
        (rejecting(SAMPLE), 4),
        (replace(SAMPLE, diff=replace(DIFF, different=1)), 6),
        (replace(SAMPLE, diff=replace(DIFF, different=1), state="paused"), 8),
        (ReconcileResult(streams={}, discrepancies="", ok=False), 6),
        (ROLLBACK, 0),
        (replace(ROLLBACK, reverted=7, kept_edited=1), 7),
        (replace(ROLLBACK, reverted=7, blocked=1), 7),
        (replace(ROLLBACK, reverted=7, blocked=1, preview=PREVIEW), 0),
        (replace(ROLLBACK, writes=11), 1),
        (AuditVerifyResult(entries=3, first_broken=2), 1),
        (DoctorResult(checks=(CHECK, replace(CHECK, verdict="warn"))), 0),
        (DoctorResult(checks=(CHECK, replace(CHECK, verdict="fail"))), 3),
        (replace(RESULTS["prepare"], manual_steps=({"id": "a", "verified": False, "blocking": False},)), 0),
        (replace(RESULTS["prepare"], manual_steps=({"id": "a", "verified": False, "blocking": True},)), 3),
        (replace(RESULTS["prepare"], manual_steps=({"id": "a", "verified": True, "blocking": True},)), 0),
        (DemoResult(steps=()), 1),
        (DemoResult(steps=(DemoStep(name="a", ok=False, seconds=0.1, summary=""),)), 1),
    ],
)
def test_the_exit_code_says_what_happened(result, code):
    assert result.exit_code == code


def test_a_preview_has_three_keys_more():
    document = replace(ROLLBACK, preview=PREVIEW).document()
    assert passes("rollback", document)
    assert document["confirm"] == "9c41"
    assert not passes("rollback", {k: v for k, v in document.items() if k != "confirm"})


def test_ok_of_a_rollback_needs_all_of_it_taken_back():
    assert ROLLBACK.document()["ok"]
    assert not replace(ROLLBACK, reverted=7, kept_edited=1).document()["ok"]
    assert not replace(ROLLBACK, writes=11).document()["ok"]


def test_a_plan_shows_its_own_digest():
    assert RESULTS["plan"].document()["digest"] == PLAN.digest
