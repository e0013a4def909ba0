"""Schedules in words."""

from collections.abc import Callable
from datetime import date

from django.utils import timezone

from scheduling.models import Schedule
from scheduling.recurrence import LAST

LONGEST = {2: 29, 4: 30, 6: 30, 9: 30, 11: 30}  # days of a month; else 31
WEEKDAYS = dict(Schedule.Weekday.choices)
MONTHS = dict(Schedule.Month.choices)
HOUR = 60  # minutes


def describe(schedule: Schedule) -> str:
    """When it runs: “Every Monday and Friday at 02:30 (Europe/Berlin)”. It must be valid."""
    words = WORDS[schedule.schedule_type](schedule)
    if schedule.schedule_type == Schedule.Type.INTERVAL:
        return words
    at = f" at {schedule.time:{'%H:%M:%S' if schedule.time.second else '%H:%M'}}" if schedule.time else ""
    return f"{words}{at} ({schedule.time_zone})"


def _daily(schedule: Schedule) -> str:
    return "Every day"


def _weekly(schedule: Schedule) -> str:
    return f"Every {_join([WEEKDAYS[day] for day in WEEKDAYS if day in schedule.weekdays])}"


def _cron(schedule: Schedule) -> str:
    return f"At “{schedule.cron}”"


def _once(schedule: Schedule) -> str:
    start = timezone.localtime(schedule.start_at, schedule.zone)
    return f"Once, on {_date(start.date())} {start.year} at {start:%H:%M}"


def _interval(schedule: Schedule) -> str:
    minutes = schedule.interval_minutes or 0
    number, unit = (minutes // HOUR, "hour") if minutes % HOUR == 0 else (minutes, "minute")
    return f"Every {unit}" if number == 1 else f"Every {number} {unit}s"


def _monthly(schedule: Schedule) -> str:
    if schedule.day_rule != Schedule.DayRule.DAY:
        return f"On {_ruled_day(schedule)} of each month"
    day = schedule.day or 0
    return f"On day {day}, or the last day, of each month" if day > 28 else f"On day {day} of each month"


def _yearly(schedule: Schedule) -> str:
    month = schedule.month or 1
    if schedule.day_rule != Schedule.DayRule.DAY:
        return f"Every year on {_ruled_day(schedule)} of {MONTHS[month]}"
    day = min(schedule.day or 1, LONGEST.get(month, 31))
    leap = " (28 February where there is none)" if (month, day) == (2, 29) else ""
    return f"Every year on {day} {MONTHS[month]}{leap}"


def _ruled_day(schedule: Schedule) -> str:
    if schedule.day_rule == Schedule.DayRule.LAST_DAY:
        return "the last day"
    ordinal = Schedule.Ordinal(schedule.ordinal or LAST).label.lower()
    return f"the {ordinal} {WEEKDAYS[schedule.ordinal_weekday]}"


def _date(day: date) -> str:
    return f"{day.day} {MONTHS[day.month]}"


def _join(words: list[str]) -> str:
    return " and ".join(filter(None, (", ".join(words[:-1]), words[-1])))


WORDS: dict[str, Callable[[Schedule], str]] = {
    "once": _once,
    "interval": _interval,
    "daily": _daily,
    "weekly": _weekly,
    "monthly": _monthly,
    "yearly": _yearly,
    "cron": _cron,
}
