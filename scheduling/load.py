"""What schedules will have to do in the next days, hour by hour."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from django.contrib.auth.models import User

from scheduling.models import Schedule
from scheduling.recurrence import INSTANT, Recurrence, next_run, occurrences
from scheduling.targeted import Targeted

HOUR = timedelta(hours=1)
# By hour: the first time in it, and how many there are
Runs = dict[datetime, tuple[datetime, int]]


@dataclass(frozen=True)
class Load:
    """What one schedule has to do in one hour."""

    schedule: Schedule
    first: datetime  # of its times in this hour, UTC
    runs: int
    devices: int  # in each of them, as its targets are now


@dataclass(frozen=True)
class HourLoad:
    """An hour, from `hour` in UTC on, with what is due in it, the earliest first."""

    hour: datetime
    loads: list[Load] = field(default_factory=list)

    @property
    def runs(self) -> int:
        """In all."""
        return sum(load.runs for load in self.loads)

    @property
    def backups(self) -> int:
        """In all, if no device is asked for twice."""
        return sum(load.runs * load.devices for load in self.loads)


def week_load(start: datetime, days: int = 7, user: User | None = None) -> list[HourLoad]:
    """The hours from the one of `start` on in which an enabled schedule is due, in order.

    For a `user`, only the devices that they see are counted. It takes the same number of queries, and holds at most
    one `Load` per schedule and hour, however often and for how many devices they run.
    """
    first = start.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    hours: dict[datetime, list[Load]] = defaultdict(list)
    schedules = list(Schedule.objects.filter(enabled=True, next_run_at__isnull=False).order_by("name"))
    targeted = Targeted(schedules, user)
    by_recurrence: dict[Recurrence, Runs] = {}  # many run at the same times
    for schedule in schedules:
        devices = targeted.count(schedule)
        for hour, (at, runs) in _runs_of(schedule, by_recurrence, first, first + timedelta(days=days)).items():
            hours[hour].append(Load(schedule, at, runs, devices))
    return [HourLoad(hour, sorted(hours[hour], key=lambda load: load.first)) for hour in sorted(hours)]


def _runs_of(schedule: Schedule, known: dict[Recurrence, Runs], start: datetime, end: datetime) -> Runs:
    try:
        recurrence = schedule.recurrence
        if recurrence not in known:
            known[recurrence] = _runs_by_hour(recurrence, start, end)
        return known[recurrence]
    except ValueError:  # its time zone is gone: the next tick switches it off, and says so
        return {}


@lru_cache(maxsize=256)  # of cron expressions each costs some milliseconds, and the answer is the same for an hour
def _runs_by_hour(recurrence: Recurrence, start: datetime, end: datetime) -> Runs:
    """By hour, the first time in it and how many there are, from `start` on and before `end`."""
    if recurrence.interval and recurrence.interval < HOUR:
        return dict(_intervals_by_hour(recurrence, recurrence.interval, start, end))
    found: Runs = {}
    for moment in occurrences(recurrence, start - INSTANT):
        if moment >= end:
            break
        hour = moment.replace(minute=0, second=0, microsecond=0)
        first, runs = found.get(hour, (moment, 0))
        found[hour] = first, runs + 1
    return found


def _intervals_by_hour(
    recurrence: Recurrence, interval: timedelta, start: datetime, end: datetime
) -> Iterator[tuple[datetime, tuple[datetime, int]]]:
    """The same without going from one to the next: there may be 60 in an hour."""
    for number in range((end - start) // HOUR):
        hour = start + number * HOUR
        first, last = next_run(recurrence, hour - INSTANT), hour + HOUR - INSTANT
        if first and first <= last:
            last = min(last, recurrence.end or last)
            yield hour, (first, (last - first) // interval + 1)
