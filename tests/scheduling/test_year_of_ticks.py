"""A year goes by, with looks at the schedules: what has run is what the golden lists say."""

import random
from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest
import time_machine

from backups.models import Backup, Job
from scheduling.models import Schedule, ScheduleRun
from scheduling.tick import tick
from tests.scheduling.conftest import AddDevices, local, make_schedule
from tests.scheduling.test_recurrence_golden import GOLDEN, PLACES, YEAR, line_of

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

QUARTER = timedelta(minutes=15)
MOST_LATE = 115  # seconds that a look is late; after 120 it would have been missed
LAST_SUNDAY = {"day_rule": "weekday", "ordinal": -1, "ordinal_weekday": "sun"}

# By golden list: a schedule of each type
SCHEDULES: dict[str, dict[str, Any]] = {
    "once": {"schedule_type": "once", "start_at": local("2025-10-26 02:15")},
    "every-24-hours-berlin": {
        "schedule_type": "interval",
        "interval_minutes": 24 * 60,
        "start_at": local("2024-12-31 02:15"),
    },
    "daily-lord-howe": {"schedule_type": "daily", "time": time(2, 15)},
    "weekly-casablanca": {"schedule_type": "weekly", "time": time(1, 45), "weekdays": ["sun", "wed"]},
    "monthly-31st-berlin": {"schedule_type": "monthly", "time": time(2, 15), "day": 31},
    "monthly-last-sunday-berlin": {"schedule_type": "monthly", "time": time(2, 15)} | LAST_SUNDAY,
    "yearly-last-sunday-of-march-berlin": {"schedule_type": "yearly", "time": time(2, 15), "month": 3} | LAST_SUNDAY,
    "cron-new-york": {"schedule_type": "cron", "cron": "15,45 1,2 * * sun"},
}


def add_schedules() -> None:
    for name, fields in SCHEDULES.items():
        zone = next((zone for place, zone in PLACES.items() if name.endswith(place)), "Europe/Berlin")
        begins: dict[str, Any] = {"start_at": datetime(2024, 1, 1, tzinfo=UTC), "time_zone": zone}
        make_schedule(name, **begins | fields)


def expected(name: str) -> list[str]:
    """Those of 2025 in UTC."""
    lines = (GOLDEN / f"{name}.txt").read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line.split()[-1].startswith("2025")]


def looks(start: datetime, end: datetime) -> list[datetime]:
    """Every six hours, and every quarter of an hour around the times of the lists: what runs beside them is late."""
    every_six_hours = {start + number * 24 * QUARTER for number in range((end - start) // (24 * QUARTER))}
    listed = {datetime.fromisoformat(line.split()[-1]) for name in SCHEDULES for line in expected(name)}
    return sorted(every_six_hours | {moment + near * QUARTER for moment in listed for near in (-1, 0, 1)})


def test_a_year_of_ticks_gives_exactly_the_runs_of_the_golden_lists(add_devices: AddDevices) -> None:
    add_devices("a")
    chance = random.Random(4711)
    start, end = YEAR
    with time_machine.travel(start - QUARTER, tick=False) as clock:
        add_schedules()
        for moment in looks(start, end):
            clock.move_to(moment + timedelta(seconds=chance.uniform(0, MOST_LATE)))
            if tick():
                Backup.objects.active().update(status="failed", failure_reason="timeout")
                Job.objects.filter(status="pending").update(status="failed")
    for schedule in Schedule.objects.all():
        runs = list(schedule.runs.order_by("due_at"))
        assert [line_of(run.due_at, schedule.zone) for run in runs] == expected(schedule.name), schedule.name
        assert {run.cause for run in runs} == {ScheduleRun.Cause.DUE}
        assert {run.outcome for run in runs} <= {ScheduleRun.Outcome.STARTED, ScheduleRun.Outcome.JOINED}
        assert all(timedelta() <= run.created_at - run.due_at < timedelta(minutes=2) for run in runs)
    together = ScheduleRun.objects.filter(outcome=ScheduleRun.Outcome.JOINED).values_list("due_at", flat=True)
    assert ScheduleRun.objects.filter(due_at__in=together).count() > len(together), "only beside others of that time"
