import json

import pytest

from wherry_emulators.freshsales.account import coerced
from wherry_emulators.freshsales.calls import Call
from wherry_emulators.freshsales.faults import KINDS, Faults, read_faults, read_rule
from wherry_emulators.process import SettingError

POST = Call(method="POST", path="/contacts")
GET = Call(method="GET", path="/contacts/1")


def struck(faults, call=POST, times=20, kinds=frozenset(KINDS)):
    return [bool(faults.picked(call, kinds)) for _ in range(times)]


def test_every_after_and_times():
    faults = Faults([{"kind": "before_commit", "every": 3, "after": 2, "times": 2}])
    assert [n for n, hit in enumerate(struck(faults), 1) if hit] == [5, 8]
    assert faults.report() == [
        {"kind": "before_commit", "every": 3, "after": 2, "times": 2, "matched": 20, "fired": 2}
    ]


def test_a_share_is_seeded():
    rule = [{"kind": "reset", "share": 0.3}]
    first, again, other = Faults(rule, 7), Faults(rule, 7), Faults(rule, 8)
    hits = struck(first, times=400)
    assert hits == struck(again, times=400)
    assert hits != struck(other, times=400)
    assert 80 < sum(hits) < 160


def test_a_rule_looks_only_at_what_matches():
    faults = Faults([{"kind": "slow", "ms": 1, "match": {"method": "POST", "path": "^/contacts$"}}])
    assert not any(struck(faults, GET))
    assert all(struck(faults, POST))
    assert faults.report()[0]["matched"] == 20


def test_with_first_only_later_rules_do_not_count():
    faults = Faults([{"kind": "reset", "times": 1}, {"kind": "html"}])
    kinds = [rule.kind for _ in range(3) for rule in faults.picked(POST, KINDS, first_only=True)]
    assert kinds == ["reset", "html", "html"]
    assert [one["matched"] for one in faults.report()] == [3, 2]


@pytest.mark.parametrize(
    ("rule", "complaint"),
    [
        ({"kind": "flood"}, "kind 'flood' is none of"),
        ({}, "kind '' is none of"),
        ({"kind": "slow", "status": 500}, "no setting 'status'"),
        ({"kind": "slow", "ms": "ten"}, "ms 'ten' is not a int"),
        ({"kind": "slow", "ms": True}, "ms True is not a int"),
        ({"kind": "slow", "every": 0}, "every must be at least 1"),
        ({"kind": "slow", "share": 2}, "share must lie between 0 and 1"),
        ({"kind": "hang", "when": "later"}, "when 'later' is none of before, after"),
        ({"kind": "slow", "match": {"path": "("}}, "not a regular expression"),
        ({"kind": "slow", "match": {"body": "x"}}, "match may hold method and path"),
        ({"kind": "silent_coercion", "how": "truncate"}, "`field` is missing"),
        ("slow", "is not an object"),
    ],
)
def test_a_wrong_rule_is_named_by_its_number(rule, complaint):
    with pytest.raises(SettingError, match=complaint) as caught:
        Faults([{"kind": "slow", "ms": 1}, rule])
    assert "fault rule 2" in str(caught.value)


def test_a_refused_replacement_changes_nothing():
    faults = Faults([{"kind": "reset"}])
    with pytest.raises(SettingError):
        faults.replace([{"kind": "nothing"}])
    assert faults.report()[0]["kind"] == "reset"


def test_faults_are_read_from_json_or_from_a_file(tmp_path):
    rules = [{"kind": "slow", "ms": 5}]
    (tmp_path / "f.json").write_text(json.dumps(rules))
    assert read_faults(json.dumps(rules)) == read_faults(str(tmp_path / "f.json")) == rules
    assert read_faults('{"kind":"reset"}') == [{"kind": "reset"}]
    for wrong in ("[", str(tmp_path / "none.json")):
        with pytest.raises(SettingError, match="faults cannot be read"):
            read_faults(wrong)


def test_the_longest_lag_holds():
    assert Faults([{"kind": "search_lag", "ms": 5}, {"kind": "search_lag", "ms": 9}]).search_lag_ms() == 9
    assert Faults().search_lag_ms() == 0


@pytest.mark.parametrize(
    ("settings", "before", "after"),
    [
        ({"field": "name", "how": "truncate", "length": 3}, {"name": "abcdef"}, {"name": "abc"}),
        ({"field": "due", "how": "shift_zone", "hours": 2}, {"due": "2026-03-01T10:00:00+00:00"}, {"due": "2026-03-01T12:00:00+00:00"}),
        ({"field": "due", "how": "shift_zone", "hours": -1}, {"due": "2026-03-01"}, {"due": "2026-02-28"}),
        ({"field": "mobile", "how": "reformat_phone"}, {"mobile": "+44 1632 960-111"}, {"mobile": "441632960111"}),
        ({"field": "owner_id", "how": "drop_link"}, {"owner_id": 5}, {"owner_id": None}),
        ({"field": "accounts", "how": "drop_link"}, {"accounts": [{"id": 1}]}, {"accounts": []}),
        ({"field": "custom_field.cf_x", "how": "change_case"}, {"custom_field": {"cf_x": "aß"}}, {"custom_field": {"cf_x": "ASS"}}),
        ({"field": "custom_field.cf_x", "how": "change_case"}, {"custom_field": None}, {"custom_field": None}),
        ({"field": "name", "how": "truncate"}, {"other": 1}, {"other": 1}),
    ],
)  # fmt: skip
def test_coercions(settings, before, after):
    assert coerced(before, read_rule({"kind": "silent_coercion", **settings}, 1)) == after
