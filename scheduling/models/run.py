"""What came of schedules."""

import uuid
from typing import Any

from django.db import models
from django.utils import timezone

from backups.models import Job
from scheduling.models.schedule import Schedule


class ScheduleRun(models.Model):
    """One due time of a schedule, or one “run now”, and what came of it: its history, kept with the schedule."""

    class Cause(models.TextChoices):
        DUE = "due", "On time"
        CATCH_UP = "catch_up", "Catching up"
        MANUAL = "manual", "By hand"

    class Outcome(models.TextChoices):
        STARTED = "started", "Started"
        JOINED = "joined", "Started while the one before was not done"
        OVERLAPPED = "overlapped", "Skipped: the one before was not done"
        MISSED = "missed", "Skipped: missed"
        EMPTY = "empty", "No devices"
        BROKEN = "broken", "Could not be started"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    schedule = models.ForeignKey(Schedule, on_delete=models.CASCADE, related_name="runs")
    due_at = models.DateTimeField(help_text="When it was to run; for “run now”, when that was asked.")
    cause = models.CharField(max_length=10, choices=Cause.choices, default=Cause.DUE)
    outcome = models.CharField(max_length=10, choices=Outcome.choices)
    message = models.TextField(blank=True, help_text="For the operator: why, and how many due times it stands for.")
    job = models.ForeignKey(Job, null=True, blank=True, on_delete=models.SET_NULL, related_name="schedule_runs")
    cancel_at = models.DateTimeField(null=True, blank=True, help_text="When its maximum run time is over.")
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["-due_at", "-created_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["schedule", "due_at"],
                condition=~models.Q(cause="manual"),
                name="schedulerun_once_per_due_time",
            )
        ]
        indexes = [
            models.Index(fields=["schedule", "-due_at"], name="schedulerun_newest"),
            models.Index(
                fields=["cancel_at"], condition=models.Q(cancel_at__isnull=False), name="schedulerun_to_cancel"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.schedule} at {self.due_at:%Y-%m-%d %H:%M}"


def last_run(field: str) -> Any:
    """For queries of schedules: this field of the newest run, null if there was none."""
    runs = ScheduleRun.objects.filter(schedule=models.OuterRef("pk")).order_by("-due_at", "-created_at")
    return models.Subquery(runs.values(field)[:1])
