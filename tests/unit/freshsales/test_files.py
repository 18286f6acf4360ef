"""Uploads, the list of files in its many shapes, and the bytes behind an address."""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx2
import pytest

from wherry.connectors.freshsales.upload import with_ending_last
from wherry.connectors.kit.http import Connection
from wherry.model.errors import (
    DestinationRefused,
    OutcomeUnknown,
    PreflightFailed,
    ProtocolBroken,
    StorageFull,
)
from wherry.model.operation import Content, Operation

Make = Callable[..., Operation]
MARKER = "[aerona:documents:7]"
BYTES = b"%PDF" + b"x" * 3_000_000
SHA256 = hashlib.sha256(BYTES).hexdigest()
LIST = "GET /contacts/5/document_associations"


class Shelf:
    """Documents by reference, handed out in blocks; safe to change between two calls."""

    def __init__(self, **found: bytes) -> None:
        self.found = {name.replace("_", "/"): content for name, content in found.items()}
        self.most_held = 0

    def document_size(self, ref: str) -> int | None:
        return len(self.found[ref]) if ref in self.found else None

    @contextmanager
    def open_document(self, ref: str) -> Iterator[Iterable[bytes]]:
        content = self.found[ref]
        yield (content[start : start + 1_000_000] for start in range(0, len(content), 1_000_000))


@pytest.fixture
def sent(api: Any) -> list[bytes]:
    """What arrived in full at the server; the scripted API reads JSON only, so that uploads are looked at here."""
    bodies: list[bytes] = []
    plain = api.handle

    def handle(request: httpx2.Request) -> httpx2.Response:
        if request.url.path.endswith("/documents"):
            bodies.append(request.read())
            assert int(request.headers["content-length"]) == len(bodies[-1])
            answer = api.answers["POST /documents"]
            return answer if isinstance(answer, httpx2.Response) else httpx2.Response(200, json=answer)
        found: httpx2.Response = plain(request)
        return found

    api.handle = handle
    return bodies


def upload_of(operation: Make, **changed: Any) -> Operation:
    fields = {"name": f"Consent.pdf {MARKER}", "size": len(BYTES), "sha256": SHA256}
    return operation(
        "create",
        "documents",
        fields={**fields, **changed},
        links={"targetable": 5},
        marker=MARKER,
        content=Content("documents/7", "application/pdf"),
    )


def ready(api: Any, **found: bytes) -> Any:
    destination = api.destination
    destination.upload_from(Shelf(**(found or {"documents_7": BYTES})))
    return destination


def test_a_file_is_sent_as_a_form_with_its_bytes_and_both_names(
    api: Any, sent: list[bytes], operation: Make
) -> None:
    api.on("POST /documents", {"id": "91", "url": "https://x.example/91", "msg": "File added successfully"})
    assert ready(api).write(upload_of(operation)).destination_id == 91
    assert BYTES in sent[0]
    head = sent[0].replace(BYTES, b"").decode()
    assert f'name="file_name"\r\n\r\nConsent.pdf {MARKER}\r\n' in head
    assert 'name="targetable_type"\r\n\r\nContact\r\n' in head
    assert 'name="targetable_id"\r\n\r\n5\r\n' in head
    assert f'name="file"; filename="Consent {MARKER}.pdf"\r\nContent-Type: application/pdf' in head
    assert api.budget.taken == 1


@pytest.mark.parametrize(
    ("found", "changed", "reason"),
    [
        ({"documents_8": BYTES}, {}, "missing_file"),
        ({"documents_7": b""}, {"size": 0}, "empty_file"),
        ({"documents_7": BYTES + b"."}, {}, "checksum_mismatch"),
        ({"documents_7": BYTES[::-1]}, {}, "checksum_mismatch"),
        ({"documents_7": BYTES[::-1]}, {"size": None}, "checksum_mismatch"),
    ],
)
def test_what_is_not_as_it_was_staged_never_arrives(
    api: Any, sent: list[bytes], operation: Make, found: Any, changed: Any, reason: str
) -> None:
    api.on("POST /documents", {"id": 91})
    with pytest.raises(DestinationRefused) as refused:
        ready(api, **found).write(upload_of(operation, **changed))
    assert refused.value.reason == reason
    assert refused.value.hint
    assert sent == []


def test_without_a_place_of_documents_the_run_stops(api: Any, operation: Make) -> None:
    with pytest.raises(PreflightFailed):
        api.destination.write(upload_of(operation))


def test_a_change_of_a_file_is_refused(api: Any, operation: Make) -> None:
    with pytest.raises(DestinationRefused) as refused:
        ready(api).write(operation("update", "documents", destination_id=91))
    assert refused.value.reason == "file_cannot_change"


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (httpx2.Response(200, json={"msg": "File added successfully"}), OutcomeUnknown),
        (httpx2.Response(500, json={}), OutcomeUnknown),
        (
            httpx2.Response(400, json={"errors": {"message": ["You have reached the storage limit of your plan"]}}),
            StorageFull,
        ),
        (httpx2.Response(413, html="<html>Request Entity Too Large</html>"), DestinationRefused),
        (
            httpx2.Response(400, json={"errors": {"message": "File is too large (maximum is 150 MB)"}}),
            DestinationRefused,
        ),
    ],
)  # fmt: skip
def test_answers_to_an_upload(
    api: Any, sent: list[bytes], operation: Make, answer: httpx2.Response, error: type[Exception]
) -> None:
    api.on("POST /documents", answer)
    with pytest.raises(error) as raised:
        ready(api).write(upload_of(operation))
    assert len(sent) == 1
    if error is DestinationRefused:
        assert raised.value.reason == "file_too_large"  # type: ignore[attr-defined]  # of that class


ROWS = {
    "flat": {"id": 91, "name": f"Consent.pdf {MARKER}", "size": 4},
    "text": {"id": "91", "file_name": f"Consent {MARKER}.pdf", "content_file_size": 4},
    "nested": {"id": 4, "document": {"id": 91, "name": f"Consent.pdf {MARKER}"}},
    "beside": {"id": 4, "document_id": 91, "name": "Consent _aerona_documents_7_.pdf"},
    "html": {"id": 91, "name": f"Caf&eacute; &amp; Co.pdf {MARKER}"},
}


@pytest.mark.parametrize("key", ["document_associations", "documents", "files", "links", ""])
@pytest.mark.parametrize("shape", ROWS)
def test_a_file_is_found_by_its_marker_however_the_list_looks(
    api: Any, operation: Make, key: str, shape: str
) -> None:
    others = [
        {"id": 90, "name": "Consent.pdf [aerona:documents:77]"},
        {"id": 89, "name": f"{MARKER} of ours.pdf"},
    ]
    rows = [*others, ROWS[shape]]
    api.on(LIST, {key: rows, "meta": {"total": 3, "total_pages": 1}} if key else rows)
    wanted = upload_of(operation)
    found = api.destination.find([wanted])
    assert found[wanted.id].id == 91


def test_the_oldest_of_several_is_found_over_all_pages(api: Any, operation: Make) -> None:
    def page(call: Any) -> Any:
        rows = [{"id": 100 - int(call.params["page"]), "name": f"A.pdf {MARKER}"}]
        return {"document_associations": rows, "meta": {"total": 3, "total_pages": 3}}

    api.on(LIST, page)
    wanted = upload_of(operation)
    assert api.destination.find([wanted])[wanted.id].id == 97


def test_a_contact_that_is_gone_has_no_files(api: Any, operation: Make) -> None:
    assert api.destination.find([upload_of(operation)]) == {}


def test_files_that_are_not_listed_are_no_proof_of_absence(api: Any, operation: Make) -> None:
    api.on("GET /contacts/5", {"contact": {"id": 5}})
    with pytest.raises(ProtocolBroken):
        api.destination.find([upload_of(operation)])


def test_a_file_is_read_back_with_the_checksum_of_its_bytes(api: Any) -> None:
    url = "https://acme.example/files/91"
    api.on(
        LIST, {"document_associations": [{"id": 91, "name": "A.pdf", "url": url}], "meta": {"total_pages": 1}}
    )
    plain = api.handle

    def handle(request: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(200, content=b"abc") if request.url == url else plain(request)

    api.handle = handle
    seen = next(iter(api.destination.fetch_children({5: {"documents": [91]}})))
    assert seen.fields["sha256"] == hashlib.sha256(b"abc").hexdigest()
    assert seen.fields["size"] == 3
    assert "sha256" not in seen.not_readable
    api.overrides["verify_files"] = "size"
    seen = next(iter(api.destination.fetch_children({5: {"documents": [91]}})))
    assert "sha256" in seen.not_readable


@pytest.mark.parametrize("address", ["https://files.example/91", "ftp://acme.example/91", "http://[", ""])
def test_an_address_that_gives_nothing_is_no_difference(api: Any, address: str) -> None:
    row = {"id": 91, "name": "A.pdf", "size": 3, "url": address}
    api.on(LIST, {"document_associations": [row], "meta": {"total_pages": 1}})
    seen = next(iter(api.destination.fetch_children({5: {"documents": [91]}})))
    assert seen.fields["size"] == 3
    assert seen.not_readable == {"sha256"}


def test_one_file_that_is_gone_does_not_silence_its_server_but_several_in_a_row_do(api: Any) -> None:
    asked: list[str] = []

    def handle(request: httpx2.Request) -> httpx2.Response:
        asked.append(request.url.path)
        return httpx2.Response(200 if "there" in request.url.path else 404, content=b"x")

    from wherry.connectors.kit.download import Downloads

    downloads = Downloads("https://acme.example/api", {}, api.budget, httpx2.MockTransport(handle))
    names = ["gone", "there", "gone", "gone", "there", "gone", "gone", "gone", "there"]
    read = [downloads.digest(f"https://files.example/{name}") is not None for name in names]
    downloads.close()
    assert read == [False, True, False, False, True, False, False, False, False]
    assert len(asked) == len(names) - 1


def test_a_connection_that_broke_is_tried_once_more(api: Any) -> None:
    answers: list[httpx2.Response | None] = [None, httpx2.Response(200, content=b"x")]

    def handle(_request: httpx2.Request) -> httpx2.Response:
        answer = answers.pop(0)
        if answer is None:
            raise httpx2.RemoteProtocolError("Server disconnected without sending a response.")
        return answer

    from wherry.connectors.kit.download import Downloads

    downloads = Downloads("https://acme.example/api", {}, api.budget, httpx2.MockTransport(handle))
    assert downloads.digest("https://acme.example/1") is not None
    downloads.close()
    assert api.budget.taken == 2


def test_the_key_is_sent_to_the_own_server_only(api: Any) -> None:
    asked: list[tuple[str, str | None]] = []

    def handle(request: httpx2.Request) -> httpx2.Response:
        asked.append((request.url.host, request.headers.get("authorization")))
        return httpx2.Response(200, content=b"x")

    from wherry.connectors.kit.download import Downloads

    transport = httpx2.MockTransport(handle)
    connection = Connection(base_url="https://acme.example/api", headers={"Authorization": "secret"})
    downloads = Downloads(connection.base_url, connection.headers, api.budget, transport)
    assert downloads.digest("https://acme.example/1") == downloads.digest("https://other.example/1")
    downloads.close()
    assert asked == [("acme.example", "secret"), ("other.example", None)]
    assert api.budget.taken == 1


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (f"Consent.pdf {MARKER}", f"Consent {MARKER}.pdf"),
        (f"no ending {MARKER}", f"no ending {MARKER}"),
        (f".hidden {MARKER}", f".hidden {MARKER}"),
        (f"a.b.c {MARKER}", f"a.b {MARKER}.c"),
    ],
)
def test_the_part_keeps_its_ending(name: str, expected: str) -> None:
    assert with_ending_last(name, MARKER) == expected


def test_a_refusal_holds_nothing_of_the_file(api: Any, sent: list[bytes], operation: Make) -> None:
    api.on("POST /documents", httpx2.Response(400, json={"errors": {"message": "Consent.pdf is invalid"}}))
    with pytest.raises(DestinationRefused) as refused:
        ready(api).write(upload_of(operation))
    assert "Consent" not in json.dumps([str(refused.value), refused.value.hint])
    assert "Consent" not in repr(upload_of(operation))


def test_a_file_of_the_same_name_comes_along_when_children_are_read(api: Any) -> None:
    rows = [{"id": n, "name": name, "size": 3} for n, name in ((91, "A.pdf"), (92, "A.pdf"), (93, "B.pdf"))]
    api.on(LIST, {"document_associations": rows, "meta": {"total_pages": 1}})
    assert [one.id for one in api.destination.fetch_children({5: {"documents": [91]}})] == [91, 92]
    assert [one.id for one in api.destination.fetch("documents", [91], {91: 5})] == [91]
