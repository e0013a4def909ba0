"""paramiko as the client of a gateway: connections to devices are asked for without waiting, each with its own answer.

Its own `open_channel` blocks, mixes up the answers to requests that are under way at the same time, and forgets a
request that has timed out: a late success would then stay open at the gateway for ever.
"""

import logging
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

import paramiko
from paramiko.common import MSG_CHANNEL_WINDOW_ADJUST, cMSG_CHANNEL_OPEN, cMSG_GLOBAL_REQUEST
from paramiko.message import Message
from paramiko.packet import Packetizer

WINDOW = 512 * 1024  # bytes that a device may send before they have been taken
PACKET = 32 * 1024  # bytes
PROHIBITED = 1  # RFC 4254: administratively prohibited
# They check themselves what paramiko checks byte by byte in Python: half the cost of each packet.
CHEAP_CIPHERS = ("aes128-gcm@openssh.com", "aes256-gcm@openssh.com")
ORIGIN = ("127.0.0.1", 0)  # where the connection is said to come from; gateways note it in their logs at most

# What paramiko logs about gateways is told better by the sentences that sessions end with.
LOG_NAME = "paramiko.gateway"
logging.getLogger(LOG_NAME).setLevel(logging.CRITICAL)


@dataclass(frozen=True)
class Refusal:
    """Why a gateway made no connection: its code and its words, which may be anything."""

    code: int
    text: str


class News:
    """What paramiko takes for an event: it calls `set` when something has happened."""

    def __init__(self, tell: Callable[[], None]) -> None:
        self.set = tell

    def clear(self) -> None:
        """Not needed: who is told looks for himself."""


class TunnelChannel(paramiko.Channel):  # type: ignore[misc]  # paramiko has no types
    """A connection from the gateway to a device.

    `tell` is called, in the transport's thread and with locks held, whenever something may have changed.
    """

    def __init__(self, chanid: int, tell: "Callable[[TunnelChannel], None]") -> None:
        super().__init__(chanid)
        self.refusal: Refusal | None = None
        self._lost = False  # with the gateway
        self.news = News(lambda: tell(self))
        self.settimeout(0)
        self.in_buffer.set_event(self.news)

    @property
    def answered(self) -> bool:
        """The gateway has made the connection, or refused to."""
        return bool(self.active or self.closed or self.refusal)

    @property
    def hung_up(self) -> bool:
        """The device has closed the connection. Raises EOFError if it was the gateway."""
        closed = bool(self.closed)
        if self._lost:  # which is noted before `closed`, and must not look like it
            raise EOFError
        return closed

    def _unlink(self) -> None:
        """The transport has ended."""
        self._lost = True
        super()._unlink()
        self.news.set()

    def _window_adjust(self, message: Message) -> None:
        super()._window_adjust(message)
        self.news.set()


class ListeningPacketizer(Packetizer):  # type: ignore[misc]
    """Remembers when the gateway was last heard."""

    heard = 0.0

    def read_message(self) -> tuple[int, Message]:
        """The next one."""
        answer: tuple[int, Message] = super().read_message()
        self.heard = time.monotonic()
        return answer


class GatewayTransport(paramiko.Transport):  # type: ignore[misc]
    """One connection to a gateway."""

    _channel_handler_table = paramiko.Transport._channel_handler_table | {
        MSG_CHANNEL_WINDOW_ADJUST: TunnelChannel._window_adjust
    }

    def __init__(self, connection: socket.socket) -> None:
        super().__init__(
            connection,
            default_window_size=WINDOW,
            default_max_packet_size=PACKET,
            packetizer_class=ListeningPacketizer,
        )
        self.set_log_channel(LOG_NAME)
        options = self.get_security_options()
        options.ciphers = sorted(options.ciphers, key=lambda name: name not in CHEAP_CIPHERS)

    @property
    def heard(self) -> float:
        """When the last message came, by the monotonic clock."""
        return float(self.packetizer.heard)

    def request_tunnel(self, destination: tuple[str, int], tell: Callable[[TunnelChannel], None]) -> TunnelChannel:
        """Ask for a connection to a device: its name or address, and port. The answer comes as news.

        The channel must be kept until it has been answered, also when nobody wants it any more.
        """
        with self.lock:
            channel = TunnelChannel(self._next_channel(), tell)
            self._channels.put(channel.chanid, channel)
            self.channel_events[channel.chanid] = channel.news
            self.channels_seen[channel.chanid] = True
            channel._set_transport(self)
            channel._set_window(WINDOW, PACKET)
        message = Message()
        message.add_byte(cMSG_CHANNEL_OPEN)
        message.add_string("direct-tcpip")
        message.add_int(channel.chanid)
        message.add_int(WINDOW)
        message.add_int(PACKET)
        for host, port in (destination, ORIGIN):
            message.add_string(host)
            message.add_int(port)
        self._send_user_message(message)
        return channel

    def ask_for_a_sign_of_life(self) -> None:
        """Whatever the gateway answers counts, and it must answer."""
        message = Message()
        message.add_byte(cMSG_GLOBAL_REQUEST)
        message.add_string("keepalive@openssh.com")
        message.add_boolean(True)
        self._send_user_message(message)

    def end(self) -> None:
        """Hang up, and wait until nothing of it is left."""
        self.close()
        self.sock.close()
        if self.is_alive() and self is not threading.current_thread():
            self.join()

    def _parse_channel_open_failure(self, message: Message) -> None:
        """Give the refusal to the channel that it is for."""
        chanid, code, text = message.get_int(), message.get_int(), message.get_string()
        with self.lock:
            channel = self._channels.get(chanid)
            self._channels.delete(chanid)
            news = self.channel_events.pop(chanid, None)
        if channel is not None and news is not None:
            channel.refusal = Refusal(code, text.decode(errors="replace"))
            news.set()
