"""What a destination must keep when it refuses, breaks, or is to be put back as it was."""

from dataclasses import replace
from typing import Any

import pytest

from wherry.model.catalog import Choice, Field, FieldType
from wherry.model.errors import OutcomeUnknown, RefuseRecord, Unavailable
from wherry.model.operation import Verb

# refusals ----------------------------------------------------------------------------------------


def test_a_key_that_is_in_use_is_refused_with_its_field(place: Any) -> None:
    place.contact("one")
    again = {"first_name": "B", "external_id": f"{place.tag}-one", "email": f"{place.tag}.two@example.com"}
    assert place.refusal("contacts", again) == ("taken", "external_id")


def test_a_text_that_is_too_long_is_refused_with_its_field(emulator: Any) -> None:
    fields = {**emulator.identity("one"), "first_name": "x" * 300}
    assert emulator.refusal("contacts", fields) == ("too_long", "first_name")


def test_what_is_missing_is_named(emulator: Any) -> None:
    assert emulator.refusal("sales_accounts", {"city": "Cork"}) == ("required_missing", "name")
    contact = emulator.contact()
    found = emulator.refusal(
        "tasks", {"title": "x", "owner_id": emulator.owner}, links={"targetable": contact}
    )
    assert found == ("required_missing", "due_date")


def test_a_reference_to_nowhere_is_refused_as_that(emulator: Any) -> None:
    fields = {**emulator.identity("one"), "owner_id": 12345678}
    assert emulator.refusal("contacts", fields)[1] == "owner_id"
    reason, _ = emulator.refusal("notes", {"description": "text"}, links={"targetable": 12345678})
    assert reason in {"invalid_reference", "refused"}


def test_a_key_that_may_only_read_is_refused_in_any_language(fresh: Any) -> None:
    reader = fresh("--read-only-key", "looker", "--language", "de", key="looker")
    assert reader.refusal("contacts", reader.identity("one"))[0] == "forbidden"


# custom fields -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "wanted",
    [
        Field(name="", label="Source_System_ID__c", type=FieldType.TEXT),
        Field(name="", label="Recall kind", type=FieldType.DROPDOWN, choices=(Choice(id="", value="A"), Choice(id="", value="B"))),
        Field(name="", label="Recall on", type=FieldType.DATE),
        Field(name="", label="Balance due", type=FieldType.MONEY),
        Field(name="", label="Deceased", type=FieldType.BOOLEAN),
        Field(name="", label="Allergies", type=FieldType.MULTI_SELECT, choices=(Choice(id="", value="Latex"),)),
        Field(name="", label="History", type=FieldType.TEXTAREA),
    ],
    ids=lambda wanted: wanted.type,
)  # fmt: skip
def test_a_field_is_created_found_again_and_written(fresh: Any, wanted: Field) -> None:
    place = fresh()
    assert place.catalog.abilities["create_fields"]
    made = place.destination.create_field("contacts", wanted)
    assert made.custom
    assert made.label == wanted.label
    assert place.destination.create_field("contacts", wanted) == made
    values: dict[FieldType, Any] = {
        FieldType.DROPDOWN: "A", FieldType.MULTI_SELECT: "Latex", FieldType.DATE: "2026-03-09",
        FieldType.MONEY: 12.5, FieldType.BOOLEAN: True,
    }  # fmt: skip
    value = values.get(wanted.type, "text")
    name = f"custom_field.{made.name}"
    number = place.contact(**{name: value})
    seen = place.read("contacts", number)
    assert seen is not None
    assert str(seen.fields[name]).startswith(str(value))


@pytest.mark.parametrize("answer", ["404", "403"])
def test_where_fields_cannot_be_created_it_is_a_manual_step(fresh: Any, answer: str) -> None:
    place = fresh("--switch", f"standard_forms.field_create={answer}")
    with pytest.raises(RefuseRecord) as caught:
        place.destination.create_field("contacts", Field(name="", label="X", type=FieldType.TEXT))
    assert caught.value.reason == "cannot_create_fields"


# faults ------------------------------------------------------------------------------------------

LOST = [
    {"kind": "after_commit"},
    {"kind": "after_commit", "drop": True},
    {"kind": "reset", "applied": True},
    {"kind": "html", "applied": True},
    {"kind": "truncated_body"},
    {"kind": "malformed_json"},
]


@pytest.mark.parametrize("fault", LOST, ids=lambda fault: "-".join(map(str, fault.values())))
def test_a_create_whose_answer_is_lost_is_open_found_and_never_doubled(emulator: Any, fault: Any) -> None:
    contact = emulator.contact("parent")
    note = emulator.operation(
        "create", "notes", fields={"description": "x\n[aerona:notes:9]"}, marker="[aerona:notes:9]",
        links={"targetable": contact},
    )  # fmt: skip
    emulator.strike(method="POST", path="^/notes", **fault)
    with pytest.raises(OutcomeUnknown):
        emulator.destination.write(note)
    found = emulator.destination.find([note])
    assert set(found) == {note.id}
    (seen,) = emulator.destination.fetch("contacts", [contact], dependents=True)
    assert seen.links["notes"] == (found[note.id].id,)


@pytest.mark.parametrize(
    "fault", [{"kind": "before_commit"}, {"kind": "reset"}, {"kind": "html"}], ids=lambda f: str(f["kind"])
)
def test_a_create_that_never_arrived_is_open_and_not_found(emulator: Any, fault: Any) -> None:
    row = emulator.operation(
        "create", "contacts", fields={"first_name": "A", **emulator.identity("one")},
        match=("external_id", f"{emulator.tag}-one"),
    )  # fmt: skip
    emulator.strike(method="POST", path="^/contacts$", **fault)
    with pytest.raises(OutcomeUnknown):
        emulator.destination.write(row)
    assert emulator.destination.find([row]) == {}
    emulator.will_go("contacts", emulator.destination.write(row).destination_id)


@pytest.mark.parametrize(
    "fault",
    [*LOST, {"kind": "before_commit"}, {"kind": "reset"}],
    ids=lambda f: "-".join(map(str, f.values())),
)
def test_updates_and_deletes_outlast_a_fault(emulator: Any, fault: Any) -> None:
    number = emulator.contact("one")
    update = emulator.operation(
        "update", "contacts", fields={"city": "Cork"}, before={"city": None}, destination_id=number
    )
    emulator.strike(method="PUT", **fault)
    emulator.destination.write(update)
    emulator.assert_holds(emulator.read("contacts", number), {"city": "Cork"})
    emulator.strike(method="DELETE", **fault)
    emulator.destination.write(replace(update, verb=Verb.DELETE, fields={}))
    assert emulator.read("contacts", number) is None


@pytest.mark.parametrize(
    "kind", ["before_commit", "html", "truncated_body", "malformed_json", "reset", "wrong_content_type"]
)
def test_reads_outlast_a_fault(emulator: Any, kind: str) -> None:
    number = emulator.contact("one")
    emulator.strike(method="GET", kind=kind)
    emulator.assert_holds(emulator.read("contacts", number), {"first_name": "Lee"})


def test_a_storm_of_429_is_waited_out(emulator: Any) -> None:
    emulator.strike(kind="rate_storm", times=3)
    throttled = emulator.budget.throttled
    assert emulator.contact("one") > 0
    assert emulator.budget.throttled == throttled + 3


def test_a_server_that_stays_down_is_unavailable_and_says_what_to_do(emulator: Any) -> None:
    emulator.strike(method="GET", kind="before_commit", status=503, times=1000)
    with pytest.raises(Unavailable) as caught:
        emulator.destination.describe()
    assert caught.value.hint


# undoing -----------------------------------------------------------------------------------------


def test_undo_after_write_leaves_everything_as_it_was(emulator: Any) -> None:
    there = emulator.contact("there", city="Bray", tags=["kept"])
    account = emulator.create("sales_accounts", {"name": f"Old {emulator.tag}"})[1].destination_id
    before = emulator.digest()
    mark = len(emulator.made)
    clinic = emulator.create("sales_accounts", {"name": f"New {emulator.tag}"})[1].destination_id
    fields = {"first_name": "A", **emulator.identity("new")}
    contact = emulator.create("contacts", fields, links={"sales_accounts": clinic})[1].destination_id
    for stream, (first, _, links) in emulator.children(contact).items():
        emulator.create(stream, first, links=links)
    undo = emulator.adopt(there, account)
    assert emulator.digest() != before
    emulator.destination.write(undo)
    emulator.take_back(mark)
    assert emulator.digest() == before
