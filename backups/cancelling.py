"""What a cancelled job leaves to do: what waits ends at once, its worker cuts what runs, upkeep sees to the rest."""

import uuid
from collections.abc import Collection

from django.utils import timezone

from backups.models import Backup, Job


def sentence_for(job: Job) -> str:
    """Why its backups ended."""
    return f"Cancelled by {job.cancelled_by.get_username()}." if job.cancelled_by else "Cancelled."


def cancelled(job_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, str]:
    """Those of the jobs that were cancelled, each with the sentence for its backups."""
    jobs = Job.objects.filter(pk__in=job_ids, cancelled_at__isnull=False).select_related("cancelled_by")
    return {job.pk: sentence_for(job) for job in jobs}


def end_waiting(job: Job) -> int:
    """End the backups of a cancelled job that no worker has; how many. Their devices were not tried: they keep what
    their rows say."""
    waiting = Backup.objects.filter(job=job, status=Backup.Status.PENDING)
    return waiting.update(
        status=Backup.Status.FAILED,
        failure_reason=Backup.FailureReason.CANCELLED,
        error=sentence_for(job),
        finished_at=timezone.now(),
    )
