"""What was asked for and what came of it: jobs, backups and their log; who did it, and who is told."""

from backups.models.backup import Backup, BackupQuerySet
from backups.models.channel import Channel, ChannelQuerySet
from backups.models.day import Day
from backups.models.delivery import Delivery, DeliveryItem, DeliveryQuerySet, EventKind
from backups.models.idempotent_answer import IdempotentAnswer
from backups.models.job import Job, JobQuerySet, Progress, progress_of
from backups.models.log import JobLog
from backups.models.login_attempt import LoginAttempt
from backups.models.lookout import Lookout, StaleNotice
from backups.models.worker_process import WorkerProcess

__all__ = [
    "Backup",
    "BackupQuerySet",
    "Channel",
    "ChannelQuerySet",
    "Day",
    "Delivery",
    "DeliveryItem",
    "DeliveryQuerySet",
    "EventKind",
    "IdempotentAnswer",
    "Job",
    "JobLog",
    "JobQuerySet",
    "LoginAttempt",
    "Lookout",
    "Progress",
    "StaleNotice",
    "WorkerProcess",
    "progress_of",
]
