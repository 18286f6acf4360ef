"""The client: pace before every send, patience where it is safe, silence about values."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest

from wherry.connectors.kit.breaker import Breaker
from wherry.connectors.kit.exchange import Effect, Exchange
from wherry.connectors.kit.http import ApiClient, Connection
from wherry.connectors.kit.patience import Pace, Patience
from wherry.model.errors import (
    DestinationRefused,
    OutcomeUnknown,
    QuotaExhausted,
    RateLimited,
    Unavailable,
    WherryError,
)


@dataclass
class Budget:
    taken: int = 0
    room: int = 1_000
    learned: list[tuple[int | None, float | None]] = field(default_factory=list)

    def take(self, calls: int = 1) -> None:
        if self.taken + calls > self.room:
            raise QuotaExhausted("no calls left")
        self.taken += calls

    def learn(self, *, remaining: int | None, retry_after: float | None) -> None:
        self.learned.append((remaining, retry_after))

    def charge(self, run: str) -> None: ...


@dataclass
class Clock:
    moment: datetime = datetime(2026, 3, 2, 10, tzinfo=UTC)
    slept: list[float] = field(default_factory=list)

    def now(self) -> datetime:
        return self.moment

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.moment += timedelta(seconds=seconds)


def judge(exchange: Exchange) -> WherryError | None:
    """A small vendor: 429 and 5xx fail, 400 refuses, a lost write is open."""
    if exchange.reply is None:
        sent = exchange.loss == "maybe_sent" and exchange.effect is not Effect.READ
        return OutcomeUnknown("open") if sent else Unavailable("no answer")
    if exchange.reply.status == 429:
        return RateLimited("slow down")
    if exchange.reply.status >= 500:
        return Unavailable("down") if exchange.effect is Effect.READ else OutcomeUnknown("open")
    if exchange.reply.status == 400:
        return DestinationRefused("no", reason="refused")
    return None


class Server:
    def __init__(self, *answers: Any, budget: Budget | None = None, pace: Pace | None = None) -> None:
        self.answers = list(answers)
        self.seen: list[httpx2.Request] = []
        self.budget, self.clock = budget or Budget(), Clock()
        connection = Connection(
            base_url="https://acme.example/api",
            headers={"Authorization": "Token token=k3y"},
            pace=pace or Pace(tries=4, throttled_tries=6),
            transport=httpx2.MockTransport(self.handle),
        )
        self.client = ApiClient(connection, budget=self.budget, clock=self.clock, judge=judge)

    def handle(self, request: httpx2.Request) -> httpx2.Response:
        self.seen.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, int):
            return httpx2.Response(answer, json={"status": answer})
        assert isinstance(answer, httpx2.Response)
        return answer


def test_an_answer_is_returned_parsed() -> None:
    server = Server(httpx2.Response(200, content=b'\xef\xbb\xbf {"a": [1]}', headers={"X-One": "1"}))
    reply = server.client.request("GET", "/x", params={"q": "a b"})
    assert (reply.status, reply.body, reply.headers["x-one"]) == (200, {"a": [1]}, "1")
    assert str(server.seen[0].url) == "https://acme.example/api/x?q=a+b"
    assert server.seen[0].headers["authorization"] == "Token token=k3y"


def test_bodies_are_sent_as_json() -> None:
    server = Server(200)
    server.client.request("POST", "/x", json={"name": "Zoë"}, effect=Effect.ONCE)
    assert server.seen[0].headers["content-type"] == "application/json"
    assert server.seen[0].content == '{"name":"Zoë"}'.encode()


@pytest.mark.parametrize("effect", [Effect.READ, Effect.REPEATABLE])
@pytest.mark.parametrize("failure", [503, httpx2.ReadTimeout("x"), httpx2.ConnectError("x")])
def test_reads_and_repeatable_writes_are_tried_again(failure: Any, effect: Effect) -> None:
    server = Server(failure, failure, 200)
    assert server.client.request("PUT", "/x", effect=effect).status == 200
    assert server.budget.taken == len(server.seen) == 3
    assert len(server.clock.slept) == 2
    assert 0 < server.clock.slept[0] <= 0.5
    assert 0.5 <= server.clock.slept[1] <= 1.0


def test_a_single_write_is_never_sent_again_once_it_may_have_arrived() -> None:
    server = Server(httpx2.ReadTimeout("x"), 200)
    with pytest.raises(OutcomeUnknown):
        server.client.request("POST", "/x", json={}, effect=Effect.ONCE)
    assert len(server.seen) == 1


@pytest.mark.parametrize("failure", [429, httpx2.ConnectError("x")])
def test_a_single_write_that_certainly_did_nothing_is_tried_again(failure: Any) -> None:
    server = Server(failure, failure, 200)
    assert server.client.request("POST", "/x", json={}, effect=Effect.ONCE).status == 200
    assert server.budget.taken == 3


def test_doubt_from_an_early_try_outlives_a_later_harmless_failure() -> None:
    server = Server(httpx2.ReadTimeout("x"), httpx2.ConnectError("x"))
    with pytest.raises(OutcomeUnknown):
        server.client.request("PUT", "/x", effect=Effect.REPEATABLE)
    assert len(server.seen) == 4


def test_a_refusal_is_final() -> None:
    server = Server(400)
    with pytest.raises(DestinationRefused):
        server.client.request("GET", "/x")
    assert len(server.seen) == 1
    assert server.clock.slept == []


def test_redirects_are_not_followed() -> None:
    server = Server(httpx2.Response(302, headers={"Location": "https://evil.example/"}))
    assert server.client.request("GET", "/x").status == 302
    assert len(server.seen) == 1


def test_every_send_takes_from_the_budget_and_an_empty_one_ends_the_tries() -> None:
    server = Server(503, budget=Budget(room=2))
    with pytest.raises(QuotaExhausted):
        server.client.request("GET", "/x")
    assert len(server.seen) == 2


def test_the_budget_learns_what_the_headers_say() -> None:
    server = Server(httpx2.Response(200, json={}, headers={"X-RateLimit-Remaining": "41"}))
    server.client.request("GET", "/x")
    assert server.budget.learned == [(41, None)]


def test_a_throttled_call_hands_the_wait_to_the_budget() -> None:
    told = httpx2.Response(429, headers={"Retry-After": "70", "X-RateLimit-Remaining": "0"})
    server = Server(told, 200)
    server.client.request("GET", "/x")
    assert server.budget.learned == [(None, 70.0)]


def test_without_a_header_the_wait_is_measured_and_grows() -> None:
    server = Server(429, 429, 429, 200, 429, 200)
    server.client.request("GET", "/x")
    server.client.request("GET", "/x")
    assert server.budget.learned == [(None, 2.0), (None, 4.0), (None, 8.0), (None, 2.0)]


def test_throttling_ends_at_some_time() -> None:
    server = Server(429)
    with pytest.raises(RateLimited):
        server.client.request("GET", "/x")
    assert len(server.seen) == 6


def test_a_wait_that_the_server_asks_for_is_kept() -> None:
    server = Server(httpx2.Response(503, headers={"Retry-After": "12"}), 200)
    server.client.request("GET", "/x")
    assert server.clock.slept == [12.0]


def test_the_breaker_opens_after_calls_that_failed_with_all_tries_and_closes_again() -> None:
    server = Server(*[503] * 20, 200)
    for _ in range(5):
        with pytest.raises(Unavailable):
            server.client.request("GET", "/x")
    sent = len(server.seen)
    with pytest.raises(Unavailable, match="no more are sent") as caught:
        server.client.request("GET", "/x")
    assert caught.value.hint
    assert len(server.seen) == sent == 20
    server.clock.sleep(61)
    assert server.client.request("GET", "/x").status == 200
    assert server.client.request("GET", "/x").status == 200


def test_open_outcomes_do_not_open_the_breaker() -> None:
    server = Server(httpx2.ReadTimeout("x"))
    for _ in range(8):
        with pytest.raises(OutcomeUnknown):
            server.client.request("POST", "/x", json={}, effect=Effect.ONCE)
    assert len(server.seen) == 8


def test_the_breaker_lets_one_caller_try_after_its_rest() -> None:
    clock = Clock()
    breaker = Breaker(clock, threshold=1, rest_seconds=10)
    breaker.failed()
    with pytest.raises(Unavailable):
        breaker.check()
    clock.sleep(10)
    breaker.check()
    with pytest.raises(Unavailable):
        breaker.check()
    breaker.succeeded()
    breaker.check()


def test_text_that_json_cannot_hold_is_a_refusal_of_the_record() -> None:
    server = Server(200)
    with pytest.raises(DestinationRefused) as caught:
        server.client.request("POST", "/x", json={"name": "bad \ud800"}, effect=Effect.ONCE)
    assert caught.value.reason == "not_encodable"
    assert caught.value.__context__ is None
    assert server.seen == []


def test_no_value_reaches_a_log_an_error_or_a_repr(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    secret = httpx2.Response(400, json={"errors": {"message": ["lee@example.com is taken"]}})
    server = Server(httpx2.ReadError("lee@example.com"), secret)
    with pytest.raises(DestinationRefused) as caught:
        server.client.request(
            "GET", "/lookup", params={"q": "lee@example.com"}, json={"email": "lee@example.com"}
        )
    told = caplog.text + "".join(str(record.__dict__) for record in caplog.records)
    told += repr(caught.value) + str(caught.value.__context__) + repr(server.client)
    assert "lee" not in told
    assert "k3y" not in told + repr(Connection(base_url="https://a.example", headers={"a": "k3y"}))
    actions = {record.__dict__.get("action") for record in caplog.records if record.name == "wherry.http"}
    assert actions == {"http.lost", "http.waiting", "http.refused"}


def test_patience_gives_up_on_what_is_not_worth_a_try() -> None:
    patience = Patience(Effect.ONCE, Pace(), Clock(), chance=lambda: 1.0)
    assert patience(DestinationRefused("no", reason="refused")) is False
    assert patience(OutcomeUnknown("open")) is False
    assert patience.doubt


@pytest.mark.parametrize("chance", [0.0, 1.0])
def test_waits_double_up_to_the_longest(chance: float) -> None:
    clock = Clock()
    patience = Patience(
        Effect.READ, Pace(tries=9, first_wait=1, longest_wait=8), clock, chance=lambda: chance
    )
    while patience(Unavailable("down")) is not False:
        pass
    assert clock.slept == [wait * (0.5 + chance / 2) for wait in (1, 2, 4, 8, 8, 8, 8, 8)]


def test_a_client_closes_its_connections() -> None:
    server = Server(200)
    with server.client as client:
        client.request("GET", "/x")
    call: Callable[[], object] = lambda: server.client.request("GET", "/x")  # noqa: E731 - one line is clearer
    with pytest.raises(RuntimeError):
        call()
