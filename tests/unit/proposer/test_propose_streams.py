from collections.abc import Callable
from dataclasses import replace

from proposer_world import (
    BLUEPRINT,
    OWN,
    T,
    choices,
    custom,
    destination_catalog,
    filling,
    proposed,
    source_catalog,
)
from wherry.mapping.blueprint import parse_yaml, read_mappings
from wherry.mapping.check import check
from wherry.mapping.proposer.custom import Filling
from wherry.mapping.proposer.stream import Ground, speaks_of
from wherry.model.catalog import Field, Privacy
from wherry.model.mapping import Band, Mapping, Rule
from wherry.model.policy import Policies

PATIENTS = "01_patients.yaml"
Make = Callable[..., Ground]


def patients(world: Ground) -> Mapping:
    return read_mappings({PATIENTS: proposed(world)[PATIENTS].text})[0].mapping


def rule(world: Ground, column: str) -> Rule:
    return next(r for r in patients(world).rules if r.source == (f"custom:{column}",))


def test_every_file_reads_back_and_every_rule_has_evidence(ground: Make) -> None:
    for proposal in proposed(ground()).values():
        for written in parse_yaml(proposal.text, proposal.file)["rules"]:
            assert written["evidence"]


def test_a_custom_column_keeps_its_type_and_all_its_values(ground: Make) -> None:
    rules = {r.source[0]: r for r in patients(ground()).rules if r.source}
    found = rules["custom:Loyalty tier"]
    assert (found.to, found.using, found.type) == ("custom:Loyalty tier", "choice", "dropdown")
    assert found.choices == ("Gold", "Silver", "yes")
    assert rules["custom:First seen"].type == "date"
    assert rules["custom:Mouthguard size"].type == "number"


def test_what_never_migrates_is_listed_and_not_proposed(ground: Make) -> None:
    mapping = patients(ground())
    assert mapping.unmapped["custom:NI Number"] == "never_migrate:national_id"
    assert not [r for r in mapping.rules if "custom:NI Number" in r.source]
    line = next(x for x in proposed(ground())[PATIENTS].lines if x.source_header == "custom:NI Number")
    assert (line.target, line.band) == ("NONE", Band.RED)


def test_values_too_can_bar_a_column(ground: Make) -> None:
    def cards(_stream: str, _field: str) -> Filling:
        cards = ("4242424242424242", "5555555555554444")
        return Filling(records=2, filled=2, distinct=2, samples=cards)

    mapping = patients(ground(own=(custom("Reference 2"),), filling=cards))
    assert mapping.unmapped["custom:Reference 2"] == "never_migrate:payment_data"


def test_a_field_of_the_same_label_is_used(ground: Make) -> None:
    there = Field(
        name="cf_loyalty_tier", label="Loyalty Tier", type=T.DROPDOWN, custom=True,
        choices=choices("Gold", "Silver", "Yes"),
    )  # fmt: skip
    found = rule(ground(destination=destination_catalog(there)), "Loyalty tier")
    assert found.to == "custom:Loyalty Tier"
    assert "is there already" in found.evidence
    assert found.band is Band.GREEN


def test_a_value_that_its_pick_list_lacks_is_said_not_guessed(ground: Make) -> None:
    there = Field(
        name="cf_x", label="Loyalty tier", type=T.DROPDOWN, custom=True, choices=choices("Gold", "Silver")
    )
    found = rule(ground(destination=destination_catalog(there)), "Loyalty tier")
    assert found.band is Band.AMBER
    assert "lacks 1 of 3 values" in found.evidence


def test_a_field_of_an_unfit_type_is_left_alone(ground: Make) -> None:
    there = Field(name="cf_x", label="First seen", type=T.NUMBER, custom=True)
    found = rule(ground(destination=destination_catalog(there)), "First seen")
    assert found.to == "custom:First seen (source)"
    assert found.type == "date"


def test_a_label_of_the_blueprints_own_is_not_taken(ground: Make) -> None:
    assert rule(ground(own=(custom("Gender"),)), "Gender").to == "custom:Gender (source)"


def test_once_made_the_field_of_a_second_label_is_used_again(ground: Make) -> None:
    there = Field(name="cf_x", label="Gender (source)", type=T.TEXT, custom=True)
    world = ground(own=(custom("Gender"),), destination=destination_catalog(there))
    assert rule(world, "Gender").to == "custom:Gender (source)"


def test_a_full_plan_gives_the_cheapest_type_that_loses_nothing(ground: Make) -> None:
    own = (custom("Loyalty tier", T.DROPDOWN, "Gold"), custom("Topics", T.MULTI_SELECT, "A", "B"))
    limits = {"cap_dropdown": 0, "cap_multi_select": 0}
    world = ground(own=own, destination=destination_catalog(limits=limits))
    found = rule(world, "Loyalty tier")
    assert (found.type, found.using, found.band) == ("text", "one_text", Band.AMBER)
    assert "no more dropdown fields" in found.evidence
    assert rule(world, "Topics").type == "textarea"


def test_no_room_at_all_is_a_reason(ground: Make) -> None:
    world = ground(own=(custom("Shoe"),), destination=destination_catalog(limits={"cap_total": 0}))
    assert patients(world).unmapped["custom:Shoe"] == "no_room:custom_fields"


def test_room_is_shared_by_all_columns(ground: Make) -> None:
    blueprint = {r.to for r in patients(ground(own=())).rules if r.type == "number"}
    own = tuple(custom(f"Size {n}", T.NUMBER) for n in range(3))
    limits = {"cap_number": len(blueprint) + 2}
    world = ground(own=own, destination=destination_catalog(limits=limits))
    mapping = patients(world)
    types = [next(r.type for r in mapping.rules if r.source == (f"custom:Size {n}",)) for n in range(3)]
    assert types == ["number", "number", "text"]


def test_what_is_left_of_a_kind_goes_to_others_only_behind_its_own(ground: Make) -> None:
    own = (custom("Tier", T.DROPDOWN, "Gold"), custom("Shoe"), custom("Topics", T.MULTI_SELECT, "A", "B"))
    texts = {
        r.to for m in BLUEPRINT.mappings if m.destination == "contacts" for r in m.rules if r.type == "text"
    }
    limits = {"cap_dropdown": 0, "cap_multi_select": 0, "cap_textarea": 0, "cap_text": len(texts) + 2}
    world = ground(own=own, destination=destination_catalog(limits=limits))
    assert rule(world, "Shoe").type == "text"
    assert rule(world, "Tier").type == "text"
    assert patients(world).unmapped["custom:Topics"] == "no_room:custom_fields"
    world = ground(own=own, destination=destination_catalog(limits={**limits, "cap_text": len(texts) + 3}))
    assert (rule(world, "Topics").type, rule(world, "Topics").using) == ("text", "as_is")
    issues = check([patients(world)], world.source, world.destination, Policies())
    assert not [issue for issue in issues if "Topics" in issue.field]  # a plan takes it


def test_what_a_person_wrote_takes_room_and_labels(ground: Make) -> None:
    (mapping,) = [m for m in BLUEPRINT.mappings if m.name == "patients_to_contacts"]
    own_rule = Rule(to="custom:Shoe", source=("custom:Boot",), using="as_is", type="number")
    persons = (replace(mapping, rules=(*mapping.rules, own_rule)),)
    own = (custom("Shoe", T.NUMBER), custom("Sock", T.NUMBER))
    numbers = {r.to for r in mapping.rules if r.type == "number"}
    limits = {"cap_number": len(numbers) + 2}
    world = ground(own=own, destination=destination_catalog(limits=limits), persons=persons)
    assert (rule(world, "Shoe").to, rule(world, "Shoe").type) == ("custom:Shoe (source)", "number")
    assert rule(world, "Sock").type == "text"


def test_a_locked_column_is_amber_and_says_so(ground: Make) -> None:
    own = (custom("Next of kin", privacy=Privacy.THIRD_PARTY),)
    found = rule(ground(own=own), "Next of kin")
    assert found.band is Band.AMBER
    assert "third_party" in found.evidence


def test_a_column_that_may_be_one_of_the_contract_is_asked_about(ground: Make) -> None:
    source = source_catalog((custom("Mobile Tel Nr"),))
    streams = tuple(
        replace(s, fields=tuple(f for f in s.fields if f.name != "mobile")) if s.name == "patients" else s
        for s in source.streams
    )

    def phones(_stream: str, _field: str) -> Filling:
        return Filling(records=2, filled=2, distinct=2, samples=("07700 900123", "07700 900456"))

    world = replace(ground(), source=replace(source, streams=streams), filling=phones)
    found = rule(world, "Mobile Tel Nr")
    assert "it may be patients.mobile" in found.evidence
    assert found.band is Band.AMBER


def test_headers_known_by_an_alias_are_proposals_with_evidence(ground: Make) -> None:
    source = source_catalog(headers={"patientId": "Patient ID", "dateOfBirth": "D.O.B."})
    world = replace(ground(), source=source)
    lines = {line.source_header: line for line in proposed(world)[PATIENTS].lines}
    assert lines["D.O.B."].target == "contacts.custom:Date of Birth"
    assert "dateOfBirth" in lines["D.O.B."].evidence
    assert lines["Patient ID"].confidence == 0.99
    assert "header 'D.O.B.'" in proposed(world)[PATIENTS].text


def test_locked_columns_of_the_blueprint_are_no_green_proposals(ground: Make) -> None:
    lines = {line.source_header: line for line in proposed(ground())[PATIENTS].lines}
    assert lines["nhsNumber"].band is Band.RED
    assert "locked" in lines["nhsNumber"].evidence


def test_labels_and_values_may_hold_anything(ground: Make) -> None:
    label, pick = 'What: "odd" \\ {x} # no', "a\u2028b\x07"
    world = ground(own=(custom(label, T.DROPDOWN, pick, "null", "12"),))
    found = rule(world, label)
    assert found.to == f"custom:{label}"
    assert found.choices == (pick, "null", "12")


def test_the_same_world_gives_the_same_bytes(ground: Make) -> None:
    assert proposed(ground()) == proposed(ground())


def test_no_value_of_a_record_stands_in_a_line(ground: Make) -> None:
    for proposal in proposed(ground()).values():
        for line in proposal.lines:
            assert not any(sample in line.evidence for sample in filling("", "").samples)


def test_what_a_person_decided_is_not_proposed(ground: Make) -> None:
    world = ground(decided=lambda file, column: (file, column) == (PATIENTS, "custom:First seen"))
    assert not [r for r in patients(world).rules if "custom:First seen" in r.source]
    assert len(OWN) == 4


def test_lines_that_speak_of_a_column() -> None:
    assert speaks_of(['  - {to: x, from: "custom:A"}'], "custom:A")
    assert speaks_of(["    from: custom:A"], "custom:A")
    assert speaks_of(['  "custom:A": no_equivalent'], "custom:A")
    assert not speaks_of(['  - {to: "custom:A", from: other}'], "custom:A")
    assert not speaks_of(["    from: custom:A 2"], "custom:A")
