"""What is backed up."""

import uuid
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Count, Exists, ExpressionWrapper, F, Max, OuterRef, Q, Subquery, Value
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce
from django.db.models.lookups import LessThan
from django.utils import timezone

from credentials.models import Credential
from devices.exceptions import GatewayFailed
from devices.models.gateway import Gateway
from devices.models.platform import Platform
from devices.models.tag import Tag
from devices.validators import validate_address

Viewer = AbstractBaseUser | AnonymousUser
HOUR = timedelta(hours=1)


class DeviceQuerySet(models.QuerySet["Device"]):
    """Reads over devices."""

    def visible_to(self, user: Viewer) -> "DeviceQuerySet":
        """Devices without a restricted tag, or with one whose groups the user is in: the one place that says so."""
        return self.filter(visible_to(user))

    def with_objective(self) -> "DeviceQuerySet":
        """Those with a tag that says within how many hours there must be a good backup."""
        return self.filter(Exists(_objectives()))

    def without_objective(self) -> "DeviceQuerySet":
        """Those with no such tag."""
        return self.filter(~Exists(_objectives()))

    def missing_objective(self, now: datetime | None = None) -> "DeviceQuerySet":
        """Those whose last good backup is older than their tags allow, enabled or not; `now` None is this moment."""
        return self.filter(_misses_objective(now or timezone.now()))

    def stale(self, now: datetime | None = None) -> "DeviceQuerySet":
        """The enabled ones among those: a disabled device is not backed up, so nothing is wrong with it."""
        return self.filter(enabled=True).missing_objective(now)

    def in_time(self, now: datetime | None = None) -> "DeviceQuerySet":
        """The enabled ones that have an objective and are not stale."""
        return self.filter(~_misses_objective(now or timezone.now()), enabled=True).with_objective()

    def longest_stale_first(self) -> "DeviceQuerySet":
        """By the time at which they became stale, or will be."""
        hours = Subquery(_objectives().order_by("tag__max_age_hours").values("tag__max_age_hours")[:1])
        return self.order_by(_later(F("last_success_at"), F("created_at"), hours=hours), "hostname")

    def count_by_tag(self) -> dict[uuid.UUID, int]:
        """By the id of each tag that any of them has: how many do. One query."""
        tagged = Device.tags.through.objects.filter(device__in=self.order_by().values("pk"))
        return dict(tagged.order_by().values_list("tag").annotate(Count("pk")))

    def behind(self, gateway: Gateway) -> "DeviceQuerySet":
        """Those that go through a gateway, by their own choice or that of their tags."""
        tagged = Device.tags.through.objects.filter(tag__gateway=gateway).values("device")
        possible = self.filter(Q(gateway=gateway) | Q(pk__in=tagged))
        return possible.annotate(way=effective_gateway()).filter(way=gateway.pk)

    def behind_gateways(self) -> dict[uuid.UUID, dict[str, Any]]:
        """By the id of each gateway that leads to any of them: how many (`devices`), at how many of those the last
        backup failed because of it (`failing`), and when it last did (`failed_at`). One query."""
        failed = Q(last_failure_reason=GatewayFailed.reason)
        rows = self.annotate(way=effective_gateway()).filter(way__isnull=False).order_by().values("way")
        counted = rows.annotate(
            devices=Count("pk"),
            failing=Count("pk", filter=failed),
            failed_at=Max("last_attempt_at", filter=failed),
        )
        return {row["way"]: dict(row) for row in counted}


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
    gateway = models.ForeignKey(
        Gateway,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="devices",
        help_text="Empty: the gateway of its tags, if one has one, else none.",
    )
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

    @property
    def effective_gateway(self) -> Gateway | None:
        """As `effective_gateway` below finds it: its own, else that of the first of its tags that has one."""
        return self.gateway or next((tag.gateway for tag in self.tags.all() if tag.gateway), None)

    @property
    def objective_hours(self) -> int | None:
        """Hours within which it must have a good backup: the fewest that one of its tags says; None if none does."""
        return min((tag.max_age_hours for tag in self.tags.all() if tag.max_age_hours is not None), default=None)

    @property
    def objective_tags(self) -> list[Tag]:
        """The tags that say so: more than one if they agree."""
        hours = self.objective_hours
        return [tag for tag in self.tags.all() if hours is not None and tag.max_age_hours == hours]

    @property
    def stale_at(self) -> datetime | None:
        """When its last good backup was too old or will be; without one, its record's age counts. None: never."""
        hours = self.objective_hours
        return None if hours is None else (self.last_success_at or self.created_at) + hours * HOUR

    @property
    def stale_since(self) -> datetime | None:
        """The instant at which it became stale; None while it is not, and for a disabled device."""
        stale_at = self.stale_at
        return stale_at if self.enabled and stale_at and stale_at < timezone.now() else None

    @property
    def is_stale(self) -> bool:
        """Whether its objective is missed now."""
        return self.stale_since is not None


def visible_to(user: Viewer, device: str = "pk") -> Q:
    """The condition that the user sees a device, for rows that name one in the field `device`.

    The devices in question are looked up once for the whole statement, not for each of a million rows.
    """
    if not user.is_authenticated or not user.is_active:
        return Q(pk__in=())
    if getattr(user, "is_superuser", False):
        return Q(pk__isnull=False)  # an empty condition would get lost beside an “or”
    groups, tagged = Tag.groups.through.objects, Device.tags.through.objects.order_by()
    own = groups.filter(group__in=user.groups.values("pk"))  # type: ignore[attr-defined]
    restricted = tagged.filter(tag__in=groups.values("tag")).values("device")
    member = tagged.filter(tag__in=own.values("tag")).values("device")
    return ~Q(**{f"{device}__in": restricted}) | Q(**{f"{device}__in": member})


def effective_gateway() -> Coalesce:
    """For queries of devices: the id of the device's own gateway, else that of the first of its tags that has one."""
    of_tags = Tag.objects.filter(devices=OuterRef("pk"), gateway__isnull=False).order_by("name").values("gateway")[:1]
    return Coalesce("gateway", Subquery(of_tags), output_field=models.UUIDField())


def _objectives() -> models.QuerySet[Any]:
    """For queries of devices: what tags a device has that set an objective."""
    return Device.tags.through.objects.filter(device=OuterRef("pk"), tag__max_age_hours__isnull=False)


def _misses_objective(now: datetime) -> Exists:
    """Any tag's hours are as good as the fewest: among 10,000 devices PostgreSQL finds it in a third of the time."""
    stale_at = _later(OuterRef("last_success_at"), OuterRef("created_at"), hours=F("tag__max_age_hours"))
    return Exists(_objectives().filter(LessThan(stale_at, now)))


def _later(*moments: F, hours: F | Subquery) -> Combinable:
    """So many hours after the first of the moments that there is."""
    number = ExpressionWrapper(hours, output_field=models.IntegerField())
    length = ExpressionWrapper(number * Value(HOUR), output_field=models.DurationField())
    return ExpressionWrapper(Coalesce(*moments) + length, output_field=models.DateTimeField())
