"""Upkeep of jobs and backups: what workers leave behind when they die."""

from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone

from backups import recording
from backups.cancelling import end_waiting, sentence_for
from backups.joblog import JobLogger
from backups.models import Backup, Job, JobLog
from backups.outcome import Outcome
from backups.services import close_job
from backups.waking import wake_workers


def reap() -> dict[str, int]:
    """Take back running backups whose worker is dead, wake a worker if any wait, end jobs that nobody ended."""
    taken_back = take_back()
    for job in _open_jobs().filter(cancelled_at__isnull=False).select_related("cancelled_by"):
        end_waiting(job)
    closed = sum(close_job(pk) for pk in _open_jobs().values_list("pk", flat=True)[:1000])
    waiting = Backup.objects.ready().exists()
    if waiting:  # the task for them may be lost; one too many finds nothing to do and ends
        wake_workers()
    return {"taken_back": taken_back, "closed": closed, "waiting": int(waiting)}


def take_back() -> int:
    """Take back running backups whose worker is dead; how many. One query when there are none."""
    return sum(_take_back(backup) for backup in _abandoned())


def _abandoned() -> list[Backup]:
    expired = Backup.objects.filter(status=Backup.Status.RUNNING, lease_expires_at__lt=timezone.now())
    wanted = expired.select_related("device", "job__cancelled_by").order_by("lease_expires_at")
    return list(wanted[:1000])


def _take_back(backup: Backup) -> bool:
    """Let an abandoned backup wait again, or fail it: its job was cancelled, or it has cost too many workers."""
    if backup.job.cancelled_at:
        return _give_up(backup, Backup.FailureReason.CANCELLED, sentence_for(backup.job))
    if backup.attempts >= settings.NETRAVEN["MAX_CLAIMS"]:
        sentence = f"{backup.attempts} workers died or lost the database while they worked on it; given up."
        return _give_up(backup, Backup.FailureReason.UNEXPECTED, sentence)
    ours = Backup.objects.filter(pk=backup.pk, status=Backup.Status.RUNNING, worker=backup.worker)
    if not ours.filter(lease_expires_at__lt=timezone.now()).update(
        status=Backup.Status.PENDING, worker="", lease_expires_at=None
    ):
        return False
    log = JobLogger(backup.job_id, backup)
    log(JobLog.Event.RECOVERED, "Its worker gave no sign of life: queued again", level="warning", worker=backup.worker)
    return True


def _give_up(backup: Backup, reason: Backup.FailureReason, sentence: str) -> bool:
    outcome = Outcome(backup, reason=reason, error=sentence)
    recording.record([outcome])
    return not outcome.lost


def _open_jobs() -> QuerySet[Job]:
    """Open jobs of backups, oldest first; `close_job` decides whether one has ended. Other jobs end themselves."""
    return Job.objects.filter(job_type=Job.Type.BACKUP, status__in=Job.ACTIVE).order_by("created_at")
