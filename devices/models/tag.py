"""Labels on devices, and what devices get by them."""

import uuid

from django.contrib.auth.models import Group
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models

from credentials.models import Credential
from devices.models.gateway import Gateway

MOST_HOURS = 10 * 8760  # ten years; a date so much later can still be reckoned with


class Tag(models.Model):
    """A label on devices: log-ins and a gateway for all of them, and with groups it says who sees them."""

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
    gateway = models.ForeignKey(
        Gateway,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="tags",
        help_text="The way to devices with this tag, unless a device names a gateway of its own.",
    )
    max_sessions = models.PositiveSmallIntegerField(
        null=True,
        blank=True,
        validators=[MinValueValidator(1)],
        help_text="Devices with this tag that are backed up at once, by all workers together. Empty: no limit.",
    )
    max_age_hours = models.PositiveIntegerField(
        "good backup within",
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(MOST_HOURS)],
        help_text="Hours: a device with this tag whose last good backup is older is stale. Empty: none.",
    )

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
