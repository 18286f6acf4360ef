"""The open connections, so that one can be broken the way a network breaks it."""

import asyncio
import socket
import struct

from typing_extensions import override
from uvicorn.protocols.http.h11_impl import H11Protocol

_TURNS = 100
_LINGER_NOT = struct.pack("ii", 1, 0)


class Connections:
    """Every open connection by the caller's address and port."""

    def __init__(self) -> None:
        self._open: dict[tuple[str, int], asyncio.Transport] = {}

    def protocol(self) -> type[asyncio.Protocol]:
        """Build the protocol class that uvicorn is to use, so that its connections are known here."""
        known = self._open

        class Tracked(H11Protocol):
            """HTTP/1.1 whose transport can be found by the caller's address."""

            @override
            def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # uvicorn narrows it too
                super().connection_made(transport)
                if self.client:
                    known[self.client] = transport

            @override
            def connection_lost(self, exc: Exception | None) -> None:
                super().connection_lost(exc)
                if self.client:
                    known.pop(self.client, None)

        return Tracked

    async def reset(self, client: tuple[str, int]) -> None:
        """Abort the caller's connection: it sees a TCP reset, not an orderly end."""
        transport = self._open.get(client)
        if transport is None:
            return
        sock = transport.get_extra_info("socket")
        if sock is not None:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NOT)
        transport.abort()
        # The protocol hears of the abort in a later turn of the loop; until then it would answer for us.
        for _ in range(_TURNS):
            if client not in self._open:
                return
            await asyncio.sleep(0)
