"""The pieces of the live source that need no server: throttle, hours, cells, profiles."""

from datetime import UTC, datetime, timedelta

import pytest

from wherry.connectors.aerona.api_cells import flattened, text_of
from wherry.connectors.aerona.api_profile import Listing, Maintenance, read_profile
from wherry.connectors.aerona.api_session import open_from
from wherry.connectors.aerona.api_throttle import Throttle
from wherry.model.errors import QuotaExhausted, SettingsInvalid


class Clock:
    def __init__(self):
        self.time = datetime(2026, 6, 1, 9, 0, tzinfo=UTC)

    def now(self):
        return self.time

    def sleep(self, seconds):
        self.time += timedelta(seconds=max(seconds, 0.001))


def throttle(path, clock, calls=10, seconds=60.0, opens=lambda moment: moment):
    return Throttle(path / "calls.json", clock, calls=calls, seconds=seconds, open_from=opens)


def sent(one, clock, calls):
    moments = []
    for _ in range(calls):
        one.take()
        moments.append(clock.now())
    return moments


def test_no_window_holds_more_calls_than_agreed_whoever_sends_them(tmp_path):
    clock = Clock()
    moments = sent(throttle(tmp_path, clock), clock, 7)
    clock.sleep(5)
    moments += sent(throttle(tmp_path, clock), clock, 28)  # a process after a kill
    for moment in moments:
        assert sum(moment - timedelta(seconds=60) < other <= moment for other in moments) <= 10
    assert moments[-1] - moments[0] < timedelta(seconds=60 * 3 + 5)


def test_a_torn_count_is_taken_for_a_full_window(tmp_path):
    clock = Clock()
    (tmp_path / "calls.json").write_text('{"calls": [1', encoding="utf-8")
    began = clock.now()
    throttle(tmp_path, clock).take()
    assert clock.now() - began >= timedelta(seconds=60)


def test_a_rest_holds_for_everybody_and_what_the_server_asks_for_is_granted(tmp_path):
    clock = Clock()
    began = clock.now()
    throttle(tmp_path, clock).learn(remaining=3, retry_after=120)
    throttle(tmp_path, clock).take()
    assert clock.now() - began >= timedelta(seconds=120)


def test_it_does_not_wait_for_ever(tmp_path):
    clock = Clock()
    with pytest.raises(QuotaExhausted):
        throttle(tmp_path, clock, opens=lambda moment: moment + timedelta(hours=1)).take()


@pytest.mark.parametrize(
    ("moment", "opens"),
    [
        ("2026-06-01T20:58:00+01:00", "2026-06-01T20:58:00+01:00"),
        ("2026-06-01T20:59:30+01:00", "2026-06-02T00:00:00+01:00"),
        ("2026-06-01T23:59:59+01:00", "2026-06-02T00:00:00+01:00"),
        ("2026-06-02T00:00:00+01:00", "2026-06-02T00:00:00+01:00"),
        ("2026-10-24T22:00:00+01:00", "2026-10-25T00:00:00+01:00"),
    ],
)
def test_maintenance_hours_are_the_clinic_s(moment, opens):
    hours = Maintenance(begin="21:00", end="00:00")
    assert open_from(hours, datetime.fromisoformat(moment)) == datetime.fromisoformat(opens)
    assert open_from(Maintenance(), datetime.fromisoformat(moment)) == datetime.fromisoformat(moment)


def test_hours_past_midnight_and_within_a_day():
    night = Maintenance(begin="22:00", end="02:00", zone="UTC")
    late, early = datetime(2026, 6, 1, 23, tzinfo=UTC), datetime(2026, 6, 2, 1, tzinfo=UTC)
    assert open_from(night, late) == open_from(night, early) == datetime(2026, 6, 2, 2, tzinfo=UTC)
    noon = Maintenance(begin="12:00", end="13:00", zone="UTC")
    assert open_from(noon, datetime(2026, 6, 1, 12, 30, tzinfo=UTC)).hour == 13


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, ""), (True, "true"), (False, "false"), (12, "12"), (12.5, "12.5"), (30.0, "30"), (-0.05, "-0.05"),
     ("  as it is\r\n", "  as it is\r\n"), (["a", "b"], "a; b"), ({"x": 1}, '{"x":1}'), (1e300, "1e+300")],
)  # fmt: skip
def test_json_becomes_the_cell_that_an_export_would_hold(value, text):
    assert text_of(value) == text


def test_names_and_nesting_are_the_profile_s():
    listing = Listing(path="x", custom="extras", fields={"patientId": "id", "lastName": "name.family"})
    record = {"id": 4, "name": {"family": "Ní", "other": 1}, "extras": {"Loyalty tier": "Gold"}, "town": None}
    assert flattened(record, listing) == {
        "patientId": "4", "lastName": "Ní", "name.other": "1", "custom:Loyalty tier": "Gold", "town": "",
    }  # fmt: skip
    pairs = {"extras": [{"label": "Tier", "value": True}, {"name": "Note", "value": None}, {"value": 1}]}
    assert flattened(pairs, listing) == {"custom:Tier": "true", "custom:Note": ""}


def test_a_profile_says_only_what_differs(tmp_path):
    (tmp_path / "own.yaml").write_text(
        "login: {body: {pin: '{pin}'}}\nlists: {recalls: {path: ''}}\n", encoding="utf-8"
    )
    profile = read_profile("own.yaml", tmp_path)
    assert profile.login.body == {"pin": "{pin}"}
    assert profile.login.token_header == "AERONA-AUTH-TOKEN"
    assert "recalls" not in profile.listed()
    assert profile.listed().keys() == read_profile("", tmp_path).listed().keys() - {"recalls"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("paging: {stile: page}", r"paging\.stile"),
        ("lists: {patiens: {path: x}}", r"lists\.patiens"),
        ("maintenance: {zone: Moon}", r"maintenance\.zone"),
        ("limit: {calls: 0}", r"limit\.calls"),
        ("- a", "holds no keys"),
        ("a: [", "line 1"),
    ],
)
def test_a_profile_that_cannot_be_is_named_with_its_key(tmp_path, text, said):
    (tmp_path / "own.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(SettingsInvalid, match=said):
        read_profile("own.yaml", tmp_path)
