"""The places of one worker: how many devices it talks to, and how many more it may begin with.

A session that works costs processor time, one that waits next to nothing. So only young sessions take one of the
THREADS places: one that has taken SLOW seconds already is waiting for a device that is slow, dead or to be tried again,
and is parked. Not on a busy machine, though: there it may be slow because of that, and more sessions would make all of
them slower still. With MAX_THREADS sessions a worker is full, but the last few of those are for the first of a job
alone: a network that hangs as a whole leaves room for the one device that somebody asks for by hand.
"""

import time
import uuid
from collections.abc import Callable, Iterator
from typing import NamedTuple

from django.conf import settings

from backups.assignments import Assignment

BUSY = 0.3  # seconds for a round of the worker's own thread, which takes a tenth on an idle machine
SMOOTHING = 0.2  # weight of the last round among those before


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
        self._round = 0.0
        self._last_round = clock()
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

    def note_round(self) -> None:
        """The worker's own thread has come round once more: how long it took tells how busy the machine is."""
        now = self._clock()
        self._round += SMOOTHING * (now - self._last_round - self._round)
        self._last_round = now

    def free(self) -> int:
        """How many sessions may begin now, of whatever job."""
        return max(0, min(self._free(), self.most - self._kept - len(self)))

    def free_for_first(self) -> int:
        """How many may begin of backups that are the first of their job."""
        return max(0, self._free())

    def jobs(self) -> set[uuid.UUID]:
        """The jobs of the backups that are under way here."""
        return {session.assignment.backup.job_id for session in self}

    def begun_since(self, age: float) -> list[uuid.UUID]:
        """The backups whose sessions are younger than so many seconds."""
        now = self._clock()
        return [pk for pk, session in self._sessions.items() if now - session.began < age]

    def _free(self) -> int:
        working = len(self) if self._round > BUSY else len(self.begun_since(self._slow))
        return min(self.threads - working, self.most - len(self))
