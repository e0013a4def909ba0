"""Runs a django-q2 cluster, watches it, and ends it: gracefully when told to, with an error when it has stalled.

A cluster stalls for good when one of its processes is killed (by hand, or for want of memory) while it holds a lock on
an inner queue: an idle worker and the monitor nearly always hold one. Nothing in django-q2 notices.
"""

import signal
import time
from contextlib import suppress
from typing import Any

import structlog
from django.conf import settings
from django.db import connections
from django_q.brokers import get_broker
from django_q.cluster import Cluster
from django_q.tasks import async_task

from backups.cluster.clock import Clock
from backups.cluster.health import Health, Published, View
from backups.cluster.processes import adopt_orphans, kill_descendants, living
from backups.cluster.signs import Signs
from backups.exceptions import ClusterFailed
from backups.stopping import announce_stop
from backups.worker import GRACE
from netraven.service_manager import notify

logger = structlog.get_logger("netraven.cluster")

GLANCE = 1.0  # seconds between looks at the cluster


class Supervisor:
    """One cluster, from its start to its end. `stalled_after`: seconds for which something may be wrong with it."""

    def __init__(self, stalled_after: float) -> None:
        self._health = Health(stalled_after)
        self._signs = Signs()
        self._stop_asked = False
        self._next_upkeep = 0.0
        self._clock = Clock()
        self._cluster = Cluster()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._ask_to_stop)

    def run(self) -> None:
        """Until a signal asks to stop. Raises ClusterFailed if it did not start, stalled, or did not end."""
        adopt_orphans()
        try:
            self._start()
            self._clock.start()  # after the fork: threads do not survive it
            notify("READY=1")
            problem = self._watch()
            notify("STOPPING=1")
            announce_stop()
            self._clock.stop()
            if problem:
                self._await_busy()
                raise ClusterFailed(f"The cluster has stalled: {problem}. It was ended, for another to be started.")
            self._stop()
        finally:
            kill_descendants()

    def _ask_to_stop(self, *_: Any) -> None:
        self._stop_asked = True

    def _start(self) -> None:
        try:
            get_broker().queue_size()
        except Exception as error:  # each broker has errors of its own
            raise ClusterFailed(f"The task queue cannot be reached ({type(error).__name__}).") from None
        connections.close_all()  # the processes to come must not share one
        try:
            self._cluster.start()
        except RuntimeError:
            raise ClusterFailed("The cluster did not start.") from None

    def _watch(self) -> str:
        """Look again and again; what is wrong, "" when told to stop."""
        while not self._stop_asked:
            if not self._cluster.sentinel.is_alive():
                return "its sentinel has died"
            view = self._look()
            if problem := self._health.judge(view, time.monotonic()):
                return problem
            if view:
                self._do_upkeep(view)
            notify("WATCHDOG=1")
            time.sleep(GLANCE)
        return ""

    def _look(self) -> View | None:
        """None while the queue is away: then nobody can work, and no other cluster could."""
        try:
            status = self._cluster.stat
            queued = get_broker().queue_size()
        except Exception:  # each broker has errors of its own
            return None
        published = None
        if status.sentinel:
            published = Published(len(status.workers), status.task_q_size, status.done_q_size)
        return View(published, queued, self._busy(), self._signs.last_task, self._signs.last_result)

    def _busy(self) -> int:
        """How many worker processes have a task in hand."""
        self._signs.listen()
        self._signs.busy &= living(self._signs.busy)
        return len(self._signs.busy)

    def _do_upkeep(self, view: View) -> None:
        """Have an idle worker look after what others left, sooner than the schedule of each minute does."""
        if time.monotonic() < self._next_upkeep or not view.published or view.busy >= view.published.workers:
            return
        self._next_upkeep = time.monotonic() + settings.NETRAVEN["LEASE"] / 2
        with suppress(Exception):  # each broker has errors of its own
            async_task("backups.tasks.reap")

    def _stop(self) -> None:
        """Workers end what they have begun; how long that takes is bounded by the deadline of a backup."""
        self._cluster.stop_event.set()
        give_up = time.monotonic() + settings.NETRAVEN["DEADLINE"] + GRACE
        while self._cluster.sentinel.is_alive():
            if time.monotonic() > give_up:
                raise ClusterFailed("The cluster did not end in time: it was killed.")
            notify("WATCHDOG=1")
            self._cluster.sentinel.join(GLANCE)

    def _await_busy(self) -> None:
        """Let workers with a task in hand finish: they can, whatever is wrong with the cluster."""
        give_up = time.monotonic() + settings.NETRAVEN["DEADLINE"] + GRACE
        while self._busy() and time.monotonic() < give_up:
            notify("WATCHDOG=1")
            time.sleep(GLANCE / 10)
