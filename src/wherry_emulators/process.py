"""What every emulator needs to be a process: a socket on loopback, a word when it listens, an orderly end."""

import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from ipaddress import ip_address
from pathlib import Path

import uvicorn
from typing_extensions import override


class SettingError(Exception):
    """A setting has a wrong name or value; the message names it, what was given and what is allowed."""


class OrderlyServer(uvicorn.Server):
    """uvicorn that says when it listens, and for which SIGTERM is an orderly end with exit code 0."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    @override
    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if not self.should_exit:
            self._ready()

    @override
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Handle the signals without raising them again afterwards, as uvicorn itself would."""
        before = {one: signal.signal(one, self.handle_exit) for one in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for one, handler in before.items():
                signal.signal(one, handler)


def require_loopback(host: str) -> None:
    """Raise SettingError for an address that others could reach."""
    try:
        own = host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        own = False
    if not own:
        raise SettingError(f"host {host} is not a loopback address; the emulator speaks to this machine only")


def listen(host: str, port: int) -> socket.socket:
    """Open the listening socket; SettingError if that cannot be done."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # Only a socket that names its protocol gets TCP_NODELAY from asyncio; without, each reply takes 40 ms.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise SettingError(f"port {port} on {host} cannot be opened: {error.strerror}") from error
    return listener


def announce(url: str, ready_file: Path | None) -> None:
    """Say that the emulator listens: on standard output, and in a file where one is named."""
    if ready_file:
        write_whole(ready_file, url.encode())
    print(f"ready {url}", flush=True)  # noqa: T201 - the one line that callers wait for


def write_whole(file: Path, content: bytes) -> None:
    """Write a file so that a reader sees all of it or none."""
    beside = file.with_name(f"{file.name}.new")
    beside.write_bytes(content)
    beside.replace(file)
