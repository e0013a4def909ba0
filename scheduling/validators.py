"""What schedules accept."""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from croniter import croniter
from django.core.exceptions import ValidationError

from backups.time_zones import validate_time_zone
from scheduling.recurrence import CRON_FIELDS, Recurrence, next_run

__all__ = ["WEEKDAYS", "validate_cron", "validate_time_zone", "validate_weekdays"]

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
SOME_DAY = datetime(2000, 1, 1, tzinfo=UTC)


def validate_weekdays(value: Any) -> None:
    """A list of days, such as ["mon", "fri"]."""
    if not isinstance(value, list) or len(set(map(str, value))) != len(value):
        raise ValidationError("Give a list of different days, such as [“mon”, “fri”].")
    for day in value:
        if day not in WEEKDAYS:
            raise ValidationError(
                "“%(day)s” is no day of the week. Give %(days)s.", params={"day": day, "days": ", ".join(WEEKDAYS)}
            )


def validate_cron(value: str) -> None:
    """Five fields; neither seconds nor years, nor croniter's random and hashed ones; and a day that there is."""
    fields = value.split()
    if len(fields) != CRON_FIELDS or any(field[0] in "rRhH" for field in fields) or not croniter.is_valid(value):
        raise ValidationError(
            "“%(value)s” is no cron expression. Give minute, hour, day, month and day of the week, "
            "such as “30 2 * * mon-fri”.",
            params={"value": value},
        )
    if next_run(Recurrence("cron", ZoneInfo("UTC"), SOME_DAY, cron=value), SOME_DAY) is None:
        raise ValidationError("“%(value)s” never comes: there is no such day.", params={"value": value})
