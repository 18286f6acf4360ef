"""Field by field: every verdict, for fields and for links, and the figures added up."""

from typing import Any

import pytest

from wherry.model.diff import Observed, Verdict
from wherry.model.operation import Payload
from wherry.model.record import Key
from wherry.model.run import RecordState, StreamCounts
from wherry.reconcile.fields import Expected, absent, compare, verdict
from wherry.reconcile.proof import Proof, is_discrepancy, unbalanced

KEY = Key("patients", "7")
V = Verdict


@pytest.mark.parametrize(
    ("expected", "observed", "rule", "result", "used"),
    [
        ("a", "a", "exact", V.EQUAL, ""),
        ("a", "a", "text", V.EQUAL, ""),
        ("A@b.ie", "a@b.ie", "email", V.EQUAL_AFTER_RULE, "email"),
        ("A@b.ie", "a@b.ie", "exact", V.DIFFERENT, ""),
        ("A", "a", "a rule nobody knows", V.DIFFERENT, ""),
        ("a", "", "text", V.MISSING, ""),
        ("a", None, "exact", V.MISSING, ""),
        (False, None, "boolean", V.MISSING, ""),
        (1, True, "number", V.DIFFERENT, ""),
        (True, 1, "exact", V.DIFFERENT, ""),
    ],
)
def test_verdicts(expected: Any, observed: Any, rule: str, result: Verdict, used: str) -> None:
    assert verdict(expected, observed, rule) == (result, used)


def expect(fields: dict[str, Any], links: dict[str, int] | None = None, **more: Any) -> Expected:
    payload = Payload(stream="contacts", key=KEY, fields=fields, compare={"email": "email"})
    return Expected(payload=payload, destination_id=11, links=links or {}, **more)


def see(fields: dict[str, Any], links: dict[str, tuple[int, ...]] | None = None, **more: Any) -> Observed:
    return Observed(stream="contacts", id=11, fields=fields, links=links or {}, **more)


def verdicts(expected: Expected, observed: Observed | None) -> dict[str, Verdict]:
    return {diff.field: diff.verdict for diff in compare(expected, observed)}


def test_each_field_that_was_written_is_compared_and_no_other() -> None:
    found = verdicts(
        expect({"first_name": "A", "email": "A@b.ie", "city": "Cork", "zipcode": "T1", "state": None}),
        see(
            {
                "first_name": "A",
                "email": "a@b.ie",
                "city": "Kerry",
                "zipcode": "",
                "state": "theirs",
                "more": 1,
            }
        ),
    )
    assert found == {
        "first_name": V.EQUAL, "email": V.EQUAL_AFTER_RULE, "city": V.DIFFERENT, "zipcode": V.MISSING
    }  # fmt: skip


def test_what_the_api_does_not_show_is_not_readable_rather_than_lost() -> None:
    observed = see({"owner_id": None}, not_readable=frozenset({"owner_id", "sales_accounts"}))
    found = verdicts(
        expect({"owner_id": 3, "lifecycle_stage_id": 4, "city": "Cork"}, {"sales_accounts": 5}), observed
    )
    assert found == {
        "owner_id": V.NOT_READABLE, "lifecycle_stage_id": V.NOT_READABLE, "city": V.MISSING,
        "→ sales_accounts": V.NOT_READABLE,
    }  # fmt: skip


@pytest.mark.parametrize("observed", [None, see({"city": "Cork"}, deleted=True)])
def test_a_record_that_is_not_there_is_missing_in_every_field_and_link(observed: Observed | None) -> None:
    assert set(
        verdicts(expect({"city": "Cork", "state": "a"}, {"sales_accounts": 5}), observed).values()
    ) == {V.MISSING}


@pytest.mark.parametrize(
    ("links", "result"),
    [({"sales_accounts": (4, 5)}, V.EQUAL), ({"sales_accounts": (4,)}, V.DIFFERENT), ({"sales_accounts": ()}, V.MISSING), ({}, V.NOT_READABLE)],
)  # fmt: skip
def test_a_link(links: dict[str, tuple[int, ...]], result: Verdict) -> None:
    assert verdicts(expect({}, {"sales_accounts": 5}), see({}, links)) == {"→ sales_accounts": result}


def test_an_adopted_record_keeps_its_own_by_policy_and_the_diff_says_so() -> None:
    (diff,) = compare(expect({"city": "Cork"}, kept=frozenset({"city"})), see({"city": "Theirs"}))
    assert (diff.verdict, diff.rule) == (V.EQUAL_AFTER_RULE, "kept_existing")


def test_a_record_without_a_place_is_missing_whole() -> None:
    payload = Payload(stream="contacts", key=KEY, fields={"city": "Cork", "state": None})
    assert [(d.field, d.verdict) for d in absent(KEY, "contacts", [payload])] == [("city", V.MISSING)]


def test_no_diff_shows_a_value_in_its_repr() -> None:
    (diff,) = compare(expect({"city": "Sligo"}), see({"city": "Ennis"}))
    assert "Sligo" not in repr(diff)
    assert "Ennis" not in repr(diff)


def test_the_proof_adds_up_and_holds_only_if_all_is_found_and_right() -> None:
    proof = Proof()
    proof.add(
        compare(expect({"city": "Cork", "email": "A@b.ie"}), see({"city": "Cork", "email": "a@b.ie"})),
        there=True,
    )
    assert (proof.ok, proof.expected, proof.found, proof.compared) == (True, 1, 1, 2)
    assert proof.rules == {"email": 1}
    unseen = compare(expect({"owner_id": 3}), see({}, not_readable=frozenset({"owner_id"})))
    proof.add(unseen, there=True)
    assert (proof.ok, proof.compared) == (True, 2)
    lost = compare(expect({"city": "Cork"}), None)
    assert is_discrepancy(lost[0])
    proof.add(lost, there=False)
    assert not proof.ok
    empty = Proof()
    empty.add([], there=False)
    assert not empty.ok


def test_streams_that_do_not_add_up_are_named() -> None:
    good = StreamCounts(read=2, states={RecordState.CREATED: 2})
    bad = StreamCounts(read=3, states={RecordState.CREATED: 2})
    assert unbalanced({"patients": good, "notes": bad}) == ["notes"]
