"""A worker at work: threads talk to devices, its own thread alone talks to the database.

Devices are slow and Python is not: a session is mostly waiting, so many share one process. All rows go through one
thread and one connection, several at a time, which costs a third of what it costs from every thread by itself.
"""

import queue
import time
import uuid
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from django.conf import settings

from backups import heartbeat, maintenance, recording
from backups.assignments import Assignment, prepare
from backups.claims import claim_next, renew
from backups.database import patiently
from backups.joblog import JobLogger
from backups.models import JobLog
from backups.outcome import Outcome
from backups.pipeline import carry_out
from backups.services import close_job, start_jobs
from backups.stopping import is_stopping
from backups.waking import wake_workers

Item = TypeVar("Item")

# All in seconds
TICK = 0.1  # log rows and results wait no longer for the database
LOOK_AGAIN = 1.0  # for new requests, while devices keep some threads busy
UPKEEP = 60.0
SHIFT = 300.0  # then the task ends, so that a cluster can stop or recycle its processes; another one goes on
GRACE = 60.0  # what a backup may take beyond its deadline; then its thread is given up, and the lease runs out


def work() -> dict[str, int]:
    """Back up what is pending until nothing is; returns how many ended how."""
    return Worker(settings.NETRAVEN["THREADS"]).run()


class Worker:
    """One shift of one worker process."""

    def __init__(self, threads: int) -> None:
        self.name = f"{heartbeat.process_name()}:{uuid.uuid4().hex[:8]}"
        self._threads = threads
        self._busy: dict[uuid.UUID, float] = {}  # when each backup began
        self._outcomes: queue.SimpleQueue[Outcome] = queue.SimpleQueue()
        self._events: queue.SimpleQueue[JobLog] = queue.SimpleQueue()
        self._counts: Counter[str] = Counter()
        self._began = time.monotonic()
        self._next_look = 0.0
        self._next_renewal = self._began + settings.NETRAVEN["LEASE"] / 4
        self._next_upkeep = self._began + UPKEEP

    def run(self) -> dict[str, int]:
        """Claim, carry out and record until nothing is pending, or the shift is over."""
        patiently(heartbeat.beat)
        with ThreadPoolExecutor(self._threads, thread_name_prefix="backup") as pool:
            while self._start_some(pool) or self._busy:
                time.sleep(TICK)
                self._record_outcomes()
                self._keep_leases()
        patiently(heartbeat.beat)
        if self._is_over:
            wake_workers()
        return dict(self._counts)

    @property
    def _is_over(self) -> bool:
        return time.monotonic() - self._began > SHIFT or is_stopping()

    def _start_some(self, pool: ThreadPoolExecutor) -> bool:
        """Fill the idle threads; True if there was something to start."""
        idle = self._threads - len(self._busy)
        if not idle or self._is_over or time.monotonic() < self._next_look:
            return False
        claimed = patiently(claim_next, self.name, idle)
        if len(claimed) < idle:
            self._next_look = time.monotonic() + LOOK_AGAIN
        elif not self._counts:
            wake_workers()  # there may be more than one worker can do; each that finds work wakes one more
        if not claimed:
            return False
        patiently(start_jobs, {backup.job_id for backup in claimed})
        for assignment in patiently(prepare, claimed):
            self._busy[assignment.backup.pk] = time.monotonic()
            pool.submit(self._carry_out, assignment)
        return True

    def _carry_out(self, assignment: Assignment) -> None:
        log = JobLogger(assignment.backup.job_id, assignment.backup, keep=self._events.put)
        self._outcomes.put(carry_out(assignment, log))

    def _record_outcomes(self) -> None:
        outcomes, events = _drain(self._outcomes), _drain(self._events)  # in this order: no end before its story
        if not outcomes and not events:
            return
        recording.record(outcomes, events)
        for outcome in outcomes:
            self._counts["lost" if outcome.lost else outcome.backup.status] += 1
            if not outcome.lost:
                heartbeat.count(outcome.backup.status)
            del self._busy[outcome.backup.pk]
            self._next_look = 0
        for job_id in {outcome.backup.job_id for outcome in outcomes}:
            patiently(close_job, job_id)

    def _keep_leases(self) -> None:
        now, interval = time.monotonic(), settings.NETRAVEN["LEASE"] / 4
        if now > self._next_renewal:
            self._next_renewal = now + interval
            longest = settings.NETRAVEN["DEADLINE"] + GRACE
            patiently(renew, self.name, [pk for pk, began in self._busy.items() if now - began < longest])
            patiently(heartbeat.beat, len(self._busy))
            if time.monotonic() - now < interval:  # else the database was away, and the others are still renewing
                patiently(maintenance.take_back)
        if now > self._next_upkeep:  # a long shift keeps the task queue from running it
            self._next_upkeep = now + UPKEEP
            patiently(maintenance.reap)


def _drain(items: "queue.SimpleQueue[Item]") -> list[Item]:
    drained = []
    while not items.empty():
        drained.append(items.get())
    return drained
