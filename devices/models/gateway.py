"""Ways to devices that cannot be reached directly."""

import uuid

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models

from credentials.models import Credential
from devices.validators import validate_address


class Gateway(models.Model):
    """An SSH jump host: sessions with the devices behind it go through its forwarded channels."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=100, unique=True)
    address = models.CharField(
        max_length=255, validators=[validate_address], help_text="IP address or DNS name to connect to."
    )
    port = models.PositiveIntegerField(default=22, validators=[MinValueValidator(1), MaxValueValidator(65535)])
    credential = models.ForeignKey(
        Credential, on_delete=models.PROTECT, related_name="gateways", help_text="The log-in at the gateway itself."
    )
    max_sessions = models.PositiveSmallIntegerField(
        default=50,
        validators=[MinValueValidator(1)],
        help_text="Devices that are backed up through it at once, by all workers together.",
    )
    description = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name
