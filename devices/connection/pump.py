"""One thread for each gateway carries the bytes of all tunnels through it.

Only this thread writes to the gateway: a gateway that takes nothing any more makes it wait, and nobody else.
"""

import socket
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from selectors import EVENT_READ, DefaultSelector

import paramiko

from devices.connection.gateway_transport import GatewayTransport, TunnelChannel
from devices.connection.tunnels import Stream, Tunnel
from devices.exceptions import GatewayUnreachable

# All in seconds
LOOK_AROUND = 0.5
ASK_AFTER = 10.0  # of silence the gateway is asked for a sign of life
ASK_SOON_AFTER = 0.5  # likewise, while somebody waits for an answer of its own
GIVE_UP_AFTER = 30.0  # of silence it is gone

Step = Callable[[], None]


class Pump:
    """Made by the thread that will `run` it; other threads `add` and `remove` tunnels."""

    def __init__(self, transport: GatewayTransport, gateway: str) -> None:
        self.transport = transport
        self._gateway = gateway
        self._selector = DefaultSelector()
        self._alarm, self._bell = socket.socketpair()
        self._rung = False
        self._lock = threading.Lock()
        self._has_ended = False
        self._orders: deque[Step] = deque()  # of other threads
        self._news: deque[TunnelChannel] = deque()  # from the gateway
        self._tunnels: set[Tunnel] = set()
        # What to do about news of each channel. It keeps unanswered ones alive that nobody wants any more.
        self._on_news: dict[TunnelChannel, Step] = {}
        self._asked = 0.0
        self._bell.setblocking(False)
        self._selector.register(self._alarm, EVENT_READ, self._silence)

    # From other threads

    def add(self, tunnel: Tunnel) -> None:
        """Open a tunnel, whose listener is from now on the pump's. Raises GatewayUnreachable."""
        self._order(partial(self._open, tunnel))

    def remove(self, tunnel: Tunnel) -> None:
        """Close a tunnel, soon."""
        with suppress(GatewayUnreachable):
            self._order(partial(self._close, tunnel))

    def wake(self) -> None:
        """Have it look around now."""
        if not self._rung:
            self._rung = True
            with suppress(OSError):  # it is full, or the pump has ended
                self._bell.send(b"!")

    def _order(self, step: Step) -> None:
        with self._lock:
            if self._has_ended:
                raise GatewayUnreachable(f"The gateway {self._gateway} closed the connection.")
            self._orders.append(step)
            self.wake()

    def _hear(self, channel: TunnelChannel) -> None:
        self._news.append(channel)
        self.wake()

    # In its own thread

    def run(self, may_stop: Callable[[], bool]) -> None:
        """Carry bytes until the gateway is gone, or `may_stop`; then nothing of it is left open."""
        how = "closed the connection"
        try:
            while self.transport.is_active() and not may_stop():
                for key, events in self._selector.select(LOOK_AROUND):
                    key.data(events)
                self._do_orders()
                while self._news:
                    self._on_news.get(self._news.popleft(), _nothing)()
                self._look_after_gateway()
        except TimeoutError:
            how = f"gave no sign of life for {GIVE_UP_AFTER:g} seconds"
        except (EOFError, OSError, paramiko.SSHException):
            pass
        except Exception as error:
            how = f"was left: {type(error).__name__} in NetRaven"
            raise
        finally:
            self._end(f"The gateway {self._gateway} {how}.")

    def _do_orders(self) -> None:
        while self._orders:
            self._orders.popleft()()

    def _look_after_gateway(self) -> None:
        now = time.monotonic()
        silence = now - self.transport.heard
        if silence > GIVE_UP_AFTER:
            raise TimeoutError
        if silence < ASK_SOON_AFTER:
            return
        after = ASK_AFTER if all(channel.answered for channel in self._on_news) else ASK_SOON_AFTER
        if silence > after and now - self._asked > after:
            self._asked = now
            self.transport.ask_for_a_sign_of_life()

    def _end(self, sentence: str) -> None:
        with self._lock:
            self._has_ended = True
        self._fail_all(sentence)  # before any connection is closed: the drivers must not take it for the device's doing
        self.transport.end()
        self._do_orders()
        self._fail_all(sentence)
        for tunnel in list(self._tunnels):
            self._close(tunnel)
        self._selector.close()
        self._alarm.close()
        self._bell.close()

    def _fail_all(self, sentence: str) -> None:
        for tunnel in self._tunnels:
            tunnel.fail(GatewayUnreachable(sentence))

    def _silence(self, events: int) -> None:
        self._alarm.recv(64)
        self._rung = False

    def _open(self, tunnel: Tunnel) -> None:
        self._tunnels.add(tunnel)
        tunnel.spare = self._request(tunnel)
        self._on_news[tunnel.spare] = partial(self._greet, tunnel, tunnel.spare)

    def _greet(self, tunnel: Tunnel, channel: TunnelChannel) -> None:
        """The gateway has reached the device, or has not."""
        if channel.refusal:
            tunnel.fail(tunnel.refused(channel.refusal))
        elif channel.active:
            self._on_news[channel] = _nothing  # until the driver connects
            self._selector.register(tunnel.listener, EVENT_READ, partial(self._accept, tunnel))
            tunnel.has_opened()

    def _accept(self, tunnel: Tunnel, events: int) -> None:
        """A connection to the tunnel's port: only its own session's goes on, and nobody else's."""
        try:
            local, peer = tunnel.listener.accept()
        except OSError:  # it has gone again
            return
        if not tunnel.wire.claim(peer):
            local.close()
            return
        channel, tunnel.spare = tunnel.spare or self._request(tunnel), None
        stream = Stream(local, channel)
        tunnel.streams.add(stream)
        self._on_news[channel] = partial(self._serve, tunnel, stream)
        self._serve(tunnel, stream)

    def _serve(self, tunnel: Tunnel, stream: Stream, events: int = 0) -> None:
        channel = stream.channel
        if stream not in tunnel.streams or not channel.answered:
            return
        if channel.refusal:
            tunnel.fail(tunnel.refused(channel.refusal))
            self._hang_up(tunnel, stream)
            return
        stream.move(events)
        if stream.is_finished:
            self._hang_up(tunnel, stream)
        elif stream.wanted != stream.watched:
            self._watch(tunnel, stream)

    def _watch(self, tunnel: Tunnel, stream: Stream) -> None:
        if stream.watched:
            self._selector.unregister(stream.local)
        stream.watched = stream.wanted
        if stream.watched:
            self._selector.register(stream.local, stream.watched, partial(self._serve, tunnel, stream))

    def _request(self, tunnel: Tunnel) -> TunnelChannel:
        return self.transport.request_tunnel(tunnel.destination, self._hear)

    def _close(self, tunnel: Tunnel) -> None:
        self._tunnels.discard(tunnel)
        self._close_local(tunnel.listener)
        for stream in list(tunnel.streams):
            self._hang_up(tunnel, stream)
        if tunnel.spare:
            self._close_channel(tunnel.spare)

    def _hang_up(self, tunnel: Tunnel, stream: Stream) -> None:
        tunnel.streams.discard(stream)
        self._close_local(stream.local)
        self._close_channel(stream.channel)

    def _close_local(self, local: socket.socket) -> None:
        if local in self._selector.get_map():
            self._selector.unregister(local)
        local.close()

    def _close_channel(self, channel: TunnelChannel) -> None:
        """At once, or as soon as the gateway has opened it: SSH knows no way to take a request back."""
        if channel.answered:
            self._on_news.pop(channel, None)
            channel.close()
        else:
            self._on_news[channel] = partial(self._close_channel, channel)


def _nothing() -> None:
    """About news of a channel that needs no care now."""
