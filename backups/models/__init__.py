"""What was asked for and what came of it: jobs, backups and their log."""

from backups.models.backup import Backup, BackupQuerySet
from backups.models.job import Job, JobQuerySet
from backups.models.log import JobLog

__all__ = ["Backup", "BackupQuerySet", "Job", "JobLog", "JobQuerySet"]
