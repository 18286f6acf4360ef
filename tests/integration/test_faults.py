"""Every verb while the destination misbehaves: each record there once, every one explained, the right exit code."""

from typing import Any

import pytest

from wherry.model.errors import TryAgain, WherryError

WRITES = {"method": "POST|PUT|DELETE", "path": "^/(contacts|sales_accounts|tasks|appointments|notes)"}
FAULTS: dict[str, list[dict[str, Any]]] = {
    "lost_answers": [
        {"kind": "before_commit", "every": 61},
        {"kind": "after_commit", "every": 53},
        {"kind": "after_commit", "drop": True, "match": WRITES, "every": 17},
    ],
    "connections": [
        {"kind": "hang", "seconds": 0.3, "when": "after", "match": WRITES, "every": 29},
        {"kind": "slow", "ms": 60, "every": 23},
        {"kind": "reset", "every": 67},
        {"kind": "reset", "applied": True, "match": WRITES, "every": 19},
        {"kind": "truncated_body", "every": 71},
    ],
    "pages": [
        {"kind": "html", "every": 73},
        {"kind": "html", "applied": True, "match": WRITES, "every": 23},
        {"kind": "malformed_json", "every": 59},
        {"kind": "wrong_content_type", "every": 7},
    ],
    "jobs": [
        {"kind": "job_late", "ms": 1200, "times": 1},
        {"kind": "job_partial", "rows": 0.3, "times": 1},
        {"kind": "job_lost", "after": 1, "times": 1},
    ],
    "search_lag": [{"kind": "search_lag", "ms": 1000}, {"kind": "after_commit", "match": WRITES, "every": 21}],
    "rate_storm": [{"kind": "rate_storm", "every": 70, "times": 5}],
}  # fmt: skip


def persist(verb: Any, *args: Any, tries: int = 6, **options: Any) -> Any:
    """Run a verb again as its error says, while the error says that it may be run again."""
    for turn in range(tries):
        try:
            return verb(*args, **options)
        except TryAgain:
            if turn == tries - 1:
                raise
    raise AssertionError("unreachable")


@pytest.mark.parametrize("fault", FAULTS)
def test_a_migration_outlasts_it(journey: Any, fault: str) -> None:
    way = journey(settle=1.2 if fault == "search_lag" else 0.2)
    way.emulator.admin("faults", FAULTS[fault])
    persist(way.discover)
    persist(way.propose)
    persist(way.plan)
    way.approve()
    assert persist(way.prepare).exit_code == 0
    assert persist(way.load).exit_code == 0
    way.assert_once()
    assert way.unexplained() == 0
    proof = persist(way.reconcile)
    assert proof.exit_code == 0, proof.document()
    preview = persist(way.preview)
    back = persist(way.rollback, preview.preview.confirm)
    assert back.exit_code == 0, back.document()
    assert way.marks() == {}
    assert way.unexplained() == 0
    silent = {"search_lag"}  # it holds for every search, and is counted for none
    rules = way.emulator.admin("faults")
    assert [rule for rule in rules if not rule["fired"] and rule["kind"] not in silent] == []


COERCIONS = [
    {"entity": "contact", "field": "first_name", "how": "change_case"},
    {"entity": "contact", "field": "mobile_number", "how": "reformat_phone"},
    {"entity": "contact", "field": "sales_accounts", "how": "drop_link"},
    {"entity": "task", "field": "title", "how": "truncate", "length": 12},
    {"entity": "task", "field": "due_date", "how": "shift_zone", "hours": 1},
    {"entity": "note", "field": "description", "how": "truncate", "length": 60},
    {"entity": "appointment", "field": "from_date", "how": "shift_zone", "hours": 1},
    {"entity": "sales_account", "field": "name", "how": "truncate", "length": 9},
]  # fmt: skip


def test_reconcile_finds_every_silent_change(journey: Any) -> None:
    way = journey().prepared()
    rules = [{"kind": "silent_coercion", "every": 4, **rule} for rule in COERCIONS]
    way.emulator.admin("faults", rules)
    assert way.load().exit_code == 0
    fired = {(r["entity"], r["field"]): r["fired"] for r in way.emulator.admin("faults")}
    assert all(fired.values()), fired
    way.emulator.admin("faults", [])
    proof = way.reconcile()
    assert proof.exit_code == 6
    document = proof.document()["streams"]
    found = {name: line["different"] + line["missing"] for name, line in document.items()}
    assert found["patients"] + document["patients"]["equal_after_rule"].get("phone_e164", 0) >= sum(
        n for (entity, _), n in fired.items() if entity == "contact"
    )
    assert found["clinical_notes"] >= fired["note", "description"]
    assert found["appointments"] >= fired["task", "title"] + fired["task", "due_date"]


def test_a_key_that_is_not_accepted_stops_before_anything(journey: Any, monkeypatch: Any) -> None:
    way = journey()
    monkeypatch.setenv("WHERRY_DESTINATION__API_KEY", "wrong-key")
    with pytest.raises(WherryError) as caught:
        way.discover()
    assert caught.value.exit_code == 3
    assert way.marks() == {}
