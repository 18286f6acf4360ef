"""An unknown value of a pick list is never guessed: whichever table it belongs to, the record is held."""

from dataclasses import replace

import pytest

from wherry.mapping.apply import apply
from wherry.mapping.ask import Problem
from wherry.mapping.blueprint import load_blueprint
from wherry.mapping.values import translate, value_tables
from wherry.model.reject import Reject

TABLES = sorted(value_tables())
USES = [
    (mapping.name, rule.source[0], str(rule.args["table"]))
    for mapping in load_blueprint().mappings
    for rule in mapping.rules
    if rule.using == "choice" and rule.args.get("table")
]


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("word", ["quite unheard of", "", "?", "0x", "activ"])
def test_an_unknown_value_is_a_problem_that_says_where_to_decide(table, word):
    found = translate(table, word)
    assert isinstance(found, Problem)
    assert found.reason == "unmapped_value"
    assert "args.values" in found.hint
    assert not word or word not in found.detail  # a value of a record is in no message


@pytest.mark.parametrize(
    ("table", "word"), [(name, word) for name, table in value_tables().items() for word in table.ambiguous]
)
def test_an_ambiguous_value_is_held_until_the_clinic_says_what_it_means(table, word):
    found = translate(table, word)
    assert isinstance(found, Problem)
    assert found.detail.startswith("ambiguous")
    meant = value_tables()[table].texts[0]
    assert translate(table, word, own={word.upper(): meant}) == meant


@pytest.mark.parametrize("table", TABLES)
def test_every_word_of_a_table_gives_one_of_its_texts_in_any_case(table):
    for word, text in value_tables()[table].words.items():
        assert translate(table, f"  {word.upper()} ") == text


@pytest.mark.parametrize("table", TABLES)
def test_what_the_clinic_decides_ends_the_hold(table):
    meant = value_tables()[table].texts[-1]
    assert translate(table, "Quite unheard of", own={"quite unheard of": meant}) == meant


def test_the_tables_in_use_are_among_those_tested():
    assert USES
    assert {table for _, _, table in USES} <= set(TABLES)


@pytest.mark.parametrize(("mapping", "field"), [(name, field) for name, field, _ in USES])
def test_a_record_with_an_unknown_value_is_held_for_that_field(
    blueprint, record, context, changed, mapping, field
):
    one = next(m for m in blueprint.mappings if m.name == mapping)
    there = replace(context.destination, abilities={"custom_modules": one.when == "custom_modules"})
    context = changed(context, destination=there, foresee=True)
    facts = {"never_booked": one.when == "never_booked"}
    held = apply(blueprint.mappings, record(one.source, facts, **{field: "quite unheard of"}), context)
    assert isinstance(held, Reject)
    assert (held.reason, held.field) == ("unmapped_value", field)
    assert "unheard" not in held.detail + held.hint


@pytest.mark.parametrize("status", ["6", "8", "nowhere"])
def test_an_appointment_with_an_unknown_ambiguous_or_undeclared_status_is_held(
    blueprint, record, context, status
):
    held = apply(blueprint.mappings, record("appointments", appointmentStatusId=status), context)
    assert isinstance(held, Reject)
    assert held.reason == "unmapped_status"
