"""Creating custom fields, where nobody documents that it works."""

from typing import Any

import httpx2
import pytest

from wherry.connectors.freshsales.fields import same_label
from wherry.model.catalog import Choice, Field, FieldType
from wherry.model.errors import OutcomeUnknown, RefuseRecord

WANTED = Field(name="", label="Source_System_ID__c", type=FieldType.TEXT)
KIND = Field(
    name="",
    label="Kind",
    type=FieldType.DROPDOWN,
    choices=(Choice(id="", value="A"), Choice(id="", value="B")),
)


class Forms:
    """An account whose forms take fields."""

    def __init__(self, api: Any, **shape: Any) -> None:
        self.fields: list[dict[str, Any]] = []
        self.shape = shape
        self.api = api
        api.on("GET /settings/contacts/fields", lambda _: {"fields": self.fields})
        api.on(
            "GET /settings/contacts/forms",
            {"forms": [{"id": 3, "active": False}, {"id": "4", "active": True}]},
        )
        api.on("POST /settings/contacts/forms/4/fields", self.take)

    def take(self, call: Any) -> Any:
        row = {"id": 1, "name": "cf_made", "label": call.body["label"], "type": call.body.get("type", "text"),
               "choices": call.body.get("choices", []), **self.shape}  # fmt: skip
        self.fields.append(row)
        return {"field": row}

    @property
    def posts(self) -> list[Any]:
        return [call.body for call in self.api.calls if call.method == "POST"]


def test_a_field_is_created_and_verified_from_metadata(api: Any) -> None:
    forms = Forms(api)
    made = api.destination.create_field("contacts", WANTED)
    assert (made.name, made.label, made.type, made.custom) == (
        "cf_made",
        "Source_System_ID__c",
        FieldType.TEXT,
        True,
    )
    assert forms.posts == [
        {"label": "Source_System_ID__c", "field_type": 1, "type": "text", "required": False}
    ]


def test_choices_go_along_in_order(api: Any) -> None:
    forms = Forms(api)
    made = api.destination.create_field("contacts", KIND)
    assert [choice.value for choice in made.choices] == ["A", "B"]
    assert forms.posts[0]["choices"] == [{"value": "A", "position": 1}, {"value": "B", "position": 2}]


def test_a_field_that_is_there_is_not_created_again(api: Any) -> None:
    forms = Forms(api)
    forms.fields.append({"name": "cf_x", "label": "source system id", "type": "text"})
    assert api.destination.create_field("contacts", WANTED).name == "cf_x"
    assert forms.posts == []


def test_codes_come_from_forms_and_settings_beat_them(api: Any) -> None:
    forms = Forms(api)
    api.on(
        "GET /settings/contacts/forms",
        {"forms": [{"id": 4, "fields": [{"fields": [{"type": "text", "field_type": 21}]}]}]},
    )
    api.destination.create_field("contacts", WANTED)
    forms.fields.clear()
    api.overrides["field_type_text"] = 33
    api.destination.create_field("contacts", WANTED)
    assert [body["field_type"] for body in forms.posts] == [21, 33]
    # A code that is known for sure needs no type name beside it, which nothing documents.
    assert all(set(body) == {"label", "field_type", "required"} for body in forms.posts)


def test_a_numeric_type_that_is_refused_is_sent_by_name(api: Any) -> None:
    forms = Forms(api)

    def strict(call: Any) -> Any:
        if isinstance(call.body["field_type"], int):
            return 400, {"errors": {"code": 400, "message": ["Field type is invalid"]}}
        return forms.take(call)

    api.on("POST /settings/contacts/forms/4/fields", strict)
    assert api.destination.create_field("contacts", WANTED).name == "cf_made"
    assert [body["field_type"] for body in forms.posts] == [1, "text"]


@pytest.mark.parametrize(
    "answer",
    [
        (404, {"errors": {}}),
        httpx2.Response(404, html="<p>"),
        (403, {"errors": {"code": 403, "message": "nein"}}),
        (405, {}),
    ],
)
def test_an_api_that_creates_no_fields_is_a_step_for_the_admin(api: Any, answer: Any) -> None:
    Forms(api)
    api.on("POST /settings/contacts/forms/4/fields", answer)
    with pytest.raises(RefuseRecord) as caught:
        api.destination.create_field("contacts", WANTED)
    assert caught.value.reason == "cannot_create_fields"
    assert caught.value.hint


@pytest.mark.parametrize(
    "answer", [(404, {"errors": {}}), {"forms": []}, (403, {"errors": {"message": "x"}})]
)
def test_no_form_means_no_field(api: Any, answer: Any) -> None:
    Forms(api)
    api.on("GET /settings/contacts/forms", answer)
    with pytest.raises(RefuseRecord) as caught:
        api.destination.create_field("contacts", WANTED)
    assert caught.value.reason == "cannot_create_fields"


@pytest.mark.parametrize(
    ("shape", "field"), [({"type": "number"}, WANTED), ({"choices": [{"value": "a "}]}, KIND)]
)
def test_a_field_that_came_out_otherwise_is_reported(api: Any, shape: Any, field: Field) -> None:
    Forms(api, **shape)
    with pytest.raises(RefuseRecord) as caught:
        api.destination.create_field("contacts", field)
    assert (caught.value.reason, caught.value.field) == ("field_differs", field.label)


def test_a_refused_field_says_so(api: Any) -> None:
    Forms(api)
    api.on(
        "POST /settings/contacts/forms/4/fields",
        (400, {"errors": {"message": "You have reached the maximum number of text fields"}}),
    )
    with pytest.raises(RefuseRecord) as caught:
        api.destination.create_field("contacts", WANTED)
    assert caught.value.reason == "field_refused"


def test_a_lost_answer_is_settled_by_reading_the_metadata(api: Any) -> None:
    forms = Forms(api)

    def lost(call: Any) -> Any:
        forms.take(call)
        return httpx2.ReadTimeout("late")

    api.on("POST /settings/contacts/forms/4/fields", lost)
    assert api.destination.create_field("contacts", WANTED).name == "cf_made"
    forms.fields.clear()
    api.on("POST /settings/contacts/forms/4/fields", httpx2.ReadTimeout("late"))
    with pytest.raises(OutcomeUnknown):
        api.destination.create_field("contacts", WANTED)


@pytest.mark.parametrize(
    "other", ["Source_System_ID__c", "source system id", "SourceSystemID", " SOURCE_SYSTEM_ID "]
)
def test_labels_are_the_same_whatever_their_case_spaces_and_ending(other: str) -> None:
    assert same_label("Source_System_ID__c", other)
    assert not same_label("Source_System", other)
