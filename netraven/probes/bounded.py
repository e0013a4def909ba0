"""Questions to things that may hang: a database, a queue, a network file system."""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Generic, TypeVar

from django.db import connections

T = TypeVar("T")


class Bounded(Generic[T]):
    """A question that is asked in a thread of its own, by one thread at a time however many want to know.

    So whoever asks waits no longer than they want to, and something that hangs for hours costs a process one thread.
    """

    def __init__(self, ask: Callable[[], T]) -> None:
        self._ask = ask
        self._lock = threading.Lock()
        self._asked: Future[T] | None = None

    def begin(self) -> "Future[T]":
        """Ask, or join whoever has asked and waits: `result(seconds)` is the answer, or raises TimeoutError."""
        with self._lock:
            if self._asked is None or self._asked.done():
                self._asked = Future()
                threading.Thread(target=self._run, args=(self._asked,), name="probe", daemon=True).start()
            return self._asked

    def _run(self, asked: "Future[T]") -> None:
        try:
            asked.set_result(self._ask())
        except Exception as error:
            asked.set_exception(error)
        finally:
            connections.close_all()
