"""The way in: what the specification says of tokens and limits is enforced to the letter."""

from datetime import UTC, datetime

import pytest

from wherry_emulators.aerona.gate import Gate
from wherry_emulators.aerona.settings import read_settings
from wherry_emulators.freshsales.clock import Clock
from wherry_emulators.process import SettingError


def gate(*settings: str, hour: int = 9) -> Gate:
    start = datetime(2026, 6, 1, hour, 0, tzinfo=UTC)
    return Gate(users={"ana": "right"}, settings=read_settings(settings), clock=Clock(0.0001, "UTC", start))


def token(one: Gate) -> str:
    status, found = one.log_in("ana", "right")
    assert status == 200
    return found


def test_one_call_beyond_the_limit_ends_the_token():
    one = gate()
    found = token(one)
    assert all(one.admit(found) for _ in range(299))
    assert not one.admit(found)
    assert one.figures.invalidated == 1
    assert one.figures.fullest == 301
    one.clock.advance(901)
    assert not one.admit(found)
    assert one.admit(token(one))


@pytest.mark.parametrize(("per", "admitted"), [("token", True), ("account", False)])
def test_whether_a_new_token_begins_a_new_window_is_a_setting(per, admitted):
    one = gate("limit.calls=5", f"limit.per={per}")
    first = token(one)
    for _ in range(5 if per == "token" else 4):
        assert one.admit(first)
    assert (one.log_in("ana", "right")[0] == 200) is (admitted)


def test_a_token_lives_an_hour():
    one = gate()
    found = token(one)
    one.clock.advance(3599)
    assert one.admit(found)
    one.clock.advance(1)
    assert not one.admit(found)


def test_five_wrong_passwords_lock_the_user():
    one = gate()
    assert [one.log_in("ana", "wrong")[0] for _ in range(5)] == [401] * 5
    assert one.log_in("ana", "right")[0] == 423


@pytest.mark.parametrize(("hour", "closed"), [(20, False), (21, True), (23, True), (0, False)])
def test_maintenance_hours(hour, closed):
    assert gate(hour=hour).closed() is closed
    assert not gate("maintenance=off", hour=hour).closed()


@pytest.mark.parametrize("wrong", ["limit.calls=many", "limit.cals=3", "maintenance=late", "page.style=book"])
def test_a_setting_that_cannot_be_is_named(wrong):
    with pytest.raises(SettingError, match=wrong.partition("=")[0].partition(".")[0]):
        read_settings([wrong])
