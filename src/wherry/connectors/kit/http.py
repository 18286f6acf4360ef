"""The HTTP client: every call is paced by the budget, tried again only where that is safe, and judged."""

import io
import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import IO, Any, Self, TypeAlias, cast
from urllib.parse import urlsplit

import httpx2
import orjson
import stamina

from wherry.connectors.kit.breaker import Breaker
from wherry.connectors.kit.download import Downloads
from wherry.connectors.kit.exchange import Effect, Exchange, Form, Judge, Loss, Reply
from wherry.connectors.kit.headers import read_quota
from wherry.connectors.kit.patience import Pace, Patience
from wherry.connectors.kit.redact import log_call, silence_transport
from wherry.model.errors import (
    DestinationRefused,
    LookFirst,
    OutcomeUnknown,
    TryAgain,
    Unavailable,
    WherryError,
)
from wherry.model.jsons import Json
from wherry.model.ports import Budget, Clock, SecondsLeft

Param: TypeAlias = str | int
Transport: TypeAlias = httpx2.BaseTransport

_NOT_SENT = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout, httpx2.ProxyError)
_NEVER_VALID = (httpx2.InvalidURL, httpx2.UnsupportedProtocol)
_ANY = (httpx2.HTTPError, httpx2.InvalidURL, httpx2.StreamError, httpx2.CookieConflict, OSError)
_BEFORE_BYTES = ("send_request_headers.started", "send_request_body.started")
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """Where the API is and how to knock; its repr hides the headers, which hold the key.

    `base_url` is what every path is appended to; time-outs are in seconds. `changing` is asked before each
    call for headers that do not stay the same, such as a token that runs out.
    """

    base_url: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    changing: Callable[[], Mapping[str, str]] = field(default=dict, repr=False)
    connect_timeout: float = 10.0
    read_timeout: float = 60.0
    pace: Pace = field(default_factory=Pace)
    transport: Transport | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """A form with one file in it, sent piece by piece as it is read; `open` is called anew for every try.

    What it returns can be read, and tell its length by `seek` and `tell`.
    """

    texts: Mapping[str, str] = field(repr=False)
    part: str
    name: str = field(repr=False)
    media_type: str
    open: Callable[[], AbstractContextManager[IO[bytes]]] = field(repr=False)


class ApiClient:
    """Sends requests; safe to use from several threads. Close it, or use it in a with block."""

    def __init__(self, connection: Connection, *, budget: Budget, clock: Clock, judge: Judge) -> None:
        """`judge` says what each exchange means."""
        silence_transport()
        self._pace, self._changing = connection.pace, connection.changing
        self._budget, self._clock, self._judge = budget, clock, judge
        self._breaker = Breaker(clock)
        self._throttles = 0
        self._lock = threading.Lock()
        self.downloads = Downloads(
            connection.base_url, connection.headers, budget, transport=connection.transport
        )
        self._http = httpx2.Client(
            base_url=connection.base_url,
            headers=dict(connection.headers),
            timeout=httpx2.Timeout(connection.read_timeout, connect=connection.connect_timeout),
            follow_redirects=False,
            transport=connection.transport,
            trust_env=urlsplit(connection.base_url).hostname not in _LOOPBACK,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()
        self.downloads.close()

    def request(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Param] | None = None,
        json: Json = None,
        upload: Upload | None = None,
        effect: Effect = Effect.READ,
    ) -> Reply:
        """Send a request, with a body of JSON or a form; return the answer once the judge has nothing against it.

        Takes one call from the budget before every send. Failures that did nothing are tried again, and
        those of READ and REPEATABLE whatever they were. Raises what the judge says, OutcomeUnknown when
        one of several tries may have taken effect, QuotaExhausted when the budget says so, Unavailable
        when the other side has stopped answering, and whatever opening or reading an upload raises of ours.
        """
        self._breaker.check()
        patience = Patience(effect, self._pace, self._clock)
        body = _Body(content=_encode(json), upload=upload, params=dict(params) if params else None)
        try:
            for attempt in stamina.retry_context(on=patience, attempts=patience.limit, timeout=None):
                with attempt:
                    reply = self._once(method, path, body, patience)
                    self._breaker.succeeded()
                    return reply
        except WherryError as error:
            self._note(error)
            if patience.doubt and isinstance(error, TryAgain):
                raise _in_doubt(method, path) from None
            raise
        raise _in_doubt(method, path)  # unreachable: the loop returns or raises

    def _note(self, error: WherryError) -> None:
        """Count for the breaker; a lost answer or a full quota says nothing about whether the server is up."""
        if isinstance(error, Unavailable):
            self._breaker.failed()
        elif not isinstance(error, TryAgain | LookFirst):
            self._breaker.succeeded()

    def _once(
        self,
        method: str,
        path: str,
        body: "_Body",
        patience: Patience,
    ) -> Reply:
        left = self._budget.take()
        began = time.monotonic()
        writes = patience.effect is not Effect.READ
        reply, loss, cause = self._send(method, path, body, left if writes else None)
        exchange = Exchange(
            method=method, path=path, effect=patience.effect, reply=reply, loss=loss, cause=cause
        )
        if reply is not None:
            patience.asked_wait = self._learn(reply)
        error = self._judge(exchange)
        log_call(exchange, (time.monotonic() - began) * 1000, error)
        if error is not None:
            raise error
        if reply is None:
            raise Unavailable(f"{method} {path}: no answer ({cause})")
        return reply

    def _send(
        self, method: str, path: str, body: "_Body", left: SecondsLeft | None
    ) -> tuple[Reply | None, Loss | None, str]:
        """Send once; never raises for what happens on the way, so that no error carries the request along.

        Connecting takes time, and so may a process that stands still: `left` is asked again before the
        first byte of the head and of the body.
        """
        extensions = {} if left is None else {"trace": partial(_last_look, left)}
        try:
            with body.arguments(left) as arguments:
                arguments["headers"] = {**arguments.get("headers", {}), **self._changing()}
                got = self._http.request(method, path, params=body.params, extensions=extensions, **arguments)
        except _ANY as error:
            return None, _loss_of(error), type(error).__name__
        return _read(got.status_code, got.headers, got.content), None, ""

    def _learn(self, reply: Reply) -> float | None:
        """Tell the budget what the server said; return a wait that it asked for without being throttled."""
        quota = read_quota(reply.headers, self._clock.now())
        if reply.status == 429:
            self._budget.learn(remaining=None, retry_after=quota.retry_after or self._measured_wait())
            return None
        with self._lock:
            self._throttles = 0
        if quota.remaining is not None:
            self._budget.learn(remaining=quota.remaining, retry_after=None)
        return quota.retry_after if reply.status == 503 else None

    def _measured_wait(self) -> float:
        with self._lock:
            wait = self._pace.first_throttled_wait * 2.0 ** min(self._throttles, 16)
            self._throttles += 1
        return min(wait, self._pace.longest_throttled_wait)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Body:
    """What is sent along: parameters, and JSON or a form with a file."""

    params: Mapping[str, Param] | None
    content: bytes | None
    upload: Upload | None

    @contextmanager
    def arguments(self, left: SecondsLeft | None) -> Iterator[dict[str, Any]]:
        """Give the transport's arguments; a file stays open for as long as they are used."""
        if self.upload is None:
            headers = {"Content-Type": "application/json"} if self.content is not None else {}
            yield {"content": self.content, "headers": headers}
            return
        with self.upload.open() as file:
            watched = file if left is None else cast("IO[bytes]", _Watched(file, left))
            part = (self.upload.name, watched, self.upload.media_type)
            yield {"data": dict(self.upload.texts), "files": {self.upload.part: part}}


class _Watched(io.RawIOBase):
    """A file that breaks off when the time for sending is over: it may take longer than a lease holds."""

    def __init__(self, file: IO[bytes], left: SecondsLeft) -> None:
        self._file, self._left = file, left

    def read(self, size: int = -1) -> bytes:
        """Return at most so many bytes, while there is time."""
        if self._left() <= 0:
            raise httpx2.ConnectError("the time for sending is over")
        return self._file.read(size)

    def tell(self) -> int:
        """Return the place in the file."""
        return self._file.tell()

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Go to a place in the file."""
        return self._file.seek(offset, whence)


def _in_doubt(method: str, path: str) -> OutcomeUnknown:
    return OutcomeUnknown(
        f"{method} {path}: it was sent and no try was answered",
        hint="It is looked up before anything is sent again.",
    )


def _last_look(left: SecondsLeft, event: str, _info: object) -> None:
    """Raise, for the connection to send nothing more, when the time for sending is over.

    A request without its whole body has no effect, so what is raised counts as not sent.
    """
    if event.endswith(_BEFORE_BYTES) and left() <= 0:
        raise httpx2.ConnectError("the time for sending is over")


def _encode(json: Json) -> bytes | None:
    if json is None:
        return None
    try:
        return orjson.dumps(json)
    except TypeError:
        pass
    raise DestinationRefused(
        "the record holds text that is not valid Unicode, or a number that JSON cannot hold",
        reason="not_encodable",
        hint="Mend the record at the source, or map the field through a transform that cleans it.",
    )


def _loss_of(error: Exception) -> Loss:
    if isinstance(error, _NEVER_VALID):
        return Loss.NEVER_VALID
    return Loss.NOT_SENT if isinstance(error, _NOT_SENT) else Loss.MAYBE_SENT


def _read(status: int, headers: Mapping[str, str], content: bytes) -> Reply:
    lower = {name.lower(): value for name, value in headers.items()}
    text = content.removeprefix(b"\xef\xbb\xbf").strip()
    if not text:
        return Reply(status=status, headers=lower, form=Form.EMPTY)
    try:
        return Reply(status=status, headers=lower, body=orjson.loads(text))
    except orjson.JSONDecodeError:
        form = Form.PAGE if text.startswith(b"<") else Form.BROKEN
        return Reply(status=status, headers=lower, form=form)
