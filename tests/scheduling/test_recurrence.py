"""What times come out of a recurrence; the long lists and the properties are in the files beside this one."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from scheduling.recurrence import LAST, Recurrence, next_run, upcoming
from tests.scheduling.conftest import START, local, recurrence, shown

FRIDAY = 4

# Recurrence, after, and what follows, all in Berlin
EXPECTED = [
    pytest.param(recurrence("once"), "2024-06-01 00:00", ["2025-01-01 01:00+01:00"], id="once"),
    pytest.param(
        recurrence("interval", minutes=45),
        "2025-01-01 01:00",
        ["2025-01-01 01:45+01:00", "2025-01-01 02:30+01:00"],
        id="interval",
    ),
    pytest.param(
        recurrence("interval", minutes=24 * 60),
        "2025-03-29 00:00",
        ["2025-03-29 01:00+01:00", "2025-03-30 01:00+01:00", "2025-03-31 02:00+02:00"],
        id="an interval is of real time",
    ),
    pytest.param(
        recurrence("daily", time="02:30"),
        "2025-03-29 00:00",
        ["2025-03-29 02:30+01:00", "2025-03-30 03:00+02:00", "2025-03-31 02:30+02:00"],
        id="after the gap",
    ),
    pytest.param(
        recurrence("daily", time="02:30"),
        "2025-10-26 00:00",
        ["2025-10-26 02:30+02:00", "2025-10-27 02:30+01:00"],
        id="once where the hour is repeated",
    ),
    pytest.param(
        recurrence("weekly", time="12:00", weekdays=frozenset({0, FRIDAY})),
        "2025-01-03 12:00",
        ["2025-01-06 12:00+01:00", "2025-01-10 12:00+01:00"],
        id="weekly",
    ),
    pytest.param(
        recurrence("monthly", time="00:00", day=31),
        "2025-01-31 00:00",
        ["2025-02-28 00:00+01:00", "2025-03-31 00:00+02:00", "2025-04-30 00:00+02:00"],
        id="31st of short months",
    ),
    pytest.param(
        recurrence("monthly", time="00:00", day_rule="last_day"),
        "2028-01-31 00:00",
        ["2028-02-29 00:00+01:00", "2028-03-31 00:00+02:00"],
        id="last day",
    ),
    pytest.param(
        recurrence("monthly", time="00:00", day_rule="weekday", ordinal=LAST, ordinal_weekday=FRIDAY),
        "2025-01-01 00:00",
        ["2025-01-31 00:00+01:00", "2025-02-28 00:00+01:00", "2025-03-28 00:00+01:00"],
        id="last Friday",
    ),
    pytest.param(
        recurrence("monthly", time="00:00", day_rule="weekday", ordinal=4, ordinal_weekday=FRIDAY),
        "2025-01-01 00:00",
        ["2025-01-24 00:00+01:00", "2025-02-28 00:00+01:00"],
        id="fourth Friday",
    ),
    pytest.param(
        recurrence("yearly", time="00:00", month=2, day=29),
        "2025-01-01 00:00",
        ["2025-02-28 00:00+01:00", "2026-02-28 00:00+01:00", "2027-02-28 00:00+01:00", "2028-02-29 00:00+01:00"],
        id="29 February",
    ),
    pytest.param(
        recurrence("cron", cron="30 2 * * *"),
        "2025-03-29 12:00",
        ["2025-03-30 03:00+02:00", "2025-03-31 02:30+02:00"],
        id="cron after the gap",
    ),
    pytest.param(
        recurrence("cron", cron="15,45 2 * * *"),
        "2025-10-26 00:00",
        ["2025-10-26 02:15+02:00", "2025-10-26 02:45+02:00", "2025-10-27 02:15+01:00"],
        id="cron, a time of day of a repeated hour",
    ),
    pytest.param(
        recurrence("cron", cron="*/30 * * * *"),
        "2025-10-26 01:45",
        [*("2025-10-26 02:00+02:00", "2025-10-26 02:30+02:00", "2025-10-26 02:00+01:00", "2025-10-26 02:30+01:00")],
        id="cron of every hour, a repeated one",
    ),
    pytest.param(
        recurrence("cron", cron="10 * * * *"),
        "2025-03-30 00:30",
        ["2025-03-30 01:10+01:00", "2025-03-30 03:10+02:00"],
        id="cron of every hour, a skipped one",
    ),
    pytest.param(
        recurrence("cron", cron="0 6 1 * fri"),
        "2025-01-31 07:00",
        ["2025-02-01 06:00+01:00", "2025-02-07 06:00+01:00"],
        id="cron, a day of the month or of the week",
    ),
    pytest.param(
        recurrence("cron", cron="0 6 29 2 *"),
        "2025-01-01 00:00",
        ["2028-02-29 06:00+01:00", "2032-02-29 06:00+01:00"],
        id="cron, a rare day",
    ),
]


@pytest.mark.parametrize(("rule", "after", "expected"), EXPECTED)
def test_the_times_that_follow(rule: Recurrence, after: str, expected: list[str]) -> None:
    assert shown(upcoming(rule, local(after), len(expected))) == expected


def test_a_skipped_half_hour_and_a_repeated_one() -> None:
    place = "Australia/Lord_Howe"
    rule = recurrence("daily", place, time="02:15")
    assert shown(upcoming(rule, local("2025-10-05 00:00", place), 2), place) == [
        "2025-10-05 02:30+11:00",
        "2025-10-06 02:15+11:00",
    ]
    rule = recurrence("daily", place, time="01:45")
    assert shown(upcoming(rule, local("2025-04-06 00:00", place), 2), place) == [
        "2025-04-06 01:45+11:00",
        "2025-04-07 01:45+10:30",
    ]


def test_a_day_that_a_zone_skipped_runs_at_the_beginning_of_the_next() -> None:
    rule = recurrence("daily", "Pacific/Apia", start=datetime(2011, 1, 1, tzinfo=UTC), time="02:30")
    runs = upcoming(rule, local("2011-12-29 02:30", "Pacific/Apia"), 2)
    assert shown(runs, "Pacific/Apia") == ["2011-12-31 00:00+14:00", "2011-12-31 02:30+14:00"]


def test_nothing_runs_before_the_start_or_after_the_end() -> None:
    rule = recurrence("daily", time="02:30", start=local("2025-06-01 02:30"), end=local("2025-06-03 02:30"))
    assert shown(upcoming(rule, START, 10)) == [f"2025-06-0{day} 02:30+02:00" for day in (1, 2, 3)]
    assert next_run(rule, local("2025-06-03 02:30")) is None


def test_what_ran_once_never_runs_again() -> None:
    assert next_run(recurrence("once"), START) is None


def test_a_run_is_strictly_after_the_moment_asked_for() -> None:
    rule = recurrence("daily", time="02:30")
    due = local("2025-05-05 02:30")
    assert next_run(rule, due - timedelta(microseconds=1)) == due
    assert next_run(rule, due) == due + timedelta(days=1)


def test_a_day_that_there_is_not_never_comes() -> None:
    assert next_run(recurrence("cron", cron="0 0 30 2 *"), START) is None


@pytest.mark.parametrize("type_", ["interval", "daily", "weekly", "monthly", "yearly", "cron"])
def test_a_recurrence_that_lacks_something_is_an_error(type_: str) -> None:
    with pytest.raises(ValueError, match="needs"):
        next_run(recurrence(type_), START)


@pytest.mark.parametrize("rule", [recurrence("interval", minutes=9), recurrence("daily", time="23:00")])
def test_the_end_of_the_calendar_is_the_end(rule: Recurrence) -> None:
    late = datetime(9999, 12, 31, 23, 55, tzinfo=UTC)
    assert next_run(rule, late) is None
    assert next_run(Recurrence("once", ZoneInfo("UTC"), late), START) is None
