"""A worker at work: threads talk to devices, its own thread alone talks to the database.

Devices are slow and Python is not: a session is mostly waiting, so many share one process. All rows go through one
thread and one connection, several at a time, which costs a third of what it costs from every thread by itself.
"""

import gc
import queue
import time
import uuid
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from django.conf import settings

from backups import cancelling, heartbeat, maintenance, recording
from backups.assignments import Assignment, prepare
from backups.claims import anything_waits, claim_next, renew
from backups.database import patiently
from backups.joblog import JobLogger
from backups.models import Backup, JobLog
from backups.outcome import Outcome
from backups.pipeline import carry_out
from backups.places import Places
from backups.services import close_job, start_jobs
from backups.stopping import is_stopping
from backups.waking import wake_workers
from devices.connection import close_gateways
from devices.exceptions import SessionCancelled

Item = TypeVar("Item")

# All in seconds
TICK = 0.1  # log rows and results wait no longer for the database
LOOK_AGAIN = 1.0  # for new requests, room under caps, and jobs that were cancelled
UPKEEP = 60.0
SHIFT = 300.0  # then the task ends, so that a cluster can stop or recycle its processes; another one goes on
IDLE = 10.0  # so long a worker with nothing to do waits for room under caps; then other tasks get their turn first
GRACE = 60.0  # what a backup may take beyond its deadline; then its thread is given up, and the lease runs out


def work() -> dict[str, int]:
    """Back up what is pending until nothing is; returns how many ended how."""
    return Worker().run()


class Worker:
    """One shift of one worker process."""

    def __init__(self) -> None:
        self.name = f"{heartbeat.process_name()}:{uuid.uuid4().hex[:8]}"
        self._busy = Places()
        self._outcomes: queue.SimpleQueue[Outcome] = queue.SimpleQueue()
        self._events: queue.SimpleQueue[JobLog] = queue.SimpleQueue()
        self._counts: Counter[str] = Counter()
        self._began = self._last_claim = time.monotonic()
        self._held_back = False  # by caps: what was pending when last looked
        self._next_look = self._next_cut = 0.0
        self._next_renewal = self._began + settings.NETRAVEN["LEASE"] / 4
        self._next_upkeep = self._began + UPKEEP

    def run(self) -> dict[str, int]:
        """Claim, carry out and record until nothing is pending, or the shift is over."""
        patiently(heartbeat.beat)
        with ThreadPoolExecutor(self._busy.most, thread_name_prefix="backup") as pool:
            while self._start_some(pool) or self._busy or self._may_wait:
                time.sleep(TICK)
                self._busy.note_round()
                self._record_outcomes()
                self._cut_cancelled()
                self._keep_leases()
        close_gateways()
        patiently(heartbeat.beat)
        if self._is_over or self._held_back:
            wake_workers()
        gc.collect()  # ncclient leaves a descriptor of each session in a cycle of references: they must not pile up
        return dict(self._counts)

    @property
    def _is_over(self) -> bool:
        return time.monotonic() - self._began > SHIFT or is_stopping()

    @property
    def _may_wait(self) -> bool:
        """Whether to go on looking although nothing is under way."""
        return self._held_back and not self._is_over and time.monotonic() - self._last_claim < IDLE

    def _start_some(self, pool: ThreadPoolExecutor) -> bool:
        """Fill the free places; True if there was something to start."""
        if self._is_over or time.monotonic() < self._next_look:
            return False
        claimed = self._claim()
        if not claimed:
            return False
        self._last_claim = time.monotonic()
        patiently(start_jobs, {backup.job_id for backup in claimed})
        for assignment in patiently(prepare, claimed):
            self._busy.take(assignment)
            pool.submit(self._carry_out, assignment)
        return True

    def _claim(self) -> list[Backup]:
        """As many backups as there are places for; when there are none, it is soon enough to look again in a while."""
        if free := self._busy.free():
            claimed = patiently(claim_next, self.name, free)
        elif free := self._busy.free_for_first():
            claimed = patiently(claim_next, self.name, free, first_only=True)
        else:
            return []
        if len(claimed) < free:
            self._held_back = patiently(anything_waits)
            if not claimed or not self._held_back:
                self._next_look = time.monotonic() + LOOK_AGAIN
        elif not self._counts:
            wake_workers()  # there may be more than one worker can do; each that finds work wakes one more
        return claimed

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
            self._busy.leave(outcome.backup.pk)
            self._next_look = 0
        for job_id in {outcome.backup.job_id for outcome in outcomes} - self._busy.jobs():
            patiently(close_job, job_id)

    def _cut_cancelled(self) -> None:
        """End the sessions of jobs that were cancelled since; again each time until they have ended."""
        now = time.monotonic()
        if not self._busy or now < self._next_cut:
            return
        self._next_cut = now + LOOK_AGAIN
        cancelled = patiently(cancelling.cancelled, {session.assignment.backup.job_id for session in self._busy})
        for session in self._busy:
            if sentence := cancelled.get(session.assignment.backup.job_id):
                session.assignment.switch.cut(SessionCancelled(sentence))

    def _keep_leases(self) -> None:
        now, interval = time.monotonic(), settings.NETRAVEN["LEASE"] / 4
        if now > self._next_renewal:
            self._next_renewal = now + interval
            longest = settings.NETRAVEN["DEADLINE"] + GRACE
            patiently(renew, self.name, self._busy.begun_since(longest))
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
