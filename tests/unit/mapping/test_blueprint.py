"""The blueprint covers all twelve rows, every stream and every column."""

import pytest

from wherry.mapping.blueprint import (
    blueprint_texts,
    from_data,
    load_blueprint,
    parse_yaml,
    read_mappings,
    to_data,
)
from wherry.model.errors import MappingIncomplete


def test_all_twelve_rows_are_there(blueprint):
    assert [row.number for row in blueprint.rows] == list(range(1, 13))
    later = {row.number: row.streams for row in blueprint.rows if row.status == "later"}
    assert later == {}
    for row in blueprint.rows:
        assert row.title
        assert bool(row.mappings) == (row.status == "complete" and row.number not in {9, 10})


def test_every_stream_of_a_bundle_has_one_fate(blueprint, bundle, not_moved):
    moved = {mapping.source for mapping in blueprint.mappings}
    assert moved == set(bundle)
    assert set(blueprint.streams) == set(not_moved)
    for fate in blueprint.streams.values():
        assert fate.reason
        assert fate.row or fate.why


@pytest.mark.parametrize(
    "stream",
    [
        *("practices", "clinicians", "patients", "appointments", "clinical_notes", "documents"),
        *("invoice_lines", "treatment_plans"),
    ],
)
def test_every_column_of_a_moved_stream_has_a_fate(blueprint, bundle, stream):
    for mapping in blueprint.mappings:
        if mapping.source == stream:
            ruled = {name for rule in mapping.rules for name in rule.source if "." not in name}
            linked = {link.source for link in mapping.links if not link.source.startswith("fact:")}
            assert set(bundle[stream].split()) - ruled - linked - set(mapping.unmapped) == set()
            assert not ruled & set(mapping.unmapped)
            assert ruled | linked | set(mapping.unmapped) <= set(bundle[stream].split())


def test_a_mapping_reads_back_as_it_was_written(blueprint):
    for mapping in blueprint.mappings:
        data = to_data(mapping)
        assert from_data(data) == mapping
        assert to_data(from_data(data)) == data


def test_every_rule_line_is_known(blueprint):
    texts = blueprint_texts()
    for mapping in blueprint.mappings:
        place, *places = blueprint.places[mapping.name]
        assert f"mapping: {mapping.name}" in texts[place.file]
        assert len(places) == len(mapping.rules)
        for rule, where in zip(mapping.rules, places, strict=True):
            assert rule.to in texts[where.file].splitlines()[where.line - 1]


def test_prospects_differ_from_patients_in_stage_and_status_only(blueprint):
    named = {m.name: m for m in blueprint.mappings}
    patients = {r.to: r for r in named["patients_to_contacts"].rules}
    prospects = {r.to: r for r in named["prospects_to_contacts"].rules}
    assert {to for to in prospects if prospects[to] != patients.get(to)} == {
        "lifecycle_stage_id",
        "contact_status_id",
    }


GOOD = """\
mapping: m
row: 1
from: patients
to: contacts
stage: 20
rules:
  - {to: first_name, from: firstName}
  - {to: mobile_number, from: mobile, using: phone_e164}
"""


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        ("using: phone_e164", "using: phone_e16", 8, ["using", "did you mean phone_e164?"]),
        ("from: firstName}", "frm: firstName}", 7, ["frm", "did you mean from?"]),
        ("stage: 20", "stage: twenty", 5, ["stage", "whole number"]),
        ("stage: 20\n", "", 1, ["stage", "is missing"]),
        ("{to: first_name, from: firstName}", "first_name", 7, ["key: value"]),
        ("from: firstName", "from: [firstName, lastName]", 7, ["from", "1 to 1"]),
        ("from: firstName", "from: firstName, when: sunny", 7, ["when", "sunny"]),
        ("from: firstName", "from: firstName, type: colour", 7, ["type", "colour"]),
        ("from: firstName", "from: firstName, args: {x: 1}", 7, ["args", "x"]),
        ("from: firstName", "from: firstName, on_error: shrug", 7, ["on_error", "shrug"]),
        ("from: firstName", "from: firstName, confidence: 7", 7, ["confidence"]),
        ("from: firstName", "from: 7", 7, ["from", "quotes"]),
        ("row: 1", "row: [", 4, ["not valid YAML"]),
    ],
)
def test_a_mistake_is_named_with_file_line_and_key(old, new, line, words):
    text = GOOD.replace(old, new)
    assert text != GOOD
    with pytest.raises(MappingIncomplete) as caught:
        from_data(parse_yaml(text, "mapping/p.yaml"), file="mapping/p.yaml")
    assert caught.value.message.startswith(f"mapping/p.yaml, line {line}:")
    for word in words:
        assert word in caught.value.message


def test_like_takes_over_replaces_and_leaves_out():
    child = """\
mapping: child
like: m
row: 2
stage: 21
without: [mobile_number]
rules:
  - {to: first_name, from: preferredName}
  - {to: city, from: town}
"""
    base, own = (w.mapping for w in read_mappings({"a.yaml": child, "b.yaml": GOOD}))
    assert (base.name, own.name) == ("m", "child")
    assert [(r.to, r.source) for r in own.rules] == [
        ("first_name", ("preferredName",)),
        ("city", ("town",)),
    ]
    assert (own.source, own.destination, own.stage, own.row) == ("patients", "contacts", 21, 2)


def test_like_names_a_mapping_of_the_folder():
    with pytest.raises(MappingIncomplete, match=r"a\.yaml, line 2: like"):
        read_mappings({"a.yaml": "mapping: child\nlike: nobody\n"})


def test_a_name_stands_once():
    with pytest.raises(MappingIncomplete, match="twice"):
        read_mappings({"a.yaml": GOOD, "b.yaml": GOOD})


def test_an_unknown_blueprint_is_an_error():
    with pytest.raises(MappingIncomplete, match="no blueprint"):
        load_blueprint("nowhere")
