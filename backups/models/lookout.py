"""How far notifications have looked."""

from django.db import models

from devices.models import Device


class Lookout(models.Model):
    """One row: whoever has it locked looks for news, and nobody else does."""

    KEY = 1

    id = models.PositiveSmallIntegerField(primary_key=True, default=KEY)
    stale_looked_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return "Lookout"


class StaleNotice(models.Model):
    """That a device has missed its objective has been noticed, and is not news again until it has met it."""

    device = models.OneToOneField(Device, primary_key=True, on_delete=models.CASCADE, related_name="+")
    last_good_at = models.DateTimeField(null=True, blank=True, help_text="Of the backup that was too old.")
    noticed_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.device_id} is stale"
