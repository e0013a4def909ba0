"""Ending a fetch from outside, whatever it waits for: an answer, or the time of its next attempt."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from devices.connection.wire import Wire
from devices.exceptions import DeviceError


class CutSwitch:
    """Handed to `fetch`, and thrown from any other thread. A configuration that has come by then is kept."""

    def __init__(self) -> None:
        self._error: DeviceError | None = None
        self._wire: Wire | None = None
        self._lock = threading.Lock()
        self._thrown = threading.Event()

    def cut(self, error: DeviceError) -> None:
        """End the fetch: it raises `error`. Repeating it cuts what has connected since."""
        with self._lock:
            self._error = self._error or error
            if self._wire:
                self._wire.cut(self._error)
        self._thrown.set()

    def check(self) -> None:
        """Raises the error if the switch has been thrown."""
        if self._error:
            raise self._error

    def wait(self, seconds: float) -> None:
        """Sleep, but no longer than until the switch is thrown."""
        self._thrown.wait(seconds)

    @contextmanager
    def on(self, wire: Wire) -> Iterator[None]:
        """Meanwhile it is this wire that would be cut."""
        with self._lock:
            self._wire = wire
            if self._error:
                wire.cut(self._error)
        try:
            yield
        finally:
            with self._lock:
                self._wire = None
