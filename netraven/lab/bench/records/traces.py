"""What backups left behind beside their rows: log entries, and what devices said to log-ins."""

from collections.abc import Iterable, Iterator
from datetime import timedelta
from random import Random

from backups.models import Backup, Job, JobLog, LoginAttempt

SECOND = timedelta(seconds=1)
# A device that fails so has said nothing to the log-in
BEFORE_LOG_IN = {"unreachable", "timeout", "gateway", "security", "cancelled"}
REJECTED_FIRST = 0.01  # share: another log-in is tried before
Event, Level = JobLog.Event, JobLog.Level


def entries(jobs: Iterable[Job], backups: Iterable[Backup]) -> Iterator[JobLog]:
    """The log of jobs with these backups: the beginnings, five or three entries for each backup, the ends."""
    jobs = list(jobs)
    for job in jobs:
        yield JobLog(job=job, time=job.started_at or job.created_at, event=Event.SESSION_START, message="Job started")
    for backup in backups:
        yield from _of_backup(backup)
    for job in jobs:
        yield JobLog(job=job, time=job.finished_at or job.created_at, event=Event.SESSION_END, message="Job ended")


def _of_backup(backup: Backup) -> Iterator[JobLog]:
    began, ended = backup.started_at or backup.created_at, backup.finished_at or backup.created_at
    common = {"job_id": backup.job_id, "backup": backup}
    yield JobLog(time=began, event=Event.BACKUP_START, message="Backup started", **common)
    yield JobLog(time=began, event=Event.CONNECT, message=f"Connecting to {backup.device.address}", **common)
    if backup.failure_reason:
        yield JobLog(
            time=ended, event=Event.BACKUP_FAILURE, level=Level.ERROR, message=backup.error,
            details={"reason": backup.failure_reason}, **common,
        )  # fmt: skip
        return
    yield JobLog(time=began + SECOND, event=Event.CONNECT_SUCCESS, message="Connected", **common)
    size = {"bytes": backup.file_size}
    yield JobLog(time=ended, event=Event.RESPONSE, message="Running configuration", details=size, **common)
    yield JobLog(time=ended, event=Event.BACKUP_SUCCESS, message=f"Version {backup.version}", **common)


def attempts(backups: Iterable[Backup], random: Random) -> Iterator[LoginAttempt]:
    """Of those that came so far."""
    for backup in backups:
        if backup.failure_reason in BEFORE_LOG_IN or not backup.credential_id:
            continue
        about = {"device": backup.device, "backup": backup, "credential_id": backup.credential_id}
        about["time"] = backup.started_at
        if random.random() < REJECTED_FIRST:
            yield LoginAttempt(accepted=False, **about)
        yield LoginAttempt(accepted=True, **about)
