"""How the answer to the running-config request leaves the device, whatever protocol carries it."""

import asyncio
from collections.abc import Callable
from typing import Protocol

from netraven.lab.device import Fault, LabDevice


class SessionEnded(Exception):
    """The client went away, or the fault says that the device does."""


class Wire(Protocol):
    """One client's connection, as far as an answer needs it."""

    def write(self, data: bytes) -> None:
        """Send, or queue for sending."""

    async def drain(self) -> None:
        """Wait until nearly all is sent."""

    async def wait_closed(self) -> None:
        """Return when the client has gone."""

    def drop(self) -> None:
        """Cut the TCP connection."""


class RequestWire(Wire, Protocol):
    """A connection whose requests have an end mark: a line feed, `]]>]]>`, `</Request>`."""

    unread: bytes

    async def read(self) -> bytes:
        """The next bytes, however many there are. Raises SessionEnded when the client has left."""

    async def read_until(self, end: bytes) -> bytes:
        """What comes before the next `end`. Raises SessionEnded when the client leaves first."""
        while end not in self.unread:
            self.unread += await self.read()
        found, _, self.unread = self.unread.partition(end)
        return found


def first_half(text: str) -> str:
    """The first half of the lines, each one whole."""
    lines = text.splitlines(keepends=True)
    return "".join(lines[: len(lines) // 2])


async def deliver(wire: Wire, device: LabDevice, config: str, encode: Callable[[str], bytes], error: bytes) -> None:
    """Send `encode(config)` as the device's fault has it, or `error` for a device that answers with one.

    Raises SessionEnded when there is nothing more to say on this connection.
    """
    fault = device.fault
    if fault is Fault.CLI_ERROR:
        wire.write(error)
        return
    if fault is Fault.SLOW:
        await wait_for_client_or_delay(wire, device.delay)
    if fault is Fault.TRUNCATES:
        config = first_half(config)
    answer = encode(config)
    if fault in (Fault.HANGS, Fault.DROPS):
        await send_half(wire, answer, then_drop=fault is Fault.DROPS)
    wire.write(answer)


async def wait_for_client_or_delay(wire: Wire, delay: float) -> None:
    """Wait `delay` seconds, or end the session as soon as the client gives up."""
    try:
        await asyncio.wait_for(wire.wait_closed(), delay)
    except TimeoutError:
        return
    raise SessionEnded


async def send_half(wire: Wire, answer: bytes, *, then_drop: bool) -> None:
    """Send the first half of the bytes; then cut the connection, or say nothing until the client leaves."""
    wire.write(answer[: len(answer) // 2])
    await wire.drain()
    if then_drop:
        wire.drop()
    else:
        await wire.wait_closed()
    raise SessionEnded
