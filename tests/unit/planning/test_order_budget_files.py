"""The order of the walk, the arithmetic of calls, and a plan as a file."""

from dataclasses import replace
from math import ceil
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wherry.model.catalog import Catalog
from wherry.model.errors import MappingIncomplete, UsageInvalid
from wherry.model.mapping import LinkRule, Mapping
from wherry.model.plan import Basis, Plan, Stage
from wherry.planning.budget import Volume, forecast, load_calls
from wherry.planning.files import dump_plan, load_plan
from wherry.planning.order import link_streams, stream_order


def mapping(source: str, *links: str, stage: int = 10, name: str = "") -> Mapping:
    rules = tuple(LinkRule(relation=f"to_{to}", stream=to, source=f"{to}Id") for to in links)
    return Mapping(
        name=name or source, row=1, source=source, destination=source, rules=(), links=rules, stage=stage
    )


def test_parents_come_before_children_whatever_the_stages_say() -> None:
    order = stream_order(
        [
            mapping("notes", "patients", stage=1),
            mapping("patients", "practices", stage=2),
            mapping("practices", stage=3),
        ]
    )
    assert order == ("practices", "patients", "notes")


def test_among_equals_the_stage_decides_and_two_mappings_of_a_stream_are_one_stop() -> None:
    order = stream_order(
        [
            mapping("b", stage=20),
            mapping("a", stage=30),
            mapping("c", stage=10),
            mapping("b", name="b2", stage=40),
        ]
    )
    assert order == ("c", "b", "a")


def test_a_link_to_a_stream_that_does_not_move_orders_nothing() -> None:
    assert stream_order([mapping("notes", "visits")]) == ("notes",)


def test_a_circle_is_named() -> None:
    with pytest.raises(MappingIncomplete) as caught:
        stream_order([mapping("a", "b"), mapping("b", "c"), mapping("c", "a")])
    assert all(name in caught.value.message for name in "abc")
    assert "→" in caught.value.message


def test_links_are_counted_as_streams_of_their_own() -> None:
    assert link_streams([mapping("notes", "patients"), mapping("patients", "practices")]) == {
        "notes": {"patients": "link.notes.patients"}, "patients": {"practices": "link.patients.practices"}
    }  # fmt: skip


# calls -----------------------------------------------------------------------------------------


@given(single=st.integers(0, 5000), bulk=st.integers(0, 5000))
def test_bulk_rows_go_a_hundred_a_call_and_take_two_calls_more(single: int, bulk: int) -> None:
    assert load_calls(Volume(writes=single + bulk, bulk=bulk)) == single + ceil(bulk / 100) * 3


def test_a_job_that_fits_the_hour_runs_at_the_minute_s_pace_and_a_larger_one_at_the_hour_s() -> None:
    catalog = Catalog(system="f", streams=(), limits={"calls_per_hour": 1000, "calls_per_minute": 400})
    small = forecast({"tasks": Volume(writes=300)}, 50, catalog, 0.1)
    assert small.load == 300
    assert small.hours == round((small.load + small.read_back) / 24_000, 2)
    large = forecast({"tasks": Volume(writes=9000)}, 50, catalog, 0.1)
    assert large.hours == round((large.load + large.read_back) / 900, 2)


@given(writes=st.integers(0, 10_000), more=st.integers(0, 500))
def test_more_records_never_take_fewer_calls_or_hours(writes: int, more: int) -> None:
    catalog = Catalog(system="f", streams=(), limits={"calls_per_hour": 2000, "calls_per_minute": 400})
    one, other = (
        forecast({"contacts": Volume(writes=n, bulk=n // 2), "notes": Volume(writes=n)}, n, catalog, 0.1)
        for n in (writes, writes + more)
    )
    assert other.load >= one.load
    assert other.rollback >= one.rollback


# files -----------------------------------------------------------------------------------------


def plan(**values: Any) -> Plan:
    stage = Stage(
        order=1, mapping="m", source="patients", destination="contacts", records=1, writes=1, calls=1
    )
    basis = Basis(snapshot="a", mapping="b", destination="c", policies="d")
    return Plan(
        **{
            "basis": basis, "created_at": "2026-10-05T09:00:00", "mappings": ({"name": "é"},), "policies": {"x": 1},
            "stages": (replace(stage, privacy=("clinical",)),), "calls": {"load": 1}, "hours": 0.25,
            "streams": {"patients": {"read": 1}}, "rejects": ({"reason": "x", "keys": ["1"]},), "warnings": ("w",),
            "extra": {"facts": {"mapping": {"a": None}}}, **values,
        }
    )  # fmt: skip


def test_a_plan_comes_back_from_its_file_as_it_was() -> None:
    frozen = plan()
    again = load_plan(dump_plan(frozen), "plans/x.json")
    assert again == frozen
    assert again.digest == frozen.digest


def test_the_digest_covers_everything_but_the_hour_it_was_made() -> None:
    frozen = plan()
    assert plan(created_at="later").digest == frozen.digest
    for name, value in {
        "hours": 0.5,
        "warnings": (),
        "policies": {"x": 2},
        "extra": {},
        "calls": {"load": 2},
    }.items():
        assert plan(**{name: value}).digest != frozen.digest, name


@pytest.mark.parametrize(
    ("old", "new"), [(b'"x": 1', b'"x": 2'), (b'"hours": 0.25', b'"hours": 0.5'), (b'"w"', b'"v"')]
)
def test_a_file_that_was_touched_is_refused(old: bytes, new: bytes) -> None:
    data = dump_plan(plan())
    assert old in data
    with pytest.raises(UsageInvalid) as caught:
        load_plan(data.replace(old, new), "plans/x.json")
    assert "plans/x.json was changed after it was frozen" in caught.value.message


@pytest.mark.parametrize("data", [b"", b"[]", b"{}", b'{"digest": "x"}', b"\xff"])
def test_what_is_no_plan_file_is_said_to_be_none(data: bytes) -> None:
    with pytest.raises(UsageInvalid) as caught:
        load_plan(data, "plans/x.json")
    assert "plans/x.json" in caught.value.message
