"""One process at a time on one file, by a lock that the operating system takes back when its holder dies."""

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

from wherry.model.errors import UsageInvalid


class FileLock:
    """A lock file; its content names the holder's process id."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @contextlib.contextmanager
    def held(self, *, joining: bool = False) -> Iterator[None]:  # noqa: ARG002 - one process at a time, whatever it wants
        """Hold the lock, or raise UsageInvalid naming the process that holds it."""
        # Never deleted: whoever locks a deleted file locks nothing.
        descriptor = os.open(self._path, os.O_CREAT | os.O_RDWR, 0o600)
        try:
            self._take(descriptor)
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, str(os.getpid()).encode(), 0)
            yield
        finally:
            os.close(descriptor)

    def _take(self, descriptor: int) -> None:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = os.pread(descriptor, 32, 0).decode() or "not yet known"
            raise UsageInvalid(
                f"Another process is at work in this workspace (process id {holder})",
                hint="Wait until it is done, or stop it; what it did is kept and can be resumed.",
            ) from error
