"""The places of one worker: how many devices it talks to, and how many more it may begin with.

A session that works costs processor time, one that waits next to nothing. So only young sessions take one of the
THREADS places: one that has taken SLOW seconds already is waiting for a device that is slow, dead or to be tried again,
and is parked. With MAX_THREADS sessions a worker is full, but the last few of those are for the first of a job alone: a
network that hangs as a whole leaves room for the one device that somebody asks for by hand.
"""

import time
import uuid
from collections.abc import Callable, Iterator
from typing import NamedTuple

from django.conf import settings

from backups.assignments import Assignment


class Session(NamedTuple):
    """A backup that a thread works on, and when it began (`time.monotonic`)."""

    assignment: Assignment
    began: float


class Places:
    """The sessions under way, by the ids of their backups."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        config = settings.NETRAVEN
        self.threads = int(config["THREADS"])
        self.most = max(self.threads, int(config["MAX_THREADS"]))
        self._kept = min(max(1, self.threads // 5), self.most - self.threads)
        self._slow: float = config["SLOW"]
        self._clock = clock
        self._sessions: dict[uuid.UUID, Session] = {}

    def __len__(self) -> int:
        return len(self._sessions)

    def __iter__(self) -> Iterator[Session]:
        return iter(self._sessions.values())

    def take(self, assignment: Assignment) -> None:
        """Its session begins."""
        self._sessions[assignment.backup.pk] = Session(assignment, self._clock())

    def leave(self, backup_id: uuid.UUID) -> None:
        """Its session has ended."""
        del self._sessions[backup_id]

    def free(self) -> int:
        """How many sessions may begin now, of whatever job."""
        return max(0, min(self._free(), self.most - self._kept - len(self)))

    def free_for_first(self) -> int:
        """How many may begin of backups that are the first of their job."""
        return max(0, self._free())

    def begun_since(self, age: float) -> list[uuid.UUID]:
        """The backups whose sessions are younger than so many seconds."""
        now = self._clock()
        return [pk for pk, session in self._sessions.items() if now - session.began < age]

    def _free(self) -> int:
        return min(self.threads - len(self.begun_since(self._slow)), self.most - len(self))
