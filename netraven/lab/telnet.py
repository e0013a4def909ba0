"""Telnet to a simulated device: user name and password in the clear, then its shell."""

import asyncio
import contextlib
import socket

from netraven.lab.delivery import RequestWire, SessionEnded
from netraven.lab.device import LabDevice
from netraven.lab.shells import serve_shell

RETURN_TO_LINE_FEED = bytes.maketrans(b"\r", b"\n")  # a Telnet line ends in CR, CR LF or CR NUL
ATTEMPTS = 3  # log-ins before the device hangs up


class TelnetWire(RequestWire):
    """The client's end of a Telnet connection; option negotiation is neither offered nor answered."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self.unread = b""

    def write(self, data: bytes) -> None:
        """Send, or queue for sending."""
        self._writer.write(data)

    async def drain(self) -> None:
        """Wait until nearly all is sent."""
        await self._writer.drain()

    async def wait_closed(self) -> None:
        """Return when the client has gone."""
        with contextlib.suppress(OSError):
            while await self._reader.read(65536):
                pass

    def drop(self) -> None:
        """Cut the TCP connection."""
        self._writer.transport.abort()

    async def read(self) -> bytes:
        """The next bytes, lines ended by a line feed. Raises SessionEnded when the client has left."""
        try:
            data = await self._reader.read(65536)
        except OSError as error:
            raise SessionEnded from error
        if not data:
            raise SessionEnded
        return data.translate(RETURN_TO_LINE_FEED, delete=b"\n\0")

    async def ask(self, question: bytes) -> str:
        """One line from the person, or program, at the other end."""
        self.write(question)
        return (await self.read_until(b"\n")).decode(errors="replace")


async def serve_telnet(device: LabDevice, client: socket.socket) -> None:
    """Serve one TCP connection until it is closed."""
    reader, writer = await asyncio.open_connection(sock=client)
    wire = TelnetWire(reader, writer)
    try:
        with contextlib.suppress(SessionEnded, OSError):
            if await log_in(wire, device):
                await serve_shell(wire, device)
    finally:
        writer.transport.abort()


async def log_in(wire: TelnetWire, device: LabDevice) -> bool:
    """Whether one of the attempts succeeded."""
    wire.write(b"\r\nUser Access Verification\r\n\r\n")
    for _ in range(ATTEMPTS):
        username = await wire.ask(b"Username: ")
        wire.write(username.encode() + b"\r\n")
        password = await wire.ask(b"Password: ")
        wire.write(b"\r\n")
        if device.accepts_password(username, password):
            device.logins += 1
            return True
        wire.write(b"% Login invalid\r\n\r\n")
    return False
