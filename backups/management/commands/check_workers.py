"""`manage.py check_workers`: are backups being made? One line and an exit status, for a monitor."""

import sys
from argparse import ArgumentParser
from dataclasses import dataclass
from datetime import timedelta
from enum import IntEnum
from typing import Any

from django.core.management.base import BaseCommand
from django.db import Error as DatabaseError

from backups.models import WorkerProcess
from backups.monitoring import SILENT_AFTER, Workload, processes_seen, read_task_queue, read_workload

AT_CAPACITY = 0.8  # of all threads: so many are busy while there is more to do than they can


class Level(IntEnum):
    """Exit statuses, as Nagios and its kin read them."""

    OK = 0
    WARNING = 1
    CRITICAL = 2
    UNKNOWN = 3


@dataclass(frozen=True)
class Limits:
    """What is too long."""

    warn_wait: timedelta
    max_wait: timedelta
    max_silence: timedelta
    max_overdue: timedelta


class Command(BaseCommand):
    """Print how the workers are, and exit 0 (OK), 1 (warning), 2 (critical) or 3 (unknown)."""

    help = "Say in one line whether the workers work; exit 0 (OK), 1 (warning), 2 (critical) or 3 (unknown)."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Define the limits, all in seconds."""
        for option, default, what in (
            ("--warn-wait", 120, "warn when a backup waits longer beside idle threads"),
            ("--max-wait", 300, "critical when a backup waits longer beside idle threads"),
            ("--max-silence", int(SILENT_AFTER.total_seconds()), "critical when no process was seen for so long"),
            ("--max-overdue", 120, "critical when an expired lease is not noticed for so long"),
        ):
            parser.add_argument(option, type=float, default=default, metavar="SECONDS", help=f"{what} ({default})")

    def handle(self, *args: Any, **options: Any) -> None:
        """Look, judge, tell."""
        names = ("warn_wait", "max_wait", "max_silence", "max_overdue")
        limits = Limits(**{name: timedelta(seconds=options[name]) for name in names})
        try:
            processes, workload = processes_seen(limits.max_silence), read_workload()
        except DatabaseError as error:
            self._tell(Level.UNKNOWN, f"the database cannot be asked ({type(error).__name__})")
        level, reason = judge(processes, workload, limits)
        self._tell(level, "; ".join(filter(None, [reason, describe(processes, workload)])))

    def _tell(self, level: Level, text: str) -> None:
        self.stdout.write(f"NETRAVEN {level.name}: {text}")
        sys.exit(level)


def judge(processes: list[WorkerProcess], workload: Workload, limits: Limits) -> tuple[Level, str]:
    """What is worst, and in words why."""
    threads = sum(process.threads for process in processes)
    wait = workload.waiting_freely
    if not processes:
        return Level.CRITICAL, f"no worker was seen for {limits.max_silence.total_seconds():.0f} s"
    if workload.overdue > limits.max_overdue:
        return Level.CRITICAL, "nobody takes back what a dead worker left"
    if wait > limits.max_wait:
        if workload.running >= threads * AT_CAPACITY:
            return Level.WARNING, "there is more to do than the workers can"
        return Level.CRITICAL, "backups wait though threads are idle"
    if wait > limits.warn_wait and workload.running < threads * AT_CAPACITY:
        return Level.WARNING, "backups wait though threads are idle"
    if workload.expired:
        return Level.WARNING, "a worker has died"
    return Level.OK, ""


def describe(processes: list[WorkerProcess], workload: Workload) -> str:
    """The figures, for people and after the bar for programs."""
    queue = read_task_queue()
    alive = {process.name for process in processes} | (queue.workers if queue else frozenset())
    threads = sum(process.threads for process in processes)
    oldest = workload.waiting.total_seconds()
    return (
        f"{len(alive)} processes alive, {workload.running} backups running, {workload.pending} pending, "
        f"the oldest for {oldest:.0f} s, {workload.expired} leases expired"
        f" | alive={len(alive)} busy={workload.running} threads={threads} pending={workload.pending}"
        f" oldest={oldest:.0f}s expired={workload.expired}"
    )
