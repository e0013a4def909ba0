"""What was asked for."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Count, Q
from django.utils import timezone

from backups.models.backup import Backup
from devices.models import Viewer


class JobQuerySet(models.QuerySet["Job"]):
    """Reads over jobs."""

    def visible_to(self, user: Viewer) -> "JobQuerySet":
        """Jobs that the user asked for, or that hold a device that the user sees."""
        if getattr(user, "is_superuser", False) and user.is_active:
            return self
        if not user.is_authenticated or not user.is_active:
            return self.none()
        visible = Backup.objects.filter(job=models.OuterRef("pk")).visible_to(user)
        return self.filter(Q(requested_by=user) | models.Exists(visible))


class Job(models.Model):
    """One request for backups, of one device or of a whole network; its id is the log session's id too."""

    class Type(models.TextChoices):
        BACKUP = "backup", "Backup"

    class Trigger(models.TextChoices):
        ADMIN = "admin", "Admin"
        API = "api", "API"
        PAGE = "page", "Page"
        COMMAND = "command", "Command line"
        SCHEDULE = "schedule", "Schedule"

    class Status(models.TextChoices):
        PENDING = "pending", "Pending"
        RUNNING = "running", "Running"
        COMPLETED = "completed", "Completed"
        FAILED = "failed", "Failed"

    ACTIVE = (Status.PENDING, Status.RUNNING)

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    job_type = models.CharField(max_length=20, choices=Type.choices, default=Type.BACKUP)
    trigger = models.CharField(max_length=20, choices=Trigger.choices)
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    metadata = models.JSONField(default=dict, blank=True)
    status = models.CharField(max_length=20, choices=Status.choices, default=Status.PENDING)
    created_at = models.DateTimeField(default=timezone.now, db_index=True)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    objects = JobQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]
        indexes = [models.Index(fields=["status", "-created_at"], name="job_status_newest")]

    def __str__(self) -> str:
        return f"{self.get_job_type_display()} {str(self.id)[:8]}"

    def counts(self) -> dict[str, int]:
        """How many backups are in each status, in one query: `{"pending": 3, "running": 1, …}`."""
        rows = self.backups.values_list("status").annotate(Count("pk")).order_by()
        return dict.fromkeys(Backup.Status.values, 0) | dict(rows)
