"""The checksum of what lies at an address that an answer named, read piece by piece."""

import hashlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import IO
from urllib.parse import urlsplit

import httpx2

from wherry.connectors.kit.redact import log_event
from wherry.model.errors import Unavailable
from wherry.model.ports import Budget

_PIECE = 1 << 20  # bytes held at a time
_TRIES = 3  # files in a row that a server does not give before it is left alone
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Digest:
    """What was read: its sha256 in hexadecimal digits, and its bytes."""

    sha256: str
    size: int


class Downloads:
    """Reads files by address. The API key goes to the API's own server only, and only such calls are booked.

    A server that gives none of several files in a row is not asked again; one file that is gone, or one
    connection that breaks, says nothing of the others.
    """

    def __init__(
        self,
        base_url: str,
        headers: Mapping[str, str],
        budget: Budget,
        transport: httpx2.BaseTransport | None = None,
    ) -> None:
        self._own, self._headers, self._budget = _server(base_url), dict(headers), budget
        self._missed: Counter[tuple[str, str, int | None]] = Counter()  # in a row, by server
        self._http = httpx2.Client(
            timeout=httpx2.Timeout(60.0, connect=5.0),
            follow_redirects=True,
            transport=transport,
            trust_env=self._own[1] not in _LOOPBACK,
        )

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def digest(self, url: str) -> Digest | None:
        """Return the checksum of what is there; None where it cannot be read."""
        server = _server(url)
        if self._missed[server] >= _TRIES or server[0] not in {"http", "https"}:
            return None
        own = server == self._own
        found = self._tried(url, own=own)
        self._missed[server] = 0 if found else self._missed[server] + 1
        if self._missed[server] == _TRIES:
            log_event("http.no_download", "files cannot be read by their address", own_server=own)
        return found

    def _tried(self, url: str, *, own: bool) -> Digest | None:
        for _ in range(2):  # a connection that lay idle breaks once, and the next one is new
            if own:
                self._budget.take()
            try:
                return self._read(url, self._headers if own else {})
            except (httpx2.HTTPError, httpx2.InvalidURL, httpx2.StreamError, OSError):
                continue
        return None

    def save(self, url: str, headers: Mapping[str, str], file: IO[bytes]) -> int:
        """Write what is at an address of the API's own into a file, and return the status of the answer.

        Nothing is written unless that is 200. Raises Unavailable when the answer does not come, or not whole.
        """
        self._budget.take()
        try:
            with self._http.stream("GET", url, headers={**self._headers, **headers}) as answer:
                if answer.status_code == 200:
                    for piece in answer.iter_bytes(_PIECE):
                        file.write(piece)
                return answer.status_code
        except (httpx2.HTTPError, httpx2.InvalidURL, httpx2.StreamError) as error:
            fault = type(error).__name__
        raise Unavailable(f"a file cannot be read: no whole answer ({fault})")

    def _read(self, url: str, headers: Mapping[str, str]) -> Digest | None:
        digest, size = hashlib.sha256(), 0
        with self._http.stream("GET", url, headers=dict(headers)) as answer:
            if answer.status_code != 200:
                return None
            for piece in answer.iter_bytes(_PIECE):
                digest.update(piece)
                size += len(piece)
        return Digest(sha256=digest.hexdigest(), size=size)


def _server(url: str) -> tuple[str, str, int | None]:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return "", "", None
    return parts.scheme, parts.hostname or "", port
