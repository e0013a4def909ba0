"""What came of it, one device at a time."""

import uuid
from datetime import datetime

from django.conf import settings
from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.utils import timezone

from credentials.models import Credential
from devices.models import Device, DeviceQuerySet, Gateway, Viewer, visible_to

FEW = 100  # devices whose backups are found one device after the other

INCOMPLETE = Q(status="failed", failure_reason="incomplete")


class BackupQuerySet(models.QuerySet["Backup"]):
    """Reads over backups."""

    def visible_to(self, user: Viewer) -> "BackupQuerySet":
        """Backups of the devices that the user sees."""
        return self.filter(visible_to(user, "device"))

    def of_devices(self, devices: DeviceQuerySet) -> "BackupQuerySet":
        """Those of these devices, however many: a few by their own index, many on the way through the newest ones.

        PostgreSQL, asked in one statement, takes all 100 backups of each of 6,000 devices to sort them.
        """
        few = list(devices.order_by().values_list("pk", flat=True)[: FEW + 1])
        if len(few) <= FEW:
            return self.filter(device__in=few)
        return self.exclude(device__in=Device.objects.exclude(pk__in=devices.order_by().values("pk")).order_by())

    def completed(self) -> "BackupQuerySet":
        """Good ones only."""
        return self.filter(status=Backup.Status.COMPLETED)

    def active(self) -> "BackupQuerySet":
        """Asked for and not ended yet."""
        return self.filter(status__in=Backup.ACTIVE)

    def ready(self) -> "BackupQuerySet":
        """Pending, and not for a later time."""
        due = Q(not_before=None) | Q(not_before__lte=timezone.now())
        return self.filter(due, status=Backup.Status.PENDING)

    def ended(self, since: datetime, until: datetime | None = None) -> "BackupQuerySet":
        """Completed or failed at that time or later, and before `until`."""
        ended = self.filter(finished_at__gte=since)
        return ended.filter(finished_at__lt=until) if until else ended

    def changes(self) -> "BackupQuerySet":
        """Good ones that differ from the one before; the first of a device is none."""
        return self.filter(changed=True, version__gt=1)

    def awaiting_decision(self) -> "BackupQuerySet":
        """Incomplete ones that can be accepted: of each device the newest, if nothing good has come since."""
        kept = self.filter(INCOMPLETE, device__last_status=Device.LastStatus.FAILED).exclude(file_path="")
        newer = Backup.objects.filter(INCOMPLETE, device=OuterRef("device"), finished_at__gt=OuterRef("finished_at"))
        never, before = Q(device__last_success_at=None), Q(device__last_success_at__lt=F("finished_at"))
        return kept.filter(never | before, ~Exists(newer.exclude(file_path="")))

    def unnoticed(self) -> "BackupQuerySet":
        """Ended, and notifications have not looked yet at how."""
        return self.filter(noticed=False, finished_at__isnull=False)

    def last_good(self, device_id: uuid.UUID) -> "Backup | None":
        """The newest completed backup of a device: what the next one is compared with."""
        return self.completed().filter(device_id=device_id).order_by("-finished_at").first()

    def good_before(self, backup: "Backup") -> "Backup | None":
        """The completed backup before another of the same device."""
        good = self.completed().filter(device_id=backup.device_id).exclude(pk=backup.pk)
        if backup.finished_at:
            good = good.filter(finished_at__lt=backup.finished_at)
        return good.order_by("-finished_at").first()


class Backup(models.Model):
    """One device's running configuration, asked for at one time: it ends completed, or failed with a reason."""

    class Status(models.TextChoices):
        PENDING = "pending", "Pending"
        RUNNING = "running", "Running"
        COMPLETED = "completed", "Completed"
        FAILED = "failed", "Failed"

    class FailureReason(models.TextChoices):
        UNREACHABLE = "unreachable", "Unreachable"
        GATEWAY = "gateway", "Gateway failed"
        SECURITY = "security", "Host key changed"
        AUTHENTICATION = "authentication", "Authentication failed"
        TIMEOUT = "timeout", "Timed out"
        INCOMPLETE = "incomplete", "Incomplete configuration"
        STORAGE = "storage", "Storage failed"
        CANCELLED = "cancelled", "Cancelled"
        UNEXPECTED = "unexpected", "Unexpected error"

    ACTIVE = (Status.PENDING, Status.RUNNING)

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    # Indexes begin with it
    job = models.ForeignKey("backups.Job", on_delete=models.PROTECT, related_name="backups", db_index=False)
    device = models.ForeignKey(Device, on_delete=models.PROTECT, related_name="backups")
    status = models.CharField(max_length=20, choices=Status.choices, default=Status.PENDING)
    failure_reason = models.CharField(max_length=20, blank=True, choices=FailureReason.choices)
    error = models.TextField(blank=True, help_text="What went wrong, for the operator.")
    # What came
    version = models.PositiveIntegerField(null=True, blank=True, help_text="Counts the changes of this device.")
    changed = models.BooleanField(null=True, blank=True, help_text="Differs from the last good one.")
    file_path = models.CharField(max_length=500, blank=True)
    file_size = models.PositiveBigIntegerField(null=True, blank=True, help_text="Bytes.")
    content_hash = models.CharField(max_length=64, blank=True, help_text="SHA-256 of the exact bytes.")
    change_hash = models.CharField(max_length=64, blank=True, help_text="SHA-256 without the volatile lines.")
    lines_added = models.PositiveIntegerField(
        null=True, blank=True, help_text="Since the last good one, as the diff counts them. Empty: not counted."
    )
    lines_removed = models.PositiveIntegerField(null=True, blank=True)
    serial_number = models.CharField(max_length=100, blank=True)
    os_version = models.CharField(max_length=500, blank=True)
    comments = models.TextField(blank=True)
    accepted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    credential = models.ForeignKey(
        Credential,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="backups",
        help_text="The log-in used.",
    )
    gateway = models.ForeignKey(
        Gateway,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="backups",
        help_text="The way there, as it was when the backup was asked for.",
    )
    # Who works on it
    position = models.PositiveIntegerField(
        default=0, help_text="Its place in its job: the workers take the first of each job before the second of any."
    )
    not_before = models.DateTimeField(
        null=True, blank=True, help_text="No worker takes it earlier. Empty: as soon as one has time."
    )
    attempts = models.PositiveSmallIntegerField(default=0, help_text="How often a worker took it on.")
    worker = models.CharField(max_length=100, blank=True, help_text="Who works on it: host, process, batch.")
    lease_expires_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    noticed = models.BooleanField(default=False, editable=False)  # by notifications, once it has ended

    objects = BackupQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["device"],
                condition=Q(status__in=["pending", "running"]),
                name="backup_one_active_per_device",
            ),
            models.CheckConstraint(
                condition=~Q(status="completed") | (~Q(file_path="") & ~Q(content_hash="") & Q(version__isnull=False)),
                name="backup_completed_has_file",
            ),
            models.CheckConstraint(
                condition=~Q(status="failed") | ~Q(failure_reason=""), name="backup_failed_has_reason"
            ),
        ]
        indexes = [
            models.Index(fields=["-created_at", "-id"], name="backup_newest"),
            models.Index(fields=["device", "-created_at"], name="backup_device_newest"),
            models.Index(fields=["device", "-finished_at"], condition=Q(status="completed"), name="backup_device_good"),
            models.Index(fields=["job", "status"], name="backup_job_status"),
            models.Index(fields=["job", "position", "id"], name="backup_job_position"),
            models.Index(
                fields=["failure_reason", "-created_at", "-id"],
                condition=~Q(failure_reason=""),
                name="backup_reason_newest",
            ),
            models.Index(fields=["status", "-created_at"], name="backup_status_newest"),
            models.Index(fields=["lease_expires_at"], condition=Q(status="running"), name="backup_lease"),
            models.Index(fields=["position", "created_at"], condition=Q(status="pending"), name="backup_queue"),
            models.Index(fields=["file_path"], name="backup_file"),
            models.Index(fields=["finished_at"], name="backup_ended"),
            models.Index(fields=["-finished_at"], condition=Q(changed=True, version__gt=1), name="backup_changes"),
            models.Index(fields=["device", "-finished_at"], condition=INCOMPLETE, name="backup_incomplete"),
            # Without a status: SQLite would have to know it when it plans
            models.Index(
                fields=["finished_at"], condition=Q(noticed=False, finished_at__isnull=False), name="backup_unnoticed"
            ),
        ]
        permissions = [
            ("run_backup", "Can run backups"),
            ("view_config", "Can read configurations"),
            ("view_secrets", "Can read secrets in configurations"),
            ("accept_backup", "Can accept incomplete configurations"),
        ]

    def __str__(self) -> str:
        return f"{self.device_id} {self.created_at:%Y-%m-%d %H:%M}"

    @property
    def name_in_trail(self) -> str:
        """The device and the time."""
        return f"{self.device.hostname}, {self.created_at:%Y-%m-%d %H:%M} UTC"

    @property
    def is_active(self) -> bool:
        """Not ended yet."""
        return self.status in self.ACTIVE

    @property
    def waits_for_its_time(self) -> bool:
        """Pending, and no worker takes it before `not_before`."""
        return bool(self.status == self.Status.PENDING and self.not_before and self.not_before > timezone.now())

    @property
    def can_be_accepted(self) -> bool:
        """Failed as incomplete, with what came kept aside."""
        return self.failure_reason == self.FailureReason.INCOMPLETE and bool(self.file_path)
