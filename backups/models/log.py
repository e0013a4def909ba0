"""What happened on the way."""

from django.db import models
from django.utils import timezone

from backups.models.backup import Backup
from backups.models.job import Job


class JobLog(models.Model):
    """One event of a job, committed as it happens."""

    class Level(models.TextChoices):
        DEBUG = "debug", "Debug"
        INFO = "info", "Info"
        WARNING = "warning", "Warning"
        ERROR = "error", "Error"

    class Event(models.TextChoices):
        SESSION_START = "session_start", "Session start"
        SESSION_END = "session_end", "Session end"
        CONNECT = "connect", "Connect"
        CONNECT_SUCCESS = "connect_success", "Connected"
        CONNECT_FAILURE = "connect_failure", "Connection failed"
        RETRY = "retry", "Retry"
        LOGIN = "login", "Log-in chosen"
        COMMAND = "command", "Command"
        RESPONSE = "response", "Response"
        CLOSE_FAILURE = "close_failure", "Close failed"
        BACKUP_START = "backup_start", "Backup start"
        BACKUP_SUCCESS = "backup_success", "Backup succeeded"
        BACKUP_FAILURE = "backup_failure", "Backup failed"
        BACKUP_ACCEPTED = "backup_accepted", "Backup accepted"
        RECOVERED = "recovered", "Taken back"
        CANCELLED = "cancelled", "Cancelled"
        HOST_KEY = "host_key", "Host key"
        UPKEEP = "upkeep", "Upkeep"

    id = models.BigAutoField(primary_key=True)
    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="log")
    backup = models.ForeignKey(Backup, null=True, blank=True, on_delete=models.CASCADE, related_name="log")
    time = models.DateTimeField(default=timezone.now)
    level = models.CharField(max_length=10, choices=Level.choices, default=Level.INFO)
    event = models.CharField(max_length=30, choices=Event.choices)
    message = models.TextField()
    details = models.JSONField(default=dict, blank=True)

    class Meta:
        ordering = ["id"]
        indexes = [
            models.Index(fields=["job", "id"], name="joblog_job"),
            models.Index(fields=["backup", "id"], name="joblog_backup"),
        ]
        verbose_name = "log entry"
        verbose_name_plural = "log entries"

    def __str__(self) -> str:
        return f"{self.time:%H:%M:%S} {self.event}"
