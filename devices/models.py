"""What is backed up: platforms, tags and devices."""

import uuid

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser, Group
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models import Exists, OuterRef

from credentials.models import Credential
from devices.validators import validate_address, validate_driver_name, validate_optional_args, validate_patterns

Viewer = AbstractBaseUser | AnonymousUser


class Platform(models.Model):
    """A kind of device: how to talk to it, and how to tell a complete configuration from half a one."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    slug = models.SlugField(unique=True)
    name = models.CharField(max_length=100)
    driver = models.CharField(max_length=100, validators=[validate_driver_name], help_text="Name of the NAPALM driver.")
    default_port = models.PositiveIntegerField(validators=[MinValueValidator(1), MaxValueValidator(65535)])
    optional_args = models.JSONField(
        default=dict, blank=True, validators=[validate_optional_args], help_text="Extra arguments for the driver."
    )
    volatile_patterns = models.TextField(
        blank=True,
        validators=[validate_patterns],
        help_text="Regular expressions, one a line: lines that change by themselves. They are stored, but not "
        "compared.",
    )
    error_patterns = models.TextField(
        blank=True,
        validators=[validate_patterns],
        help_text="Regular expressions, one a line: an answer with such a line near its top is an error text, not a "
        "configuration.",
    )
    end_pattern = models.CharField(
        max_length=200,
        blank=True,
        validators=[validate_patterns],
        help_text="Regular expression for the last line of a complete configuration. Empty: any line may be the last.",
    )
    max_shrink_percent = models.PositiveSmallIntegerField(
        default=50,
        validators=[MaxValueValidator(100)],
        help_text="A configuration that lost more than this, against the last good one, waits for a person. "
        "100: never.",
    )

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Tag(models.Model):
    """A label on devices: log-ins for all of them, and with groups it says who sees them."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=100, unique=True)
    color = models.CharField(
        max_length=7,
        default="#64748b",
        validators=[RegexValidator(r"^#[0-9a-fA-F]{6}$", "Give a colour as #rrggbb.")],
    )
    description = models.TextField(blank=True)
    groups = models.ManyToManyField(
        Group,
        blank=True,
        related_name="+",
        help_text="When set, only members of these groups see the devices with this tag.",
    )
    credentials = models.ManyToManyField(Credential, through="TagCredential", related_name="tags")

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class TagCredential(models.Model):
    """A log-in for every device with a tag; the one with the lowest priority is tried first."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    tag = models.ForeignKey(Tag, on_delete=models.CASCADE, related_name="tag_credentials")
    credential = models.ForeignKey(Credential, on_delete=models.PROTECT, related_name="tag_credentials")
    priority = models.PositiveSmallIntegerField(default=100, help_text="The lowest is tried first.")

    class Meta:
        ordering = ["priority", "credential__name"]
        constraints = [models.UniqueConstraint(fields=["tag", "credential"], name="tagcredential_once")]

    def __str__(self) -> str:
        return f"{self.credential} for {self.tag}"


class DeviceQuerySet(models.QuerySet["Device"]):
    """Reads over devices."""

    def visible_to(self, user: Viewer) -> "DeviceQuerySet":
        """Devices without a restricted tag, or with one whose groups the user is in: the one place that says so."""
        if not user.is_authenticated or not user.is_active:
            return self.none()
        if getattr(user, "is_superuser", False):
            return self
        tagged = Device.tags.through.objects.filter(device=OuterRef("pk"))
        restricted = Exists(tagged.filter(tag__groups__isnull=False))
        member = Exists(tagged.filter(tag__groups__in=user.groups.values("pk")))  # type: ignore[attr-defined]
        return self.filter(~restricted | member)


class Device(models.Model):
    """A network device. Deleting one with history is refused; disabling it keeps everything."""

    class LastStatus(models.TextChoices):
        NEVER = "", "Never backed up"
        COMPLETED = "completed", "Completed"
        FAILED = "failed", "Failed"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    hostname = models.CharField(max_length=255, unique=True)
    address = models.CharField(
        max_length=255, validators=[validate_address], help_text="IP address or DNS name to connect to."
    )
    platform = models.ForeignKey(Platform, on_delete=models.PROTECT, related_name="devices")
    port = models.PositiveIntegerField(
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(65535)],
        help_text="Empty: the platform's default port.",
    )
    credential = models.ForeignKey(Credential, null=True, blank=True, on_delete=models.PROTECT, related_name="devices")
    tags = models.ManyToManyField(Tag, blank=True, related_name="devices")
    enabled = models.BooleanField(default=True, help_text="Disabled devices are not backed up; their history stays.")
    description = models.TextField(blank=True)
    # Facts, as the device last told them
    vendor = models.CharField(max_length=100, blank=True, editable=False)
    model = models.CharField(max_length=100, blank=True, editable=False)
    os_version = models.CharField(max_length=500, blank=True, editable=False)
    serial_number = models.CharField(max_length=100, blank=True, editable=False)
    # How the last backup went, so that a list of 10,000 devices needs no look into a million backups
    last_status = models.CharField(
        max_length=20, blank=True, choices=LastStatus.choices, default=LastStatus.NEVER, editable=False
    )
    last_failure_reason = models.CharField(max_length=20, blank=True, editable=False)
    last_attempt_at = models.DateTimeField(null=True, blank=True, editable=False, db_index=True)
    last_success_at = models.DateTimeField(null=True, blank=True, editable=False, db_index=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = DeviceQuerySet.as_manager()

    class Meta:
        ordering = ["hostname"]
        indexes = [models.Index(fields=["last_status", "hostname"], name="device_last_status")]

    def __str__(self) -> str:
        return self.hostname

    @property
    def effective_port(self) -> int:
        """The device's own port, else its platform's default."""
        return self.port or self.platform.default_port
