"""What every destination must keep, proved against processes that speak the API.

The places are an emulator as it comes and one that answers oddly wherever the API's ways are not known.
With WHERRY_CONTRACT_BASE_URL and WHERRY_CONTRACT_API_KEY (and WHERRY_CONTRACT_PLAN) set, a real sandbox
account is a third: what the tests make there they delete again. Faults and digests need an emulator.
"""

import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from wherry.model.errors import (
    CredentialsRefused,
    DestinationRefused,
    RecordGone,
)
from wherry.model.operation import Verb

# what it is --------------------------------------------------------------------------------------


def test_the_catalog_names_what_a_mapping_needs(place: Any) -> None:
    names = {stream.name for stream in place.catalog.streams}
    assert names >= {"contacts", "sales_accounts", "tasks", "appointments", "notes"}
    assert {"lifecycle_stages", "contact_statuses", "task_types", "task_outcomes"} <= set(
        place.catalog.lookups
    )
    assert place.catalog.people
    assert place.catalog.limits["calls_per_hour"] > 0
    contacts = place.catalog.stream("contacts")
    assert contacts is not None
    assert {"last_name", "email", "external_id", "owner_id"} <= {one.name for one in contacts.fields}


def test_describing_twice_gives_the_same_digest(place: Any) -> None:
    assert place.destination.describe().digest() == place.catalog.digest()


def test_doctor_finds_the_destination_fit(place: Any) -> None:
    assert all(check.ok for check in place.destination.probe())


def test_a_wrong_key_stops_everything(knock: Any) -> None:
    wrong = knock("wrong")
    (check,) = wrong.probe()
    assert (check.code, check.ok) == ("destination.key", False)
    with pytest.raises(CredentialsRefused):
        wrong.describe()


# round trips -------------------------------------------------------------------------------------


@pytest.mark.parametrize("stream", ["tasks", "notes", "appointments"])
def test_a_child_goes_there_changes_and_goes_away(place: Any, stream: str) -> None:
    contact = place.contact()
    first, second, links = place.children(contact)[stream]
    operation, written = place.create(stream, first, links=links)
    number = written.destination_id
    assert written.after.keys() & first.keys()
    seen = place.read(stream, number, contact)
    place.assert_holds(seen, first)
    assert seen is not None
    assert {name: seen.links[name] for name in links} == dict.fromkeys(links, (contact,))
    before = {name: seen.fields.get(name) for name in second}
    place.destination.write(
        replace(operation, verb=Verb.UPDATE, fields=second, before=before, destination_id=number)
    )
    place.assert_holds(place.read(stream, number, contact), {**first, **second})
    delete = replace(operation, verb=Verb.DELETE, fields={}, destination_id=number)
    place.destination.write(delete)
    assert place.read(stream, number, contact) is None
    place.destination.write(delete)  # gone already: confirmed all the same


@pytest.mark.parametrize("stream", ["contacts", "sales_accounts"])
def test_a_parent_goes_there_changes_and_goes_away(place: Any, stream: str) -> None:
    fields = {"first_name": "Lee", **place.identity("one"), "owner_id": place.owner, "city": "Cork"}
    if stream == "sales_accounts":
        fields = {"name": f"Clinic {place.tag}", "city": "Cork", "owner_id": place.owner}
    operation, written = place.create(stream, fields)
    number = written.destination_id
    place.assert_holds(place.read(stream, number), fields)
    change = {"city": None, "address": "1 Main Street"}
    update = replace(
        operation,
        verb=Verb.UPDATE,
        fields=change,
        before={"city": "Cork", "address": None},
        destination_id=number,
    )
    place.destination.write(update)
    place.assert_holds(place.read(stream, number), {**fields, **change})
    delete = replace(operation, verb=Verb.DELETE, fields={}, destination_id=number)
    place.destination.write(delete)
    assert place.read(stream, number) is None
    place.destination.write(delete)
    with pytest.raises(RecordGone):
        place.destination.write(replace(update, fields={"city": "Bray"}))


def test_accounts_and_tags_of_a_contact_are_joined_and_undone(place: Any) -> None:
    north = place.create("sales_accounts", {"name": f"North {place.tag}"})[1].destination_id
    south = place.create("sales_accounts", {"name": f"South {place.tag}"})[1].destination_id
    fields = {"first_name": "Lee", **place.identity("one"), "tags": ["mine"]}
    number = place.create("contacts", fields, links={"sales_accounts": north})[1].destination_id
    seen = place.read("contacts", number)
    assert seen is not None
    assert seen.links["sales_accounts"] == (north,)
    update = place.operation(
        "update", "contacts", fields={"tags": ["ours"]}, before={"tags": seen.fields["tags"]},
        links={"sales_accounts": south}, before_links={"sales_accounts": [north]}, destination_id=number,
    )  # fmt: skip
    place.destination.write(update)
    joined = place.read("contacts", number)
    assert joined is not None
    assert joined.links["sales_accounts"] == (south, north)
    assert sorted(map(str, joined.fields["tags"] or [])) == ["mine", "ours"]
    undo = place.operation(
        "update", "contacts", fields={"tags": ["mine"]}, before={"tags": joined.fields["tags"]},
        before_links={"sales_accounts": [north]}, destination_id=number, undoes=update.id,
    )  # fmt: skip
    place.destination.write(undo)
    back = place.read("contacts", number)
    assert back is not None
    assert (back.links["sales_accounts"], back.fields["tags"]) == ((north,), ["mine"])


def test_hidden_ids_are_shown_or_named_as_not_readable(place: Any) -> None:
    stage = place.catalog.lookups["lifecycle_stages"][0]["id"]
    number = place.contact(owner_id=place.owner, lifecycle_stage_id=stage)
    seen = place.read("contacts", number)
    assert seen is not None
    for name, value in {"owner_id": place.owner, "lifecycle_stage_id": stage}.items():
        assert (name in seen.not_readable) != (seen.fields.get(name) == value)


def test_what_hangs_on_a_contact_is_told_when_asked_for(place: Any) -> None:
    contact = place.contact()
    note = place.create("notes", {"description": "x"}, links={"targetable": contact})[1].destination_id
    (seen,) = place.destination.fetch("contacts", [contact], dependents=True)
    assert seen.links["notes"] == (note,)
    assert seen.links["tasks"] == ()


def test_a_scan_has_the_newest_first_each_once_and_stops(place: Any) -> None:
    since = datetime.now(UTC) - timedelta(seconds=2)
    numbers = [place.contact(str(n)) for n in range(3)]
    seen = [one.id for one in place.destination.scan("contacts", since - timedelta(minutes=5))]
    assert set(numbers) <= set(seen)
    assert len(seen) == len(set(seen))
    assert list(place.destination.scan("contacts", datetime.now(UTC) + timedelta(days=400))) == []


def test_many_contacts_are_read_in_few_calls(places: Any) -> None:
    place = places("emulator")
    numbers = [place.contact(f"many-{n}") for n in range(24)]
    before = place.budget.calls
    seen = {one.id: one for one in place.destination.fetch("contacts", numbers)}
    assert set(seen) == set(numbers)
    assert place.budget.calls - before <= 6
    place.clean()


# finding -----------------------------------------------------------------------------------------


def test_records_are_found_by_key_and_by_marker_also_while_search_lags(place: Any) -> None:
    contact = place.contact("one")
    _, written = place.create(
        "notes", {"description": f"text\n[aerona:notes:{place.tag} 2/3]"}, links={"targetable": contact}
    )
    looked = [
        place.operation("create", "contacts", match=("external_id", f"{place.tag}-one")),
        place.operation("create", "contacts", match=("external_id", f"{place.tag}-none")),
        place.operation(
            "create", "notes", marker=f"[aerona:notes:{place.tag} 2/3]", links={"targetable": contact}
        ),
        place.operation(
            "create", "notes", marker=f"[aerona:notes:{place.tag}]", links={"targetable": contact}
        ),
    ]
    found = place.destination.find(looked)
    assert {name: seen.id for name, seen in found.items()} == {
        looked[0].id: contact,
        looked[2].id: written.destination_id,
    }


# bulk --------------------------------------------------------------------------------------------


def test_creates_updates_and_deletes_go_in_bulk(place: Any) -> None:
    creates = [
        place.operation(
            "create", "contacts", fields={"first_name": f"N{n}", **place.identity(str(n))},
            match=("external_id", f"{place.tag}-{n}"),
        )
        for n in range(5)
    ]  # fmt: skip
    assert all(place.destination.bulk(one) for one in creates)
    place.await_job(place.destination.submit(creates))
    found = place.destination.find(creates)
    for seen in found.values():
        place.will_go("contacts", seen.id)
    assert set(found) == {one.id for one in creates}
    for one in creates:
        place.assert_holds(found[one.id], one.fields)
    updates = [
        replace(
            one,
            verb=Verb.UPDATE,
            fields={"city": "Cork"},
            before={"city": None},
            destination_id=found[one.id].id,
        )
        for one in creates
    ]
    place.await_job(place.destination.submit(updates))
    ids = [seen.id for seen in found.values()]
    assert [one.fields["city"] for one in place.destination.fetch("contacts", ids)] == ["Cork"] * 5
    deletes = [replace(one, verb=Verb.DELETE, fields={}) for one in updates]
    place.await_job(place.destination.submit(deletes))
    assert list(place.destination.fetch("contacts", ids)) == []


def test_a_row_that_fails_is_missing_when_read_back(emulator: Any) -> None:
    taken = emulator.identity("one")["external_id"]
    emulator.contact("one")
    row = emulator.operation(
        "create", "contacts", match=("email", f"{emulator.tag}.other@example.com"),
        fields={"first_name": "B", "email": f"{emulator.tag}.other@example.com", "external_id": taken},
    )  # fmt: skip
    job = emulator.destination.submit([row])
    emulator.await_job(job)
    assert emulator.destination.find([row]) == {}
    with pytest.raises(DestinationRefused) as caught:
        emulator.destination.write(row)
    assert (caught.value.reason, caught.value.field) == ("taken", "external_id")


def test_a_job_that_got_lost_is_over_and_its_rows_are_found(emulator: Any) -> None:
    emulator.strike(kind="job_lost")
    row = emulator.operation(
        "create", "contacts", fields={"first_name": "A", **emulator.identity("one")},
        match=("external_id", f"{emulator.tag}-one"),
    )  # fmt: skip
    job = emulator.destination.submit([row])
    time.sleep(0.3)
    emulator.await_job(job)
    found = emulator.destination.find([row])
    assert set(found) == {row.id}
    emulator.will_go("contacts", found[row.id].id)
