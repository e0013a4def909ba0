"""What makes sense in a schedule as a whole; `scheduling/validators.py` has what a single field accepts."""

from __future__ import annotations

from datetime import MAXYEAR, datetime
from typing import TYPE_CHECKING

from django.core.exceptions import ValidationError

if TYPE_CHECKING:
    from scheduling.models import Schedule
    from scheduling.targets import Targets

FIRST_YEAR = 1970

# The fields that each type needs; all of these are its own, and no other type's business
NEEDED: dict[str, tuple[str, ...]] = {
    "once": (),
    "interval": ("interval_minutes",),
    "daily": ("time",),
    "weekly": ("time", "weekdays"),
    "monthly": ("time",),
    "yearly": ("time", "month"),
    "cron": ("cron",),
}
NEEDED_BY_DAY_RULE: dict[str, tuple[str, ...]] = {
    "day": ("day",),
    "last_day": (),
    "weekday": ("ordinal", "ordinal_weekday"),
}
WITH_DAY_RULE = ("monthly", "yearly")
OWN_FIELDS = (
    *("interval_minutes", "time", "weekdays", "month", "day_rule", "day", "ordinal", "ordinal_weekday", "cron"),
    "end_at",
)
# Whatever says when it runs
TIMING_FIELDS = ("schedule_type", "time_zone", "start_at", *OWN_FIELDS)


def needed_fields(schedule: Schedule) -> tuple[str, ...]:
    """The names of the fields that its type cannot do without."""
    of_rule = NEEDED_BY_DAY_RULE.get(schedule.day_rule, ()) if schedule.schedule_type in WITH_DAY_RULE else ()
    return NEEDED.get(schedule.schedule_type, ()) + of_rule


def clear_unused(schedule: Schedule) -> None:
    """Empty the fields that its type does not use, whatever is in them; and let it start at a whole second."""
    used = {*needed_fields(schedule)}
    used |= {"day_rule"} if schedule.schedule_type in WITH_DAY_RULE else set()
    used |= {"end_at"} if schedule.schedule_type != "once" else set()
    blank = type(schedule)()
    for name in OWN_FIELDS:
        if name not in used:
            setattr(schedule, name, getattr(blank, name))
    if isinstance(schedule.start_at, datetime):
        schedule.start_at = schedule.start_at.replace(microsecond=0)


def validate_schedule(schedule: Schedule) -> None:
    """Raises ValidationError, with a message for each field that is wrong."""
    errors: dict[str, str] = {}
    for name in needed_fields(schedule):
        if getattr(schedule, name) in (None, "", []):
            errors[name] = f"A schedule of type “{schedule.get_schedule_type_display()}” needs this."
    for name in ("start_at", "end_at"):
        moment = getattr(schedule, name)
        if moment and not FIRST_YEAR <= moment.year < MAXYEAR:
            errors[name] = f"Give a year from {FIRST_YEAR} to {MAXYEAR - 1}."
    if schedule.start_at and schedule.end_at and schedule.end_at <= schedule.start_at:
        errors.setdefault("end_at", "The end is not after the start.")
    if schedule.max_run_minutes and schedule.spread_minutes and schedule.max_run_minutes <= schedule.spread_minutes:
        errors["max_run_minutes"] = "It is no longer than the spread: the last devices would never have their turn."
    if errors:
        raise ValidationError(errors)


def validate_targets(targets: Targets) -> None:
    """Raises ValidationError unless it names something to back up; forms and the API ask before they save."""
    if not targets.name_something:
        raise ValidationError({"devices": "Choose devices, tags or platforms, or all devices."})
