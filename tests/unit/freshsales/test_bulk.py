"""Bulk jobs: what goes in, when they are over, and what their reports are worth."""

import json
from collections.abc import Callable
from typing import Any

import httpx2
import pytest

from wherry.model.errors import OutcomeUnknown, UsageInvalid
from wherry.model.operation import Operation

Make = Callable[..., Operation]
URL = "https://acme.example/crm/sales/api/job_statuses/77"


@pytest.mark.parametrize(
    ("verb", "stream", "given", "takes"),
    [
        ("create", "contacts", {"fields": {"email": "a@b.ie"}}, True),
        ("create", "contacts", {"fields": {"email": ""}}, False),
        ("create", "contacts", {"fields": {"external_id": "1"}}, False),
        ("create", "sales_accounts", {"fields": {"name": "North"}}, True),
        ("create", "deals", {"fields": {"name": "Plan"}}, False),
        ("create", "notes", {"fields": {"description": "x"}}, False),
        ("update", "contacts", {"destination_id": 1}, True),
        ("update", "tasks", {"destination_id": 1}, False),
        ("delete", "sales_accounts", {"destination_id": 1}, True),
        ("delete", "contacts", {}, False),
    ],
)
def test_what_a_job_takes(api: Any, operation: Make, verb: str, stream: str, given: Any, takes: bool) -> None:
    assert api.destination.bulk(operation(verb, stream, **given)) is takes


def creates(operation: Make, count: int = 2) -> list[Operation]:
    return [
        operation(fields={"email": f"p{n}@b.ie", "first_name": f"N{n}"}, id=f"r1:{n}") for n in range(count)
    ]


def test_creates_go_in_one_call_and_the_job_is_the_end_of_its_address(api: Any, operation: Make) -> None:
    api.on("POST /contacts/bulk_upsert", {"message": "accepted", "job_status_url": URL})
    assert api.destination.submit(creates(operation)) == "77"
    assert api.calls[0].body == {"contacts": [
        {"emails": "p0@b.ie", "data": {"first_name": "N0"}}, {"emails": "p1@b.ie", "data": {"first_name": "N1"}},
    ]}  # fmt: skip


@pytest.mark.parametrize("answer", [{"message": "accepted"}, httpx2.ReadTimeout("x"), (500, {})])
def test_a_job_that_nobody_named_is_open(api: Any, operation: Make, answer: Any) -> None:
    api.on("POST /contacts/bulk_upsert", answer)
    with pytest.raises(OutcomeUnknown):
        api.destination.submit(creates(operation))
    assert len(api.calls) == 1


def test_deletes_are_over_at_once(api: Any, operation: Make) -> None:
    api.on("POST /contacts/bulk_destroy", {"message": "2 contacts deleted."})
    destination = api.destination
    job = destination.submit([operation("delete", destination_id=n) for n in (4, 5)])
    assert api.calls[0].body == {"selected_ids": [4, 5]}
    assert destination.progress(job).done
    assert len(api.calls) == 1


@pytest.mark.parametrize("count", [0, 101])
def test_a_job_has_1_to_100_rows(api: Any, operation: Make, count: int) -> None:
    with pytest.raises(UsageInvalid):
        api.destination.submit(creates(operation, count))


def test_a_job_mixes_nothing(api: Any, operation: Make) -> None:
    mixed = [*creates(operation, 1), operation("delete", destination_id=1)]
    with pytest.raises(UsageInvalid):
        api.destination.submit(mixed)


@pytest.mark.parametrize(
    ("status", "done"),
    [
        ({"status": "queued", "progress": 0}, False),
        ({"status": "in_progress", "progress": 99}, False),
        ({"status": "processing"}, False),
        ({"status": "whatever", "progress": 50}, False),
        ({"status": "not_finished", "progress": 50}, False),
        ({"status": "unheard_of", "progress": 100}, True),
        ({"status": "running", "progress": "100%"}, True),
        ({"status": "COMPLETED", "progress": None}, True),
        ({"status": "completed_with_errors"}, True),
        ({"status": "Failed"}, True),
        ({"status": "finished"}, True),
    ],
)
@pytest.mark.parametrize("wrapped", [True, False])
def test_names_of_states_are_taken_as_they_come(api: Any, status: Any, done: bool, wrapped: bool) -> None:
    api.on("GET /job_statuses/77", {"job_status": status} if wrapped else status)
    assert api.destination.progress("77").done is done


@pytest.mark.parametrize("answer", [(404, {"errors": {}}), httpx2.Response(404, html="<p>"), (400, {})])
def test_a_job_that_is_not_known_any_more_is_over(api: Any, answer: Any) -> None:
    api.on("GET /job_statuses/77", answer)
    progress = api.destination.progress("77")
    assert progress.done
    assert progress.failures == {}


@pytest.mark.parametrize(
    "data",
    [
        json.dumps(
            {"success": [0], "failed": [{"row": 1, "message": "Email p1@b.ie Email has already been taken"}]}
        ),
        {"failed": [{"emails": "P1@b.ie", "errors": ["Email has already been taken"]}]},
        [{"id": 5, "row": 0}, {"index": 1, "error": "Email has already been taken"}],
        json.dumps({"errors": [{"record": {"email": "p1@b.ie"}, "message": "Email has already been taken"}]}),
    ],
)
def test_failures_are_codes_and_never_the_servers_words(api: Any, operation: Make, data: Any) -> None:
    api.on("POST /contacts/bulk_upsert", {"job_status_url": URL})
    api.on("GET /job_statuses/77", {"status": "completed", "progress": 100, "data": data})
    destination = api.destination
    failures = destination.progress(destination.submit(creates(operation))).failures
    assert failures == {1: "taken email"}


@pytest.mark.parametrize(
    "data", [None, "", "2 of 3 rows failed", "[", {"failed": "many"}, [1, 2], {"failed": [{"row": 500}]}]
)
def test_reports_that_say_nothing_usable_are_ignored(api: Any, operation: Make, data: Any) -> None:
    api.on("POST /contacts/bulk_upsert", {"job_status_url": URL})
    api.on("GET /job_statuses/77", {"progress": 100, "data": data})
    destination = api.destination
    assert destination.progress(destination.submit(creates(operation))).failures == {}
