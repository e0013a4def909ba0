"""A device's TCP port: who gets in, and which protocol then speaks."""

import asyncio
import contextlib
import socket

from netraven.lab.device import Fault, LabDevice
from netraven.lab.https_api import serve_https
from netraven.lab.identity import LabIdentity
from netraven.lab.platforms import PLATFORMS
from netraven.lab.ssh import serve_ssh
from netraven.lab.telnet import serve_telnet


class Endpoint:
    """Keeps the port reserved for as long as the device exists, and listens on it unless the device refuses.

    Two sockets are bound to the port: one that never listens, so that nobody else gets it, and one that does.
    """

    def __init__(self, device: LabDevice, identity: LabIdentity, port: int) -> None:
        self.device = device
        self._identity = identity
        self._reservation = bind(device.address, port)
        device.port = self._reservation.getsockname()[1]
        self._accepting: asyncio.Task[None] | None = None
        self._sessions: set[asyncio.Task[None]] = set()

    async def follow_fault(self) -> None:
        """Start or stop listening, as the device's fault has it."""
        if self.device.fault is Fault.REFUSES:
            await self._stop_listening()
        elif self._accepting is None:
            try:
                listener = bind(self.device.address, self.device.port)
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
                client, _ = await asyncio.get_running_loop().sock_accept(listener)
                session = asyncio.create_task(self._serve(client))
                self._sessions.add(session)
                session.add_done_callback(self._sessions.discard)

    async def _serve(self, client: socket.socket) -> None:
        """One connection, counted as active from accept to close."""
        self.device.active_sessions += 1
        try:
            if self.device.fault is Fault.SILENT:
                await swallow(client)
            else:
                await self._speak(client)
        finally:
            client.close()
            self.device.active_sessions -= 1

    async def _speak(self, client: socket.socket) -> None:
        own_keys = self.device.keys_directory
        identity = LabIdentity(own_keys) if own_keys.exists() else self._identity
        match PLATFORMS[self.device.platform].transport:
            case "https":
                await serve_https(self.device, client, identity.tls_context)
            case "telnet":
                await serve_telnet(self.device, client)
            case _:
                await serve_ssh(self.device, client, identity.host_keys(self.device.host_key_algorithms))


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
