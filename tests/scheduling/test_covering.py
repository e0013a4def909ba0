"""The same rule from three sides: the devices of a schedule, the numbers of many, and the schedules of a device."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from devices.models import Device, Platform, Tag
from scheduling.covering import schedules_covering
from scheduling.history import last_runs
from scheduling.models import Schedule, ScheduleRun
from scheduling.targeted import Targeted
from scheduling.targets import RELATIONS, Targets
from tests.scheduling.conftest import NOW, AddDevices, make_schedule

DEVICES, TAGS, PLATFORMS = ["a", "b", "c"], ["red", "green", "blue"], ["ios", "eos"]
some_devices = st.sets(st.sampled_from(DEVICES), max_size=2)
some_tags = st.sets(st.sampled_from(TAGS), max_size=2)
SCHEDULES = st.fixed_dictionaries(
    {
        "all_devices": st.booleans(),
        "tag_match": st.sampled_from(["any", "all"]),
        "devices": some_devices,
        "tags": some_tags,
        "platforms": st.sets(st.sampled_from(PLATFORMS), max_size=1),
        "excluded_devices": some_devices,
        "excluded_tags": some_tags,
    }
)
FLEETS = st.fixed_dictionaries(
    {name: st.tuples(some_tags, st.sampled_from(PLATFORMS), st.integers(0, 4)) for name in DEVICES}
)


class TestEachSideSaysTheSame(TestCase):
    @settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(fleet=FLEETS, wanted=st.lists(SCHEDULES, min_size=1, max_size=3))
    def test_any_fleet_and_any_schedules(self, fleet: dict[str, Any], wanted: list[dict[str, Any]]) -> None:
        tags = {name: Tag.objects.create(name=name) for name in TAGS}
        platforms = {slug: Platform.objects.get(slug=slug) for slug in PLATFORMS}
        devices = {}
        for name, (its_tags, slug, off) in fleet.items():
            devices[name] = Device.objects.create(
                hostname=name, address="192.0.2.1", platform=platforms[slug], enabled=bool(off)
            )
            devices[name].tags.set(tags[tag] for tag in its_tags)
        rows: dict[str, dict[str, Any]] = {"device": devices, "tag": tags, "platform": platforms}
        schedules = []
        for number, fields in enumerate(wanted):
            own = {name: fields[name] for name in ("all_devices", "tag_match")}
            schedules.append(Schedule.objects.create(name=f"s{number}", **own))
            for relation, kind in RELATIONS.items():
                getattr(schedules[-1], relation).set(rows[kind][name].pk for name in fields[relation])
        meant = {schedule: set(Targets.of(schedule).find()) for schedule in schedules}
        targeted = Targeted(schedules, None)
        assert {schedule: targeted.count(schedule) for schedule in schedules} == {
            schedule: len(found) for schedule, found in meant.items()
        }
        for device in devices.values():
            assert set(schedules_covering(device)) == {row for row, found in meant.items() if device in found}


@pytest.mark.django_db
def test_the_schedules_of_a_device_take_one_query(add_devices: AddDevices) -> None:
    (device,) = add_devices("core1", tags=("core",))
    for number in range(20):
        make_schedule(f"s{number}", targets=Targets(tags=list(Tag.objects.values_list("pk", flat=True))))
    with CaptureQueriesContext(connection) as queries:
        assert len(schedules_covering(device)) == 20
    assert len(queries) == 1


@pytest.mark.django_db
def test_devices_that_the_user_does_not_see_are_counted_apart(add_devices: AddDevices) -> None:
    (seen,) = add_devices("seen")
    hidden = add_devices("hidden", "hidden2", tags=("theirs",))
    Tag.objects.get(name="theirs").groups.add(Group.objects.create(name="others"))
    schedule = make_schedule(targets=Targets(devices=[seen.pk, hidden[0].pk]))
    targeted = Targeted([schedule], User.objects.create_user("reader"))
    assert (targeted.count(schedule), targeted.count_hidden(schedule)) == (1, 1)
    assert targeted.named(schedule, "devices") == {seen.pk, hidden[0].pk}
    assert targeted.visible == {seen.pk}


@pytest.mark.django_db
def test_the_last_runs_of_many_take_two_queries() -> None:
    schedules = [make_schedule(f"s{number}") for number in range(4)]
    newest: dict[Any, Any] = {}
    for schedule in schedules[:3]:
        for hours in (5, 1, 3):
            run = ScheduleRun.objects.create(schedule=schedule, due_at=NOW - timedelta(hours=hours), outcome="empty")
            newest[schedule.pk] = run if hours == 1 else newest.get(schedule.pk)
    with CaptureQueriesContext(connection) as queries:
        assert last_runs(schedules) == newest
    assert len(queries) == 2
