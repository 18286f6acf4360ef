"""The canonical rules: what may differ in form, and that nothing else ever counts as the same."""

import html
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from wherry.reconcile.rules import RULES

SAME: list[tuple[str, Any, Any]] = [
    ("exact", "", None),
    ("exact", [], None),
    ("text", "a\r\nb  \n", "a\nb"),
    ("text", "Tom &amp; Ann", "Tom & Ann"),
    ("phone_e164", "+44 20 7946 0018", "+442079460018"),
    ("phone_e164", "020 7946 0018", "+442079460018"),
    ("email", " Ana@Example.com", "ana@example.com"),
    ("instant", "2026-07-01T10:00:00+01:00", "2026-07-01T09:00:00Z"),
    ("date", "2026-07-01T00:00:00+01:00", "2026-07-01"),
    ("number", "5600.0", 5600),
    ("number", 12.5, "12.50"),
    ("boolean", True, "1"),
    ("boolean", False, "No"),
    ("choice", " Male", "male"),
    ("set", "b;a", ["a", "b"]),
    ("set", "a; ;b", "b;a"),
    ("url", "HTTPS://Clinic.example/", "https://clinic.example"),
    ("phone_e164", "020 7946 0018 x5", "+44 2079460018 ext. 5"),
]  # fmt: skip
DIFFERENT: list[tuple[str, Any, Any]] = [
    ("exact", "a", "A"),
    ("exact", "a", "a "),
    ("exact", 0, None),
    ("exact", False, None),
    ("exact", "1", 1),
    ("text", "a b", "a  b"),
    ("text", "a\nb", "a b"),
    ("text", "Ab", "ab"),
    ("phone_e164", "+442079460018", "+442079460019"),
    ("phone_e164", "+353871234567", "+44871234567"),
    ("phone_e164", "+442079460018 ext 5", "+442079460018"),
    ("phone_e164", "not a number", "another"),
    ("phone_e164", "+442079460018 or +442079460019", "+442079460018"),
    ("url", "https://user:Pa@a.example?A", "https://user:Pa@b.example?A"),
    ("email", "a@example.com", "b@example.com"),
    ("instant", "2026-07-01T10:00:00+01:00", "2026-07-01T10:00:00Z"),
    ("instant", "2026-07-01T10:00:00", "2026-07-01T10:00:00Z"),
    ("date", "2026-07-01", "2026-07-02"),
    ("date", "2026-07-01", "01/07/2026"),
    ("number", 1, True),
    ("number", "12.50", "12.05"),
    ("number", 0, None),
    ("number", "NaN", 0),
    ("boolean", True, False),
    ("boolean", False, None),
    ("boolean", "yes", "maybe"),
    ("choice", "Male", "Female"),
    ("set", "a;b", "a;c"),
    ("set", "a;a", "a"),
    ("set", "a", None),
    ("url", "https://a.example/x", "https://a.example/y"),
    ("url", "https://a.example/x?Q=1", "https://a.example/x?q=1"),
    ("url", "https://a.example/Path", "https://a.example/path"),
]  # fmt: skip


def same(rule: str, one: Any, other: Any) -> bool:
    return bool(RULES[rule](one) == RULES[rule](other)) and type(RULES[rule](one)) is type(RULES[rule](other))


@pytest.mark.parametrize(("rule", "one", "other"), SAME)
def test_the_form_does_not_count(rule: str, one: Any, other: Any) -> None:
    assert same(rule, one, other)


@pytest.mark.parametrize(("rule", "one", "other"), DIFFERENT)
def test_what_is_said_counts(rule: str, one: Any, other: Any) -> None:
    assert RULES[rule](one) != RULES[rule](other)


ANY = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=30)
    | st.lists(st.text(max_size=5), max_size=3)
)


@given(value=ANY, rule=st.sampled_from(sorted(RULES)))
def test_a_rule_takes_anything_says_the_same_twice_and_finds_a_value_equal_to_itself(
    value: Any, rule: str
) -> None:
    form = RULES[rule](value)
    assert RULES[rule](value) == form
    if rule not in {"text", "phone_e164"}:  # an entity may hold an entity; a number is read with its country
        assert RULES[rule](form) == form


NOTHING = st.sampled_from([None, "", []])


@given(nothing=NOTHING, value=st.text(min_size=1, max_size=20), rule=st.sampled_from(sorted(RULES)))
def test_something_is_never_nothing(nothing: Any, value: str, rule: str) -> None:
    assume(value.strip(" \t\r\n\x0b\x0c\x1c\x1d\x1e\x1f\x85\xa0;/") and html.unescape(value).strip())
    assert RULES[rule](nothing) is None
    assert RULES[rule](value) is not None


@given(one=st.text(max_size=20), other=st.text(max_size=20))
def test_two_texts_are_the_same_only_if_their_visible_characters_are(one: str, other: str) -> None:
    if RULES["text"](one) == RULES["text"](other):
        assert html.unescape(one).split() == html.unescape(other).split()


@given(one=st.text(max_size=12), other=st.text(max_size=12), rule=st.sampled_from(["email", "choice"]))
def test_only_case_and_outer_space_are_forgiven(one: str, other: str, rule: str) -> None:
    assert (RULES[rule](one) == RULES[rule](other)) == (one.strip().casefold() == other.strip().casefold())


@given(one=st.datetimes(timezones=st.just(UTC)), shift=st.integers(-12, 12), later=st.integers(0, 3))
def test_an_instant_is_the_moment_in_any_zone_and_no_other(one: datetime, shift: int, later: int) -> None:
    assume(datetime(2, 1, 1, tzinfo=UTC) < one < datetime(9998, 1, 1, tzinfo=UTC))
    other = (one + timedelta(seconds=later)).astimezone(timezone(timedelta(hours=shift)))
    assert (RULES["instant"](one.isoformat()) == RULES["instant"](other.isoformat())) == (later == 0)


@given(one=st.decimals(-(10**9), 10**9, places=3), other=st.decimals(-(10**9), 10**9, places=3))
def test_a_number_is_its_value(one: Decimal, other: Decimal) -> None:
    assert (RULES["number"](str(one)) == RULES["number"](str(other))) == (one == other)
    assert RULES["number"](str(one)) == RULES["number"](f"{one}00")


@given(
    one=st.lists(st.text("abcé", min_size=1, max_size=3)),
    other=st.lists(st.text("abcé", min_size=1, max_size=3)),
)
def test_a_set_is_its_members_in_any_order_and_form(one: list[str], other: list[str]) -> None:
    assert RULES["set"](list(one)) == RULES["set"](";".join(reversed(one)))
    assert (RULES["set"](list(one)) == RULES["set"](list(other))) == (sorted(one) == sorted(other))
