"""Whether a call may still be sent is asked again before its first byte, on a real connection."""

import socket
import threading
from collections.abc import Iterator

import pytest

from wherry.connectors.kit.exchange import Effect, Exchange
from wherry.connectors.kit.http import ApiClient, Connection
from wherry.connectors.kit.patience import Pace
from wherry.model.errors import OutcomeUnknown, Unavailable, WherryError
from wherry.model.ports import SecondsLeft

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"


class Listener:
    """Answers every whole request; keeps what arrived, connection by connection."""

    def __init__(self) -> None:
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.arrived: list[bytes] = []
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            with connection:
                self.arrived.append(b"")
                while chunk := connection.recv(65536):
                    self.arrived[-1] += chunk
                    if self.arrived[-1].endswith(b"}"):
                        connection.sendall(ANSWER)


class Leased:
    """A budget whose calls may be sent for as long as it is told, one answer for each time it is asked."""

    def __init__(self, *seconds: float) -> None:
        self.seconds = list(seconds)

    def take(self, calls: int = 1) -> SecondsLeft:
        return lambda: self.seconds.pop(0) if self.seconds else 10.0

    def learn(self, *, remaining: int | None, retry_after: float | None) -> None: ...

    def charge(self, run: str) -> None: ...


class Impatient:
    def now(self) -> None: ...

    def sleep(self, seconds: float) -> None: ...


def judge(exchange: Exchange) -> WherryError | None:
    if exchange.reply is not None:
        return None
    return Unavailable("no") if exchange.loss == "not_sent" else OutcomeUnknown("open")


@pytest.fixture
def listener() -> Iterator[Listener]:
    one = Listener()
    yield one
    one.socket.close()


def client(listener: Listener, budget: Leased, tries: int = 3) -> ApiClient:
    host, port = listener.socket.getsockname()
    there = Connection(base_url=f"http://{host}:{port}", pace=Pace(tries=tries))
    return ApiClient(there, budget=budget, clock=Impatient(), judge=judge)  # type: ignore[arg-type]  # it never looks


def test_a_call_whose_time_is_over_once_it_is_connected_sends_not_a_byte(listener: Listener) -> None:
    with client(listener, Leased(-0.1), tries=1) as there, pytest.raises(Unavailable):
        there.request("POST", "/x", json={"a": 1}, effect=Effect.ONCE)
    assert b"".join(listener.arrived) == b""


def test_a_process_that_stood_still_between_head_and_body_sends_no_body(listener: Listener) -> None:
    with client(listener, Leased(5, -0.1), tries=1) as there, pytest.raises(Unavailable):
        there.request("POST", "/x", json={"a": 1}, effect=Effect.ONCE)
    assert b'{"a":1}' not in b"".join(listener.arrived)


def test_it_is_sent_once_its_time_has_come_again(listener: Listener) -> None:
    with client(listener, Leased(-0.1)) as there:
        there.request("POST", "/x", json={"a": 1}, effect=Effect.ONCE)
    assert b"".join(listener.arrived).count(b'{"a":1}') == 1


def test_reads_are_let_through(listener: Listener) -> None:
    with client(listener, Leased(-0.1), tries=1) as there:
        there.request("POST", "/search", json={"q": 1}, effect=Effect.READ)
    assert len(listener.arrived) == 1
