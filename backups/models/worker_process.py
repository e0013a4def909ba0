"""Who does the work."""

from django.db import models
from django.utils import timezone


class WorkerProcess(models.Model):
    """A process of a task queue cluster, as it last gave a sign of life: at work, or at the upkeep of each minute."""

    name = models.CharField(primary_key=True, max_length=100, help_text="Host and process: `backup1:4711`.")
    host = models.CharField(max_length=60)
    started_at = models.DateTimeField(default=timezone.now)
    last_seen_at = models.DateTimeField(default=timezone.now, db_index=True)
    busy = models.PositiveIntegerField(default=0, help_text="Devices that it talks to now.")
    threads = models.PositiveIntegerField(default=0, help_text="Devices that it can talk to at once.")
    completed = models.PositiveBigIntegerField(default=0, help_text="Backups since it was started.")
    failed = models.PositiveBigIntegerField(default=0, help_text="Backups since it was started.")

    class Meta:
        ordering = ["host", "name"]
        verbose_name_plural = "worker processes"

    def __str__(self) -> str:
        return self.name
