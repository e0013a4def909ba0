"""Upkeep of jobs and backups: what workers leave behind when they die."""

import uuid
from datetime import timedelta

from django.conf import settings
from django.utils import timezone

from backups import recording
from backups.exceptions import ClaimLost
from backups.joblog import JobLogger
from backups.models import Backup, Job, JobLog
from backups.services import close_job, enqueue


def reap() -> dict[str, int]:
    """Take back running backups whose worker is dead, queue lost ones again, end jobs that nobody ended."""
    taken_back = [_take_back(backup) for backup in _abandoned()]
    requeued = _requeue_lost()
    closed = [close_job(pk) for pk in _open_jobs()]
    return {"taken_back": sum(taken_back), "requeued": requeued, "closed": sum(closed)}


def _abandoned() -> list[Backup]:
    expired = Backup.objects.filter(status=Backup.Status.RUNNING, lease_expires_at__lt=timezone.now())
    return list(expired.select_related("device").order_by("lease_expires_at")[:1000])


def _take_back(backup: Backup) -> bool:
    """Queue an abandoned backup again, or fail it when it has cost too many workers."""
    log = JobLogger(backup.job_id, backup)
    if backup.attempts >= settings.NETRAVEN["MAX_CLAIMS"]:
        message = f"{backup.attempts} workers died or lost the database while they worked on it; given up."
        try:
            recording.fail(backup, Backup.FailureReason.UNEXPECTED, message)
        except ClaimLost:
            return False
        log(JobLog.Event.BACKUP_FAILURE, message, level="error", reason=Backup.FailureReason.UNEXPECTED)
        close_job(backup.job_id)
        return True
    ours = Backup.objects.filter(pk=backup.pk, status=Backup.Status.RUNNING, worker=backup.worker)
    if not ours.filter(lease_expires_at__lt=timezone.now()).update(
        status=Backup.Status.PENDING, worker="", lease_expires_at=None, queued_at=timezone.now()
    ):
        return False
    log(JobLog.Event.RECOVERED, "Its worker gave no sign of life: queued again", level="warning", worker=backup.worker)
    enqueue([backup.pk])
    return True


def _requeue_lost() -> int:
    """Pending for long: its task may be lost. A second task does no harm, the claim sees to that."""
    now = timezone.now()
    limit = now - timedelta(seconds=settings.NETRAVEN["REQUEUE_AFTER"])
    lost = Backup.objects.filter(status=Backup.Status.PENDING, queued_at__lt=limit).order_by("queued_at")
    ids = list(lost.values_list("pk", flat=True)[:1000])
    if ids:
        Backup.objects.filter(pk__in=ids).update(queued_at=now)
        enqueue(ids)
    return len(ids)


def _open_jobs() -> list[uuid.UUID]:
    """Open jobs, oldest first; `close_job` decides whether one has ended."""
    return list(Job.objects.filter(status__in=Job.ACTIVE).order_by("created_at").values_list("pk", flat=True)[:1000])
