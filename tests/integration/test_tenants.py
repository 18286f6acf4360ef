"""Tenants that answer otherwise: what the documentation leaves open must not decide whether a migration works."""

from typing import Any

import pytest

from wherry.model.catalog import Choice, Field, FieldType
from wherry.model.errors import PreflightFailed

SWITCHES = {
    "created": ("create.status=contact:201,sales_account:201,note:201,task:200,appointment:201",),
    "messages": ("errors.message_as=string",),
    "quota_headers": ("rate.retry_after=seconds", "rate.reset_format=dmyHis"),
    "quota_headers_iso": ("rate.reset_format=ISO",),
    "strict_pages": ("per_page.over=400", "filtered_search.paginates=false"),
    "deleted_shown": ("deleted.get_by_id=record",),
    "silent_jobs": ("bulk.partial_failure_shape=none", "bulk.job_states=1,2,3,4"),
    "hidden": ("include.reveals_reference_ids=false",),
    "kept_keys": ("deleted.holds_unique=true",),
    "kept_for_long": ("deleted.holds_unique=true", "deleted.forget=404"),
}


def with_switches(*names: str) -> list[str]:
    return [word for name in names for word in ("--switch", name)]


@pytest.mark.parametrize(
    "tenant", ["created", "quota_headers", "quota_headers_iso", "strict_pages", "silent_jobs"]
)
def test_load_prove_and_take_back(journey: Any, tenant: str) -> None:
    way = journey(*with_switches(*SWITCHES[tenant], "errors.message_as=string")).prepared()
    assert way.load().exit_code == 0
    way.assert_once()
    proof = way.reconcile()
    assert proof.exit_code == 0, proof.document()
    back = way.rollback()
    assert back.exit_code == 0, back.document()
    assert way.marks() == {}


def test_ids_that_a_record_never_shows_are_read_from_what_stands_beside_it(journey: Any) -> None:
    way = journey(*with_switches(*SWITCHES["hidden"])).prepared()
    assert way.load().exit_code == 0
    proof = way.reconcile()
    assert proof.exit_code == 0, proof.document()
    for line in proof.document()["streams"].values():
        assert (line["missing"], line["not_readable"]) == (0, 0)
    assert way.rollback().exit_code == 0
    assert way.marks() == {}


def test_deleted_records_that_are_still_shown_are_deleted_all_the_same(journey: Any) -> None:
    way = journey(*with_switches(*SWITCHES["deleted_shown"])).prepared()
    assert way.load().exit_code == 0
    victim = next(task for task in way.live("task") if "[aerona:" in str(task.get("description")))
    status, _ = way.emulator.call("DELETE", f"/tasks/{victim['id']}")
    assert status == 200
    proof = way.reconcile()
    assert proof.exit_code == 6
    assert proof.document()["streams"]["appointments"]["missing"] > 0
    back = way.rollback()
    assert (back.exit_code, back.already_gone) == (0, 1)
    assert way.marks() == {}


@pytest.mark.parametrize("plan", ["growth", "pro"])
def test_smaller_plans(journey: Any, plan: str) -> None:
    way = journey(plan=plan).prepared()
    assert way.load().exit_code == 0
    way.assert_once()
    if plan == "growth":  # no calendar there: every appointment is a task
        assert way.live("appointment") == []
        assert len([t for t in way.live("task") if "aerona:appointments" in str(t.get("description"))]) > 10
    assert way.reconcile().exit_code == 0
    assert way.rollback().exit_code == 0
    assert way.marks() == {}


def test_where_fields_cannot_be_created_an_admin_gets_an_exact_sheet(journey: Any) -> None:
    way = journey(*with_switches("standard_forms.field_create=404"))
    way.planned()
    result = way.prepare()
    assert result.exit_code == 3
    sheet = (way.directory / "reports" / "admin-steps.md").read_text(encoding="utf-8")
    steps = [step for step in result.manual_steps if step["blocking"] and not step["verified"]]
    assert len(steps) > 10
    assert all(str(step["what"]) in sheet for step in steps)
    with pytest.raises(PreflightFailed, match="custom fields") as caught:
        way.load()
    assert caught.value.exit_code == 3
    assert way.marks() == {}
    follow(way, steps)
    again = way.prepare()
    assert again.exit_code == 0, [s for s in again.manual_steps if s["blocking"]]
    assert way.load().exit_code == 0
    way.assert_once()
    assert way.reconcile().exit_code == 0


def follow(way: Any, steps: list[dict[str, Any]]) -> None:
    """Do what the sheet says, as an admin does: by the web interface, which is not the API's switch."""
    way.emulator.admin("switches", {"standard_forms.field_create": "works"})
    with way.open() as workspace:
        for step in steps:
            _, stream, label = str(step["id"]).split(":", 2)
            words = str(step["what"]).split(" of type ", 1)[1]
            kind, _, choices = words.partition(" with the choices ")
            named = tuple(Choice(id=c, value=c) for c in choices.split(" | ") if c)
            field = Field(name="", label=label, type=FieldType(kind), custom=True, choices=named)
            workspace.destination.create_field(stream, field)
    way.emulator.admin("switches", {"standard_forms.field_create": "404"})


def test_what_we_took_back_ourselves_makes_room_in_the_bin(journey: Any) -> None:
    way = journey(*with_switches(*SWITCHES["kept_keys"])).prepared()
    first = way.load()
    assert first.exit_code == 0
    assert way.rollback().exit_code == 0
    again = way.load()
    assert again.exit_code == 0
    assert {n: c.states for n, c in again.streams.items()} == {n: c.states for n, c in first.streams.items()}
    way.assert_once()
    assert way.rollback().exit_code == 0
    assert way.marks() == {}


def test_unique_values_that_the_bin_keeps_are_refused_with_the_way_out(journey: Any) -> None:
    way = journey(*with_switches(*SWITCHES["kept_for_long"])).prepared()
    assert way.load().exit_code == 0
    assert way.rollback().exit_code == 0
    assert way.marks() == {}
    with pytest.raises(PreflightFailed) as caught:
        way.load()
    assert "taken" in caught.value.message
    assert 'delete = "forget"' in caught.value.hint
    assert way.marks() == {}
    assert way.unexplained() == 0


def test_with_forget_they_can_in_any_case(journey: Any) -> None:
    way = journey(*with_switches(*SWITCHES["kept_for_long"]), policy='delete = "forget"').prepared()
    first = way.load()
    assert first.exit_code == 0
    assert way.rollback().exit_code == 0
    again = way.load()
    assert again.exit_code == 0
    assert {n: c.states for n, c in again.streams.items()} == {n: c.states for n, c in first.streams.items()}
    way.assert_once()
