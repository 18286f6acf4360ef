"""One process at a time on one file, by a lock that the operating system takes back when its holder dies."""

import contextlib
import fcntl
import os
import socket
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import orjson

from wherry.model.errors import RunInProgress

_LONGEST = 1_024  # bytes that a holder may write of itself


class FileLock:
    """A lock file; its content names the holder: its process, its machine, its verb, and since when it holds."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @contextlib.contextmanager
    def held(self, verb: str = "", *, joining: bool = False) -> Iterator[None]:  # noqa: ARG002 - one process at a time, whatever it wants
        """Hold the lock for that verb, or raise RunInProgress naming the process that holds it."""
        # Never deleted: whoever locks a deleted file locks nothing.
        descriptor = os.open(self._path, os.O_CREAT | os.O_RDWR, 0o600)
        try:
            self._take(descriptor)
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, _said_of_us(verb), 0)
            yield
        finally:
            os.close(descriptor)

    def _take(self, descriptor: int) -> None:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise _holder(os.pread(descriptor, _LONGEST, 0)) from error


def _said_of_us(verb: str) -> bytes:
    since = f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC"
    return orjson.dumps(
        {"place": f"process {os.getpid()} on {socket.gethostname()}", "verb": verb, "since": since}
    )


def _holder(content: bytes) -> RunInProgress:
    """Return what the holder says of itself; it may have begun just now, and not have written it yet."""
    try:
        said = orjson.loads(content)
    except orjson.JSONDecodeError:
        said = None
    if not isinstance(said, dict):
        return RunInProgress.by("a process that began just now")
    return RunInProgress.by(**{name: str(said.get(name, "")) for name in ("place", "verb", "since")})
