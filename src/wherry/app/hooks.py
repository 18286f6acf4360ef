"""AeronaClinic's webhooks: each one says only that something changed, so that a watch need not wait its turn."""

import hashlib
import hmac
import logging
import threading
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import orjson

from wherry.model.errors import SettingsInvalid

KEPT = 10_000  # event ids; a webhook is repeated for a day at most [A: Aerona API Specification 1.0]
_LARGEST = 64 * 1024
_SECONDS = 10  # for one request to arrive
_IDS = ("eventId", "webhookId")  # [U]: no body is published; `id` may be the patient's
_LOG = logging.getLogger("wherry.hooks")


class Hooks:
    """A receiver of webhooks; use it as a context manager.

    It listens at http://HOST:PORT/TOKEN, meant to stand behind something that speaks TLS, for Aerona calls
    https addresses only [A]. It answers 200 to a POST with the right token, whatever is in it: nothing in a
    body is believed or kept but the event's id, and of that a checksum. An event that was told before counts
    once, over restarts too.
    """

    def __init__(self, address: tuple[str, int], token: str, file: Path) -> None:
        """`file` keeps which events were told. Raises SettingsInvalid where nobody can listen there."""
        self._token, self._file = token, file
        self._lock, self._news = threading.Lock(), threading.Event()
        self._seen: dict[str, None] = dict.fromkeys(_read(file))
        try:
            self._server = ThreadingHTTPServer(address, self._handler())
        except OSError as error:
            raise SettingsInvalid(
                f"nobody can listen at {address[0]}:{address[1]}: {error.strerror}",
                hint="choose another port",
            ) from None
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, name="hooks", daemon=True)

    @property
    def port(self) -> int:
        """The port that it listens at."""
        return int(self._server.server_address[1])

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(_SECONDS)

    def pending(self) -> bool:
        """Return whether something changed since this was asked last."""
        with self._lock:
            news = self._news.is_set()
            self._news.clear()
        return news

    def _told(self, body: bytes) -> None:
        mark = hashlib.sha256(_event(body)).hexdigest()[:32]
        with self._lock:
            new = mark not in self._seen
            if new:
                self._seen[mark] = None
                self._seen = dict.fromkeys(list(self._seen)[-KEPT:])
                fresh = self._file.with_name(f"{self._file.name}.new")
                fresh.write_bytes(orjson.dumps(list(self._seen)))
                fresh.replace(self._file)
                self._news.set()
        _LOG.info("a webhook, %s", "new" if new else "told before", extra={"action": "hooks.told"})

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        hooks = self

        class Handler(BaseHTTPRequestHandler):
            timeout = _SECONDS

            def do_POST(self) -> None:
                """Take an event in."""
                size = self.headers.get("content-length", "")
                given = self.path.strip("/").encode()
                if not hmac.compare_digest(given, hooks._token.encode()):
                    self._end(404)
                elif not size.isdigit() or int(size) > _LARGEST:
                    self._end(413)
                else:
                    hooks._told(self.rfile.read(int(size)))
                    self._end(200)

            def _end(self, status: int) -> None:
                self.send_response(status)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the library's name
                """Log nothing: the path holds the token."""

        return Handler


def _event(body: bytes) -> bytes:
    """Return what tells an event from others: its id where it has one, else all of it."""
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError:
        return body
    if isinstance(found, Mapping):
        for name in _IDS:
            if found.get(name):
                return f"{name}={found[name]}".encode()
    return body


def _read(file: Path) -> list[str]:
    try:
        found = orjson.loads(file.read_bytes())
    except (OSError, orjson.JSONDecodeError):
        return []
    return [str(one) for one in found] if isinstance(found, list) else []
