"""A TCP proxy that a test cuts, as a restarting server or a broken switch would."""

import contextlib
import socket
import threading
from types import TracebackType
from typing import Self

CHUNK = 65536  # bytes


class Proxy:
    """Passes connections on to `target`; `cut()` ends them all and refuses new ones until `restore()`."""

    def __init__(self, target: tuple[str, int]) -> None:
        self._target = target
        # Bound, never listening: while the proxy is cut, nobody else gets the port.
        self._reservation = _bound(0)
        self.port: int = self._reservation.getsockname()[1]
        self._listener: socket.socket | None = None
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        self.restore()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.cut()
        self._reservation.close()

    def cut(self) -> None:
        """End every connection and refuse new ones."""
        with self._lock:
            listener, self._listener = self._listener, None
            ended = list(self._open)
        for endpoint in [listener] if listener else []:
            _hang_up(endpoint)
            endpoint.close()
        for endpoint in ended:
            _hang_up(endpoint)

    def restore(self) -> None:
        """Let connections through again."""
        listener = _bound(self.port)
        listener.listen(128)
        with self._lock:
            self._listener = listener
        threading.Thread(target=self._accept, args=(listener,), daemon=True).start()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            try:
                server = socket.create_connection(self._target, timeout=5)
            except OSError:
                client.close()
                continue
            server.settimeout(None)
            with self._lock:
                if self._listener is not listener:  # cut while it was being accepted
                    client.close()
                    server.close()
                    return
                self._open |= {client, server}
            for source, sink in ((client, server), (server, client)):
                threading.Thread(target=self._pump, args=(source, sink), daemon=True).start()

    def _pump(self, source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(CHUNK):
                sink.sendall(data)
        _hang_up(source)
        _hang_up(sink)
        with self._lock:
            self._open.discard(source)
        source.close()


def _bound(port: int) -> socket.socket:
    endpoint = socket.socket()
    endpoint.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    endpoint.bind(("127.0.0.1", port))
    return endpoint


def _hang_up(endpoint: socket.socket) -> None:
    with contextlib.suppress(OSError):
        endpoint.shutdown(socket.SHUT_RDWR)
