import time as clock
from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.db import connection
from django.test.utils import CaptureQueriesContext

from devices.models import Tag
from scheduling.models import Schedule
from scheduling.recurrence import occurrences
from scheduling.services import week_load
from scheduling.targets import Targets
from tests.scheduling.conftest import AddDevices, local, make_schedule

pytestmark = pytest.mark.django_db
MONDAY = datetime(2026, 12, 7, tzinfo=UTC)


def test_a_week_by_the_hour(add_devices: AddDevices) -> None:
    add_devices("a", "b")
    early = make_schedule("early", schedule_type="weekly", weekdays=["wed"], time=time(2, 15))
    late = make_schedule("late", schedule_type="weekly", weekdays=["wed"], time=time(2, 45))
    make_schedule("off", enabled=False)
    (hour,) = week_load(MONDAY)
    assert hour.hour == local("2026-12-09 02:00")
    assert [(load.schedule, load.first, load.runs, load.devices) for load in hour.loads] == [
        (early, local("2026-12-09 02:15"), 1, 2),
        (late, local("2026-12-09 02:45"), 1, 2),
    ]
    assert (hour.runs, hour.backups) == (2, 4)


@pytest.mark.parametrize(
    "fields",
    [
        {"schedule_type": "interval", "interval_minutes": 1},
        {"schedule_type": "interval", "interval_minutes": 7},
        {"schedule_type": "interval", "interval_minutes": 59, "end_at": MONDAY + timedelta(days=2, minutes=17)},
        {"schedule_type": "interval", "interval_minutes": 61},
        {"schedule_type": "cron", "cron": "* * * * *"},
        {"schedule_type": "cron", "cron": "*/7 3-5 * * *"},
    ],
)
def test_frequent_runs_are_counted_by_the_hour(fields: dict[str, Any]) -> None:
    schedule = make_schedule(start_at=MONDAY - timedelta(days=10, minutes=3), **fields)
    hours = week_load(MONDAY + timedelta(minutes=30))
    end = MONDAY + timedelta(days=7)
    times = []
    for moment in occurrences(schedule.recurrence, MONDAY - timedelta(microseconds=1)):
        if moment >= end:
            break
        times.append(moment)
    assert sum(hour.runs for hour in hours) == len(times)
    assert len(hours) <= 7 * 24
    for hour in hours:
        (load,) = hour.loads
        within = [moment for moment in times if hour.hour <= moment < hour.hour + timedelta(hours=1)]
        assert (load.first, load.runs) == (within[0], len(within))


def test_only_devices_that_the_user_sees_are_counted(add_devices: AddDevices) -> None:
    add_devices("a", "b")
    add_devices("secret", tags=("core",))
    Tag.objects.get(name="core").groups.add(Group.objects.create(name="core team"))
    make_schedule(schedule_type="interval", interval_minutes=60)
    user = User.objects.create_user("reader")
    assert {load.devices for hour in week_load(MONDAY, user=user) for load in hour.loads} == {2}
    assert {load.devices for hour in week_load(MONDAY) for load in hour.loads} == {3}


def test_a_thousand_schedules_cost_the_same_queries_as_one(add_devices: AddDevices) -> None:
    devices = add_devices(*(f"d{number}" for number in range(500)), tags=("core",))
    tag = Tag.objects.get()
    make_schedule("first", targets=Targets(devices=[devices[0].pk], tags=[tag.pk]))
    with CaptureQueriesContext(connection) as few:
        week_load(MONDAY)
    template = Schedule.objects.get()
    fields = {"schedule_type": "daily", "time": time(2, 30), "next_run_at": template.next_run_at, "all_devices": True}
    Schedule.objects.bulk_create(Schedule(name=f"s{number}", **fields) for number in range(1000))
    began = clock.monotonic()
    with CaptureQueriesContext(connection) as many:
        hours = week_load(MONDAY)
    assert len(many) == len(few) <= 10
    assert sum(hour.runs for hour in hours) == 7 * 1001
    assert clock.monotonic() - began < 10


def test_a_schedule_whose_zone_is_gone_does_not_spoil_the_page(add_devices: AddDevices) -> None:
    make_schedule("good")
    make_schedule("bad")
    Schedule.objects.filter(name="bad").update(time_zone="Europe/Atlantis")
    assert {load.schedule.name for hour in week_load(MONDAY) for load in hour.loads} == {"good"}
