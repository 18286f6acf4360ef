"""Each value function, asked alone."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from wherry.mapping.ask import Ask, Noted, Problem, Target
from wherry.mapping.proposer.choices import propose_choice
from wherry.mapping.transforms import REGISTRY, families
from wherry.model.catalog import Choice, Field, FieldType
from wherry.model.mapping import Band, Rule
from wherry.model.record import Key, Record


@pytest.fixture
def ask(context):
    """The outcome of a value function for some values."""

    def make(using, *values, args=None, choices=(), given=None, **others):
        names = tuple(f"v{n}" for n in range(len(values)))
        record = Record(key=Key("patients", "1"), values={**dict(zip(names, values, strict=True)), **others})
        field = Field(
            name="f",
            type=FieldType.DROPDOWN,
            choices=tuple(Choice(id=str(n), value=text) for n, text in enumerate(choices)),
        )
        rule = Rule(to="f", source=names, using=using, args=args or {})
        target = Target(name="f", field=field)
        return REGISTRY[using].call(Ask(record=record, context=given or context, rule=rule, target=target))

    return make


def test_every_value_function_says_what_it_gives_and_is_used_or_offered():
    for name, function in REGISTRY.items():
        assert function.name == name
        assert function.does.endswith(".")
        least, most = function.sources
        assert 0 <= least <= most
    assert {function.call.__module__ for function in REGISTRY.values()} <= set(families())


@pytest.mark.parametrize(
    ("written", "country", "expected"),
    [
        ("(020) 7946 0018", "United Kingdom", "+442079460018"),
        ("020 7946 0018", None, "+442079460018"),
        ("07700 900123", "GB", "+447700900123"),
        ("085 012 3456", "Ireland", "+353850123456"),
        ("+353 85 012 3456", "GB", "+353850123456"),
        ("00353850123456", "GB", "+353850123456"),
        ("  ", "GB", None),
        (None, "GB", None),
    ],
)
def test_phones_become_e164_by_the_country_of_the_patient(ask, written, country, expected):
    assert ask("phone_e164", written, country=country) == expected


@pytest.mark.parametrize("written", ["ask for Mary", "12", "020 7946 0018 / 07700", "not a phone"])
def test_an_unreadable_phone_stays_as_written_and_is_noted(ask, written):
    assert ask("phone_e164", written) == Noted(value=written, reason="phone_unreadable")


def test_an_extension_is_not_lost(ask):
    assert ask("phone_e164", "020 7946 0018 ext 12") == Noted(
        value="020 7946 0018 ext 12", reason="phone_extension"
    )


def test_only_a_phone_that_cannot_be_stored_is_held(ask):
    held = ask("phone_e164", "ring the neighbour, she fetches him")
    assert isinstance(held, Problem)
    assert held.reason == "phone_too_long"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("x", "x"),
        (" x ", " x "),
        ("  ", None),
        (None, None),
        (True, True),
        (7, 7),
        (Decimal("7.00"), 7),
        (Decimal("7.25"), 7.25),
        (date(2026, 1, 2), "2026-01-02"),
        (datetime(2026, 1, 2, 3, 4, tzinfo=UTC), "2026-01-02T03:04:00+00:00"),
        (("a", "b"), "a;b"),
        ((), None),
    ],
)
def test_as_is_keeps_the_value(ask, value, expected):
    outcome = ask("as_is", value)
    assert outcome == expected
    assert type(outcome) is type(expected)


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (10**11, "number_out_of_range"),
        (Decimal("0.12345"), "number_too_precise"),
        (Decimal("NaN"), "invalid_number"),
        (datetime(2026, 1, 2, 3, 4), "naive_time"),
        (("a;b", "c"), "separator_in_value"),
    ],
)
def test_as_is_refuses_what_cannot_be_kept(ask, value, reason):
    outcome = ask("as_is", value)
    assert isinstance(outcome, Problem)
    assert outcome.reason == reason


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (Decimal("-12.50"), -12.5),
        ("3.10", 3.1),
        (None, None),
        (Decimal("12.345"), "invalid_amount"),
        ("x", "invalid_amount"),
    ],
)
def test_money_is_exact_or_refused(ask, value, expected):
    outcome = ask("money", value)
    assert (outcome.reason if isinstance(outcome, Problem) else outcome) == expected


@pytest.mark.parametrize(
    ("value", "expected"), [(True, "Yes"), (False, "No"), (None, "Unknown"), ("", "Unknown")]
)
def test_consent_is_one_of_three(ask, value, expected):
    assert ask("consent", value, choices=("Yes", "No", "Unknown")) == expected


def test_choices_are_written_as_the_destination_spells_them(ask):
    assert ask("choice", " gold ", choices=("Gold", "Silver")) == "Gold"
    assert ask("choice", "Bronze", choices=("Gold", "Silver")).reason == "choice_missing"
    assert ask("choice", "f", args={"table": "sex"}) == "Female"
    assert ask("choice", "X", args={"table": "sex", "values": {"x": "Other"}}) == "Other"
    assert ask("choice", "X", args={"table": "sex"}).reason == "unmapped_value"
    assert ask("choice", None) is None


@pytest.mark.parametrize(
    ("word", "offered", "written"),
    [
        ("female", ("M", "F"), "F"),  # another listed spelling of what the table says
        ("f", ("Man", "Woman", "F"), "F"),
        ("Non-binary", ("Male", "Female", "non binary"), "non binary"),  # the tenant's own, in no table
        ("X", ("Male", "Female", "X"), "X"),
    ],
)
def test_the_tenants_own_list_is_what_a_word_is_written_by(ask, word, offered, written):
    found = propose_choice(word, offered, "sex")
    assert (found.choice, found.band) == (written, Band.GREEN)
    assert ask("choice", word, args={"table": "sex"}, choices=offered) == written


@pytest.mark.parametrize(
    ("word", "offered"), [("Paid-in-full", ("Settled", "Open")), ("unpaid", ("Settled", "Open"))]
)
def test_a_payment_status_is_written_by_the_tenants_own_list(ask, word, offered):
    found = propose_choice(word, offered, "invoice_status")
    assert found.band is Band.GREEN
    assert ask("payment_status", word, choices=offered, status=word) == found.choice


def test_what_the_tenants_list_lacks_is_never_green_and_never_written(ask):
    for word in ("unknown", "Herr", "F."):
        assert propose_choice(word, ("M", "F"), "sex").band is not Band.GREEN
        assert isinstance(ask("choice", word, args={"table": "sex"}, choices=("M", "F")), Problem)


def test_a_persons_word_comes_before_the_tenants_list(ask):
    args = {"table": "sex", "values": {"F": "M"}}
    assert ask("choice", "f", args=args, choices=("M", "F")) == "M"


def test_a_list_without_a_table_takes_a_persons_word_for_what_it_lacks(ask):
    args = {"values": {"Bronze": "Tin"}}
    for offered in (("Gold", "Tin"), ()):
        assert ask("choice", "bronze", args=args, choices=offered) == "Tin"
        assert ask("choice", "Gold", args=args, choices=offered) == "Gold"


def test_several_choices_are_joined(ask):
    assert ask("multi", ("gold", "SILVER"), choices=("Gold", "Silver")) == "Gold;Silver"
    assert ask("multi", ("gold", "tin"), choices=("Gold", "Silver")).reason == "choice_missing"


def test_dates(ask):
    assert ask("iso_date", date(2024, 2, 29)) == "2024-02-29"
    assert ask("iso_date", datetime(2024, 2, 29, 23, tzinfo=UTC)) == "2024-02-29"
    assert ask("iso_date", "29/02/24").reason == "invalid_date"
    assert ask("iso_date", None) is None


def test_names_are_joined_without_gaps(ask):
    assert ask("full_name", " Dr ", None, "Ada  M.", "Park") == "Dr Ada M. Park"
    assert ask("join_lines", "a", "", "b") == "a, b"
    assert ask("join_lines", "a", "b", args={"with": "\n"}) == "a\nb"


def test_a_reference_to_nothing_is_held(ask):
    args = {"stream": "care_plans", "field": "name"}
    assert ask("lookup", "3", args=args) == "Gold"
    assert ask("lookup", 3, args=args) == "Gold"
    assert ask("lookup", "99", args=args).reason == "unknown_reference"
    assert ask("lookup", None, args=args) is None


def test_a_referral_source_may_send_a_prospect_to_a_stage_of_its_own(ask, context, destination):
    record = {"referralSource": "Website"}
    own = {"by_referral": {"website": "Customer"}}

    def stage(args, facts):
        made = Record(key=Key("patients", "1"), values=record, facts=facts)
        rule = Rule(to="lifecycle_stage_id", source=("referralSource",), using="lifecycle_stage", args=args)
        return REGISTRY["lifecycle_stage"].call(Ask(record=made, context=context, rule=rule))

    assert stage(own, {"never_booked": True}) == 22
    assert stage({}, {"never_booked": True}) == 21
    assert stage({}, {}) == 22


def test_a_long_subject_is_cut_with_a_sign_of_it(ask, context):
    from dataclasses import replace

    lookups = {**context.lookups, "appointment_types": {"1": {"category": "x" * 400}}}
    start = datetime(2026, 3, 2, 9, 15, tzinfo=UTC)
    title = ask(
        "subject", start, given=replace(context, lookups=lookups),
        appointmentTime=start, appointmentTypeId="1", practiceId="1",
    )  # fmt: skip
    assert len(title) == 255
    assert title.endswith("…")
