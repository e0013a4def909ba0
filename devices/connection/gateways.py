"""The gateways that this process is logged in to: one connection each, shared by all sessions that go through it.

A connection is opened when the first session needs it, by a thread of its own, and every session waits no longer than
it has time. It is closed when nobody has needed it for a while. That one could not be opened is remembered for a while,
so that a thousand devices behind it neither wait for it one after the other nor lock its account.
"""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from devices.connection.gateway_login import log_in
from devices.connection.jump_host import JumpHost
from devices.connection.peer_keys import SSH, KeyGuard, PeerKey
from devices.connection.pump import Pump
from devices.connection.terms import SessionLog, Timeouts
from devices.exceptions import GatewayFailed, GatewayRejected, GatewayUnreachable, HostKeyRejected

# All in seconds
IDLE = 10.0  # without a session, then a connection is closed
AWAY = 5.0  # that a gateway is away is believed for so long
REJECTED = 60.0  # a log-in that was rejected is not tried again for so long
CLOSING = 2.0


class GatewayConnection(threading.Thread):
    """One connection, from its opening to its end; `users` counts the sessions that have or want it."""

    def __init__(self, host: JumpHost, timeouts: Timeouts, lock: threading.Lock) -> None:
        super().__init__(name=f"gateway {host.name}", daemon=True)
        self.users = 0
        self.idle_since = 0.0
        self.retired = False  # no session more gets it
        self.pump: Pump | None = None
        self._host = host
        self._timeouts = timeouts
        self._lock = lock
        self._trusted = host.guard.trusted(SSH)
        self._shown: PeerKey | None = None
        self._settled = threading.Event()
        self._failure: GatewayFailed | None = None
        self._key_refused = False
        self._failed_at = 0.0

    def run(self) -> None:
        """Open it, carry bytes, close it."""
        try:
            self.pump = self._open()
        except GatewayRejected as error:
            self._fail(GatewayRejected(str(error)), error.seconds_ago)
        except GatewayFailed as error:
            self._fail(type(error)(str(error)))
        except Exception as error:
            self._fail(GatewayFailed(f"The gateway {self._host.name}: {type(error).__name__} in NetRaven."))
            raise
        else:
            self._settled.set()
            self.pump.run(self._may_end)

    def is_good_for(self, host: JumpHost) -> bool:
        """Whether a session may have it, or must not try again yet. Call it with the lock."""
        if self.retired:
            return False
        if not self._settled.is_set():
            return True
        trusted = host.guard.trusted(SSH)
        if self._failure is not None:
            decided_since = self._key_refused and trusted != self._trusted
            return time.monotonic() < self._failed_at + self._memory and not decided_since
        is_open = self.pump is not None and self.pump.transport.is_active()
        return is_open and trusted in (None, self._shown)

    def wait(self, host: JumpHost, seconds: float, log: SessionLog) -> Pump:
        """Until it is open, and has shown the session's guard its key. Raises GatewayFailed."""
        asked = time.monotonic()
        if not self._settled.wait(seconds):
            raise GatewayUnreachable(f"The gateway {host.name} could not be opened within {seconds:g} seconds.")
        if self._shown is not None:
            try:
                host.guard.check(self._shown, log)
            except HostKeyRejected as error:
                raise GatewayFailed(f"The gateway {error}") from None
        if self._failure is not None or self.pump is None:
            raise self._tell_again(asked)
        return self.pump

    def end_soon(self) -> None:
        """Let no session have it any more, and close it when the last one has left. Call it with the lock."""
        self.retired = True
        if self.pump:
            self.pump.wake()

    def _open(self) -> Pump:
        transport = log_in(self._host, self._timeouts, self._check_key)
        try:
            return Pump(transport, self._host.name)
        except BaseException:
            transport.end()
            raise

    @property
    def _memory(self) -> float:
        return AWAY if isinstance(self._failure, GatewayUnreachable) else REJECTED

    def _check_key(self, key: PeerKey) -> None:
        self._shown = key
        guard = self._host.guard
        trusted = [self._trusted] if self._trusted else []
        self._key_refused = True
        KeyGuard(guard.name, trusted, strict=guard.strict).check(key, _say_nothing)
        self._key_refused = False

    def _fail(self, failure: GatewayFailed, seconds_ago: float = 0) -> None:
        self._failure = failure
        self._failed_at = time.monotonic() - seconds_ago
        self._settled.set()

    def _tell_again(self, asked: float) -> GatewayFailed:
        failure = self._failure or GatewayUnreachable(f"The gateway {self._host.name} closed the connection.")
        sentence = str(failure)
        if self._failed_at < asked:
            ago = asked - self._failed_at
            sentence += f" NetRaven found this out {ago:.0f} seconds ago, and tries again after {self._memory:g}."
        return type(failure)(sentence)

    def _may_end(self) -> bool:
        with self._lock:
            if self.users or not (self.retired or time.monotonic() - self.idle_since > IDLE):
                return False
            self.retired = True
            return True


class Gateways:
    """All of them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._connections: dict[JumpHost, GatewayConnection] = {}

    @contextmanager
    def through(self, host: JumpHost, timeouts: Timeouts, log: SessionLog) -> Iterator[Pump]:
        """The pump of an open connection, which stays open for the block. Raises GatewayFailed."""
        patience = min(2 * timeouts.tcp + timeouts.connect, timeouts.deadline)
        with self._lock:
            connection = self._connection_for(host, timeouts)
            connection.users += 1
        try:
            pump = connection.wait(host, patience, log)
            try:
                yield pump
            except GatewayUnreachable:
                with self._lock:
                    connection.end_soon()
                raise
        finally:
            with self._lock:
                connection.users -= 1
                connection.idle_since = time.monotonic()

    def close(self) -> None:
        """Close what no session uses; what is known of failures stays known."""
        with self._lock:
            idle = [connection for connection in self._connections.values() if not connection.users]
            for connection in idle:
                if connection.is_alive():
                    connection.end_soon()
        for connection in idle:
            connection.join(CLOSING)

    def _connection_for(self, host: JumpHost, timeouts: Timeouts) -> GatewayConnection:
        for known, other in list(self._connections.items()):
            if not other.is_alive() and not other.is_good_for(known):
                del self._connections[known]
        connection = self._connections.get(host)
        if connection is None or not connection.is_good_for(host):
            if connection is not None:
                connection.end_soon()
            connection = self._connections[host] = GatewayConnection(host, timeouts, self._lock)
            connection.start()
        return connection


def _say_nothing(event: str, message: str, *, level: str = "info", **details: object) -> None:
    """Each session tells its own log of the key."""
