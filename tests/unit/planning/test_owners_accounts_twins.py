"""Who owns what there, what accounts are called, and who may be there already."""

from typing import Any

import pytest

from wherry.model.catalog import Person
from wherry.model.errors import SettingsInvalid
from wherry.model.record import Key, Record
from wherry.planning.accounts import UNASSIGNED, name_accounts
from wherry.planning.owners import resolve_owners
from wherry.planning.twins import Existing, candidates, index


def record(stream: str, id_: str, **values: Any) -> Record:
    return Record(key=Key(stream, id_), values=values)


def person(id_: int, email: str, *, active: bool = True) -> Person:
    return Person(id=id_, name=f"u{id_}", email=email, active=active)


# owners ----------------------------------------------------------------------------------------

PEOPLE = [person(1, "ops@x.example"), person(2, "ann@x.example"), person(3, "ben@x.example", active=False)]


def test_a_clinician_is_matched_by_address_in_any_spelling_and_only_to_an_active_user() -> None:
    clinicians = [
        record("clinicians", "1", email=" ANN @x.example"),
        record("clinicians", "2", email="ben@x.example"),
        record("clinicians", "3", email=None),
    ]
    owners = resolve_owners(clinicians, PEOPLE, "Ops@X.example ")
    assert owners.by_clinician == {"1": 2, "2": 1, "3": 1}
    assert owners.matched == {"1"}
    assert owners.fallback == 1
    assert [line["how"] for line in owners.lines] == ["email", "fallback", "fallback"]


@pytest.mark.parametrize("fallback", ["", "ben@x.example", "nobody@x.example"])
def test_without_an_active_fallback_owner_nothing_is_planned(fallback: str) -> None:
    with pytest.raises(SettingsInvalid) as caught:
        resolve_owners([], PEOPLE, fallback)
    assert "ann@x.example" in caught.value.hint
    assert "ben@x.example" not in caught.value.hint


# accounts --------------------------------------------------------------------------------------

TWO = [record("practices", "1", name="Riverside"), record("practices", "2", name="riverside ")]


def test_names_are_unique_whatever_their_case_and_collisions_are_listed() -> None:
    named = name_accounts(TWO, {"RIVERSIDE": 9}, {}, {}, "Unassigned")
    assert named.names == {
        "1": "Riverside (practice 1)", "2": "riverside  (practice 2)", UNASSIGNED: "Unassigned"
    } or len({n.casefold() for n in named.names.values()}) == 3  # fmt: skip
    assert named.lines[0]["collides_with"] == 9
    assert named.adopt == {}


def test_an_account_is_adopted_only_by_decision_or_when_it_is_ours() -> None:
    decided = name_accounts(TWO[:1], {"Riverside": 9}, {}, {"1": 9}, "Unassigned")
    assert decided.names["1"] == "Riverside"
    assert decided.adopt == {"1": 9}
    ours = name_accounts(TWO[:1], {"Riverside": 9}, {"1": 9}, {}, "Unassigned")
    assert (ours.names["1"], ours.adopt) == ("Riverside", {"1": 9})
    other = name_accounts(TWO[:1], {"Riverside": 9}, {}, {"1": 8}, "Unassigned")
    assert other.adopt == {}


def test_a_practice_keeps_the_name_that_a_collision_gave_it() -> None:
    first = name_accounts(TWO[:1], {"Riverside": 9}, {}, {}, "Unassigned").names["1"]
    there = {"Riverside": 9, first: 12, "Unassigned": 13}
    again = name_accounts(TWO[:1], there, {"1": 12, UNASSIGNED: 13}, {}, "Unassigned")
    assert again.names == {"1": first, UNASSIGNED: "Unassigned"}
    stranger = name_accounts(TWO[:1], {"Riverside": 9, first: 14}, {}, {}, "Unassigned")
    assert stranger.names["1"] not in {"Riverside", first}


def test_the_account_for_patients_without_a_practice_steps_aside_too() -> None:
    named = name_accounts([], {"unassigned": 9}, {}, {}, "Unassigned")
    assert named.names[UNASSIGNED] == "Unassigned (practice unassigned)"


# twins -----------------------------------------------------------------------------------------

ANA = Existing(
    id=7,
    email="Ana@x.example",
    first_name="Ana",
    last_name="Byrne",
    mobile="+353 87 123 4567",
    birth_date="1980-02-03",
)


def patient(**values: Any) -> Record:
    return record("patients", "1", **{"firstName": "ana ", "lastName": "BYRNE", **values})


@pytest.mark.parametrize(
    ("values", "evidence"),
    [
        ({"email": "ana@X.example"}, "same name, e-mail"),
        ({"mobile": "087 123 4567"}, "same name, mobile"),
        ({"dateOfBirth": "1980-02-03"}, "same name, birth date"),
    ],
)
def test_a_name_and_one_more_agreement_make_a_candidate(values: dict[str, Any], evidence: str) -> None:
    (twin,) = candidates([patient(**values)], index([ANA]))
    assert (twin.key, twin.destination_id, twin.evidence) == ("1", 7, evidence)


@pytest.mark.parametrize(
    "values",
    [{}, {"email": "ana@x.example", "firstName": "Eva"}, {"mobile": "4567"}, {"dateOfBirth": "1980-02-04"}],
)
def test_a_name_alone_is_none_and_neither_is_an_address_that_a_family_shares(values: dict[str, Any]) -> None:
    assert list(candidates([patient(**values)], index([ANA]))) == []


def test_who_carries_a_source_id_is_known_and_no_candidate() -> None:
    ours = Existing(id=8, external_id="1", first_name="Ana", last_name="Byrne", email="ana@x.example")
    known = index([ANA, ours])
    assert known.by_source_id == {"1": 8}
    assert list(candidates([patient(email="ana@x.example")], known)) == []
    others = Existing(id=9, source_id="99", first_name="Ana", last_name="Byrne", email="ana@x.example")
    assert list(candidates([patient(email="ana@x.example")], index([others]))) == []
    assert "ana" not in repr(ours).casefold()
