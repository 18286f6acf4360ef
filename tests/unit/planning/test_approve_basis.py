"""Approved by somebody, for this kind of run, and still true; what changed is named."""

from datetime import UTC, datetime
from typing import Any

import pytest

from wherry.model.catalog import Catalog, Choice, Field, FieldType, Person, Privacy, Stream
from wherry.model.errors import ApprovalMissing, StalePlan, UsageInvalid
from wherry.model.mapping import Mapping, Rule
from wherry.model.plan import Approval, Basis
from wherry.model.policy import Policies
from wherry.planning.approve import full_digest, require_approval, require_fresh, unlocked_classes
from wherry.planning.basis import basis_of, changes, destination_facts, mapping_facts, policy_facts

MINE, OTHER = "a" * 64, "b" * 64


def approval(digest: str = MINE, run: str = "", **more: Any) -> Approval:
    return Approval(
        digest=digest, by="Maria", at=datetime(2026, 10, 5, tzinfo=UTC), purpose_of_run=run, **more
    )


def test_the_newest_yes_to_this_digest_and_this_kind_counts() -> None:
    given = [
        approval(run="load"),
        approval(OTHER, "load"),
        approval(run="load", purpose="again"),
        approval(run="sample"),
    ]
    assert require_approval(given, MINE, "load").purpose == "again"


@pytest.mark.parametrize(
    "given", [[], [approval(OTHER, "load")], [approval(run="sample")], [approval(unlock="clinical")]]
)
def test_no_other_yes_does(given: list[Approval]) -> None:
    with pytest.raises(ApprovalMissing) as caught:
        require_approval(given, MINE, "load")
    assert caught.value.hint == f"wherry approve {MINE[:12]} --by NAME --for load"


def test_only_unlocks_of_this_plan_open_a_class() -> None:
    given = [approval(unlock="clinical"), approval(OTHER, unlock="documents"), approval(run="load")]
    assert unlocked_classes(given, MINE) == {Privacy.CLINICAL}


@pytest.mark.parametrize("typed", [MINE, MINE[:12], " AAAAAAAAAAAA… "])
def test_a_digest_may_be_typed_short(typed: str) -> None:
    assert full_digest([MINE, OTHER], typed) == MINE


@pytest.mark.parametrize("typed", ["", "aaaa", "c" * 12, "aaaaaaaab"])
def test_but_not_too_short_and_not_wrong(typed: str) -> None:
    with pytest.raises(UsageInvalid):
        full_digest([MINE, OTHER], typed)
    with pytest.raises(UsageInvalid):
        full_digest([MINE, MINE[:20] + "b" * 44], MINE[:16])


# what changed ----------------------------------------------------------------------------------


def facts(**parts: Any) -> dict[str, dict[str, Any]]:
    return {"mapping": {}, "destination": {}, "policies": {}, **parts}


def test_every_change_is_a_line_and_nothing_else_is() -> None:
    before = facts(mapping={"one": 1, "two": 2}, policies={"p": 1})
    after = facts(mapping={"two": 3, "three": 3}, policies={"p": 1})
    assert changes(before, after) == {
        "mapping": ["one: no longer there", "three: new", "two: changed"], "destination": [], "policies": []
    }  # fmt: skip
    planned, now = basis_of("s", before), basis_of("s", after)
    require_fresh(planned, planned, {})
    with pytest.raises(StalePlan) as caught:
        require_fresh(planned, now, changes(before, after))
    assert caught.value.details == ("one: no longer there", "three: new", "two: changed")
    assert "mapping files" in caught.value.message


def test_a_basis_that_differs_without_a_named_fact_still_stops() -> None:
    one = Basis(snapshot="a", mapping="b", destination="c", policies="d")
    with pytest.raises(StalePlan) as caught:
        require_fresh(one, Basis(snapshot="x", mapping="b", destination="c", policies="d"), {})
    assert caught.value.details == ("source records changed",)


MAPPING = Mapping(
    name="m",
    row=1,
    stage=1,
    source="patients",
    destination="contacts",
    rules=(Rule(to="city"), Rule(to="custom:Age")),
)


def catalog(*fields: Field, people: tuple[Person, ...] = (), **lookups: Any) -> Catalog:
    return Catalog(
        system="f", streams=(Stream(name="contacts", fields=fields),), people=people, lookups=lookups
    )


def test_the_destination_is_what_is_written_required_and_referred_to() -> None:
    city = Field(name="city", type=FieldType.TEXT, max_length=40)
    here = destination_facts(catalog(city), [MAPPING], ["New Lead"])
    assert list(here) == ["field contacts.city"]
    longer = Field(name="city", type=FieldType.TEXT, max_length=41)
    assert destination_facts(catalog(longer), [MAPPING], []) != here
    # What carrying the plan out brings about must not make it stale.
    made = Field(name="cf_age", label="Age", type=FieldType.TEXT, custom=True)
    statuses = [{"id": 1, "name": "new lead"}]
    assert destination_facts(catalog(city, made, contact_statuses=statuses), [MAPPING], ["New Lead"]) == here
    unrelated = Field(name="nickname", type=FieldType.TEXT)
    assert destination_facts(catalog(city, unrelated), [MAPPING], []) == here
    required = Field(name="nickname", type=FieldType.TEXT, required=True)
    assert "field contacts.nickname" in destination_facts(catalog(city, required), [MAPPING], [])


def test_users_and_pick_list_entries_count_by_themselves() -> None:
    ann = Person(id=1, name="Ann", email="ann@x.example", active=True)
    gone = Person(id=1, name="Ann", email="ann@x.example", active=False)
    assert destination_facts(catalog(people=(ann,)), [], []) == {"user 1": "ann@x.example"}
    assert destination_facts(catalog(people=(gone,)), [], []) == {}
    assert destination_facts(catalog(task_types=[{"id": 4, "name": "Call"}]), [], []) == {
        "task_types 4": "Call"
    }
    choices = (Choice(id="1", value="A"),)
    field = Field(name="city", type=FieldType.DROPDOWN, choices=choices)
    other = Field(name="city", type=FieldType.DROPDOWN, choices=(Choice(id="1", value="B"),))
    assert destination_facts(catalog(field), [MAPPING], []) != destination_facts(
        catalog(other), [MAPPING], []
    )


def test_every_policy_is_a_fact_and_every_rule_and_decision_too() -> None:
    assert policy_facts(Policies(), {"plan": "pro"})["[policy] archived"] == "load"
    assert policy_facts(Policies(), {"plan": "pro"})["[destination] plan"] == "pro"
    data: dict[str, Any] = {
        "mapping": "m",
        "rules": [{"to": "city", "from": "town"}, {"to": "city", "when": "booked"}],
        "stage": 1,
    }
    named = mapping_facts([data], {"contact of patient 1": 7})
    assert set(named) == {
        "mapping m: rule to city", "mapping m: rule to city when booked", "mapping m",
        "mapping/adoptions.yaml: contact of patient 1",
    }  # fmt: skip
    evidence: dict[str, Any] = {
        **data,
        "rules": [{"to": "city", "from": "town", "evidence": "new words"}, data["rules"][1]],
    }
    assert mapping_facts([evidence], {"contact of patient 1": 7}) == named


def test_two_rules_for_one_field_are_two_facts() -> None:
    one: dict[str, Any] = {
        "mapping": "m",
        "rules": [{"to": "city", "from": "a"}, {"to": "city", "from": "b"}],
    }
    other: dict[str, Any] = {
        "mapping": "m",
        "rules": [{"to": "city", "from": "c"}, {"to": "city", "from": "b"}],
    }
    before, after = facts(mapping=mapping_facts([one], {})), facts(mapping=mapping_facts([other], {}))
    assert basis_of("s", before) != basis_of("s", after)
    assert changes(before, after)["mapping"] == ["mapping m: rule to city: changed"]
