"""The TCP port of a device or a gateway: who gets in."""

import asyncio
import contextlib
import socket
from collections.abc import Awaitable, Callable
from typing import Protocol

Speak = Callable[[socket.socket], Awaitable[None]]


class Served(Protocol):
    """Whose port it is."""

    address: str
    port: int
    active_sessions: int

    @property
    def refuses(self) -> bool:
        """Connections are refused."""

    @property
    def silent(self) -> bool:
        """Connections are taken, and nothing is said."""

    def admits(self, port: int) -> bool:
        """Whether a client that connects from this port is let in."""


class Endpoint:
    """Keeps the port reserved for as long as its owner exists, and listens on it unless the owner refuses.

    Two sockets are bound to the port: one that never listens, so that nobody else gets it, and one that does.
    """

    def __init__(self, owner: Served, speak: Speak, port: int) -> None:
        self.owner = owner
        self._speak = speak
        self._reservation = bind(owner.address, port)
        owner.port = self._reservation.getsockname()[1]
        self._accepting: asyncio.Task[None] | None = None
        self._sessions: set[asyncio.Task[None]] = set()

    async def follow_fault(self) -> None:
        """Start or stop listening, as the owner's fault has it."""
        if self.owner.refuses:
            await self._stop_listening()
        elif self._accepting is None:
            try:
                listener = bind(self.owner.address, self.owner.port)
                listener.listen(128)
            except OSError:
                self._reservation.close()
                raise
            self._accepting = asyncio.create_task(self._accept(listener))

    async def close(self) -> None:
        """Cut every session and give the port back."""
        await self._stop_listening()
        self._reservation.close()
        for session in self._sessions:
            session.cancel()
        await asyncio.gather(*self._sessions, return_exceptions=True)

    async def _stop_listening(self) -> None:
        if self._accepting is not None:
            self._accepting.cancel()
            await asyncio.gather(self._accepting, return_exceptions=True)
            self._accepting = None

    async def _accept(self, listener: socket.socket) -> None:
        with listener:
            while True:
                client, peer = await asyncio.get_running_loop().sock_accept(listener)
                if not self.owner.admits(peer[1]):
                    client.close()
                    continue
                session = asyncio.create_task(self._serve(client))
                self._sessions.add(session)
                session.add_done_callback(self._sessions.discard)

    async def _serve(self, client: socket.socket) -> None:
        """One connection, counted as active from accept to close."""
        self.owner.active_sessions += 1
        try:
            if self.owner.silent:
                await swallow(client)
            else:
                await self._speak(client)
        finally:
            client.close()
            self.owner.active_sessions -= 1


def bind(address: str, port: int) -> socket.socket:
    """A bound socket that does not listen. Raises OSError when the port is taken."""
    endpoint = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
    try:
        endpoint.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        endpoint.setblocking(False)
        endpoint.bind((address, port))
    except OSError:
        endpoint.close()
        raise
    return endpoint


async def swallow(client: socket.socket) -> None:
    """Read what comes and answer nothing, until the client leaves."""
    with contextlib.suppress(OSError):
        while await asyncio.get_running_loop().sock_recv(client, 4096):
            pass
