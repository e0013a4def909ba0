"""What holds for every recurrence in every zone: nothing is skipped, nothing is repeated, others reckon the same."""

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from dateutil import rrule
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from scheduling.recurrence import LAST, Recurrence, next_run, occurrences, upcoming
from tests.scheduling import oracle
from tests.scheduling.oracle import DAY, HOUR, MINUTE, ZONES, wall

FIRST_YEAR, YEARS = 2006, 20
START = datetime(FIRST_YEAR, 1, 1, tzinfo=UTC)
END = datetime(FIRST_YEAR + YEARS, 1, 1, tzinfo=UTC)
CRON_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

zones = st.sampled_from(ZONES)
times = st.builds(time, st.integers(0, 23), st.integers(0, 59))
moments = st.datetimes(datetime(FIRST_YEAR, 1, 3), datetime(FIRST_YEAR + YEARS, 1, 1), timezones=st.just(UTC))
weekdays = st.frozensets(st.integers(0, 6), min_size=1)


def make(type_: str, zone: str, **fields: Any) -> Recurrence:
    return Recurrence(**{"type": type_, "zone": ZoneInfo(zone), "start": START} | fields)  # type: ignore[arg-type]


@lru_cache
def changes(zone: str) -> list[datetime]:
    return oracle.changes(ZoneInfo(zone), FIRST_YEAR, FIRST_YEAR + YEARS - 1)


@st.composite
def day_rules(draw: st.DrawFn) -> dict[str, Any]:
    """A day of the month, in one of the three ways."""
    rule = draw(st.sampled_from(["day", "last_day", "weekday"]))
    if rule == "day":
        return {"day_rule": rule, "day": draw(st.integers(1, 31))}
    if rule == "last_day":
        return {"day_rule": rule}
    ordinal, weekday = draw(st.sampled_from([1, 2, 3, 4, LAST])), draw(st.integers(0, 6))
    return {"day_rule": rule, "ordinal": ordinal, "ordinal_weekday": weekday}


@st.composite
def recurrences(draw: st.DrawFn) -> Recurrence:
    """Of any type with times of day, anywhere."""
    zone, at = draw(zones), draw(times)
    type_ = draw(st.sampled_from(["daily", "weekly", "monthly", "yearly", "cron"]))
    own: dict[str, Any] = {"time": at}
    if type_ == "weekly":
        own |= {"weekdays": draw(weekdays)}
    elif type_ in ("monthly", "yearly"):
        own |= draw(day_rules())
        own |= {"month": draw(st.integers(1, 12))} if type_ == "yearly" else {}
    elif type_ == "cron":
        hours = draw(st.sampled_from(["*", f"{at.hour}", f"*/{at.hour + 1}", "1-3"]))
        own = {"cron": f"{draw(st.sampled_from([str(at.minute), '*/15', '*', '0,30']))} {hours} * * *"}
    return make(type_, zone, **own)


@pytest.mark.parametrize("zone", ZONES)
@settings(max_examples=8, deadline=None)
@given(at=times)
def test_twenty_years_have_one_run_for_each_day_whatever_clocks_do(zone: str, at: time) -> None:
    rule = make("daily", zone, time=at, end=END)
    runs = list(occurrences(rule, START - DAY))
    assert all(later > earlier for earlier, later in pairwise(runs))
    every_day = (START.date() + number * DAY for number in range(-1, (END - START).days + 2))
    expected = {instant(datetime.combine(day, at), rule.zone) for day in every_day}
    assert runs == sorted(moment for moment in expected if START <= moment <= END)
    cron = make("cron", zone, cron=f"{at.minute} {at.hour} * * *", end=END)
    assert list(occurrences(cron, START - DAY)) == runs, "and cron goes by the same rules"


@settings(max_examples=300, deadline=None)
@given(rule=recurrences(), after=moments)
def test_times_increase_strictly_and_do_not_depend_on_where_one_begins_to_look(
    rule: Recurrence, after: datetime
) -> None:
    runs = upcoming(rule, after, 12)
    assert len(runs) == 12
    assert all(later > earlier for earlier, later in pairwise([after, *runs]))
    for earlier, later in pairwise(runs):
        assert next_run(rule, earlier) == later
        assert next_run(rule, later - timedelta(microseconds=1)) == later
        assert next_run(rule, earlier + (later - earlier) / 2) == later


@settings(max_examples=150, deadline=None)
@given(data=st.data(), zone=zones, at=times, days=weekdays)
def test_around_each_change_the_clock_on_the_wall_agrees(
    data: st.DataObject, zone: str, at: time, days: frozenset[int]
) -> None:
    change = data.draw(st.sampled_from(changes(zone)))
    start, end = change - DAY, change + 2 * DAY
    rule = make("weekly", zone, time=at, weekdays=days)
    expected = oracle.at_times_of_day([at], lambda day: day.weekday() in days, rule.zone, start, end)
    assert within(rule, start, end) == expected


@settings(max_examples=150, deadline=None)
@given(
    data=st.data(),
    zone=zones,
    numbers=st.frozensets(st.integers(0, 59), min_size=1, max_size=4),
    hours=st.frozensets(st.integers(0, 23), max_size=4),
    days=weekdays,
)
def test_around_each_change_cron_agrees_with_the_clock_on_the_wall(
    data: st.DataObject, zone: str, numbers: frozenset[int], hours: frozenset[int], days: frozenset[int]
) -> None:
    change = data.draw(st.sampled_from(changes(zone)))
    start, end = change - DAY, change + 2 * DAY
    fields = [joined(numbers), joined(hours) or "*", "*", "*", ",".join(CRON_WEEKDAYS[day] for day in days)]
    rule = make("cron", zone, cron=" ".join(fields))

    def matches(day: date) -> bool:
        return day.weekday() in days

    if hours:
        every = [time(hour, minute) for hour in hours for minute in numbers]
        expected = oracle.at_times_of_day(every, matches, rule.zone, start, end)
    else:
        expected = oracle.at_minutes(set(numbers), matches, rule.zone, start, end)
    assert within(rule, start, end) == expected


def within(rule: Recurrence, start: datetime, end: datetime) -> list[datetime]:
    ending = Recurrence(**{**vars(rule), "end": end - timedelta(microseconds=1)})
    return list(occurrences(ending, start - timedelta(microseconds=1)))


def joined(numbers: frozenset[int]) -> str:
    return ",".join(map(str, sorted(numbers)))


@settings(max_examples=200, deadline=None)
@given(rule=recurrences(), after=moments)
def test_rrule_finds_the_same_times(rule: Recurrence, after: datetime) -> None:
    assume(rule.type != "cron")
    dates = rrule_of(rule, wall(after, rule.zone) - 2 * DAY)
    expected = []
    for seen in dates:
        if (moment := instant(seen, rule.zone)) > after:
            expected.append(moment)
        if len(expected) == 20:
            break
    assert upcoming(rule, after, len(set(expected))) == sorted(set(expected))


def rrule_of(rule: Recurrence, since: datetime) -> Any:
    assert rule.time
    how: dict[str, Any] = {"byhour": rule.time.hour, "byminute": rule.time.minute, "bysecond": 0}
    if rule.type == "weekly":
        how |= {"byweekday": sorted(rule.weekdays)}
    elif rule.type in ("monthly", "yearly"):
        if rule.day_rule == "day":  # the last of those that the month has
            how |= {"bymonthday": range(min(rule.day or 0, 28), (rule.day or 0) + 1), "bysetpos": -1}
        elif rule.day_rule == "last_day":
            how |= {"bymonthday": -1}
        else:
            how |= {"byweekday": rrule.weekdays[rule.ordinal_weekday or 0](rule.ordinal or LAST)}
    if rule.type == "yearly":
        how |= {"bymonth": rule.month}
    frequency: dict[str, Any] = {
        "daily": rrule.DAILY,
        "weekly": rrule.WEEKLY,
        "monthly": rrule.MONTHLY,
        "yearly": rrule.YEARLY,
    }
    begin = since.replace(day=1, month=1, second=0, microsecond=0) if rule.type in ("monthly", "yearly") else since
    return rrule.rrule(frequency[rule.type], dtstart=begin.replace(second=0, microsecond=0), **how)


def instant(seen: datetime, zone: ZoneInfo) -> datetime:
    """When the clock first shows it; in a gap, found by going back from behind it."""
    moment = seen.replace(tzinfo=zone).astimezone(UTC)
    if wall(moment, zone) == seen:
        return moment
    while wall(moment - MINUTE, zone) > seen:
        moment -= MINUTE
    return moment


@settings(max_examples=100, deadline=None)
@given(zone=zones, interval=st.integers(1, 3000), after=moments)
def test_intervals_are_of_real_time(zone: str, interval: int, after: datetime) -> None:
    rule = make("interval", zone, interval=interval * MINUTE, start=START + 7 * HOUR)
    runs = upcoming(rule, after, 5)
    assert {later - earlier for earlier, later in pairwise(runs)} == {interval * MINUTE}
    assert (runs[0] - rule.start) % (interval * MINUTE) == timedelta(0)
    assert timedelta(0) < runs[0] - max(after, rule.start - MINUTE) <= max(interval, 7 * 60) * MINUTE
