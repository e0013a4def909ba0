"""What django-q2 calls. Tasks take ids, call one function and return small results: payloads and results are stored."""

import os
import socket
import threading
import uuid
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta

import structlog
from django.conf import settings
from django.db import DatabaseError, connections
from django.utils import timezone

from backups import maintenance
from backups.models import Backup
from backups.pipeline import run_backup

logger = structlog.get_logger("netraven.worker")


def run_batch(backup_ids: list[str]) -> dict[str, int]:
    """Run backups side by side in threads: devices are slow, Python is not. Returns how many ended how."""
    worker = f"{socket.gethostname()[:60]}:{os.getpid()}:{uuid.uuid4().hex[:8]}"
    threads = min(len(backup_ids), settings.NETRAVEN["THREADS"]) or 1
    with _leases_kept(backup_ids, worker), ThreadPoolExecutor(threads, thread_name_prefix="backup") as pool:
        results = pool.map(lambda backup_id: _run_in_thread(backup_id, worker), backup_ids)
        return dict(Counter(results))


def reap() -> dict[str, int]:
    """Every minute: take back what dead workers left, and queue again what was lost."""
    return maintenance.reap()


def _run_in_thread(backup_id: str, worker: str) -> str:
    try:
        return run_backup(uuid.UUID(backup_id), worker) or "skipped"
    except Exception as error:  # the database stayed away: the lease runs out, and another worker takes the backup
        logger.error("Backup left to be taken over", backup_id=backup_id, error=type(error).__name__)
        return "left"
    finally:
        connections.close_all()


@contextmanager
def _leases_kept(backup_ids: list[str], worker: str) -> Iterator[None]:
    """Renew the leases of this batch's running backups, in a thread, until the batch is done."""
    done = threading.Event()
    keeper = threading.Thread(target=_keep_leases, args=(backup_ids, worker, done), name="leases", daemon=True)
    keeper.start()
    try:
        yield
    finally:
        done.set()
        keeper.join()


def _keep_leases(backup_ids: list[str], worker: str, done: threading.Event) -> None:
    lease = settings.NETRAVEN["LEASE"]
    while not done.wait(lease / 4):
        try:
            Backup.objects.filter(pk__in=backup_ids, status=Backup.Status.RUNNING, worker=worker).update(
                lease_expires_at=timezone.now() + timedelta(seconds=lease)
            )
        except DatabaseError as error:  # next time: a lease outlives three missed renewals
            logger.warning("Leases not renewed", error=type(error).__name__)
            connections.close_all()
    connections.close_all()
