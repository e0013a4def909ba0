"""When a schedule would run next, and for how many devices, whether it is saved or not."""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError as InvalidSchedule
from rest_framework import serializers

from scheduling.api.serializers import ScheduleSerializer, as_api_error, take_targets
from scheduling.models import Schedule
from scheduling.services import describe, preview
from scheduling.targets import Targets
from scheduling.validation import clear_unused

LENGTH_OF_MOMENT = len("2026-01-31T00:00:00")


class PreviewRequestSerializer(ScheduleSerializer):
    """A schedule that need not be saved, nor have a name or devices."""

    name = serializers.CharField(required=False, allow_blank=True, max_length=100)

    def build(self) -> tuple[Schedule, Targets]:
        """The schedule, and what it would mean. Raises ValidationError by field."""
        sent = dict(self.validated_data)
        targets, schedule = take_targets(sent, Targets()), Schedule()
        for name, value in sent.items():
            setattr(schedule, name, value)
        clear_unused(schedule)
        try:
            schedule.full_clean(exclude=["name"])
        except InvalidSchedule as error:
            raise as_api_error(error) from None
        return schedule, targets


def describe_preview(schedule: Schedule, targets: Targets, user: User) -> dict[str, Any]:
    """The answer. Raises ValueError for a saved schedule that cannot run: its time zone is gone."""
    found = targets.find()
    visible = found.visible_to(user).count()
    return {
        "description": describe(schedule),
        "time_zone": schedule.time_zone,
        "runs": [_describe_moment(moment, schedule.zone) for moment in preview(schedule)],
        "device_count": visible,
        "hidden": {"device_count": found.count() - visible},
    }


def _describe_moment(moment: datetime, zone: ZoneInfo) -> dict[str, Any]:
    local = moment.astimezone(zone).isoformat(timespec="seconds")
    return {"utc": moment.astimezone(UTC), "local": local, "offset": local[LENGTH_OF_MOMENT:]}
