"""When something happens again and again: pure reckoning with dates, time zones and clocks that are changed.

A time of day is what the clock on the wall shows. Where it is set forward and skips that time, it is the first instant
after the gap. Where it is set back and shows that time twice, it is the first of the two.
"""

from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import MAXYEAR, UTC, date, datetime, time, timedelta
from functools import lru_cache
from itertools import islice
from math import ceil, floor
from typing import Any, Literal, NamedTuple, TypeVar
from zoneinfo import ZoneInfo

from croniter import CroniterBadDateError, croniter

Value = TypeVar("Value")
TimeOfDay = time
Type = Literal["once", "interval", "daily", "weekly", "monthly", "yearly", "cron"]
DayRule = Literal["day", "last_day", "weekday"]

INSTANT = timedelta(microseconds=1)
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
MIDNIGHT = time()
WEEK = 7  # days
CRON_FIELDS = 5
LAST = -1  # an ordinal


@dataclass(frozen=True)
class Recurrence:
    """A rule for times. A type needs only the fields that belong to it; weekdays go from 0, Monday, to 6."""

    type: Type
    zone: ZoneInfo
    start: datetime  # aware, as all instants here
    end: datetime | None = None
    interval: timedelta | None = None
    time: TimeOfDay | None = None
    weekdays: frozenset[int] = frozenset()
    month: int | None = None
    day_rule: DayRule = "day"
    day: int | None = None
    ordinal: int | None = None  # 1 to 4, or LAST
    ordinal_weekday: int | None = None
    cron: str = ""


class Cron(NamedTuple):
    """A cron expression, taken apart. `every_hour`: it is tied to no time of day."""

    times: tuple[time, ...]
    every_hour: bool
    days: str  # the expression again, at midnight; empty: every day


def next_run(recurrence: Recurrence, after: datetime) -> datetime | None:
    """The first time after `after`, in UTC; None if there is none.

    Raises ValueError if the recurrence lacks a field of its type, or if its cron expression is none.
    """
    return next(occurrences(recurrence, after), None)


def upcoming(recurrence: Recurrence, after: datetime, count: int) -> list[datetime]:
    """The next `count` times after `after`; fewer, if there are fewer."""
    return list(islice(occurrences(recurrence, after), count))


def occurrences(recurrence: Recurrence, after: datetime) -> Iterator[datetime]:
    """All times after `after`, one after the other, in UTC; perhaps without end."""
    last = max(after, recurrence.start - INSTANT).astimezone(UTC)
    try:
        for moment in _moments(recurrence, last):
            if moment.year == MAXYEAR or (recurrence.end and moment > recurrence.end):
                return
            if moment > last:
                yield moment
                last = moment
    except OverflowError:  # the calendar has an end too; its last year is left to conversions between zones
        return


def resolve(wall: datetime, zone: ZoneInfo) -> datetime:
    """The instant at which the clock of this zone first shows `wall`; if it skips that, the first instant after."""
    moment = wall.replace(tzinfo=zone, fold=0).astimezone(UTC)
    if moment.astimezone(zone).replace(tzinfo=None) == wall:
        return moment
    return _change(zone, wall.replace(tzinfo=zone, fold=1).astimezone(UTC), moment)


@lru_cache(maxsize=1024)
def parse_cron(expression: str) -> Cron:
    """Raises ValueError if it is none."""
    if len(expression.split()) != CRON_FIELDS:
        raise ValueError(f"“{expression}” is no cron expression: it needs {CRON_FIELDS} fields.")
    minutes, hours, *days = croniter.expand(expression)[0]
    times = tuple(time(hour, minute) for hour in _numbers(hours, 24) for minute in _numbers(minutes, 60))
    at_midnight = f"0 0 {' '.join(expression.split()[2:])}"
    every_day = all(field == ["*"] for field in days)
    return Cron(times, every_hour=hours == ["*"], days="" if every_day else at_midnight)


def _numbers(field: list[Any], end: int) -> list[int]:
    """What a field of hours or minutes stands for."""
    return list(range(end)) if field == ["*"] else sorted(map(int, field))


def _moments(recurrence: Recurrence, since: datetime) -> Iterator[datetime]:
    """Those after `since`, in order; it does no harm if some before it or some twice are among them."""
    if recurrence.type == "once":
        yield recurrence.start.astimezone(UTC)
    elif recurrence.type == "interval":
        yield from _intervals(recurrence, since)
    elif recurrence.type == "cron":
        yield from _cron(parse_cron(recurrence.cron), recurrence.zone, since)
    else:
        local = _wall(since, recurrence.zone)
        at = _needed(recurrence.time, recurrence, "a time of day")
        yield from (resolve(datetime.combine(day, at), recurrence.zone) for day in _days(recurrence, local.date()))


def _intervals(recurrence: Recurrence, since: datetime) -> Iterator[datetime]:
    """Counted from the start in time that passes, whatever clocks do."""
    interval = _needed(recurrence.interval, recurrence, "an interval")
    start = recurrence.start.astimezone(UTC)
    moment = start + max(0, (since - start) // interval + 1) * interval
    while True:
        yield moment
        moment += interval


def _days(recurrence: Recurrence, since: date) -> Iterator[date]:
    """The days of a recurrence with a time of day, from `since` on."""
    if recurrence.type == "daily":
        yield from _every_day(since)
    elif recurrence.type == "weekly":
        days = _needed(recurrence.weekdays or None, recurrence, "days of the week")
        yield from (day for day in _every_day(since) if day.weekday() in days)
    elif recurrence.type == "monthly":
        yield from (
            day for year in _years(since) for month in range(1, 13) if (day := _day(recurrence, year, month)) >= since
        )
    else:
        month = _needed(recurrence.month, recurrence, "a month")
        yield from (day for year in _years(since) if (day := _day(recurrence, year, month)) >= since)


def _day(recurrence: Recurrence, year: int, month: int) -> date:
    """The day of one month that the day rule means."""
    first_weekday, length = monthrange(year, month)
    if recurrence.day_rule == "last_day":
        return date(year, month, length)
    if recurrence.day_rule == "day":
        return date(year, month, min(_needed(recurrence.day, recurrence, "a day"), length))
    weekday = _needed(recurrence.ordinal_weekday, recurrence, "a weekday")
    ordinal = _needed(recurrence.ordinal, recurrence, "an ordinal")
    first = 1 + (weekday - first_weekday) % WEEK
    return date(
        year, month, first + (length - first) // WEEK * WEEK if ordinal == LAST else first + (ordinal - 1) * WEEK
    )


def _cron(cron: Cron, zone: ZoneInfo, since: datetime) -> Iterator[datetime]:
    if cron.every_hour:
        yield from _cron_by_the_minute(cron, zone, since)
    else:
        days = _cron_days(cron, _wall(since, zone).date())
        yield from (resolve(datetime.combine(day, at), zone) for day in days for at in cron.times)


def _cron_by_the_minute(cron: Cron, zone: ZoneInfo, since: datetime) -> Iterator[datetime]:
    """Each minute that the clock really shows: none of a skipped hour, and all of one that it shows twice."""
    minutes = {at.minute for at in cron.times}
    moment = since.replace(second=0, microsecond=0)
    days = _cron_days(cron, _wall(moment, zone).date())
    day = next(days, None)
    while day:
        wall = _wall(moment, zone)
        if wall.date() == day and wall.minute in minutes:
            yield moment
        moment += MINUTE
        if wall.date() < day:
            moment = max(moment, resolve(datetime.combine(day, MIDNIGHT), zone))
        while day and day < _wall(moment, zone).date():
            day = next(days, None)


def _cron_days(cron: Cron, since: date) -> Iterator[date]:
    """The days that it matches, from `since` on. croniter says which; clocks and zones it sees none."""
    if not cron.days:
        yield from _every_day(since)
        return
    found = croniter(cron.days, datetime.combine(since, MIDNIGHT) - INSTANT)
    try:
        while True:
            yield found.get_next(datetime).date()
    except CroniterBadDateError:  # 30 February
        return


def _every_day(since: date) -> Iterator[date]:
    while True:
        yield since
        since += DAY


def _years(since: date) -> range:
    return range(since.year, MAXYEAR)


def _wall(moment: datetime, zone: ZoneInfo) -> datetime:
    """What the clock of this zone shows."""
    return moment.astimezone(zone).replace(tzinfo=None, fold=0)


def _change(zone: ZoneInfo, before: datetime, after: datetime) -> datetime:
    """The instant at which the clock is changed between two others; to the second, as zones are."""
    early, late = floor(before.timestamp()), ceil(after.timestamp())
    offset = before.astimezone(zone).utcoffset()
    while late - early > 1:
        middle = (early + late) // 2
        if datetime.fromtimestamp(middle, zone).utcoffset() == offset:
            early = middle
        else:
            late = middle
    return datetime.fromtimestamp(late, UTC)


def _needed(value: Value | None, recurrence: Recurrence, what: str) -> Value:
    if value is None:
        raise ValueError(f"A schedule of type “{recurrence.type}” needs {what}.")
    return value
