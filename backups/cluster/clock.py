"""What must be done on time, however busy the workers are.

A task of the queue waits until a worker has finished its shift, or its slice of housekeeping: minutes. And the queue
itself looks only every 30 seconds for tasks that are due. So what may not be late is done in the process that watches
the cluster, which has nothing else to do, in a thread of its own: should it take long, nothing waits for it. Duties
that talk to others have threads of their own besides, so that the rest does not wait for them.
"""

import threading
from collections.abc import Callable

import structlog
from django.db import InterfaceError, OperationalError, close_old_connections, connections

logger = structlog.get_logger("netraven.cluster")

INTERVAL = 5.0  # seconds
PATIENCE = 10.0  # seconds that a duty gets to end with the cluster
Duty = Callable[[], object]

_duties: list[Duty] = []
_slow: list[Duty] = []


def keep_on_time(duty: Duty, *, apart: bool = False) -> None:
    """Have this called every few seconds by each cluster: what is not due is to cost next to nothing.

    `apart`: it may take long, so nothing else is done in its thread.
    """
    if duty not in _duties and duty not in _slow:
        (_slow if apart else _duties).append(duty)


class Clock(threading.Thread):
    """Does its duties, again and again until it is stopped; those that take long are left to others like it."""

    def __init__(self, duties: list[Duty] | None = None) -> None:
        super().__init__(name="clock", daemon=True)
        self._stopped = threading.Event()
        self._duties = _duties if duties is None else duties
        self._others = [Clock([duty]) for duty in _slow] if duties is None else []

    def start(self) -> None:
        """And the others."""
        for other in self._others:
            other.start()
        super().start()

    def run(self) -> None:
        """Until stopped."""
        while not self._stopped.wait(INTERVAL):
            for duty in self._duties:
                _do(duty)
        connections.close_all()

    def stop(self) -> None:
        """Whatever it is doing now is either done, or rolled back by the database."""
        self._stopped.set()
        for other in self._others:
            other.stop()
        if self.is_alive():
            self.join(PATIENCE)


def _do(duty: Duty) -> None:
    """Whatever goes wrong, the next time may go well."""
    close_old_connections()
    try:
        duty()
    except (OperationalError, InterfaceError) as error:
        logger.warning("The database is away", error=type(error).__name__)
    except Exception:
        logger.exception("What was due could not be done")
