"""The way of a call through a real process: key, limits, rights, faults, record."""

import http.client
import json
import socket
import time
import urllib.error

import pytest

CONTACT = {"contact": {"last_name": "Moss", "email": "lee@example.com"}}


@pytest.fixture(scope="module")
def shared(module_emulator_factory):
    return module_emulator_factory(
        "--api-key", "k1", "--api-key", "k2", "--read-only-key", "look", "--language", "fr", "--switch", "rate.limit_min=10000"
    )  # fmt: skip


@pytest.fixture
def emulator(shared):
    yield shared
    shared.admin("faults", [])
    shared.admin("reset-calls", {})


def contact(number):
    return {"contact": {"last_name": f"Moss {number}", "email": f"lee{number}@example.com"}}


def emails(emulator):
    return {row["email"] for row in emulator.admin("records/contact")}


def raw(emulator, method, path, body=None):
    """One call on a connection of its own; gives status, headers and body."""
    host = emulator.root.removeprefix("http://")
    connection = http.client.HTTPConnection(host, timeout=10)
    try:
        connection.request(method, f"/crm/sales/api{path}", json.dumps(body) if body else None,
                           {"Authorization": "Token token=k1", "Content-Type": "application/json"})  # fmt: skip
        reply = connection.getresponse()
        return reply.status, dict(reply.getheaders()), reply.read()
    finally:
        connection.close()


@pytest.mark.parametrize("header", ["Token token=wrong", "Bearer k1", ""])
def test_a_wrong_key_is_a_401_and_does_not_count(emulator, header):
    status, body = emulator.call("GET", "/selector/owners", authorization=header)
    assert (status, body["message"]) == (401, "Incorrect or expired API key")
    assert emulator.admin("calls")["accepted"] == 0
    assert emulator.call("POST", "/filtered_search/contact", {}, authorization=header)[0] == 401
    assert emulator.admin("calls")["by_route"]["POST /filtered_search/{entity}"] == 1


def test_several_keys_belong_to_one_account(emulator):
    for key in ("token=k1", "token=k2", "k2"):
        assert emulator.call("GET", "/selector/owners", authorization=f"Token {key}")[0] == 200
    assert emulator.admin("calls")["max_in_60s"] == 3


def test_a_key_without_rights_reads_and_may_not_write(emulator):
    assert emulator.call("GET", "/selector/owners", authorization="Token token=look")[0] == 200
    status, body = emulator.call("POST", "/contacts", CONTACT, authorization="Token token=look")
    assert status == 403
    assert body["errors"]["code"] == 403
    assert "pas autorisé" in body["errors"]["message"][0]


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/nowhere"), ("PATCH", "/contacts/1"), ("GET", "/contacts"), ("POST", "/notes/1/x")],
)
def test_an_unknown_route_or_verb_is_a_404_in_html(emulator, method, path):
    status, headers, body = raw(emulator, method, path)
    assert (status, headers["content-type"].split(";")[0]) == (404, "text/html")
    assert body.startswith(b"<!DOCTYPE html>")


def test_a_body_that_is_not_json_is_a_400(emulator):
    status, body = emulator.call("POST", "/contacts", b'{"contact":')
    assert (status, body["errors"]["code"]) == (400, 400)
    assert emulator.admin("calls")["writes"] == []


def test_the_record_counts_calls_and_lists_writes_without_bodies(emulator):
    _, made = emulator.call("POST", "/contacts", contact("log"))
    number = made["contact"]["id"]
    emulator.call("GET", f"/contacts/{number}")
    emulator.call("PUT", f"/contacts/{number}", {"contact": {"job_title": "Miller"}})
    emulator.call("POST", "/filtered_search/contact", {"filter_rule": []})
    emulator.call("DELETE", f"/contacts/{number}")
    calls = emulator.admin("calls")
    lines = [(one["seq"], one["method"], one["status"], one["entity"], one["id"]) for one in calls["writes"]]
    assert lines == [
        (1, "POST", 200, "contact", number),
        (2, "PUT", 200, "contact", number),
        (3, "DELETE", 200, "contact", number),
    ]
    assert calls["total"] == 5
    assert sum(calls["by_minute"].values()) == 5
    assert all(str(number) not in route for route in calls["by_route"])
    assert "Miller" not in json.dumps(calls)


def test_limits_refuse_on_the_scaled_clock_and_free_again(emulator_factory):
    emulator = emulator_factory(
        "--clock-scale", "60", "--switch", "rate.limit_min=5", "--switch", "rate.retry_after=seconds"
    )
    seen = [raw_with_default_key(emulator) for _ in range(7)]
    assert [status for status, _ in seen] == [200] * 5 + [429] * 2
    headers = seen[-1][1]
    assert headers["retry-after"] == "1"
    assert headers["x-ratelimit-remaining"] == "0"
    time.sleep(1.05)
    assert raw_with_default_key(emulator)[0] == 200
    calls = emulator.admin("calls")
    assert calls["by_route"] == {"GET /selector/owners": 8}
    assert (calls["refused_429"], calls["accepted"], calls["max_in_60s"]) == (2, 6, 5)


def raw_with_default_key(emulator):
    connection = http.client.HTTPConnection(emulator.root.removeprefix("http://"), timeout=10)
    try:
        connection.request(
            "GET", "/crm/sales/api/selector/owners", headers={"Authorization": "Token token=emulator-key"}
        )
        reply = connection.getresponse()
        reply.read()
        return reply.status, dict(reply.getheaders())
    finally:
        connection.close()


def test_before_commit_is_not_applied(emulator):
    emulator.admin(
        "faults", [{"kind": "before_commit", "status": 503, "times": 1, "match": {"method": "POST"}}]
    )
    assert emulator.call("POST", "/contacts", contact("before"))[0] == 503
    assert "leebefore@example.com" not in emails(emulator)
    assert emulator.call("POST", "/contacts", contact("before"))[0] == 200
    assert emulator.admin("faults")[0]["fired"] == 1


def test_after_commit_is_applied_although_it_says_500(emulator):
    emulator.admin("faults", [{"kind": "after_commit", "times": 1}])
    status, body = emulator.call("POST", "/contacts", contact("after"))
    assert (status, body["errors"]["code"]) == (500, 500)
    assert "leeafter@example.com" in emails(emulator)
    assert [one["status"] for one in emulator.admin("calls")["writes"]] == [200]
    assert emulator.admin("calls")["by_status"] == {"500": 1}


@pytest.mark.parametrize(
    ("rule", "applied"),
    [
        ({"kind": "after_commit", "drop": True}, True),
        ({"kind": "reset"}, False),
        ({"kind": "reset", "applied": True}, True),
    ],
)
def test_the_connection_is_reset_without_a_response(emulator, rule, applied):
    emulator.admin("faults", [{**rule, "times": 1}])
    name = f"reset{rule['kind']}{rule.get('applied', '')}"
    with pytest.raises((ConnectionResetError, http.client.RemoteDisconnected)):
        raw(emulator, "POST", "/contacts", contact(name))
    assert (f"lee{name}@example.com" in emails(emulator)) is applied
    assert emulator.admin("calls")["by_status"] == {"0": 1}
    assert raw(emulator, "GET", "/selector/owners")[0] == 200


def test_a_truncated_body_ends_early(emulator):
    emulator.admin("faults", [{"kind": "truncated_body", "times": 1}])
    with pytest.raises(http.client.IncompleteRead) as caught:
        raw(emulator, "GET", "/selector/owners")
    assert len(caught.value.partial) > 0


@pytest.mark.parametrize("seconds_after", ["before", "after"])
def test_a_hanging_call_is_applied_although_the_caller_has_gone(emulator, seconds_after):
    emulator.admin("faults", [{"kind": "hang", "seconds": 0.3, "when": seconds_after, "times": 1}])
    host, port = emulator.root.removeprefix("http://").split(":")
    body = json.dumps(contact(f"hang{seconds_after}"))
    head = f"POST /crm/sales/api/contacts HTTP/1.1\r\nHost: x\r\nAuthorization: Token token=k1\r\nContent-Length: {len(body)}\r\n\r\n"
    with socket.create_connection((host, int(port)), timeout=5) as caller:
        caller.sendall((head + body).encode())
        time.sleep(0.12)
    email = f"leehang{seconds_after}@example.com"
    assert (email in emails(emulator)) is (seconds_after == "after")
    time.sleep(0.35)
    assert email in emails(emulator)


@pytest.mark.parametrize(
    ("rule", "status", "kind"),
    [
        ({"kind": "html"}, 502, "text/html"),
        ({"kind": "html", "status": 200}, 200, "text/html"),
        ({"kind": "malformed_json"}, 200, "application/json"),
        ({"kind": "wrong_content_type"}, 200, "text/html"),
    ],
)
def test_replies_that_are_not_what_they_should_be(emulator, rule, status, kind):
    emulator.admin("faults", [rule])
    got, headers, body = raw(emulator, "GET", "/selector/owners")
    assert (got, headers["content-type"].split(";")[0]) == (status, kind)
    if rule["kind"] == "wrong_content_type":
        assert "users" in json.loads(body)
    else:
        with pytest.raises(json.JSONDecodeError):
            json.loads(body)


def test_slow_calls_take_their_time(emulator):
    emulator.admin("faults", [{"kind": "slow", "ms": 80}])
    begun = time.monotonic()
    assert emulator.call("GET", "/selector/owners")[0] == 200
    assert time.monotonic() - begun >= 0.08


def test_a_storm_refuses_everything_for_its_time_and_does_not_count(emulator):
    emulator.admin("faults", [{"kind": "rate_storm", "seconds": 30, "after": 1, "times": 1}])
    assert [emulator.call("GET", "/selector/owners")[0] for _ in range(4)] == [200, 429, 429, 429]
    emulator.admin("advance", {"seconds": 31})
    assert emulator.call("GET", "/selector/owners")[0] == 200
    assert emulator.admin("calls")["accepted"] == 2


def test_a_silent_coercion_shows_only_when_read_back(emulator):
    emulator.admin(
        "faults",
        [
            {
                "kind": "silent_coercion",
                "entity": "contact",
                "field": "job_title",
                "how": "truncate",
                "length": 4,
            }
        ],
    )
    body = {"contact": {**contact("coerced")["contact"], "job_title": "Hygienist"}}
    status, made = emulator.call("POST", "/contacts", body)
    assert status == 200
    _, seen = emulator.call("GET", f"/contacts/{made['contact']['id']}")
    assert seen["contact"]["job_title"] == "Hygi"
    assert emulator.admin("faults")[0]["fired"] >= 1


def test_a_coercion_strikes_a_value_once_and_rows_of_jobs_too(emulator):
    rule = {"kind": "silent_coercion", "field": "zipcode", "how": "change_case"}
    emulator.admin("faults", [rule, {**rule, "field": "city", "how": "truncate", "length": 2}])
    row = {"emails": "rows@example.com", "data": {"last_name": "R", "zipcode": "bt1", "city": "Cork"}}
    assert emulator.call("POST", "/contacts/bulk_upsert", {"contacts": [row]})[0] == 200
    time.sleep(0.15)
    (stored,) = [one for one in emulator.admin("records/contact") if one["email"] == "rows@example.com"]
    assert (stored["zipcode"], stored["city"]) == ("BT1", "Co")
    emulator.call("PUT", f"/contacts/{stored['id']}", {"contact": {"job_title": "Miller"}})
    assert [one["fired"] for one in emulator.admin("faults")] == [1, 1]
    emulator.admin("human-edit", {"entity": "contact", "id": stored["id"], "changes": {"city": "Derry"}})
    assert [one["fired"] for one in emulator.admin("faults")] == [1, 1], "people are not struck"


def test_a_wrong_setting_at_run_time_is_refused(emulator):
    for path, body in (("faults", [{"kind": "x"}]), ("switches", {"x": 1}), ("advance", {"seconds": -1})):
        with pytest.raises(urllib.error.HTTPError) as caught:
            emulator.admin(path, body)
        with caught.value as refusal:
            assert refusal.code == 400
            assert json.loads(refusal.read())["error"]


def test_a_reply_does_not_wait_for_the_network_stack(emulator):
    connection = http.client.HTTPConnection(emulator.root.removeprefix("http://"), timeout=10)
    begun = time.monotonic()
    try:
        for _ in range(50):
            connection.request(
                "GET", "/crm/sales/api/selector/owners", headers={"Authorization": "Token token=k1"}
            )
            connection.getresponse().read()
    finally:
        connection.close()
    # Without TCP_NODELAY each reply waits 40 ms for an acknowledgement.
    assert time.monotonic() - begun < 1


def test_what_a_key_writes_is_its_users(emulator_factory, tmp_path):
    users = [{"id": 31000000011, "display_name": "Ada Park", "email": "ada@example.com"},
             {"id": 31000000012, "display_name": "Bo Lind", "email": "bo@example.com"}]  # fmt: skip
    (tmp_path / "seed.json").write_text(json.dumps({"users": users}))
    emulator = emulator_factory(
        "--seed-file", str(tmp_path / "seed.json"), "--api-key", "first", "--api-key", "second=bo@example.com"
    )
    emulator.call("POST", "/contacts", contact("first"))
    emulator.call("POST", "/contacts", contact("second"), authorization="Token token=second")
    assert [row["creater_id"] for row in emulator.admin("records/contact")] == [31000000011, 31000000012]


def test_faults_of_jobs_strike_the_jobs_of_the_calls_they_match(emulator):
    emulator.admin("faults", [{"kind": "job_partial", "rows": 0.5, "match": {"path": "^/contacts/bulk_upsert$"}},
                              {"kind": "job_lost", "match": {"path": "^/sales_accounts/bulk_upsert$"}}])  # fmt: skip
    rows = [{"emails": f"job{n}@example.com", "data": {"last_name": f"Job {n}"}} for n in range(10)]
    _, partial = emulator.call("POST", "/contacts/bulk_upsert", {"contacts": rows})
    _, lost = emulator.call(
        "POST", "/sales_accounts/bulk_upsert", {"sales_accounts": [{"name": "Lab", "data": {}}]}
    )
    time.sleep(0.3)
    told = emulator.call("GET", partial["job_status_url"].partition("/api")[2])[1]
    assert (told["progress"], len(json.loads(told["data"])["failed"])) == (100, 5)
    assert len([email for email in emails(emulator) if email.startswith("job")]) == 5
    assert emulator.call("GET", lost["job_status_url"].partition("/api")[2])[0] == 404
    assert [row["name"] for row in emulator.admin("records/sales_account")] == ["Lab"]


def test_played_faults_are_not_logged_as_errors(emulator):
    for kind in ("reset", "truncated_body", "html", "malformed_json"):
        emulator.admin("faults", [{"kind": kind}])
        with pytest.raises((OSError, http.client.HTTPException, ValueError)):
            json.loads(raw(emulator, "GET", "/selector/owners")[2])
    emulator.errors.seek(0)
    assert emulator.errors.read() == ""
