"""Backups by day: the numbers are those of the rows, also after days have been counted and kept."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import Group, User
from django.db import connection
from django.db.models import Q
from django.test.utils import CaptureQueriesContext

from backups import daily, recording, storage
from backups.daily import DayCount, count_days, recount
from backups.fingerprint import content_hash
from backups.housekeeping.policy import Policy
from backups.housekeeping.retention import Retention
from backups.models import Backup, Day, Job
from devices.models import Device, Platform, Tag

NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def eight_o_clock() -> Any:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def device() -> Device:
    return add_device("core1")


@pytest.fixture
def root() -> User:
    return User.objects.create_superuser("root")


def add_device(name: str) -> Device:
    return Device.objects.create(hostname=name, address="192.0.2.1", platform=Platform.objects.get(slug="ios"))


def add(device: Device, hours_ago: float, status: str = "completed", **fields: Any) -> Backup:
    """A backup that ended then; a good one is a version that is no change."""
    job = Job.objects.get_or_create(trigger="command", status="completed")[0]
    moment = NOW - timedelta(hours=hours_ago)
    details: dict[str, Any] = {"failure_reason": "timeout"} if status == "failed" else {}
    if status == "completed":
        details = {"version": 2, "changed": False, "file_path": "f", "content_hash": "0" * 64}
    times = dict.fromkeys(("created_at", "finished_at"), moment)
    return Backup.objects.create(job=job, device=device, status=status, **(details | times | fields))


def from_rows(user: User) -> list[DayCount]:
    """The same from the rows of each day, one by one."""
    dates = [NOW.date() - timedelta(days=ago) for ago in range(daily.DAYS - 1, -1, -1)]
    counts = []
    for day in dates:
        start = datetime(day.year, day.month, day.day, tzinfo=UTC)
        rows = Backup.objects.visible_to(user).filter(finished_at__gte=start, finished_at__lt=start + timedelta(days=1))
        changed = rows.filter(Q(changed=True), version__gt=1)
        counts.append(
            DayCount(
                day,
                rows.filter(status="completed").count(),
                rows.filter(status="failed").count(),
                changed.count(),
            )
        )
    return counts


def test_each_day_has_what_ended_on_it(device: Device, root: User) -> None:
    add(device, 1)
    add(device, 2, version=3, changed=True)
    add(device, 3, version=1, changed=True)  # the first is no change
    add(device, 8.5, "failed")  # yesterday, half an hour before midnight
    add(device, 29 * 24 + 7)
    add(device, 30 * 24)
    add(device, 0, "pending", finished_at=None)
    counts = count_days(root)
    assert counts == from_rows(root)
    assert counts[-1] == DayCount(date(2026, 11, 24), completed=3, changed=1)
    assert counts[-2] == DayCount(date(2026, 11, 23), failed=1)
    assert counts[0] == DayCount(date(2026, 10, 26), completed=1)
    assert len(counts) == 30


def test_a_day_that_is_over_is_counted_once(device: Device, root: User) -> None:
    add(device, 30)
    count_days(root)
    with CaptureQueriesContext(connection) as queries:
        count_days(root)
    (counting,) = [query["sql"] for query in queries if "COUNT" in query["sql"]]
    assert counting.count("2026-11-2") == 2, "today alone is looked at again"
    assert len(queries) == 2
    add(device, 30)  # as nobody does: behind its back
    assert count_days(root)[-2].completed == 1


def test_a_day_is_not_over_in_the_hour_after_it(device: Device, root: User) -> None:
    with time_machine.travel(NOW.replace(hour=0, minute=59), tick=False):
        count_days(root)
    add(device, 8.5)
    assert count_days(root) == from_rows(root)


def test_accepting_and_retention_count_a_day_anew(device: Device, root: User) -> None:
    file = {"file_path": storage.store(b"end", "configs/kept.txt"), "content_hash": content_hash(b"end")}
    kept = add(device, 40, "failed", failure_reason="incomplete", **file)
    old = [add(device, 50 + hours) for hours in range(3)]
    assert count_days(root) == from_rows(root)
    recording.accept(kept, root)
    assert count_days(root) == from_rows(root)
    policy = Policy(last=1, days=0, weeks=0, zone=UTC)
    for _ in Retention(policy, now=NOW).steps([]):
        pass
    assert not Backup.objects.filter(pk__in=[backup.pk for backup in old]).exists()
    assert count_days(root) == from_rows(root)


def test_what_changes_while_a_day_is_counted_is_not_missed(
    device: Device, root: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between counting and keeping: the same as another process would do it."""
    add(device, 30)
    count: Callable[..., Any] = daily._count

    def count_and_be_overtaken(*args: Any) -> Any:
        found = count(*args)
        recount([add(device, 31).finished_at])
        return found

    with monkeypatch.context() as patched:
        patched.setattr(daily, "_count", count_and_be_overtaken)
        count_days(root)
    assert count_days(root) == from_rows(root)


def test_everybody_has_the_numbers_of_the_devices_that_they_see(device: Device, root: User) -> None:
    hidden = add_device("secret1")
    tag, group = Tag.objects.create(name="secret"), Group.objects.create(name="insiders")
    tag.groups.add(group)
    hidden.tags.add(tag)
    insider, outsider = User.objects.create_user("insider"), User.objects.create_user("outsider")
    insider.groups.add(group)
    add(device, 30)
    add(hidden, 31, "failed")
    for _ in range(2):
        for user, failed in ((root, 1), (insider, 1), (outsider, 0)):
            assert count_days(user) == from_rows(user)
            assert count_days(user)[-2].failed == failed
    hidden.tags.clear()  # now it is everybody's
    assert count_days(outsider) == from_rows(outsider)
    assert count_days(outsider)[-2].failed == 1


def test_records_of_days_long_over_are_forgotten(device: Device, root: User) -> None:
    count_days(root)
    with time_machine.travel(NOW + timedelta(days=40), tick=False):
        count_days(root)
    assert Day.objects.count() <= daily.DAYS + 1
