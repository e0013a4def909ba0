"""A week by hours, as a clock on the wall shows them: how many runs and backups are due in each."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.contrib.auth.models import User

from scheduling.load import Load, week_load
from scheduling.recurrence import MIDNIGHT, resolve

DAYS = 7
HOURS = range(24)
SHADES = 4
PEAKS = 3
LOADS_SHOWN = 10  # of an hour


@dataclass
class Hour:
    """One hour of one day with what is due in it; an hour that the clock shows twice is one here."""

    day: date
    hour: int
    loads: list[Load] = field(default_factory=list)
    shade: int = 0  # 1 to SHADES, of the busiest hour

    @property
    def runs(self) -> int:
        """In all."""
        return sum(load.runs for load in self.loads)

    @property
    def backups(self) -> int:
        """In all, if no device is asked for twice."""
        return sum(load.runs * load.devices for load in self.loads)

    @property
    def end(self) -> int:
        """The hour after it; 24 at midnight."""
        return self.hour + 1

    @property
    def shown(self) -> list[Load]:
        """Those with the most backups, in order of time."""
        largest = sorted(self.loads, key=lambda load: load.runs * load.devices, reverse=True)[:LOADS_SHOWN]
        return sorted(largest, key=lambda load: (load.first, load.schedule.name))

    @property
    def more(self) -> int:
        """How many schedules are not shown."""
        return len(self.loads) - len(self.shown)


@dataclass(frozen=True)
class Week:
    """Seven days, and the hours in which something is due."""

    days: list[date]
    hours: dict[tuple[date, int], Hour]

    @property
    def rows(self) -> list[tuple[int, list[Hour]]]:
        """By hour of the day: that hour of each of the days."""
        return [(hour, [self.hours.get((day, hour)) or Hour(day, hour) for day in self.days]) for hour in HOURS]

    @property
    def by_day(self) -> list[tuple[date, list[Hour]]]:
        """The days, with the hours in which something is due."""
        return [(day, [hour for key, hour in sorted(self.hours.items()) if key[0] == day]) for day in self.days]

    @property
    def peaks(self) -> list[Hour]:
        """The busiest hours, the busiest first."""
        return sorted(self.hours.values(), key=lambda hour: (-hour.backups, hour.day, hour.hour))[:PEAKS]


def week_of(first: date, zone: ZoneInfo, user: User, now: datetime) -> Week:
    """The week from a day on, without the hours that have passed; of the devices that the user sees."""
    days = [first + timedelta(days=number) for number in range(DAYS)]
    start, end = (resolve(datetime.combine(day, MIDNIGHT), zone) for day in (first, first + timedelta(days=DAYS)))
    hours: dict[tuple[date, int], Hour] = {}
    by_key = defaultdict[tuple[date, int], list[Load]](list)
    # A day more than the week has: one in which clocks are set back is longer
    for hour_load in week_load(max(start, now), DAYS + 1, user):
        for load in hour_load.loads:
            local = load.first.astimezone(zone)
            if start <= load.first < end:
                by_key[local.date(), local.hour].append(load)
    for key, loads in by_key.items():
        hours[key] = Hour(*key, loads)
    busiest = max((hour.backups for hour in hours.values()), default=0)
    for hour in hours.values():
        hour.shade = max(1, -(-SHADES * hour.backups // busiest)) if busiest else 1
    return Week(days, hours)
