"""The way of a session through a gateway: a port on loopback, and from there connections that the gateway makes.

NAPALM's drivers stand on libraries for SSH, NETCONF and HTTPS that agree on no way to hand them a connection, but every
one takes an address and a port.
"""

import socket
import threading
import time
from contextlib import suppress
from selectors import EVENT_READ, EVENT_WRITE

from devices.connection.gateway_transport import PROHIBITED, Refusal, TunnelChannel
from devices.connection.terms import Target
from devices.connection.wire import Wire
from devices.exceptions import DeviceError, DeviceUnreachable, GatewayFailed, GatewayUnreachable

CHUNK = 64 * 1024  # bytes
QUOTED_LENGTH = 100


class Tunnel:
    """One session's way to its device. The pump of its gateway opens it, serves it and closes it."""

    def __init__(self, target: Target, gateway: str, listener: socket.socket, wire: Wire) -> None:
        self.gateway = gateway
        self.listener = listener
        listener.setblocking(False)
        self.wire = wire
        self.destination = (target.address, target.port)
        self.streams: set[Stream] = set()
        # Opened to see whether the device can be reached; the driver's first connection gets it.
        self.spare: TunnelChannel | None = None
        self._hostname = target.hostname
        self._open = threading.Event()
        self._began = time.monotonic()

    def has_opened(self) -> None:
        """The gateway has reached the device."""
        self._open.set()

    def fail(self, error: DeviceError) -> None:
        """There is no way on: whatever the driver is waiting for ends, and this is why."""
        self.wire.cut(error)
        self._open.set()

    def wait(self, seconds: float) -> bool:
        """Whether the device was reached, or not, within so many seconds. Raises DeviceError if it was not."""
        answered = self._open.wait(seconds)
        if self.wire.cut_by is not None:
            raise self.wire.cut_by
        return answered

    def has_waited_in_vain(self, seconds: float, gateway_heard: float) -> DeviceError:
        """Who is to blame: a gateway that says nothing at all, or the device behind it."""
        where = f"{self._hostname}: the gateway {self.gateway}"
        if gateway_heard < self._began:
            return GatewayUnreachable(f"{where} gave no sign of life for {seconds:g} seconds.")
        return DeviceUnreachable(f"{where} got no answer from {self._place} within {seconds:g} seconds.")

    def refused(self, refusal: Refusal) -> DeviceError:
        """What the gateway's refusal means."""
        words = "".join(filter(str.isprintable, refusal.text))[:QUOTED_LENGTH]
        said = f" It says: {words}" if words else ""
        if refusal.code == PROHIBITED:
            return GatewayFailed(f"The gateway {self.gateway} does not let NetRaven connect to {self._place}.{said}")
        return DeviceUnreachable(
            f"{self._hostname}: the gateway {self.gateway} got no connection to {self._place}.{said}"
        )

    @property
    def _place(self) -> str:
        return f"{self.destination[0]} port {self.destination[1]}"


class Stream:
    """One connection of a driver, and the gateway's connection to the device that belongs to it.

    What one side sends waits here when the other does not take it, and no more is then read from it.
    """

    def __init__(self, local: socket.socket, channel: TunnelChannel) -> None:
        local.setblocking(False)
        local.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.local = local
        self.channel = channel
        self.watched = 0  # what the pump's selector waits for
        self._to_device = self._to_driver = b""
        self._driver_sent_all = False
        # No more will be passed on from this side
        self._driver_ended = self._device_ended = False

    @property
    def is_finished(self) -> bool:
        """Nothing can come any more, from neither side."""
        return self._driver_ended and self._device_ended

    @property
    def wanted(self) -> int:
        """What to wait for on the driver's side, as for `selectors`."""
        reading = EVENT_READ if not (self._to_device or self._driver_sent_all) else 0
        return reading | (EVENT_WRITE if self._to_driver else 0)

    def move(self, events: int) -> None:
        """Pass on what can be passed on now: `events` of the driver's side, or 0 for news from the device."""
        try:
            if events & EVENT_READ and not self._to_device:
                self._read_driver()
            if events != EVENT_READ:
                self._move_to_driver()
            self._move_to_device()
        except OSError:  # the driver has reset its connection
            self._driver_ended = self._device_ended = True

    def _read_driver(self) -> None:
        try:
            self._to_device = self.local.recv(CHUNK)
        except BlockingIOError:
            return
        self._driver_sent_all = not self._to_device

    def _move_to_device(self) -> None:
        hung_up = self.channel.hung_up
        try:
            while self._to_device and not hung_up:
                self._to_device = self._to_device[self.channel.send(self._to_device) :]
        except TimeoutError:  # the device takes no more for now
            return
        except OSError:  # it hung up meanwhile
            hung_up = True
        if hung_up:
            self._driver_ended = True
        elif self._driver_sent_all and not self._driver_ended:
            self._driver_ended = True
            self.channel.shutdown_write()

    def _move_to_driver(self) -> None:
        # Asked first: what comes later comes with news of its own.
        at_end = self.channel.hung_up or self.channel.eof_received
        while self._to_driver or self.channel.recv_ready():
            if not self._to_driver:
                self._to_driver = self.channel.recv(CHUNK)
            try:
                self._to_driver = self._to_driver[self.local.send(self._to_driver) :]
            except BlockingIOError:
                return
        if at_end and not self._device_ended:
            self._device_ended = True
            with suppress(OSError):  # the driver is gone already
                self.local.shutdown(socket.SHUT_WR)
