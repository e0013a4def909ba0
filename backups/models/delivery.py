"""What channels are told: the rows are the queue, and the log of what came of each message."""

import uuid
from collections.abc import Collection

from django.db import models
from django.db.models import Count, Exists, OuterRef, Q
from django.utils import timezone

from backups.models.backup import Backup
from backups.models.channel import Channel
from backups.models.job import Job
from devices.models import Device, Viewer


class EventKind(models.TextChoices):
    """What happens to a device."""

    CHANGED = "changed", "Changed"
    FAILED = "failed", "Failed"
    RECOVERED = "recovered", "Recovered"
    STALE = "stale", "Stale"


class DeliveryQuerySet(models.QuerySet["Delivery"]):
    """Reads over deliveries."""

    def visible_to(self, user: Viewer) -> "DeliveryQuerySet":
        """Those that name no device that the user does not see."""
        if getattr(user, "is_superuser", False) and user.is_active:
            return self
        if not user.is_authenticated or not user.is_active:
            return self.none()
        hidden = DeliveryItem.objects.filter(delivery=OuterRef("pk")).exclude(
            device__in=Device.objects.visible_to(user)
        )
        return self.exclude(Exists(hidden))

    def due(self) -> "DeliveryQuerySet":
        """Pending, and their time has come."""
        return self.filter(status=Delivery.Status.PENDING, next_try_at__lte=timezone.now())


class Delivery(models.Model):
    """One message to one channel. Its id is the one that the receiver sees, however often it is tried."""

    class Status(models.TextChoices):
        PENDING = "pending", "Pending"
        SENT = "sent", "Sent"
        FAILED = "failed", "Failed"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    channel = models.ForeignKey(Channel, on_delete=models.CASCADE, related_name="deliveries")
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.PENDING)
    test = models.BooleanField(default=False)  # asked for by hand, without events
    collecting = models.BooleanField(default=False)  # a digest that takes in more events until it is sent
    job = models.ForeignKey(Job, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")  # of a digest
    attempts = models.PositiveSmallIntegerField(default=0)
    next_try_at = models.DateTimeField(null=True, blank=True)  # None while pending: when its job has ended
    http_status = models.PositiveSmallIntegerField("HTTP status", null=True, blank=True)
    answer = models.CharField(max_length=300, blank=True, help_text="What the receiver said, or why it was not asked.")
    payload_digest = models.CharField(max_length=64, blank=True, help_text="SHA-256 of what was sent last.")
    created_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True, blank=True)

    objects = DeliveryQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]
        verbose_name_plural = "deliveries"
        indexes = [
            models.Index(fields=["-created_at", "-id"], name="delivery_newest"),
            models.Index(fields=["status", "next_try_at"], name="delivery_due"),
            models.Index(fields=["channel", "-created_at"], name="delivery_channel_newest"),
            models.Index(fields=["channel", "job"], condition=Q(collecting=True), name="delivery_collecting"),
        ]

    def __str__(self) -> str:
        return f"Delivery {str(self.id)[:8]}"


class DeliveryItem(models.Model):
    """One event that a delivery tells of."""

    id = models.BigAutoField(primary_key=True)
    delivery = models.ForeignKey(Delivery, on_delete=models.CASCADE, related_name="items")
    kind = models.CharField(max_length=10, choices=EventKind.choices)
    device = models.ForeignKey(Device, on_delete=models.CASCADE, related_name="+")
    backup = models.ForeignKey(Backup, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    reason = models.CharField(max_length=20, blank=True)  # of a failure: why; its backup may be gone
    at = models.DateTimeField()

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.kind} {self.device_id}"


def counts_of(deliveries: Collection[Delivery]) -> dict[uuid.UUID, dict[str, int]]:
    """How many events of each kind each of them tells of: `{"changed": 3, "failed": 1}`. One query."""
    counts: dict[uuid.UUID, dict[str, int]] = {delivery.pk: {} for delivery in deliveries}
    items = DeliveryItem.objects.filter(delivery__in=list(counts)).order_by()
    for pk, kind, number in items.values_list("delivery", "kind").annotate(Count("pk")):
        counts[pk][kind] = number
    return counts
