"""Who works on what: workers take pending backups, keep them with a lease, and lose them when they die."""

import uuid
from collections.abc import Collection
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from backups.caps import Candidate, Caps, overall_room
from backups.models import Backup

PASSES = 4  # at the queue in one claim: each but the last fills a cap, and the next goes around what that holds back


@transaction.atomic
def claim_next(worker: str, limit: int, *, first_only: bool = False) -> list[Backup]:
    """Take up to `limit` pending backups: the first of each job, then the second of each, and so on.

    So one device asked for by hand does not wait behind a whole network; with `first_only`, the first of each job are
    all that is taken. What waits for its time or is held back by a cap is passed over. One UPDATE decides who has a
    backup; workers that ask at once pass over each other's rows.
    """
    chosen = _choose(limit, {"position": 0} if first_only else {})
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


def anything_waits() -> bool:
    """Whether a backup is ready: after a claim that got less than it asked for, only caps hold back the rest."""
    return Backup.objects.ready().exists()


def renew(worker: str, backup_ids: Collection[uuid.UUID]) -> None:
    """Keep the backups that this worker is busy with for another lease."""
    mine = Backup.objects.filter(pk__in=backup_ids, status=Backup.Status.RUNNING, worker=worker)
    mine.update(lease_expires_at=_lease_end())


def _choose(limit: int, conditions: dict[str, int]) -> list[uuid.UUID]:
    """The next in the queue for which every cap has room; their rows are locked where there are row locks."""
    limit, chosen = overall_room(limit), list[uuid.UUID]()
    if not limit:
        return []
    caps = Caps()
    ready = Backup.objects.ready().filter(**conditions).order_by("position", "created_at")
    for _ in range(PASSES):
        queue = caps.admitting(ready).exclude(pk__in=chosen).select_for_update(skip_locked=True)
        rows = queue.values_list("pk", "device_id", "gateway_id")[: limit - len(chosen)]
        candidates = [Candidate(*row) for row in rows]
        admitted = caps.admit(candidates)
        chosen += admitted
        if len(admitted) == len(candidates):
            break
    return chosen


def _lease_end() -> datetime:
    return timezone.now() + timedelta(seconds=settings.NETRAVEN["LEASE"])
