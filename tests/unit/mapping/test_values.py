"""Value tables and zones."""

from zoneinfo import available_timezones

import pytest

from wherry.mapping.ask import Problem
from wherry.mapping.values import translate, value_tables
from wherry.mapping.zones import rails_zone, rails_zones


@pytest.mark.parametrize(
    ("word", "text"),
    [
        ("booked", "Booked"),
        ("Pending", "Booked"),
        ("in_chair", "In chair"),
        ("Seated in chair", "In chair"),
        ("Treatment  complete", "Completed"),
        ("Canceled", "Cancelled"),
        ("FTA", "No-show"),
        ("Did not attend", "No-show"),
        ("no_show", "No-show"),
    ],
)
def test_statuses_of_the_trade_are_known(word, text):
    assert translate("appointment_status", word) == text


@pytest.mark.parametrize("word", ["Broken", "broken", "Later", ""])
def test_ambiguous_and_unknown_statuses_are_held(word):
    outcome = translate("appointment_status", word, reason="unmapped_status")
    assert isinstance(outcome, Problem)
    assert outcome.reason == "unmapped_status"
    assert "args.values" in outcome.hint


def test_the_clinics_own_table_wins():
    assert translate("appointment_status", "Broken", own={"broken": "Cancelled"}) == "Cancelled"
    assert translate("sex", "F", own={"f": "Woman"}) == "Woman"


def test_an_unknown_table_is_a_problem():
    assert isinstance(translate("colours", "red"), Problem)


def test_no_word_means_two_things():
    for table in value_tables().values():
        assert set(table.words.values()) == set(table.texts)
        assert not set(table.words) & set(table.ambiguous)
        assert all(word == word.casefold() for word in table.words)


def test_zones_are_real_and_those_of_both_countries_are_there():
    assert (rails_zone("Europe/London"), rails_zone("Europe/Dublin")) == ("London", "Dublin")
    assert rails_zone("Mars/Olympus") is None
    assert set(rails_zones()) <= available_timezones()
