"""What a treatment plan says at the destination: its lines, and the fields of the patient's active plan."""

import json
from dataclasses import replace

import pytest

from wherry.mapping.apply import NoWrite, apply
from wherry.mapping.tenant import fitting, missing_modules
from wherry.mapping.transforms.treatment import split_lines
from wherry.model.catalog import Field, FieldType, Stream
from wherry.model.reject import Reject

ITEM = {"itemId": "9", "code": "CR1", "description": "Crown,\n full", "tooth": "16", "surfaces": "MO",
        "material": "Zirconia", "fee": "695.00", "discount": "0.00", "netPrice": "695.00", "status": "planned",
        "completedAt": None, "appointmentId": "3"}  # fmt: skip
OPEN = "1. CR1 · fee 695.00 · discount 0.00 · net 695.00 · Planned · appointment 3 · item 9"
FULL = (
    "1. CR1 · Crown, full · tooth 16 (FDI) · surfaces MO · material Zirconia · fee 695.00 · discount 0.00 · "
    "net 695.00 · Planned · appointment 3 · item 9"
)


def facts(*items, **more):
    return {"items": tuple(json.dumps(item) for item in items), "items_held": (), "active": False, **more}


@pytest.fixture
def modular(context, changed):
    """A context whose destination has custom modules, not made yet."""
    there = replace(context.destination, abilities={"custom_modules": True})
    return changed(context, destination=there, foresee=True, tooth_notation="FDI")


@pytest.fixture
def written(blueprint, record):
    """The one payload of a plan in a context."""

    def make(context, found, **values):
        plan = record("treatment_plans", found, **values)
        return apply(fitting(blueprint.mappings, context.destination), plan, context)

    return make


def test_a_plan_is_a_record_with_its_lines_and_the_patient_as_a_lookup(written, modular):
    (payload,) = written(modular, facts(ITEM))
    assert (payload.stream, payload.part, payload.parts) == ("cm_treatment_plan_rv", 0, 1)
    assert payload.match == ("custom_field.cf_source_system_id_c", "41")
    assert payload.fields["custom_field.cf_items"] == OPEN
    assert payload.fields["custom_field.cf_plan_status"] == "Accepted"
    assert payload.fields["owner_id"] == 11
    (link,) = payload.links
    assert (link.field, str(link.to)) == ("contacts:custom_field.cf_patient", "patients/1")
    assert "custom_field.cf_items" not in payload.classes


def test_clinical_words_come_with_their_class_and_the_notation_as_declared(written, modular, changed):
    opened = changed(modular, unlocked=frozenset({"clinical"}))
    (payload,) = written(opened, facts(ITEM))
    assert payload.fields["custom_field.cf_items"] == FULL
    assert payload.classes["custom_field.cf_items"] == {"clinical"}
    (payload,) = written(changed(opened, tooth_notation=""), facts(ITEM))
    assert "tooth 16 (notation not declared)" in payload.fields["custom_field.cf_items"]


def test_an_item_that_is_held_or_unknown_holds_its_plan(written, modular):
    held = written(modular, facts(ITEM, items_held=("8",)))
    assert isinstance(held, Reject)
    assert (held.reason, held.detail) == ("item_held", "held back: treatment_items/8")
    odd = written(modular, facts({**ITEM, "status": "quite unheard of"}))
    assert isinstance(odd, Reject)
    assert odd.reason == "unmapped_value"
    assert "unheard" not in odd.detail + odd.hint


def test_lines_go_on_in_the_next_field_and_too_many_are_refused(written, modular):
    long = {**ITEM, "code": "X" * 3_000}
    (payload,) = written(modular, facts(*[long] * 4))
    parts = [payload.fields[f"custom_field.cf_items{n}"] for n in ("", "_2", "_3")]
    assert [part and part.count("\n") + 1 for part in parts] == [3, 1, None]
    refused = written(modular, facts(*[long] * 10))
    assert isinstance(refused, Reject)
    assert refused.reason == "too_long"
    assert split_lines(["x" * 11], 10, 3) is None


@pytest.mark.parametrize(
    ("policy", "active", "outcome"),
    [
        ("older", False, "note"), ("older", True, "feeds_contact"), ("all", True, "note"),
        ("none", False, "plan_notes_off"), ("none", True, "feeds_contact"),
    ],
)  # fmt: skip
def test_without_modules_a_plan_is_a_note_by_policy(written, context, changed, policy, active, outcome):
    result = written(changed(context, policy_plan_notes=policy), facts(ITEM, active=active))
    if outcome != "note":
        assert isinstance(result, NoWrite)
        assert result.reason == outcome
        return
    (payload,) = result
    text = payload.fields["description"]
    assert text.startswith("Treatment plan · 2026-")
    assert OPEN in text
    assert text.endswith("[aerona:treatment_plans:41]")
    assert payload.part == 1


def test_the_active_plan_is_on_the_contact(blueprint, record, context):
    plan = {
        "plan_status": "in_progress",
        "plan_fee": "620.10",
        "plan_codes": ("WH1", "WH1", "EX1"),
        "plan_held": 0,
    }
    mappings = fitting(blueprint.mappings, context.destination)
    labels = ("Treatment_Plan_Status__c", "Procedure_Code__c", "Estimated_Fee__c")
    names = [context.target("contacts", f"custom:{label}").name for label in labels]
    (payload,) = apply(mappings, record("patients", plan), context)
    assert [payload.fields[name] for name in names] == ["In progress", "WH1, EX1", 620.1]
    (payload,) = apply(mappings, record("patients", {**plan, "plan_held": 1}), context)
    assert [payload.fields[name] for name in names] == ["In progress", None, None]
    (payload,) = apply(mappings, record("patients"), context)
    assert [payload.fields[name] for name in names] == [None, None, None]
    many = {**plan, "plan_codes": tuple(f"CODE{n:03}" for n in range(60))}
    (payload,) = apply(mappings, record("patients", many), context)
    (text,) = [v for v in payload.fields.values() if isinstance(v, str) and v.startswith("CODE000")]
    assert len(text) <= 256
    assert text.endswith(f"and {60 - text.count('CODE')} more")


def test_a_module_keeps_the_name_that_it_has(blueprint, destination):
    there = replace(destination, abilities={"custom_modules": True})
    assert missing_modules(there, fitting(blueprint.mappings, there)) == ("Treatment_Plan__rv",)
    made = Stream(name="cm_tp", fields=(Field(name="name", type=FieldType.TEXT),), label="Treatment Plan RV")
    there = replace(there, streams=(*there.streams, made))
    (plan,) = [m for m in fitting(blueprint.mappings, there) if m.source == "treatment_plans"]
    assert plan.destination == "cm_tp"
    assert missing_modules(there, [plan]) == ()
    rules = [r.to for m in fitting(blueprint.mappings, destination) for r in m.rules]
    assert "custom:Estimated_Fee__c" in rules
