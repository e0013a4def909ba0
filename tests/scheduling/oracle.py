"""When schedules run, found the slow way: by a look at the clock on the wall every minute. Shares no code with ours."""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
Matches = Callable[[date], bool]

# Clocks are changed in many ways: by half an hour, by two, at midnight, around Ramadan, and once by a whole day
ZONES = [
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "Africa/Casablanca",
    "America/Sao_Paulo",
    "Africa/Cairo",
    "America/Havana",
    "Pacific/Apia",
    "Pacific/Chatham",
    "Antarctica/Troll",
    "America/Nuuk",
]


def wall(moment: datetime, zone: ZoneInfo) -> datetime:
    """What the clock shows."""
    return moment.astimezone(zone).replace(tzinfo=None)


def minutes(start: datetime, end: datetime) -> Iterator[datetime]:
    """Every minute of real time, from `start` on and before `end`."""
    moment = start.astimezone(UTC)
    while moment < end:
        yield moment
        moment += MINUTE


def changes(zone: ZoneInfo, first_year: int, last_year: int) -> list[datetime]:
    """The hours in which the clock of a zone is changed."""
    found = []
    moment, end = datetime(first_year, 1, 1, tzinfo=UTC), datetime(last_year + 1, 1, 1, tzinfo=UTC)
    while moment < end:
        if moment.astimezone(zone).utcoffset() != (moment + HOUR).astimezone(zone).utcoffset():
            found.append(moment)
        moment += HOUR
    return found


def at_times_of_day(
    times: list[time], matches: Matches, zone: ZoneInfo, start: datetime, end: datetime
) -> list[datetime]:
    """The first minute at which the clock shows one of the times on a matching day, else the first that shows more."""
    shown = [(moment, wall(moment, zone)) for moment in minutes(start - 2 * DAY, end + 2 * DAY)]
    exactly = {seen: moment for moment, seen in reversed(shown)}
    found = set()
    day = shown[0][1].date() + DAY
    while day < shown[-1][1].date():
        for at in times if matches(day) else []:
            wanted = datetime.combine(day, at)
            found.add(exactly.get(wanted) or next(moment for moment, seen in shown if seen > wanted))
        day += DAY
    return sorted(moment for moment in found if start <= moment < end)


def at_minutes(numbers: set[int], matches: Matches, zone: ZoneInfo, start: datetime, end: datetime) -> list[datetime]:
    """Each minute at which the clock shows one of these numbers of minutes on a matching day."""
    seen = ((moment, wall(moment, zone)) for moment in minutes(start, end))
    return [moment for moment, shows in seen if shows.minute in numbers and matches(shows.date())]
