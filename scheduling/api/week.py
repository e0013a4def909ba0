"""`GET /api/schedules/week`: what there will be to do, hour by hour."""

from datetime import MAXYEAR, UTC, datetime, timedelta
from typing import Any

from django.contrib.auth.models import User
from django.utils import timezone
from rest_framework import serializers

from scheduling.services import HourLoad, week_load
from scheduling.validation import FIRST_YEAR

WEEK = timedelta(days=7)


class WeekRequestSerializer(serializers.Serializer[Any]):
    """`?start=2026-01-31T00:00:00Z`, or a date."""

    start = serializers.DateTimeField(required=False)

    def validate_start(self, start: datetime) -> datetime:
        """One that a calendar has a week after."""
        if not FIRST_YEAR <= start.year < MAXYEAR:
            raise serializers.ValidationError(f"Give a year from {FIRST_YEAR} to {MAXYEAR - 1}.")
        return start


def describe_week(start: datetime | None, user: User) -> dict[str, Any]:
    """The answer: the hours, in UTC, in which something is due."""
    first = (start or timezone.now()).astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    hours = [_describe_hour(hour) for hour in week_load(first, user=user)]
    return {"start": first, "end": first + WEEK, "hours": hours}


def _describe_hour(hour: HourLoad) -> dict[str, Any]:
    loads = [
        {
            "schedule": load.schedule.pk,
            "name": load.schedule.name,
            "first_at": load.first,
            "runs": load.runs,
            "device_count": load.devices,
        }
        for load in hour.loads
    ]
    return {"hour": hour.hour, "runs": hour.runs, "backups": hour.backups, "schedules": loads}
