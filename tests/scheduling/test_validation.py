from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.forms import modelform_factory
from django.utils import timezone
from hypothesis import example, given
from hypothesis import strategies as st

from scheduling.models import Schedule
from scheduling.services import save_schedule
from scheduling.targets import Targets
from scheduling.validators import validate_cron
from tests.scheduling.conftest import local, make_schedule, recurrence

pytestmark = pytest.mark.django_db

TYPES = dict(Schedule.Type.choices)

# Type and fields, and the fields that are then wrong
WRONG = [
    ("interval", {}, {"interval_minutes"}),
    ("interval", {"interval_minutes": 0}, {"interval_minutes"}),
    ("daily", {}, {"time"}),
    ("weekly", {}, {"time", "weekdays"}),
    ("weekly", {"time": time(1), "weekdays": ["mon", "someday"]}, {"weekdays"}),
    ("monthly", {}, {"time", "day"}),
    ("monthly", {"time": time(1), "day": 32}, {"day"}),
    ("monthly", {"time": time(1), "day_rule": "weekday"}, {"ordinal", "ordinal_weekday"}),
    ("monthly", {"time": time(1), "day_rule": "weekday", "ordinal": 5, "ordinal_weekday": "fri"}, {"ordinal"}),
    ("yearly", {}, {"time", "day", "month"}),
    ("yearly", {"time": time(1), "day_rule": "last_day"}, {"month"}),
    ("cron", {}, {"cron"}),
    ("cron", {"cron": "30 2 * *"}, {"cron"}),
    ("cron", {"cron": "0 0 30 2 *"}, {"cron"}),
    ("sometimes", {}, {"schedule_type"}),
    ("daily", {"time": time(1), "time_zone": "Europe/Atlantis"}, {"time_zone"}),
    (
        "daily",
        {"time": time(1), "end_at": local("2025-01-01 00:00"), "start_at": local("2025-01-01 00:00")},
        {"end_at"},
    ),
    (
        "daily",
        {"time": time(1), "end_at": local("2026-01-01 00:00"), "start_at": local("2025-01-01 00:00")},
        {"end_at"},
    ),
    ("daily", {"time": time(1), "start_at": datetime(9999, 12, 31, tzinfo=UTC)}, {"start_at"}),
    ("daily", {"time": time(1), "start_at": datetime(1, 1, 1, tzinfo=UTC)}, {"start_at"}),
    ("daily", {"time": time(1), "spread_minutes": 30, "max_run_minutes": 30}, {"max_run_minutes"}),
    ("daily", {"time": time(1), "spread_minutes": 1441}, {"spread_minutes"}),
    ("once", {"start_at": local("2025-01-01 00:00")}, {"start_at"}),
]


@pytest.mark.parametrize(("type_", "fields", "wrong"), WRONG)
def test_what_is_wrong_is_told_by_field(type_: str, fields: dict[str, Any], wrong: set[str]) -> None:
    with pytest.raises(ValidationError) as error:
        save_schedule(Schedule(name="wrong", schedule_type=type_, **fields))
    assert set(error.value.message_dict) == wrong
    assert not Schedule.objects.exists()


def test_fields_that_a_type_does_not_use_are_emptied() -> None:
    schedule = make_schedule(
        schedule_type="interval",
        interval_minutes=60,
        time=time(1),
        weekdays=["mon", "mon"],
        day=77,
        month=13,
        day_rule="weekday",
        ordinal=9,
        ordinal_weekday="xxx",
        cron="nonsense",
    )
    schedule.refresh_from_db()
    unused = ("time", "weekdays", "day", "month", "day_rule", "ordinal", "ordinal_weekday", "cron")
    assert [getattr(schedule, name) for name in unused] == [None, [], None, None, "day", None, "", ""]


def test_a_form_takes_what_its_type_needs_and_nothing_else() -> None:
    names = ["name", "schedule_type", "time_zone", "start_at", "time", "weekdays", "day_rule", "day", "cron", "missed"]
    form = modelform_factory(Schedule, fields=[*names, "overlap", "tag_match", "spread_minutes"])
    filled: dict[str, Any] = {
        "name": "weekly",
        "schedule_type": "weekly",
        "time_zone": "UTC",
        "start_at": "2026-12-01 00:00",
    }
    filled |= {"time": "02:30", "weekdays": '["mon"]', "day_rule": "day", "day": 99, "cron": "left from before"}
    filled |= {"missed": "skip", "overlap": "join", "tag_match": "any", "spread_minutes": 0}
    good = form(data=filled)
    assert good.is_valid(), good.errors
    saved = save_schedule(good.save(commit=False))
    assert (saved.day, saved.cron, saved.next_run_at) == (None, "", datetime(2026, 12, 7, 2, 30, tzinfo=UTC))
    assert set(form(data=filled | {"name": "x", "weekdays": ""}).errors) == {"weekdays"}
    assert set(form(data=filled | {"name": "x", "start_at": ""}).errors) == {"start_at"}


@pytest.mark.parametrize(
    ("rule", "kept"),
    [("day", (31, None, "")), ("last_day", (None, None, "")), ("weekday", (None, -1, "fri"))],
)
def test_a_day_rule_keeps_its_own_fields_only(rule: str, kept: tuple[object, ...]) -> None:
    fields: dict[str, Any] = {"day": 31, "ordinal": -1, "ordinal_weekday": "fri"}
    schedule = make_schedule(schedule_type="monthly", day_rule=rule, **fields)
    assert (schedule.day, schedule.ordinal, schedule.ordinal_weekday) == kept


def test_a_schedule_of_nothing_is_refused() -> None:
    with pytest.raises(ValidationError) as error:
        make_schedule(targets=Targets(excluded_devices=[]))
    assert set(error.value.message_dict) == {"devices"}
    assert not Schedule.objects.exists()


def test_all_fields_say_when_it_runs() -> None:
    schedule = make_schedule(
        schedule_type="yearly",
        month=3,
        day_rule="weekday",
        ordinal=-1,
        ordinal_weekday="sun",
        start_at=local("2025-01-01 01:00"),
        end_at=timezone.now().replace(microsecond=0) + timedelta(days=1000),
    )
    schedule.refresh_from_db()
    expected = recurrence("yearly", time="02:30", month=3, day_rule="weekday", ordinal=-1, ordinal_weekday=6)
    assert schedule.recurrence == type(expected)(**{**vars(expected), "end": schedule.end_at})
    weekly = make_schedule("weekly", schedule_type="weekly", weekdays=["mon", "sun"])
    assert weekly.recurrence.weekdays == {0, 6}


@given(st.lists(st.text("0123456789*/,-?lLwW#rRhH@ adfmosu٣", max_size=6), min_size=5, max_size=5).map(" ".join))
@example("*/0 * * * *")
@example("0 0 * * 9")
@example("99999999999999999999-1 * * * *")
@example("@daily @daily @daily @daily @daily")
def test_whatever_stands_for_cron_is_accepted_or_refused(expression: str) -> None:
    try:
        validate_cron(expression)
    except ValidationError:
        return
    schedule = Schedule(name="any", schedule_type="cron", cron=expression)
    save_schedule(schedule)
    assert schedule.next_run_at
    schedule.delete()
