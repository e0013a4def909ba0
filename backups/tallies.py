"""How far jobs are, and what came of them, as far as a user sees their devices.

A job that has ended keeps its numbers with it, so a list of jobs looks into no backups.
"""

import uuid
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from django.contrib.auth.models import AnonymousUser, User
from django.db.models import Count

from backups.models import Backup, BackupQuerySet, Job
from devices.models import Tag

ENDED = "counts"  # in a job's metadata
Viewer = User | AnonymousUser


@dataclass(frozen=True)
class Tally:
    """Numbers of backups; `changed` of those that completed, `reasons` of those that failed."""

    pending: int = 0
    running: int = 0
    completed: int = 0
    failed: int = 0
    changed: int = 0
    reasons: Mapping[str, int] = field(default_factory=dict)

    @property
    def ended(self) -> int:
        """For better or worse."""
        return self.completed + self.failed

    @property
    def total(self) -> int:
        """All of them."""
        return self.ended + self.pending + self.running

    @property
    def tenths(self) -> int:
        """How far it is, in tenths."""
        return 10 * self.ended // self.total if self.total else 0


def tally_of(job: Job, user: Viewer) -> Tally:
    """Of one job, as its backups are now. One query."""
    return _count([job], Backup.objects.visible_to(user)).get(job.pk, Tally())


def tallies_of(jobs: Collection[Job], user: Viewer) -> dict[uuid.UUID, Tally]:
    """Of each job of backups: from the job itself when it has ended and the user sees all devices. Two queries."""
    found: dict[uuid.UUID, Tally] = {}
    jobs = [job for job in jobs if job.job_type == Job.Type.BACKUP]
    if user.is_superuser or not Tag.objects.filter(groups__isnull=False).exists():
        found = {job.pk: Tally(**job.metadata[ENDED]) for job in jobs if ENDED in job.metadata and not job.is_active}
    if others := [job for job in jobs if job.pk not in found]:
        counted = _count(others, Backup.objects.visible_to(user))
        found |= {job.pk: counted.get(job.pk, Tally()) for job in others}
    return found


def keep_tally(job: Job) -> Tally:
    """Write the numbers of a job that has just ended into its metadata."""
    tally = _count([job], Backup.objects.all()).get(job.pk, Tally())
    kept = {"completed": tally.completed, "failed": tally.failed, "changed": tally.changed}
    job.metadata = job.metadata | {ENDED: kept}
    job.save(update_fields=["metadata"])
    return tally


def forget_tally(job: Job) -> None:
    """After a backup of a job that has ended has become a good one: they are counted anew where they are shown."""
    if job.metadata.pop(ENDED, None):
        job.save(update_fields=["metadata"])


def _count(jobs: Collection[Job], backups: BackupQuerySet) -> dict[uuid.UUID, Tally]:
    statuses: dict[uuid.UUID, Counter[str]] = {}
    reasons: dict[uuid.UUID, Counter[str]] = {}
    rows = backups.filter(job__in=[job.pk for job in jobs]).order_by()
    grouped = rows.values_list("job_id", "status", "changed", "failure_reason").annotate(number=Count("*"))
    for job_id, status, changed, reason, number in grouped:
        counted = statuses.setdefault(job_id, Counter())
        counted[status] += number
        if changed and status == Backup.Status.COMPLETED:
            counted["changed"] += number
        if status == Backup.Status.FAILED:
            reasons.setdefault(job_id, Counter())[reason] += number
    return {
        job_id: Tally(**counted, reasons=dict(reasons.get(job_id, Counter()).most_common()))
        for job_id, counted in statuses.items()
    }
