"""Every field of every stream of the bundle contract has an explicit fate, and each is the right one."""

import pytest

from wherry.connectors.bundle.columns import SHEETS
from wherry.mapping.blueprint import StreamFate, load_blueprint
from wherry.model.catalog import Catalog, Field, FieldType, Privacy, Stream
from wherry.model.mapping import LinkRule, Mapping, Rule
from wherry.planning.coverage import USED, FieldFate, cover

CONTRACT = Catalog(
    system="aerona",
    streams=tuple(
        Stream(name=sheet.stream, fields=tuple(column.field() for column in sheet.columns))
        for sheet in SHEETS.values()
    ),
)


@pytest.fixture(scope="module")
def coverage():
    blueprint = load_blueprint()
    suite = [mapping for mapping in blueprint.mappings if mapping.destination != "leads"]
    return cover(CONTRACT, suite, blueprint.streams)


@pytest.mark.parametrize("stream", sorted(SHEETS))
def test_each_stream_of_the_contract_is_covered_whole(coverage, stream):
    lines = [line for line in coverage.lines if line.stream == stream]
    assert [line.field for line in lines] == [column.name for column in SHEETS[stream].columns]
    for line in lines:
        assert line.fate is not FieldFate.UNEXPLAINED, line.field
        assert line.target or line.reason, line.field


def test_on_classic_a_field_of_patients_goes_to_leads_as_well():
    blueprint = load_blueprint()
    lines = cover(CONTRACT, blueprint.mappings, blueprint.streams).lines
    name = next(line for line in lines if (line.stream, line.field) == ("patients", "firstName"))
    assert name.target == "contacts.first_name, leads.first_name"


def test_coverage_is_a_hundred_percent_and_adds_up(coverage):
    assert coverage.percent == 100.0
    assert (
        sum(coverage.by_fate.values()) == len(coverage.lines) == sum(len(s.columns) for s in SHEETS.values())
    )
    assert f"{len(coverage.lines)} of {len(coverage.lines)} have a fate (100 %)" in coverage.sentence
    assert coverage.as_json()["explained"] == len(coverage.lines)


@pytest.mark.parametrize(
    ("stream", "name", "fate", "target"),
    [
        ("patients", "firstName", "moved", "contacts.first_name"),
        (
            "practices",
            "practiceId",
            "moved_as",
            "sales_accounts.custom:Source_System_ID__c, sales_accounts.custom:Providers",
        ),
        ("patients", "sex", "moved_as", "contacts.custom:Gender"),
        ("patients", "practiceId", "moved_as", "contacts → sales_accounts"),
        ("patients", "nhsNumber", "locked", "contacts.custom:NHS Number"),
        ("patients", "updatedAt", "computed_into", "delta"),
        ("clinical_notes", "text", "locked", "notes.description"),
        ("clinicians", "gdcOrDentalCouncilNo", "no_equivalent", ""),
        ("appointment_types", "name", "locked", "tasks.title, tasks.description"),
        ("care_plans", "name", "computed_into", "contacts.custom:Care Plan"),
        ("care_plans", "fee", "no_equivalent", ""),
        ("medical_flags", "flag", "no_equivalent", ""),
        ("recalls", "dueDate", "computed_into", "contacts.custom:Recall Date, reports/recall-guide"),
        ("instalments", "amount", "computed_into", "reports/instalments.csv"),
    ],
)
def test_a_field_has_the_fate_that_it_meets(coverage, stream, name, fate, target):
    line = next(line for line in coverage.lines if (line.stream, line.field) == (stream, name))
    assert (line.fate.value, line.target) == (fate, target)


def test_what_is_said_to_be_used_is_a_field_of_the_contract():
    for stream, used in USED.items():
        assert set(used) <= {column.name for column in SHEETS[stream].columns}, stream


def _one(*, stream="s", fields=("a",), mappings=(), fates=None, privacy=Privacy.COMMERCIAL):
    catalog = Catalog(
        system="x",
        streams=(
            Stream(
                name=stream, fields=tuple(Field(name=f, type=FieldType.TEXT, privacy=privacy) for f in fields)
            ),
        ),
    )
    return cover(catalog, mappings, fates or {})


def _mapping(**parts):
    return Mapping(
        **{"name": "m", "row": 1, "source": "s", "destination": "d", "stage": 1, "rules": (), **parts}
    )


def test_a_column_that_nobody_speaks_of_lowers_the_figure():
    found = _one(fields=("a", "b"), mappings=[_mapping(rules=(Rule(to="x", source=("a",)),))])
    assert (found.percent, found.by_fate["unexplained"], found.by_fate["moved"]) == (50.0, 1, 1)
    assert _one().percent == 0.0


def test_a_field_in_two_places_or_changed_on_the_way_is_moved_as():
    twice = _mapping(rules=(Rule(to="x", source=("a",)), Rule(to="y", source=("a",))))
    changed = _mapping(rules=(Rule(to="x", source=("a",), using="phone_e164"),))
    linked = _mapping(links=(LinkRule(relation="r", stream="p", source="a"),))
    for mapping in (twice, changed, linked):
        assert _one(mappings=[mapping]).lines[0].fate is FieldFate.MOVED_AS


def test_a_reason_under_unmapped_is_kept():
    mapping = _mapping(unmapped={"a": "no_equivalent:too_long", "b": "operational"})
    found = _one(fields=("a", "b"), mappings=[mapping]).lines
    assert [(line.fate.value, line.reason) for line in found] == [
        ("no_equivalent", "too_long"),
        ("no_equivalent", "operational"),
    ]


def test_a_stream_that_feeds_another_is_used_whole_but_for_its_locked_fields():
    fate = {"s": StreamFate(stream="s", reason="feeds_other", feeds=("d.x",))}
    assert _one(fates=fate).lines[0].fate is FieldFate.COMPUTED_INTO
    assert _one(fates=fate, privacy=Privacy.CLINICAL).lines[0].fate is FieldFate.LOCKED
