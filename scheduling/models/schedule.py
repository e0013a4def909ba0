"""When backups run by themselves."""

import uuid
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils import timezone

from devices.models import Device, Platform, Tag
from scheduling.recurrence import Recurrence
from scheduling.validation import clear_unused, validate_schedule
from scheduling.validators import WEEKDAYS, validate_cron, validate_time_zone, validate_weekdays

DAY, YEAR = 24 * 60, 366 * 24 * 60  # minutes


def default_time_zone() -> str:
    """The installation's own, NETRAVEN_TIME_ZONE."""
    return str(settings.TIME_ZONE)


class ScheduleQuerySet(models.QuerySet["Schedule"]):
    """Reads over schedules."""

    def due(self, now: datetime) -> "ScheduleQuerySet":
        """Those whose time has come, the one that has waited longest first."""
        return self.filter(enabled=True, next_run_at__lte=now).order_by("next_run_at", "pk")

    def switched_off(self) -> "ScheduleQuerySet":
        """Those that NetRaven itself disabled, and says why."""
        return self.filter(enabled=False).exclude(disabled_reason="")


class Schedule(models.Model):
    """Backups of some devices at some times: everything a tick needs is in this row.

    All times are in the schedule's own time zone. `next_run_at` is None when it is disabled or has run for the last
    time. Save it through `scheduling.services.save_schedule`, which sets that.
    """

    class Type(models.TextChoices):
        ONCE = "once", "Once"
        INTERVAL = "interval", "Every so many minutes"
        DAILY = "daily", "Daily"
        WEEKLY = "weekly", "Weekly"
        MONTHLY = "monthly", "Monthly"
        YEARLY = "yearly", "Yearly"
        CRON = "cron", "Cron expression"

    class DayRule(models.TextChoices):
        DAY = "day", "On a day of the month"
        LAST_DAY = "last_day", "On the last day"
        WEEKDAY = "weekday", "On a weekday of the month"

    class Ordinal(models.IntegerChoices):
        FIRST = 1, "First"
        SECOND = 2, "Second"
        THIRD = 3, "Third"
        FOURTH = 4, "Fourth"
        LAST = -1, "Last"

    class Weekday(models.TextChoices):
        MONDAY = "mon", "Monday"
        TUESDAY = "tue", "Tuesday"
        WEDNESDAY = "wed", "Wednesday"
        THURSDAY = "thu", "Thursday"
        FRIDAY = "fri", "Friday"
        SATURDAY = "sat", "Saturday"
        SUNDAY = "sun", "Sunday"

    class Month(models.IntegerChoices):
        JANUARY = 1, "January"
        FEBRUARY = 2, "February"
        MARCH = 3, "March"
        APRIL = 4, "April"
        MAY = 5, "May"
        JUNE = 6, "June"
        JULY = 7, "July"
        AUGUST = 8, "August"
        SEPTEMBER = 9, "September"
        OCTOBER = 10, "October"
        NOVEMBER = 11, "November"
        DECEMBER = 12, "December"

    class TagMatch(models.TextChoices):
        ANY = "any", "Any of the tags"
        ALL = "all", "All of the tags"

    class Missed(models.TextChoices):
        RUN_ONCE = "run_once", "Run once when it is noticed"
        SKIP = "skip", "Skip it"

    class Overlap(models.TextChoices):
        JOIN = "join", "Run: devices still being backed up are not asked twice"
        SKIP = "skip", "Skip this run"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=100, unique=True)
    enabled = models.BooleanField(default=True)
    # When
    schedule_type = models.CharField("type", max_length=20, choices=Type.choices, default=Type.DAILY)
    time_zone = models.CharField(
        max_length=64,
        default=default_time_zone,
        validators=[validate_time_zone],
        help_text="Such as Europe/Berlin: the times below are this zone's.",
    )
    start_at = models.DateTimeField(
        "start",
        default=timezone.now,
        help_text="Nothing runs before. A run of type “once” is then; intervals count from then.",
    )
    end_at = models.DateTimeField("end", null=True, blank=True, help_text="Nothing runs after. Empty: no end.")
    interval_minutes = models.PositiveIntegerField(
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(YEAR)],
        help_text="Minutes from one run to the next.",
    )
    time = models.TimeField(null=True, blank=True, help_text="Time of day, such as 02:30.")
    weekdays = models.JSONField(
        default=list, blank=True, validators=[validate_weekdays], help_text="Days of the week: mon, tue, wed, …"
    )
    month = models.PositiveSmallIntegerField(null=True, blank=True, choices=Month.choices)
    day_rule = models.CharField(max_length=10, choices=DayRule.choices, default=DayRule.DAY)
    day = models.PositiveSmallIntegerField(
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(31)],
        help_text="Day of the month; in a month without it, its last day.",
    )
    ordinal = models.SmallIntegerField(null=True, blank=True, choices=Ordinal.choices)
    ordinal_weekday = models.CharField("weekday", max_length=3, blank=True, choices=Weekday.choices)
    cron = models.CharField(
        "cron expression",
        max_length=100,
        blank=True,
        validators=[validate_cron],
        help_text="Minute, hour, day, month, day of the week, such as “30 2 * * mon-fri”.",
    )
    spread_minutes = models.PositiveSmallIntegerField(
        "spread",
        default=0,
        validators=[MaxValueValidator(DAY)],
        help_text="Minutes over which the devices' starts are spread; each device always starts at the same one.",
    )
    # What
    all_devices = models.BooleanField(default=False, help_text="All enabled devices, also those that are yet to come.")
    devices = models.ManyToManyField(Device, blank=True, related_name="schedules")
    tags = models.ManyToManyField(Tag, blank=True, related_name="schedules", help_text="Devices with these tags.")
    tag_match = models.CharField(max_length=3, choices=TagMatch.choices, default=TagMatch.ANY)
    platforms = models.ManyToManyField(
        Platform,
        blank=True,
        related_name="schedules",
        help_text="Devices of these platforms; if tags are chosen too, only those of them.",
    )
    excluded_devices = models.ManyToManyField(Device, blank=True, related_name="excluding_schedules")
    excluded_tags = models.ManyToManyField(
        Tag, blank=True, related_name="excluding_schedules", help_text="Devices with any of these are left out."
    )
    # How
    missed = models.CharField(
        "missed runs",
        max_length=10,
        choices=Missed.choices,
        default=Missed.RUN_ONCE,
        help_text="What becomes of runs whose time passed while no worker was there.",
    )
    overlap = models.CharField(
        max_length=10,
        choices=Overlap.choices,
        default=Overlap.JOIN,
        help_text="What becomes of a run whose predecessor has not ended.",
    )
    max_run_minutes = models.PositiveIntegerField(
        "maximum run time",
        null=True,
        blank=True,
        validators=[MinValueValidator(1)],
        help_text="Minutes after which what is left of a run is cancelled. Empty: none.",
    )
    comments = models.TextField(blank=True, help_text="Written into each backup that it makes.")
    # What the tick keeps
    next_run_at = models.DateTimeField(null=True, blank=True, editable=False)
    disabled_reason = models.TextField(blank=True, editable=False, help_text="Why NetRaven itself disabled it.")
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, editable=False, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = ScheduleQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        indexes = [
            models.Index(fields=["next_run_at"], condition=models.Q(enabled=True), name="schedule_due"),
        ]

    def __str__(self) -> str:
        return self.name

    def clean_fields(self, exclude: Collection[str] | None = None) -> None:
        """Whatever its type does not use is emptied first: it is nobody's mistake."""
        clear_unused(self)
        super().clean_fields(exclude)

    def clean(self) -> None:
        """What its fields say together; raises ValidationError by field."""
        validate_schedule(self)

    @property
    def zone(self) -> ZoneInfo:
        """Raises ValueError if there is none of that name: zones are renamed now and then."""
        try:
            return ZoneInfo(self.time_zone)
        except (KeyError, OSError, ValueError):
            raise ValueError(f"There is no time zone “{self.time_zone}”.") from None

    @property
    def recurrence(self) -> Recurrence:
        """When it runs, as its fields say. Raises ValueError for a time zone that there is not."""
        fields: dict[str, Any] = {
            "type": self.schedule_type,
            "zone": self.zone,
            "start": self.start_at,
            "end": self.end_at,
            "interval": timedelta(minutes=self.interval_minutes) if self.interval_minutes else None,
            "time": self.time,
            "weekdays": frozenset(map(WEEKDAYS.index, self.weekdays)),
            "month": self.month,
            "day_rule": self.day_rule,
            "day": self.day,
            "ordinal": self.ordinal,
            "ordinal_weekday": WEEKDAYS.index(self.ordinal_weekday) if self.ordinal_weekday else None,
            "cron": self.cron,
        }
        return Recurrence(**fields)
