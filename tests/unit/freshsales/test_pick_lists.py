"""Choices are texts inside, whatever the account writes and shows."""

from typing import Any

import pytest

from wherry.connectors.freshsales.pick_lists import PickLists
from wherry.model.catalog import Catalog, Choice, Field, FieldType, Stream
from wherry.model.errors import DestinationRefused
from wherry.model.operation import Operation, Verb
from wherry.model.record import Key

GENDER = Field(
    name="cf_gender",
    type=FieldType.DROPDOWN,
    custom=True,
    label="Gender",
    choices=(Choice(id="81", value="Male"), Choice(id="82", value="Female")),
)
CATALOG = Catalog(system="freshsales", streams=(Stream(name="contacts", fields=(GENDER,)),))
REFUSED = (400, {"errors": {"code": 400, "message": ["Gender is not included in the list"]}})


def create(gender: str = "Female", **fields: Any) -> Operation:
    return Operation(
        id="r1:patients/1",
        verb=Verb.CREATE,
        stream="contacts",
        key=Key("patients", "1"),
        part=1,
        fields={"first_name": "Lee", "custom_field.cf_gender": gender, **fields},
    )


@pytest.fixture
def picks(api: Any) -> PickLists:
    found: PickLists = api.destination._picks
    found.learn(CATALOG)
    return found


@pytest.fixture
def numbered(api: Any) -> Any:
    """An account that takes and shows the numbers of choices."""

    def contacts(call: Any) -> Any:
        value = call.body["contact"]["custom_field"]["cf_gender"]
        if value not in {81, 82}:
            return REFUSED
        return {"contact": {"id": 5, "custom_field": {"cf_gender": value}}, "meta": None}

    api.on("POST /contacts", contacts)
    return api


def sent(api: Any) -> list[Any]:
    return [call.body["contact"]["custom_field"]["cf_gender"] for call in api.calls if call.method == "POST"]


def test_a_refused_text_is_sent_as_a_number_and_the_next_one_at_once(numbered: Any) -> None:
    destination = numbered.destination
    destination._picks.learn(CATALOG)
    written = destination.write(create())
    destination.write(create("Male"))
    assert sent(numbered) == ["Female", 82, 81]
    assert written.after["custom_field.cf_gender"] == "Female"


def test_a_text_that_was_under_way_when_another_found_out_is_sent_again() -> None:
    picks = PickLists()
    picks.learn(CATALOG)
    refusal = DestinationRefused("no", reason="invalid_choice")

    def slow(operation: Operation) -> Any:
        value = operation.fields["custom_field.cf_gender"]
        if value == "Female":
            picks.write(create("Male"), quick)  # meanwhile, in another thread
            raise refusal
        return value

    def quick(operation: Operation) -> Any:
        if operation.fields["custom_field.cf_gender"] == "Male":
            raise refusal
        return 81

    assert picks.write(create(), slow) == 82


def test_a_choice_that_is_not_there_is_refused_once(numbered: Any) -> None:
    destination = numbered.destination
    destination._picks.learn(CATALOG)
    with pytest.raises(DestinationRefused) as caught:
        destination.write(create("Heron"))
    assert caught.value.reason == "invalid_choice"
    assert sent(numbered) == ["Heron"]


def test_where_texts_are_taken_a_refusal_of_something_else_costs_no_second_call(api: Any) -> None:
    answers = [{"contact": {"id": 5, "custom_field": {}}, "meta": None}, REFUSED]
    api.on("POST /contacts", lambda _: answers.pop(0))
    destination = api.destination
    destination._picks.learn(CATALOG)
    destination.write(create())
    with pytest.raises(DestinationRefused):
        destination.write(create())
    assert sent(api) == ["Female", "Female"]


def test_an_account_that_shows_numbers_is_written_to_by_number_in_bulk(api: Any) -> None:
    api.on("GET /contacts/5", {"contact": {"id": 5, "custom_field": {"cf_gender": "81"}}, "meta": None})
    api.on("POST /contacts/bulk_upsert", {"message": "ok", "job_status_url": "https://x/api/job_statuses/9"})
    destination = api.destination
    destination._picks.learn(CATALOG)
    (got,) = destination.fetch("contacts", [5])
    assert got.fields["custom_field.cf_gender"] == "Male"
    destination.submit([create(email="lee@example.com")])
    assert api.calls[-1].body["contacts"][0]["data"]["custom_field"] == {"cf_gender": 82}


def test_a_text_that_looks_like_a_number_stays_a_text() -> None:
    ages = Field(
        name="cf_age",
        type=FieldType.DROPDOWN,
        custom=True,
        choices=(Choice(id="2", value="1"), Choice(id="1", value="2")),
    )
    picks = PickLists()
    picks.learn(Catalog(system="freshsales", streams=(Stream(name="contacts", fields=(ages,)),)))
    assert picks._text(_Seen(), "custom_field.cf_age", "1") == ""


class _Seen:
    stream = "contacts"
