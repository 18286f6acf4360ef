"""Files and links, through a real process: streamed, checksummed, accounted, and never deleted by a call."""

import hashlib
import http.client
import json
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import urlopen

import pytest

BOUNDARY = "----edge"
KIND = f"multipart/form-data; boundary={BOUNDARY}"


def multipart(content, *, filename="letter.pdf", end=True, **fields):
    parts = [
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        for name, value in fields.items()
    ]
    if content is not None:
        head = f'Content-Disposition: form-data; name="file"; filename="{filename}"\r\nContent-Type: application/pdf'
        parts.append(f"--{BOUNDARY}\r\n{head}\r\n\r\n".encode() + content + b"\r\n")
    return b"".join(parts) + (f"--{BOUNDARY}--\r\n".encode() if end else b"")


def on(contact, **fields):
    return {"targetable_type": "Contact", "targetable_id": contact, **fields}


def send(emulator, content, **fields):
    return emulator.call("POST", "/documents", multipart(content, **fields), content_type=KIND)


def files(emulator):
    return emulator.admin("files")["files"]


def create_contact(emulator, name="Moss"):
    return emulator.call("POST", "/contacts", {"contact": {"last_name": name}})[1]["contact"]["id"]


@pytest.fixture(scope="module")
def emulator(module_emulator_factory):
    return module_emulator_factory("--switch", "rate.limit_min=100000")


@pytest.fixture
def contact(emulator):
    return create_contact(emulator)


def test_an_empty_file_is_refused_unless_the_switch_says_otherwise(emulator, contact):
    status, reply = send(emulator, b"", **on(contact, file_name="nothing.pdf"))
    assert (status, reply["errors"]["message"]) == (400, ["File can't be blank"])
    emulator.admin("switches", {"documents.may_be_empty": True})
    assert send(emulator, b"", **on(contact, file_name="nothing.pdf"))[0] == 200
    emulator.admin("switches", {"documents.may_be_empty": False})


def test_a_file_arrives_whole_and_can_be_fetched_again(emulator, contact):
    content = bytes(range(256)) * 20_000  # 5 MB: more than is ever held in memory
    status, reply = send(emulator, content, **on(contact, file_name="Röntgen 1.pdf", is_shared="true"))
    assert status == 200
    assert set(reply) == {"id", "url", "msg"}
    (row,) = [one for one in files(emulator) if one["id"] == reply["id"]]
    assert (row["name"], row["size"], row["is_shared"]) == ("Röntgen 1.pdf", len(content), True)
    assert row["content_type"] == "application/pdf"
    assert row["sha256"] == hashlib.sha256(content).hexdigest()
    assert row["is_kept"] is True
    with urlopen(reply["url"], timeout=10) as found:
        assert found.read() == content
    assert reply["url"].endswith(f"/_emulator/files/{reply['id']}")


@pytest.mark.parametrize(
    ("content", "fields", "complaint"),
    [
        (None, {}, "File can't be blank"),
        (b"x", {"targetable_type": "Task"}, "Targetable type is invalid"),
        (b"x", {"targetable_id": 1}, "Targetable must exist"),
        (b"x", {"is_shared": "perhaps"}, "Is shared is invalid"),
        (b"x", {"file_name": "n" * 256}, "Name is too long (maximum is 255 characters)"),
    ],
)
def test_what_is_wrong_is_refused_and_leaves_nothing(emulator, contact, content, fields, complaint):
    before = files(emulator)
    status, reply = send(emulator, content, **on(contact) | fields)
    assert (status, reply["errors"]["message"]) == (400, [complaint])
    assert files(emulator) == before


def test_json_in_place_of_a_form_is_refused(emulator, contact):
    status, reply = emulator.call("POST", "/documents", on(contact))
    assert (status, reply["errors"]["message"]) == (400, ["File can't be blank"])


def test_an_upload_that_breaks_off_is_not_stored(emulator, contact):
    before = files(emulator)
    body = multipart(b"x" * 5000, end=False, **on(contact))[:-100]
    assert emulator.call("POST", "/documents", body, content_type=KIND)[0] == 400
    place = urlsplit(emulator.url)
    caller = http.client.HTTPConnection(place.hostname, place.port, timeout=5)
    caller.putrequest("POST", f"{place.path}/api/documents")
    for name, value in (("Authorization", "Token token=emulator-key"), ("Content-Type", KIND)):
        caller.putheader(name, value)
    caller.putheader("Content-Length", "1000000")
    caller.endheaders(multipart(b"x" * 5000, **on(contact)))
    caller.close()
    assert create_contact(emulator)
    assert files(emulator) == before


def test_no_file_is_read_changed_or_deleted_by_a_call(emulator, contact):
    made = send(emulator, b"stays", **on(contact))[1]["id"]
    for verb in ("GET", "PUT", "DELETE"):
        status, page = emulator.call(verb, f"/documents/{made}", {} if verb == "PUT" else None)
        assert (status, "<html>" in page) == (404, True)


def test_a_file_outlives_its_deleted_contact_and_goes_with_a_forgotten_one(emulator):
    before = emulator.admin("digest")
    contact = create_contact(emulator, "Reed")
    made = send(emulator, b"for ever", **on(contact))[1]["id"]
    emulator.call(
        "POST", "/document_links", on(contact, url="https://x.example/1", name="Scan", is_shared=False)
    )
    emulator.call("DELETE", f"/contacts/{contact}")
    state = emulator.admin("state")
    assert state["documents"][str(made)]["sha256"] == hashlib.sha256(b"for ever").hexdigest()
    assert "Scan" in [row["name"] for row in state["document_links"].values()]
    assert emulator.admin("digest") != before
    emulator.call("DELETE", f"/contacts/{contact}/forget")
    assert emulator.admin("digest") == before
    assert made not in [row["id"] for row in files(emulator)]


def test_one_content_of_two_files_is_kept_until_both_are_gone(emulator):
    first, second = create_contact(emulator), create_contact(emulator)
    send(emulator, b"the same", **on(first))
    kept = send(emulator, b"the same", **on(second))[1]
    emulator.call("DELETE", f"/contacts/{first}/forget")
    with urlopen(kept["url"], timeout=10) as found:
        assert found.read() == b"the same"


def test_files_and_links_are_listed_below_their_record_in_pages(emulator, contact):
    for number in range(3):
        send(emulator, b"%d" % number, **on(contact, file_name=f"{number}.pdf"))
    link = on(contact, url="https://x.example/2", name="Portal", is_shared=True)
    status, made = emulator.call("POST", "/document_links", link)
    assert (status, made["url"]) == (200, "https://x.example/2")
    path = f"/contacts/{contact}/document_associations?per_page=3&page="
    pages = [emulator.call("GET", f"{path}{page}")[1] for page in (1, 2, 3)]
    assert [page["meta"] for page in pages] == [{"total_pages": 2, "total": 4}] * 3
    rows = [row for page in pages for row in page["document_associations"]]
    assert [len(page["document_associations"]) for page in pages] == [3, 1, 0]
    assert {row["name"] for row in rows} == {"0.pdf", "1.pdf", "2.pdf", "Portal"}
    assert {row["type"] for row in rows} == {"Document", "DocumentLink"}
    assert all("sha256" not in row for row in rows)
    assert emulator.call("GET", "/contacts/1/document_associations")[0] == 404


@pytest.mark.parametrize("missing", ["url", "name", "targetable_id"])
def test_a_link_needs_its_parts(emulator, contact, missing):
    link = on(contact, url="https://x.example", name="Portal")
    del link[missing]
    assert emulator.call("POST", "/document_links", link)[0] == 400


def test_a_link_does_not_belong_to_a_product_but_a_file_may(emulator):
    product = emulator.call("POST", "/cpq/products", {"product": {"name": "Crown"}})[1]["product"]["id"]
    target = {"targetable_type": "Product", "targetable_id": product}
    assert send(emulator, b"leaflet", **target)[0] == 200
    assert (
        emulator.call("POST", "/document_links", {"url": "https://x.example", "name": "P", **target})[0]
        == 400
    )


def test_limits_of_a_file_and_of_a_users_storage(emulator_factory):
    emulator = emulator_factory("--api-key", "a=ada@example.com", "--api-key", "b", "--plan", "growth")
    contact = create_contact(emulator)
    assert emulator.admin("files")["per_user_bytes"] == 2 * 1024**3
    emulator.admin("switches", {"storage.per_user_bytes": 10, "documents.max_bytes": 8})
    status, reply = send(emulator, b"123456789", **on(contact))
    assert (status, reply["errors"]["message"]) == (400, ["File is too large (maximum is 8 bytes)"])
    assert send(emulator, b"12345678", **on(contact))[0] == 200
    status, reply = send(emulator, b"123", **on(contact))
    assert (status, reply["errors"]["message"]) == (400, ["You have reached the storage limit of your plan"])
    assert send(emulator, b"12", **on(contact))[0] == 200
    assert list(emulator.admin("files")["used_bytes"].values()) == [10]
    emulator.call("DELETE", f"/contacts/{contact}/forget")
    assert emulator.admin("files")["used_bytes"] == {}


def test_an_upload_far_beyond_the_limit_is_read_and_refused(emulator_factory):
    emulator = emulator_factory("--switch", "documents.max_bytes=1000")
    contact = create_contact(emulator)
    status, reply = send(emulator, b"x" * 3_000_000, **on(contact))
    assert (status, reply["errors"]["message"]) == (400, ["File is too large (maximum is 1000 bytes)"])


def test_a_free_plan_has_no_storage(emulator_factory):
    emulator = emulator_factory("--plan", "free")
    assert send(emulator, b"x", **on(create_contact(emulator)))[0] == 400


def test_faults_strike_uploads(emulator, contact):
    match = {"method": "POST", "path": "^/documents$"}
    emulator.admin("faults", [{"kind": "after_commit", "match": match, "times": 1}])
    assert send(emulator, b"applied", **on(contact))[0] == 500
    emulator.admin("faults", [{"kind": "before_commit", "match": match, "times": 1}])
    assert send(emulator, b"not applied", **on(contact))[0] == 500
    emulator.admin("faults", [{"kind": "rate_storm", "match": match, "times": 1}])
    assert send(emulator, b"refused" * 300_000, **on(contact))[0] == 429
    coercion = {"entity": "document", "field": "name", "how": "truncate", "length": 3}
    emulator.admin("faults", [{"kind": "silent_coercion", **coercion}])
    made = send(emulator, b"renamed", **on(contact))[1]["id"]
    emulator.admin("faults", [])
    mine = [row for row in files(emulator) if row["targetables"][0]["id"] == contact]
    assert [row["size"] for row in mine] == [len(b"applied"), len(b"renamed")]
    assert {row["id"]: row["name"] for row in mine}[made] == "let"
    last = emulator.admin("calls")["writes"][-1]
    assert (last["entity"], last["id"], last["path"]) == ("document", made, "/documents")


def test_contents_survive_with_a_state_file(emulator_factory, tmp_path):
    state = tmp_path / "state.json"
    first = emulator_factory("--state-file", str(state))
    made = send(first, b"kept", **on(create_contact(first)))[1]["id"]
    digest = first.admin("digest")
    first.stop()
    assert [row["id"] for row in json.loads(Path(state).read_text())["documents"]] == [made]
    second = emulator_factory("--state-file", str(state))
    assert second.admin("digest") == digest
    with urlopen(f"{second.root}/_emulator/files/{made}", timeout=10) as found:
        assert found.read() == b"kept"
