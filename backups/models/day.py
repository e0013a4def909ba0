"""What came of a day."""

import uuid

from django.db import models


class Day(models.Model):
    """How many backups ended on a day that is over (UTC), counted once for all who see the same devices.

    See `backups/daily.py`, which alone reads and writes it.
    """

    date = models.DateField(primary_key=True)
    revision = models.UUIDField(default=uuid.uuid4, help_text="Another one whenever backups of that day change.")
    counts = models.JSONField(default=dict, help_text="By whose devices: [completed, failed, changed].")

    class Meta:
        ordering = ["date"]

    def __str__(self) -> str:
        return f"{self.date}"
