"""Who works on what: workers take pending backups, keep them with a lease, and lose them when they die."""

import uuid
from collections.abc import Collection
from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection, transaction
from django.db.models import F
from django.utils import timezone

from backups.models import Backup, BackupQuerySet


@transaction.atomic
def claim_next(worker: str, limit: int) -> list[Backup]:
    """Take up to `limit` pending backups: the first of each job, then the second of each, and so on.

    So one device asked for by hand does not wait behind a whole network. One UPDATE decides who has a backup; workers
    that ask at once pass over each other's rows.
    """
    pending = Backup.objects.filter(status=Backup.Status.PENDING).order_by("position", "created_at")
    chosen = list(_locked(pending).values_list("pk", flat=True)[:limit])
    if not chosen:
        return []
    Backup.objects.filter(pk__in=chosen, status=Backup.Status.PENDING).update(
        status=Backup.Status.RUNNING,
        worker=worker,
        attempts=F("attempts") + 1,
        started_at=timezone.now(),
        lease_expires_at=_lease_end(),
    )
    mine = Backup.objects.filter(pk__in=chosen, status=Backup.Status.RUNNING, worker=worker)
    return list(mine.select_related("job", "device__platform").order_by("position", "created_at"))


def renew(worker: str, backup_ids: Collection[uuid.UUID]) -> None:
    """Keep the backups that this worker is busy with for another lease."""
    mine = Backup.objects.filter(pk__in=backup_ids, status=Backup.Status.RUNNING, worker=worker)
    mine.update(lease_expires_at=_lease_end())


def _lease_end() -> datetime:
    return timezone.now() + timedelta(seconds=settings.NETRAVEN["LEASE"])


def _locked(pending: BackupQuerySet) -> BackupQuerySet:
    """SQLite has one writer at a time, and no row locks."""
    if connection.features.has_select_for_update_skip_locked:
        return pending.select_for_update(skip_locked=True)
    return pending
