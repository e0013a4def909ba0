"""Signs of life of worker processes, for people and monitors: see `backups/monitoring.py`."""

import os
import socket
from dataclasses import dataclass, field
from datetime import datetime

from django.conf import settings
from django.utils import timezone

from backups.models import Backup, WorkerProcess

HOST = 60  # characters that are kept of a host's name


@dataclass
class _Process:
    """This process, and how many backups ended in it."""

    started_at: datetime = field(default_factory=timezone.now)
    completed: int = 0
    failed: int = 0


_process = _Process()


def _begin() -> None:
    """What was counted before a fork is the parent's."""
    global _process
    _process = _Process()


os.register_at_fork(after_in_child=_begin)


def process_name() -> str:
    """Of this process; see `name_of`."""
    return name_of(socket.gethostname(), os.getpid())


def name_of(host: str, pid: int) -> str:
    """`host:pid`."""
    return f"{host[:HOST]}:{pid}"


def count(status: str) -> None:
    """A backup has ended here."""
    _process.completed += status == Backup.Status.COMPLETED
    _process.failed += status == Backup.Status.FAILED


def beat(busy: int = 0) -> None:
    """Say that this process lives, and how many devices it talks to. One statement."""
    row = WorkerProcess(
        name=process_name(),
        host=socket.gethostname()[:HOST],
        started_at=_process.started_at,
        last_seen_at=timezone.now(),
        busy=busy,
        threads=settings.NETRAVEN["THREADS"],
        completed=_process.completed,
        failed=_process.failed,
    )
    names = [column.name for column in WorkerProcess._meta.concrete_fields if not column.primary_key]
    WorkerProcess.objects.bulk_create([row], update_conflicts=True, unique_fields=["name"], update_fields=names)
