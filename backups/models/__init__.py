"""What was asked for and what came of it: jobs, backups and their log; and who did it."""

from backups.models.backup import Backup, BackupQuerySet
from backups.models.day import Day
from backups.models.idempotent_answer import IdempotentAnswer
from backups.models.job import Job, JobQuerySet, Progress, progress_of
from backups.models.log import JobLog
from backups.models.login_attempt import LoginAttempt
from backups.models.worker_process import WorkerProcess

__all__ = [
    "Backup",
    "BackupQuerySet",
    "Day",
    "IdempotentAnswer",
    "Job",
    "JobLog",
    "JobQuerySet",
    "LoginAttempt",
    "Progress",
    "WorkerProcess",
    "progress_of",
]
