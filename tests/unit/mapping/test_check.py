"""The checks find what stands in the way, and say where."""

from dataclasses import replace

import pytest

from wherry.mapping.blueprint import read_mappings
from wherry.mapping.check import check, needed_fields
from wherry.mapping.custom_columns import with_custom_fields
from wherry.mapping.form import Place
from wherry.mapping.gate import classes_of
from wherry.model.catalog import Choice, Field, FieldType, Privacy
from wherry.model.policy import Policies


def without(catalog, stream, *names):
    streams = tuple(
        replace(s, fields=tuple(f for f in s.fields if f.name not in names and f.label not in names))
        if s.name == stream
        else s
        for s in catalog.streams
    )
    return replace(catalog, streams=streams)


def codes(issues, severity="error"):
    return [issue.code for issue in issues if issue.severity == severity]


def test_the_blueprint_has_no_errors(blueprint, moving, source, destination):
    issues = check(moving, source, destination, Policies(), blueprint.places)
    assert [str(i) for i in issues if i.severity == "error"] == []
    assert codes(issues, "warning") == ["status_missing"]


@pytest.fixture
def one_rule(source, destination):
    """The issues of a mapping with one line changed, without those about columns left alone."""

    def make(line, catalog=None, policies=None):
        text = f"""\
mapping: m
row: 1
from: patients
to: contacts
stage: 20
rules:
  - {line}
"""
        written = read_mappings({"p.yaml": text})
        places = {w.mapping.name: (w.place, *w.places) for w in written}
        mappings = [w.mapping for w in written]
        found = check(mappings, source, catalog or destination, policies or Policies(), places)
        return [i for i in found if i.code not in {"column_without_fate", "status_missing"}]

    return make


@pytest.mark.parametrize(
    ("line", "code", "words"),
    [
        ("{to: frist_name, from: firstName}", "unknown_field", "did you mean first_name?"),
        ("{to: first_name, from: frstName}", "unknown_column", "did you mean firstName?"),
        ("{to: created_at, from: createdAt}", "read_only_field", ""),
        ('{to: "custom:Shoe Size", from: title}', "type_missing", "one of:"),
        ('{to: "custom:Shoe Size", from: title, type: money}', "type_unknown", ""),
        ('{to: "custom:Shoe Size", from: title, type: date}', "type_unsafe", "value function"),
        ('{to: "custom:Date of Birth", from: title}', "type_unsafe", ""),
        ('{to: "custom:Shoe", from: title, using: choice, type: dropdown}', "choices_missing", ""),
        ("{to: first_name, from: isHouseholdHead}", "type_unsafe", ""),
    ],
)
def test_a_wrong_rule_is_found_with_its_line(one_rule, line, code, words):
    (issue,) = one_rule(line)
    assert issue.code == code
    assert words in issue.hint
    assert str(issue).startswith("p.yaml, line 7: ")


def test_a_field_written_twice_is_found(one_rule):
    found = one_rule("{to: city, from: town}\n  - {to: city, from: county}")
    assert [(i.code, i.place.line) for i in found] == [("written_twice", 8)]


def test_a_column_without_a_fate_is_found(moving, source_with, destination):
    catalog = source_with(Field(name="custom:Shoe Size", type=FieldType.TEXT))
    found = check(moving, catalog, destination, Policies())
    assert codes(found) == ["column_without_fate"]
    assert found[0].field == "custom:Shoe Size"
    places = {found[0].mapping: (Place(file="p.yaml", line=3),)}
    (placed,) = [
        i for i in check(moving, catalog, destination, Policies(), places) if i.field == found[0].field
    ]
    assert str(placed).startswith("p.yaml: ")
    extended = with_custom_fields(moving, catalog)
    assert codes(check(extended, catalog, destination, Policies())) == []


def test_an_absent_column_is_a_warning(moving, source, destination):
    found = check(moving, without(source, "patients", "sex"), destination, Policies())
    assert codes(found) == []
    assert "column_absent" in codes(found, "warning")


def test_caps_count_what_is_there_and_what_is_to_come(moving, source, destination):
    bare = without(destination, "contacts", "Title", "Home Phone")
    held = sum(f.custom and f.type is FieldType.TEXT for f in bare.stream("contacts").fields)
    roomy = replace(bare, limits={"cap_text": held + 2})
    assert codes(check(moving, source, roomy, Policies())) == []
    tight = replace(bare, limits={"cap_text": held + 1})
    (issue,) = check(moving, source, tight, Policies())[:1]
    assert issue.code == "cap_exceeded"
    assert f"the plan holds {held + 1}" in issue.message


def test_a_required_field_nobody_writes_is_found(moving, source, destination):
    streams = tuple(
        replace(s, fields=(*s.fields, Field(name="medium", type=FieldType.TEXT, required=True)))
        if s.name == "contacts"
        else s
        for s in destination.streams
    )
    found = check(moving, source, replace(destination, streams=streams), Policies())
    assert codes(found) == ["required_field_missing", "required_field_missing"]


def test_policies_name_what_is_there(moving, source, destination):
    policies = Policies(patient_stage="Patron", edition="classic")
    found = check(moving, source, destination, policies)
    assert sorted(codes(found)) == ["edition_unsupported", "stage_missing"]


def test_needed_fields_are_each_named_once(moving, source, destination):
    needs = needed_fields(moving, source, destination)
    places = [(need.stream, need.label) for need in needs]
    assert len(places) == len(set(places))
    assert all(need.exists and not need.mismatch for need in needs)
    assert ("sales_accounts", "Source_System_ID__c") in places
    assert ("contacts", "Source_System_ID__c") in places
    assert not any(need.stream == "tasks" for need in needs)


def test_needed_fields_say_what_is_missing(moving, source, destination):
    needs = needed_fields(moving, source, without(destination, "contacts", "Gender"))
    (gender,) = [need for need in needs if not need.exists]
    assert (gender.label, gender.type, gender.sources) == ("Gender", FieldType.DROPDOWN, ("patients.sex",))
    assert [choice.value for choice in gender.field.choices] == ["Male", "Female", "Other", "Unknown"]
    assert gender.field.custom


def test_fields_of_locked_classes_are_needed_once_opened(moving, source, destination):
    def labels(**given):
        return {need.label for need in needed_fields(moving, source, destination, **given)}

    assert "NHS Number" not in labels()
    assert "NHS Number" in labels(unlocked=frozenset({"national_id"}))


def test_fields_that_would_stay_empty_are_not_needed(moving, source, destination):
    needs = needed_fields(moving, source, destination, filled=frozenset({("patients", "patientId")}))
    labels = {need.label for need in needs if need.stream == "contacts"}
    assert "Source_System_ID__c" in labels
    assert "Title" not in labels
    assert "Allow Email" in labels  # a blank consent is written as unknown


def test_an_existing_field_of_another_kind_is_a_mismatch(moving, source, destination):
    streams = tuple(
        replace(
            s,
            fields=tuple(replace(f, choices=f.choices[:2]) if f.label == "Gender" else f for f in s.fields),
        )
        for s in destination.streams
    )
    needs = needed_fields(moving, source, replace(destination, streams=streams))
    (gender,) = [need for need in needs if need.mismatch]
    assert gender.missing_choices == ("Other", "Unknown")


@pytest.mark.parametrize(
    ("kind", "becomes", "using"),
    [
        (FieldType.TEXT, "text", "as_is"),
        (FieldType.TEXTAREA, "textarea", "as_is"),
        (FieldType.INTEGER, "number", "as_is"),
        (FieldType.MONEY, "number", "money"),
        (FieldType.BOOLEAN, "boolean", "boolean"),
        (FieldType.DATE, "date", "iso_date"),
        (FieldType.DATETIME, "text", "instant"),
        (FieldType.DROPDOWN, "dropdown", "choice"),
        (FieldType.MULTI_SELECT, "multi_select", "multi"),
    ],
)
def test_custom_columns_keep_their_type(moving, source_with, destination, kind, becomes, using):
    choices = (Choice(id="a", value="Gold"), Choice(id="b", value="Tin"))
    catalog = source_with(Field(name="custom:Loyalty Tier", type=kind, choices=choices))
    extended = with_custom_fields(moving, catalog)
    rules = [r for m in extended for r in m.rules if r.source == ("custom:Loyalty Tier",)]
    assert len(rules) == 2  # booked and never booked
    assert (rules[0].to, rules[0].type, rules[0].using) == ("custom:Loyalty Tier", becomes, using)
    assert rules[0].choices == (("Gold", "Tin") if becomes in {"dropdown", "multi_select"} else ())
    assert codes(check(extended, catalog, destination, Policies())) == []


def test_a_custom_column_never_shares_a_field_of_ours(moving, source_with):
    catalog = source_with(Field(name="custom:gender", type=FieldType.TEXT))
    extended = with_custom_fields(moving, catalog)
    assert "custom:gender (source)" in [r.to for m in extended for r in m.rules]


def test_classes_are_the_strictest_of_what_is_read(moving, source):
    named = {m.name: m for m in moving}
    contact = classes_of(named["patients_to_contacts"], source)
    assert contact["custom:NHS Number"] is Privacy.NATIONAL_ID
    assert contact["first_name"] is Privacy.COMMERCIAL
    assert classes_of(named["clinical_notes_to_notes"], source) == {"description": Privacy.CLINICAL}


@pytest.mark.parametrize("shared", ["email", "mobile_number"])
def test_a_contact_is_never_matched_by_what_a_family_shares(moving, source, destination, shared):
    keyed = replace(
        source,
        streams=tuple(replace(s, key="patientId") if s.name == "patients" else s for s in source.streams),
    )
    wrong = [replace(m, match=shared) if m.source == "patients" else m for m in moving]
    codes = {(i.code, i.severity) for i in check(wrong, keyed, destination, Policies())}
    assert ("match_by_shared_value", "error") in codes
    right = {i.code for i in check(moving, keyed, destination, Policies())}
    assert "match_by_shared_value" not in right
