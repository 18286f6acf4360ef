"""The open connections, so that one can be broken the way a network breaks it."""

import asyncio
import socket
import struct
from contextlib import suppress
from dataclasses import dataclass, field

from typing_extensions import override
from uvicorn.protocols.http.h11_impl import H11Protocol

_LINGER_NOT = struct.pack("ii", 1, 0)
_GONE_SECONDS = 5


@dataclass(frozen=True, slots=True)
class _Connection:
    transport: asyncio.Transport
    gone: asyncio.Event = field(default_factory=asyncio.Event)


class Connections:
    """Every open connection by the caller's address and port."""

    def __init__(self) -> None:
        self._open: dict[tuple[str, int], _Connection] = {}

    def protocol(self) -> type[asyncio.Protocol]:
        """Build the protocol class that uvicorn is to use, so that its connections are known here."""
        known = self._open

        class Tracked(H11Protocol):
            """HTTP/1.1 whose transport can be found by the caller's address."""

            @override
            def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # uvicorn narrows it too
                super().connection_made(transport)
                if self.client:
                    known[self.client] = _Connection(transport)

            @override
            def connection_lost(self, exc: Exception | None) -> None:
                super().connection_lost(exc)
                if self.client and self.client in known:
                    known.pop(self.client).gone.set()

        return Tracked

    async def reset(self, client: tuple[str, int]) -> None:
        """Abort the caller's connection: it sees a TCP reset, not an orderly end."""
        found = self._open.get(client)
        if found is None:
            return
        sock = found.transport.get_extra_info("socket")
        if sock is not None:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NOT)
        found.transport.abort()
        await self._until_gone(found)

    async def close(self, client: tuple[str, int]) -> None:
        """Close the caller's connection once everything sent so far is on its way."""
        found = self._open.get(client)
        if found is None:
            return
        found.transport.close()
        await self._until_gone(found)

    async def _until_gone(self, found: _Connection) -> None:
        """Wait until the protocol has heard of it; if it had not, it would answer in our place."""
        with suppress(TimeoutError):
            await asyncio.wait_for(found.gone.wait(), _GONE_SECONDS)
