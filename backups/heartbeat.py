"""Signs of life of worker processes, for people and monitors: see `backups/monitoring.py`."""

import os
import socket
from dataclasses import dataclass, field
from datetime import datetime

from django.conf import settings
from django.utils import timezone

from backups.models import Backup, WorkerProcess


@dataclass
class _Process:
    """This process, and how many backups ended in it."""

    pid: int = field(default_factory=os.getpid)
    started_at: datetime = field(default_factory=timezone.now)
    completed: int = 0
    failed: int = 0


_process = _Process()


def process_name() -> str:
    """`host:pid`."""
    return f"{_host()}:{os.getpid()}"


def count(status: str) -> None:
    """A backup has ended here."""
    process = _this_process()
    process.completed += status == Backup.Status.COMPLETED
    process.failed += status == Backup.Status.FAILED


def beat(busy: int = 0) -> None:
    """Say that this process lives, and how many devices it talks to. One statement."""
    process = _this_process()
    row = WorkerProcess(
        name=process_name(),
        host=_host(),
        started_at=process.started_at,
        last_seen_at=timezone.now(),
        busy=busy,
        threads=settings.NETRAVEN["THREADS"],
        completed=process.completed,
        failed=process.failed,
    )
    names = [column.name for column in WorkerProcess._meta.concrete_fields if not column.primary_key]
    WorkerProcess.objects.bulk_create([row], update_conflicts=True, unique_fields=["name"], update_fields=names)


def _host() -> str:
    return socket.gethostname()[:60]


def _this_process() -> _Process:
    """Anew after a fork: what was counted before it is the parent's."""
    global _process
    if _process.pid != os.getpid():
        _process = _Process()
    return _process
