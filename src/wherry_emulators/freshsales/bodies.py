"""Request bodies: JSON in memory, uploads in a temporary file, so that a large file never fills the memory."""

from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import SpooledTemporaryFile
from typing import IO

import orjson
from starlette.types import Message, Receive, Scope

_IN_MEMORY = 1024 * 1024
_CHUNK = 64 * 1024
ENVELOPE = 1024 * 1024
"""How many bytes an upload may have beside its file."""


class Body:
    """The body of one call, which can be replayed; close it afterwards."""

    def __init__(self, kept: IO[bytes], *, is_upload: bool) -> None:
        self._kept = kept
        self.is_upload = is_upload
        self.size = 0
        self.is_too_long = False
        self.is_broken = False

    def take(self, chunk: bytes, most: int) -> None:
        """Add what has arrived; once more than ``most`` bytes have, the rest is only counted."""
        self.size += len(chunk)
        self.is_too_long = self.is_upload and self.size > most
        if not self.is_too_long:
            self._kept.write(chunk)

    def is_json_or_empty(self) -> bool:
        """Whether the body can be read as JSON, or there is none."""
        self._kept.seek(0)
        content = self._kept.read()
        try:
            orjson.loads(content or b"null")
        except orjson.JSONDecodeError:
            return False
        return True

    def replay(self) -> Receive:
        """Give the body once more, as a server hands it to an application."""
        self._kept.seek(0)
        left = self.size

        async def receive() -> Message:
            nonlocal left
            if left < 0:
                return {"type": "http.disconnect"}
            chunk = self._kept.read(_CHUNK)
            left -= len(chunk)
            more = left > 0
            left = left if more else -1
            return {"type": "http.request", "body": chunk, "more_body": more}

        return receive

    def close(self) -> None:
        """Let go of the temporary file."""
        self._kept.close()


@contextmanager
def new_body(scope: Scope) -> Iterator[Body]:
    """Open an empty body for a call, closed at the end."""
    kind = dict(scope["headers"]).get(b"content-type", b"")
    with SpooledTemporaryFile(max_size=_IN_MEMORY) as kept:
        yield Body(kept, is_upload=kind.startswith(b"multipart/form-data"))


async def read_into(body: Body, receive: Receive, most: int) -> None:
    """Read a call's body to its end, keeping at most ``most`` bytes of an upload.

    ``is_broken`` tells that the caller went away before the end.
    """
    more = True
    while more:
        message = await receive()
        if message["type"] != "http.request":
            body.is_broken = True
            return
        body.take(message.get("body", b""), most)
        more = message.get("more_body", False)


async def skip(receive: Receive) -> None:
    """Read a call's body to its end and keep nothing, so that the caller hears the answer."""
    more = True
    while more:
        message = await receive()
        more = message["type"] == "http.request" and message.get("more_body", False)


def claims_json(scope: Scope) -> bool:
    """Whether a call's body is to be JSON: any type but those of web forms."""
    kind = dict(scope["headers"]).get(b"content-type", b"")
    return not kind.startswith((b"multipart/form-data", b"application/x-www-form-urlencoded"))
