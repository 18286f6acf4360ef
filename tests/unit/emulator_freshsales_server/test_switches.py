import json

import pytest

from wherry_emulators.freshsales.switches import (
    Plan,
    SettingError,
    Switches,
    as_settings,
    read_switches,
    switch_table,
    with_settings,
)


def test_plans_have_their_documented_hourly_limit():
    assert {plan.value: plan.calls_per_hour for plan in Plan} == {
        "free": 1000,
        "growth": 1000,
        "pro": 2000,
        "enterprise": 5000,
    }


@pytest.mark.parametrize(
    ("pair", "field", "value"),
    [
        ("upsert.accept_email_key=true", "upsert_accept_email_key", True),
        ("upsert_accept_email_key=on", "upsert_accept_email_key", True),
        ("tasks.filter_required=no", "tasks_filter_required", False),
        ("bulk.max_rows=7", "bulk_max_rows", 7),
        ("bulk.delay_ms=0", "bulk_delay_ms", 0),
        ("rate.limit_hour=plan", "rate_limit_hour", None),
        ("rate.limit_hour=50", "rate_limit_hour", 50),
        ("rate.reset_format=dmyHis", "rate_reset_format", "dmyHis"),
        ("deleted.get_by_id=record", "deleted_get_by_id", "record"),
        ("bulk.job_states=w, r,d,f", "bulk_job_states", ("w", "r", "d", "f")),
    ],
)
def test_a_switch_is_set_by_name(pair, field, value):
    assert getattr(read_switches([pair]), field) == value


def test_one_entity_of_a_mapping_can_be_set_and_the_others_stay():
    statuses = read_switches(["create.status.contact=201"]).create_status
    assert statuses["contact"] == 201
    assert statuses["task"] == 201
    assert statuses["note"] == 200
    assert dict(read_switches(["create.status=deal:201"]).create_status) == {"deal": 201}


@pytest.mark.parametrize(
    ("pair", "complaint"),
    [
        ("rate.limit_minute=3", "no switch is called 'rate.limit_minute'"),
        ("rate.limit_min", "not of the form name=value"),
        ("rate.limit_min=many", "a whole number of at least 1"),
        ("rate.limit_min=0", "a whole number of at least 1"),
        ("rate.limit_min=-3", "a whole number of at least 1"),
        ("rate.reset_format=iso", "one of epoch, dmyHis, ISO"),
        ("tasks.filter_required=maybe", "true or false"),
        ("bulk.job_states=a,b", "four names"),
        ("create.status=contact:418", "200 or 201"),
    ],
)
def test_a_wrong_name_or_value_is_one_clear_error(pair, complaint):
    with pytest.raises(SettingError, match=complaint):
        read_switches([pair])


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("s.json", json.dumps({"rate.limit_min": 9, "bulk": {"job_states": ["a", "b", "c", "d"]}})),
        ("s.toml", '[rate]\nlimit_min = 9\n[bulk]\njob_states = ["a", "b", "c", "d"]\n'),
    ],
)
def test_a_file_may_nest_and_pairs_override_it(tmp_path, name, text):
    (tmp_path / name).write_text(text)
    switches = read_switches(["rate.limit_min=10"], tmp_path / name)
    assert (switches.rate_limit_min, switches.bulk_job_states) == (10, ("a", "b", "c", "d"))


@pytest.mark.parametrize(("name", "text"), [("s.json", "{"), ("s.toml", "="), ("s.json", "[]")])
def test_a_broken_file_is_named(tmp_path, name, text):
    (tmp_path / name).write_text(text)
    with pytest.raises(SettingError, match="switch file"):
        read_switches([], tmp_path / name)


def test_what_is_shown_can_be_set_again():
    changed = with_settings(
        Switches(), {"create.status.deal": 201, "rate.limit_hour": 5, "unknown_choice": "create"}
    )
    assert with_settings(Switches(), as_settings(changed)) == changed


def test_every_switch_says_what_it_means_and_may_be():
    assert all(info.name and info.meaning and info.allowed for info in switch_table())
    assert len({info.name for info in switch_table()}) == len(switch_table())
