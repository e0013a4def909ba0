"""What was asked for."""

import uuid
from collections.abc import Collection

from django.conf import settings
from django.db import models
from django.db.models import Count, Q
from django.db.models.lookups import IsNull
from django.utils import timezone

from backups.models.backup import Backup, BackupQuerySet
from credentials.models import Credential
from devices.models import Device, Tag, Viewer, visible_to

# How many backups are in each status: {"pending": 3, "running": 1, "completed": 0, "failed": 0}
Progress = dict[str, int]


class JobQuerySet(models.QuerySet["Job"]):
    """Reads over jobs."""

    def visible_to(self, user: Viewer) -> "JobQuerySet":
        """Jobs that the user asked for, or that hold a device that the user sees; and housekeeping: it names none."""
        if getattr(user, "is_superuser", False) and user.is_active:
            return self
        if not user.is_authenticated or not user.is_active:
            return self.none()
        own = Q(requested_by=user) | Q(job_type__in=Job.UPKEEP)
        # Most jobs are of one device: their backups need not be looked at (and are not: PostgreSQL keeps the order)
        of_one = Q(device__isnull=False) & visible_to(user, "device")
        # In an order that an index has: looking ends at the first one
        visible = Backup.objects.filter(job=models.OuterRef("pk")).visible_to(user).order_by("position", "id")
        any_visible = IsNull(models.Subquery(visible.values("pk")[:1]), False)
        return self.filter(own | of_one | (Q(device=None) & Q(any_visible)))


def progress_of(jobs: Collection["Job"], backups: BackupQuerySet | None = None) -> dict[uuid.UUID, Progress]:
    """The progress of each job, in one query that an index answers; of some `backups` only, if they are given."""
    counted = (Backup.objects.all() if backups is None else backups).filter(job__in=[job.pk for job in jobs])
    progress = {job.pk: dict.fromkeys(Backup.Status.values, 0) for job in jobs}
    # All rows, not their keys: those would have to be read from the table.
    for job_id, status, number in counted.order_by().values_list("job_id", "status").annotate(number=Count("*")):
        progress[job_id][status] = number
    return progress


class Job(models.Model):
    """One request for backups, of one device or of a whole network, or one run of upkeep over everything.

    Its id is the log session's id too.
    """

    class Type(models.TextChoices):
        BACKUP = "backup", "Backup"
        VERIFICATION = "verification", "Verification"
        RETENTION = "retention", "Retention"
        LOG_PRUNING = "log_pruning", "Log pruning"
        ORPHANS = "orphans", "Orphan files"

    class Trigger(models.TextChoices):
        ADMIN = "admin", "Admin"
        API = "api", "API"
        PAGE = "page", "Page"
        COMMAND = "command", "Command line"
        SCHEDULE = "schedule", "Schedule"
        SYSTEM = "system", "System"

    class Status(models.TextChoices):
        PENDING = "pending", "Pending"
        RUNNING = "running", "Running"
        COMPLETED = "completed", "Completed"
        FAILED = "failed", "Failed"
        CANCELLED = "cancelled", "Cancelled"

    ACTIVE = (Status.PENDING, Status.RUNNING)
    UPKEEP = (Type.VERIFICATION, Type.RETENTION, Type.LOG_PRUNING, Type.ORPHANS)  # see backups/housekeeping

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    job_type = models.CharField(max_length=20, choices=Type.choices, default=Type.BACKUP)
    trigger = models.CharField(max_length=20, choices=Trigger.choices)
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    metadata = models.JSONField(default=dict, blank=True)
    device = models.ForeignKey(
        Device,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        help_text="The only one that it is about. Empty: there are several, or none.",
    )
    # The log-in that the request names, if it names one: else each device has its own, or its tags'
    credential = models.ForeignKey(Credential, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    tag = models.ForeignKey(Tag, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    status = models.CharField(max_length=20, choices=Status.choices, default=Status.PENDING)
    cancelled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    cancelled_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now, db_index=True)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    objects = JobQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]
        indexes = [models.Index(fields=["status", "-created_at"], name="job_status_newest")]
        constraints = [
            models.UniqueConstraint(
                fields=["job_type"],
                condition=Q(
                    status__in=["pending", "running"],
                    job_type__in=["verification", "retention", "log_pruning", "orphans"],
                ),
                name="job_one_active_upkeep_of_a_type",
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_job_type_display()} {str(self.id)[:8]}"

    @property
    def label(self) -> str:
        """“Backup of core1”, “Backup of 240 devices”; what is no backup goes by its type and id."""
        devices, first = self.metadata.get("devices"), self.metadata.get("first_devices")
        if not devices:
            return str(self)
        return f"Backup of {first[0]}" if devices == 1 and first else f"Backup of {devices} devices"

    @property
    def named_login(self) -> str:
        """The log-in that the request names, in words, also when that was deleted; empty if it names none."""
        named = self.metadata.get("log_in", {})
        if "tag" in named:
            return f"the credentials of the tag “{named['tag']}”"
        return f"the credential “{named['credential']}”" if "credential" in named else ""

    @property
    def is_upkeep(self) -> bool:
        """Of housekeeping: without backups, and with counts in its metadata."""
        return self.job_type in self.UPKEEP

    @property
    def is_active(self) -> bool:
        """Not ended yet."""
        return self.status in self.ACTIVE

    @property
    def can_be_cancelled(self) -> bool:
        """Under way, and nobody has cancelled it so far."""
        return self.job_type == self.Type.BACKUP and self.is_active and self.cancelled_at is None

    def progress(self) -> Progress:
        """How many of its backups are in each status."""
        return progress_of([self])[self.pk]
