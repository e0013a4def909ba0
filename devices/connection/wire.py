"""The TCP connections of one session, whichever library makes them: noted as they are made, cut when time is up.

No driver offers a way to stop a call that hangs, and each owns its sockets in its own way. So the interpreter's audit
event for `connect` tells of each connection, in the thread that makes it, and a duplicate of the socket is kept:
shutting that down ends every wait on the connection, in whatever library and thread.
"""

import socket
import sys
import threading
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from devices.connection.peer_keys import KeyGuard, PeerKey
from devices.connection.terms import SessionLog
from devices.exceptions import DeviceError, HostKeyRejected

CUT_AGAIN_SECONDS = 0.2

_current = threading.local()


class ForeignAddress(OSError):
    """A driver was about to connect to something that is not the device: a redirect, or a proxy."""


class Wire:
    """Connections of one session. Entered as a context, it closes what the libraries left open.

    They may lead to these addresses, and to this port if one is given, and nowhere else.
    """

    def __init__(
        self, addresses: Collection[str], guard: KeyGuard, log: SessionLog, *, port: int | None = None
    ) -> None:
        self.guard = guard
        self._addresses = addresses
        self._port = port
        self._log = log
        self._connections: list[socket.socket] = []
        self._unclaimed: list[socket.socket] = []
        self._lock = threading.Lock()
        self.cut_by: DeviceError | None = None

    def __enter__(self) -> "Wire":
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._shut_down()
        with self._lock:
            for connection in self._connections:
                connection.close()
            self._connections.clear()
            self._unclaimed.clear()

    @contextmanager
    def recording(self) -> Iterator[None]:
        """Connections that this thread makes meanwhile are this session's."""
        _current.wire = self
        try:
            yield
        finally:
            _current.wire = None

    @contextmanager
    def limit(self, seconds: float, error: DeviceError) -> Iterator[None]:
        """Cut the wire, because of `error`, if the block takes longer."""
        done = threading.Event()
        watchdog = threading.Thread(target=self._watch, args=(done, seconds, error), daemon=True, name="watchdog")
        watchdog.start()
        try:
            yield
        finally:
            done.set()
            watchdog.join()

    def cut(self, error: DeviceError) -> None:
        """Shut down every connection, and refuse new ones, because of `error`; the first error stays."""
        with self._lock:
            self.cut_by = self.cut_by or error
        self._shut_down()

    def admit(self, connection: socket.socket, peer: Any) -> None:
        """Note a socket that is about to connect; refuse it if it leads elsewhere, or the wire is cut."""
        if connection.family not in (socket.AF_INET, socket.AF_INET6) or connection.type != socket.SOCK_STREAM:
            return
        if peer[0] not in self._addresses or self._port not in (None, peer[1]):
            raise ForeignAddress(f"connection to {peer[0]} port {peer[1]}, which is not the device")
        with self._lock:
            if self.cut_by is not None:
                raise ConnectionAbortedError("no new connection: the session has been cut")
            # By descriptor: TLS libraries take the descriptor away from the socket object.
            self._connections.append(socket.fromfd(connection.fileno(), connection.family, connection.type))
            self._unclaimed.append(self._connections[-1])

    def claim(self, name: tuple[str, int]) -> bool:
        """Whether a connection of this session goes out from this address and port. It can be claimed once."""
        with self._lock:
            for connection in self._unclaimed:
                if connection.getsockname() == name:
                    self._unclaimed.remove(connection)
                    return True
        return False

    def show(self, key: PeerKey) -> None:
        """Let the peer of a connection pass, or cut the wire: not a byte more goes to it. Raises HostKeyRejected."""
        try:
            self.guard.check(key, self._log)
        except HostKeyRejected as error:
            # Another one with the same words: the one that is raised will hold on to what the library holds.
            self.cut(HostKeyRejected(str(error)))
            raise

    def _watch(self, done: threading.Event, seconds: float, error: DeviceError) -> None:
        if done.wait(seconds):
            return
        self.cut(error)
        # Again and again: a socket noted just now may be a moment away from being connected.
        while not done.wait(CUT_AGAIN_SECONDS):
            self._shut_down()

    def _shut_down(self) -> None:
        with self._lock:
            for connection in self._connections:
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)


def current_wire() -> Wire | None:
    """The one that this thread records."""
    return getattr(_current, "wire", None)


def _on_audit(event: str, args: tuple[Any, ...]) -> None:
    if event == "socket.connect" and (wire := current_wire()) is not None:
        wire.admit(*args)


sys.addaudithook(_on_audit)
