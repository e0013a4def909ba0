"""One SSH connection and its session, as cheap as asyncssh allows: a process plays hundreds of devices."""

import asyncio
import contextlib
import socket
from collections.abc import Awaitable, Callable
from typing import Any

import asyncssh
from asyncssh.constants import MSG_IGNORE

from netraven.lab.delivery import RequestWire, SessionEnded


class QuietConnection(asyncssh.SSHServerConnection):
    """Sends what says something, as devices do: asyncssh puts an empty packet before each other one, and logs all."""

    def send_packet(self, pkttype: int, *args: bytes, handler: Any = None) -> None:
        """Anything but padding."""
        if pkttype != MSG_IGNORE:
            super().send_packet(pkttype, *args)  # without the handler: that is only for the log

    async def reload_config(self) -> None:
        """There is no configuration file that could say something else for this user."""

    def log_sent_packet(self, *args: Any, **kwargs: Any) -> None:
        """Nobody reads it."""

    def log_received_packet(self, *args: Any, **kwargs: Any) -> None:
        """Nobody reads it."""


async def serve_connection(client: socket.socket, options: asyncssh.SSHServerConnectionOptions) -> None:
    """Serve one TCP connection until it is closed; cancelled, it cuts it."""
    loop = asyncio.get_running_loop()
    _, connection = await loop.connect_accepted_socket(lambda: QuietConnection(loop, options), client)
    try:
        await connection.wait_closed()
    except asyncio.CancelledError:
        connection.abort()
        await connection.wait_closed()
        raise


class SshWire(asyncssh.SSHServerSession[bytes], RequestWire):
    """The client's end of an SSH session, in bytes; `serve` speaks on it, until it raises SessionEnded."""

    def __init__(self, serve: Callable[["SshWire"], Awaitable[None]]) -> None:
        self._serve = serve
        self._channel: Any = None
        self._received = b""
        self._ended = self._congested = False
        self._change: asyncio.Future[None] | None = None
        self.unread = b""

    def write(self, data: bytes) -> None:
        """Send, or queue for sending."""
        self._channel.write(data)

    async def drain(self) -> None:
        """Wait until nearly all is sent."""
        while self._congested and not self._ended:
            await self._next_change()

    async def wait_closed(self) -> None:
        """Return when the client has gone."""
        await self._channel.wait_closed()

    def drop(self) -> None:
        """Cut the TCP connection."""
        self._channel.get_connection().abort()

    async def read(self) -> bytes:
        """The next bytes, however many there are. Raises SessionEnded when the client has left."""
        while not self._received:
            if self._ended:
                raise SessionEnded
            await self._next_change()
        data, self._received = self._received, b""
        return data

    async def _next_change(self) -> None:
        self._change = asyncio.get_running_loop().create_future()
        await self._change

    def _changed(self) -> None:
        if self._change is not None and not self._change.done():
            self._change.set_result(None)

    async def _run(self) -> None:
        with contextlib.suppress(SessionEnded, OSError, asyncssh.Error):
            await self._serve(self)
        self._channel.exit(0)

    # What asyncssh calls

    def connection_made(self, chan: asyncssh.SSHServerChannel[bytes]) -> None:
        """A session has been opened on this channel."""
        self._channel = chan

    def shell_requested(self) -> bool:
        """A command line may be had."""
        return True

    def subsystem_requested(self, subsystem: str) -> bool:
        """NETCONF may be had."""
        return True

    def session_started(self) -> None:
        """Begin to speak."""
        self._channel.get_connection().create_task(self._run())

    def data_received(self, data: bytes, datatype: object) -> None:
        """More bytes."""
        self._received += data
        self._changed()

    def eof_received(self) -> bool:
        """No more bytes."""
        self._ended = True
        self._changed()
        return True

    def pause_writing(self) -> None:
        """The client does not keep up."""
        self._congested = True

    def resume_writing(self) -> None:
        """It does again."""
        self._congested = False
        self._changed()

    def connection_lost(self, exc: Exception | None) -> None:
        """The client has gone."""
        self._ended = True
        self._changed()
