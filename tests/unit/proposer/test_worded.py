"""The proposal for values: which words, against which list, and what the file says of them."""

from dataclasses import replace

import pytest

from proposer_world import BLUEPRINT, T, choices, destination_catalog, source_catalog
from wherry.mapping.blueprint import parse_yaml
from wherry.mapping.own_values import table_of, unknown_meanings, with_own_values
from wherry.mapping.proposer.values_file import decided, laid, values_text
from wherry.mapping.proposer.worded import Status, ValueLine, Words, value_lines
from wherry.model.catalog import Field
from wherry.model.mapping import Band, Rule

COUNTS = {
    ("patients", "sex"): {"F": 3, "Intersex person": 1},
    ("patients", "status"): {"active": 4},
    ("patients", "referralSource"): {"Google": 5, "Mrs Quillfeather": 1, "Gogle": 2},
    ("invoices", "status"): {"Written off": 2, "paid": 9, "Paused": 1},
}
STATUSES = (
    Status(name="Booked", canonical="booked", records=9),
    Status(name="FTA", canonical="", records=2),
    Status(name="Broken", canonical="", records=1),
    Status(name="Gone fishing", canonical="", records=0),
)


def lines(own: dict[str, dict[str, str]] | None = None, *fields: Field) -> list[ValueLine]:
    words = Words(counts=lambda stream, field: COUNTS.get((stream, field), {}), statuses=STATUSES)
    there = replace(
        destination_catalog(*fields),
        lookups={"lead_sources": [{"id": 1, "name": "Google"}, {"id": 2, "name": "Web"}]},
    )
    return list(value_lines(BLUEPRINT.mappings, there, words, own or {}))


def said(found: list[ValueLine]) -> dict[str, tuple[str, Band]]:
    return {line.word: (line.found.choice, line.found.band) for line in found}


def test_each_word_has_its_entry_its_band_and_its_records() -> None:
    found = said(lines())
    assert found["F"] == ("Female", Band.GREEN)
    assert found["Google"] == ("Google", Band.GREEN)
    assert found["Gogle"] == ("Google", Band.AMBER)
    assert found["Written off"] == ("", Band.AMBER)
    assert found["Paused"] == ("", Band.GREY)
    assert "Mrs Quillfeather" not in found  # once, in a column that is no closed list


def test_a_status_that_nobody_declared_is_never_green_and_a_declared_one_is_no_question() -> None:
    found = said(lines())
    assert found["FTA"] == ("No-show", Band.AMBER)
    assert found["Broken"] == ("", Band.AMBER)
    assert found["Gone fishing"] == ("", Band.GREY)
    assert "Booked" not in found


def test_the_tenants_own_pick_list_goes_before_the_blueprints() -> None:
    gender = Field(
        name="cf_gender", type=T.DROPDOWN, label="Gender", custom=True, choices=choices("Man", "Woman", "F")
    )
    assert said(lines(None, gender))["F"] == ("F", Band.GREEN)


def test_what_is_decided_is_no_question() -> None:
    own = {"appointment_status": {"fta": "No-show"}, "invoice_status": {"Written Off": "Void"}}
    found = said(lines(own))
    assert "FTA" not in found
    assert "Written off" not in found


def test_the_file_decides_nothing_by_itself_and_reads_back_once_a_mark_is_taken_off() -> None:
    text = values_text(lines())
    read = parse_yaml(text, "values.yaml")
    assert all(part is None for part in read.values())
    (mine,) = [line for line in text.split("\n") if line.startswith("#  FTA:")]
    decided = parse_yaml(text.replace(mine, mine.replace("#  ", "  ", 1)), "values.yaml")
    assert dict(decided["appointment_status"]) == {"FTA": "No-show"}
    assert "#  F:" not in text


def test_decisions_stand_in_the_rules_so_that_a_plan_holds_them() -> None:
    own = {
        "sex": {"Intersex person": "Other"},
        "lead_sources": {"Gogle": "Google"},
        "invoice_status": {"Paused": "Unpaid"},
    }
    mappings = with_own_values(BLUEPRINT.mappings, own)
    args = [dict(rule.args) for m in mappings for rule in m.rules if table_of(rule)[0] in own]
    assert {"table": "sex", "values": {"Intersex person": "Other"}} in args
    assert {"lookup": "lead_sources", "names": {"Gogle": "Google"}} in args
    assert any("Paused" in one.get("values", {}) for one in args)
    assert with_own_values(BLUEPRINT.mappings, {}) == BLUEPRINT.mappings


def test_a_persons_word_takes_the_place_of_the_proposal_and_ends_the_question() -> None:
    found = {line.word: line for line in lines()}
    text = decided(values_text(found.values()), found["Broken"], "Cancelled")
    text = decided(text, found["Paused"], "Unpaid")
    own = {table: dict(part or {}) for table, part in parse_yaml(text, "values.yaml").items()}
    assert own["appointment_status"] == {"Broken": "Cancelled"}
    assert own["invoice_status"] == {"Paused": "Unpaid"}
    assert {"Broken", "Paused"}.isdisjoint(said(lines(own)))
    assert "#  Broken" not in text
    fresh = decided("", found["Gogle"], "Google")
    assert parse_yaml(fresh, "values.yaml") == {"lead_sources": {"Gogle": "Google"}}


def test_a_table_keeps_its_heading_and_its_place_while_a_decision_stands_in_it() -> None:
    own = {"patient_status": {"Actve": "Active"}, "invoice_status": {"Paused": "Unpaid"}, "sex": {}}
    read = parse_yaml(values_text(lines(own), own), "values.yaml")
    assert list(read)[:2] == ["patient_status", "invoice_status"]
    assert "sex" not in list(read)[:2]
    assert "appointment_status" in read


def proposed_again(base: str, mine: str, *fields: Field) -> str:
    own = {table: dict(part or {}) for table, part in parse_yaml(mine, "values.yaml").items()}
    return laid(base, mine, values_text(lines(own, *fields), own))


def test_what_a_person_decides_stays_under_its_table_whatever_is_proposed_beside_it() -> None:
    base = values_text(lines())
    mine = base.replace('#  "Written off": ', '  "Written off": Void').replace("#  Gogle:", "  Gogle:")
    text = proposed_again(base, mine)
    said = {table: dict(part or {}) for table, part in parse_yaml(text, "values.yaml").items()}
    assert said["invoice_status"] == {"Written off": "Void"}
    assert said["lead_sources"] == {"Gogle": "Google"}
    assert {line for line in mine.split("\n") if line[:2] == "  "} <= set(text.split("\n"))
    assert sorted(text.split("\n")) == sorted(mine.split("\n"))  # the open ones are as they were
    again = values_text(lines(said), said)
    assert laid(again, text, again) == text


def test_a_word_that_is_new_comes_under_its_table_and_one_that_is_gone_goes() -> None:
    base = values_text(line for line in lines() if line.word not in {"Broken", "Gogle"})
    mine = base.replace("appointment_status:\n", "appointment_status:\n  # ours\n")
    full = values_text(lines())
    text = laid(base, mine, full)
    assert parse_yaml(text, "values.yaml").keys() == parse_yaml(full, "values.yaml").keys()
    section = text.partition("appointment_status:\n")[2].partition("\n\n")[0].split("\n")
    assert section[0] == "  # ours"
    assert [line for line in section if line.startswith("#  Broken:")]
    assert laid(full, text, base) == mine


def test_a_proposal_that_a_person_edited_or_deleted_is_not_made_again() -> None:
    base = values_text(lines())
    (broken,) = [line for line in base.split("\n") if line.startswith("#  Broken:")]
    mine = base.replace(broken + "\n", "").replace("#  Paused: ", "#  Paused: ask the desk ")
    other = base.replace("1 records of invoices", "2 records of invoices")
    text = laid(base, mine, other)
    assert "Broken" not in text
    assert text.count("Paused") == 1
    assert "ask the desk" in text
    assert laid(other, text, other) == text


def test_ends_of_lines_stay_as_they_are() -> None:
    base = values_text(lines())
    mine = base.replace("#  Broken: ", "  Broken: Cancelled").replace("\n", "\r\n")
    text = laid(base, mine, values_text(lines({"appointment_status": {"Broken": "Cancelled"}})))
    assert text == mine


@pytest.mark.parametrize(
    ("own", "said"),
    [
        ({"sex": {"x": "Bogus"}}, ["sex has no entry 'Bogus'; one of: Man, Woman"]),
        ({"sexx": {"x": "Man"}}, ["there is no table sexx; did you mean sex?"]),
        (
            {"colours": {"x": "Red"}},
            ["there is no table colours; wherry propose writes those that there are"],
        ),
        (
            {"lead_sources": {"Papa Quillfeather": "Nowhere"}},
            ["lead_sources has no entry 'Nowhere'; one of: Google, Web"],
        ),
        ({"recall_type": {"Exam": "dentist"}, "appointment_status": {"x": "no_show", "y": "DNA"}}, []),
        ({"sex": {"x": "woman", "y": "Male"}, "lead_sources": {"Gogle": "google"}}, []),
    ],
)
def test_a_meaning_that_is_no_entry_is_named_without_the_word(own, said) -> None:
    gender = Field(
        name="cf_gender", type=T.DROPDOWN, label="Gender", custom=True, choices=choices("Man", "Woman")
    )
    there = replace(
        destination_catalog(gender),
        lookups={"lead_sources": [{"id": 1, "name": "Google"}, {"id": 2, "name": "Web"}]},
    )
    found = unknown_meanings(own, BLUEPRINT.mappings, source_catalog(), there)
    assert [
        f"{issue.message}; {issue.hint}".replace("Male, Female, Other, Unknown, ", "") for issue in found
    ] == said


OWN_LIST = Rule(
    to='custom:Tier "1"', source=("custom:Tier",), using="choice", type="dropdown", choices=("Gold", "Tin")
)


def own_list(own: dict[str, dict[str, str]], *entries: str) -> list[ValueLine]:
    (mapping,) = [m for m in BLUEPRINT.mappings if m.name == "patients_to_contacts"]
    there = Field(name="cf_tier", type=T.DROPDOWN, label='Tier "1"', custom=True, choices=choices(*entries))
    words = Words(
        counts=lambda _stream, field: {"Gold": 3, "Goldd": 2, "Zinc": 1} if field == "custom:Tier" else {}
    )
    found = value_lines([replace(mapping, rules=(OWN_LIST,))], destination_catalog(there), words, own)
    return list(found)


def test_words_of_a_list_of_the_clinics_own_are_proposed_against_the_tenants_and_stand_under_its_name() -> (
    None
):
    found = own_list({}, "Golden", "gold", "Silver")
    assert said(found) == {
        "Gold": ("gold", Band.GREEN),
        "Goldd": ("gold", Band.AMBER),
        "Zinc": ("", Band.GREY),
    }
    base = values_text(found)
    text = decided(base, found[2], "Silver")
    own = {table: dict(part or {}) for table, part in parse_yaml(text, "values.yaml").items()}
    assert own == {'custom:Tier "1"': {"Zinc": "Silver"}}
    assert "Zinc" not in said(own_list(own, "gold"))
    assert laid(base, text, values_text(own_list(own, "Golden", "gold", "Silver"), own)) == text
    (rule,) = with_own_values([replace(BLUEPRINT.mappings[0], rules=(OWN_LIST,))], own)[0].rules
    assert rule.args == {"values": {"Zinc": "Silver"}}


def test_a_list_that_is_still_to_be_made_raises_no_question() -> None:
    assert own_list({}) == []
