"""Backups that wait for a time of their own."""

import time
import uuid
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from django_q.brokers import get_broker
from hypothesis import given
from hypothesis import strategies as st

from backups import queueing
from backups.claims import anything_waits, claim_next
from backups.maintenance import reap
from backups.models import Backup, Job
from backups.monitoring import read_workload
from backups.services import BackupRequest, cancel_job, request_backups
from backups.spread import Spread
from backups.worker import work
from devices.models import Device, Platform
from tests.conftest import MakeDevice, QueuedTasks

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)
FIRST = datetime(2026, 12, 1, 2, 30, tzinfo=UTC)
HOUR = timedelta(hours=1)


def add_devices(*hostnames: str) -> None:
    platform = Platform.objects.get(slug="ios")
    Device.objects.bulk_create(Device(hostname=name, address="192.0.2.1", platform=platform) for name in hostnames)


def request(*hostnames: str, spread: Spread | None = None) -> BackupRequest:
    devices = Device.objects.filter(hostname__in=hostnames) if hostnames else Device.objects.all()
    return request_backups(devices, user=None, trigger=Job.Trigger.SCHEDULE, spread=spread)


def later(hours: float = 1, window: timedelta = HOUR) -> Spread:
    return Spread(timezone.now() + timedelta(hours=hours), window, "nightly")


@given(st.uuids(), st.integers(1, 24 * 60), st.text(max_size=5))
def test_a_device_has_always_the_same_time_within_the_window(device: uuid.UUID, minutes: int, key: str) -> None:
    one = Spread(FIRST, timedelta(minutes=minutes), key).time_of(device)
    assert FIRST <= one < FIRST + timedelta(minutes=minutes)
    tomorrow = Spread(FIRST + timedelta(days=1), timedelta(minutes=minutes), key).time_of(device)
    assert tomorrow - one == timedelta(days=1)


def test_the_times_of_many_devices_fill_the_window_and_differ_by_key() -> None:
    devices = [uuid.UUID(int=number) for number in range(6000)]
    times = [Spread(FIRST, HOUR, "a").time_of(device) for device in devices]
    by_minute = Counter((moment - FIRST) // timedelta(minutes=1) for moment in times)
    assert len(by_minute) == 60
    assert max(by_minute.values()) < 170, "100 a minute, more or less"
    others = [Spread(FIRST, HOUR, "b").time_of(device) for device in devices]
    assert sum(one == other for one, other in zip(times, others, strict=True)) < 30


def test_each_backup_gets_the_time_of_its_device(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queueing, "BATCH", 3)
    add_devices(*(f"d{number}" for number in range(8)))
    spread = later()
    backups = request(spread=spread).backups
    assert {backup.not_before for backup in backups} == {spread.time_of(backup.device_id) for backup in backups}
    assert [backup.not_before for backup in backups] == [spread.time_of(backup.device_id) for backup in backups]


def test_no_worker_takes_a_backup_before_its_time() -> None:
    add_devices("a", "b", "c")
    spread = Spread(FIRST, HOUR, "nightly")
    with time_machine.travel(FIRST - timedelta(minutes=1), tick=False) as clock:
        times = sorted((backup.not_before, backup.pk) for backup in request(spread=spread).backups)
        assert not claim_next("w", 10)
        assert not anything_waits()
        for moment, pk in times:
            assert moment
            clock.move_to(moment - timedelta(seconds=1))
            assert not claim_next("w", 10)
            clock.move_to(moment)
            assert anything_waits()
            assert [backup.pk for backup in claim_next("w", 10)] == [pk]


def test_those_of_later_stand_in_nobodys_way() -> None:
    add_devices("a", "b", "by hand")
    request("a", "b", spread=later())
    request("by hand")
    assert [backup.device.hostname for backup in claim_next("w", 10)] == ["by hand"]


def test_a_worker_ends_its_shift_although_some_wait_for_later(queued_tasks: QueuedTasks) -> None:
    add_devices("a")
    request(spread=later())
    get_broker().purge_queue()
    began = time.monotonic()
    assert work() == {}
    assert time.monotonic() - began < 5
    assert queued_tasks() == []


def test_upkeep_wakes_a_worker_when_the_time_has_come(make_device: MakeDevice, queued_tasks: QueuedTasks) -> None:
    make_device("ios")
    (backup,) = request(spread=later()).backups
    get_broker().purge_queue()
    assert reap()["waiting"] == 0
    assert queued_tasks() == []
    Backup.objects.update(not_before=timezone.now())
    assert reap()["waiting"] == 1
    assert [task["func"] for task in queued_tasks()] == ["backups.tasks.work"]
    assert work() == {"completed": 1}
    backup.refresh_from_db()
    assert backup.status == Backup.Status.COMPLETED


def test_a_request_without_spread_brings_a_waiting_backup_forward(queued_tasks: QueuedTasks) -> None:
    add_devices("a", "b", "c")
    waiting = request("a", "b", spread=later())
    get_broker().purge_queue()
    asked = request("a", "c")
    assert (asked.made, len(asked.active_ids), asked.brought_forward) == (1, 1, 1)
    assert {backup.device.hostname for backup in claim_next("w", 10)} == {"a", "c"}
    assert Backup.objects.get(device__hostname="a").job == waiting.job
    get_broker().purge_queue()
    again = request("b")
    assert (again.made, again.brought_forward, again.job) == (0, 1, waiting.job)
    assert [task["func"] for task in queued_tasks()] == ["backups.tasks.work"], "nothing was made, yet there is work"
    assert [backup.device.hostname for backup in claim_next("w", 10)] == ["b"]
    assert request("b").brought_forward == 0, "it runs"


def test_a_request_with_spread_moves_a_waiting_backup_only_to_an_earlier_time() -> None:
    add_devices("a", "b")
    first = request("a", spread=later(5)).backups[0]
    assert request("a", spread=later(9)).brought_forward == 0
    sooner = later(2)
    assert request("a", "b", spread=sooner).brought_forward == 1
    first.refresh_from_db()
    assert first.not_before == sooner.time_of(first.device_id)


def test_a_cancelled_job_ends_what_waits_for_its_time() -> None:
    add_devices("a")
    job = cancel_job(request(spread=later()).job, user=None)
    assert job.status == Job.Status.CANCELLED
    assert Backup.objects.get().failure_reason == Backup.FailureReason.CANCELLED


def test_monitors_are_not_alarmed_by_what_waits_for_its_time() -> None:
    add_devices("a", "b")
    request("a", spread=later())
    Backup.objects.update(created_at=timezone.now() - timedelta(hours=5))
    workload = read_workload()
    assert (workload.pending, workload.later) == (0, 1)
    assert workload.waiting_freely == workload.waiting == timedelta()
    Backup.objects.update(not_before=timezone.now() - timedelta(minutes=10))
    workload = read_workload()
    assert (workload.pending, workload.later) == (1, 0)
    assert timedelta(minutes=9) < workload.waiting_freely < timedelta(minutes=11), "since its time, not its request"


def test_ten_thousand_backups_take_few_statements_and_the_queue_index_serves() -> None:
    add_devices(*(f"d{number:05}" for number in range(10_000)))
    request("d09999")
    with CaptureQueriesContext(connection) as queries:
        request(spread=later())
    assert len(queries) < 40
    (backup,) = claim_next("w", 25)
    assert backup.device.hostname == "d09999"
    if connection.vendor == "sqlite":  # PostgreSQL reads all of so small a table
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
        assert "backup_queue" in Backup.objects.ready().order_by("position", "created_at")[:25].explain()


def test_pages_and_api_tell_until_when_it_waits(client: Client) -> None:
    add_devices("a")
    (backup,) = request(spread=later()).backups
    user = User.objects.create_user("reader", is_staff=True)
    names = ["view_device", "view_backup", "view_job", "run_backup"]
    user.user_permissions.add(*Permission.objects.filter(codename__in=names))
    client.force_login(user)
    assert backup.not_before
    until = f'waits until <time datetime="{backup.not_before.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}">'
    for name, pk in (("device", backup.device_id), ("backup", backup.pk), ("job", backup.job_id)):
        assert until in client.get(reverse(f"pages:{name}", args=[pk])).content.decode(), name
    assert "Running" not in client.get(reverse("pages:devices")).content.decode()
    told = client.get(f"/api/backups/{backup.pk}").json()
    assert datetime.fromisoformat(told["not_before"]) == backup.not_before
    answer = client.post("/api/jobs", {"all": True}, content_type="application/json").json()
    assert (answer["requested"], answer["already_active"], answer["brought_forward"]) == (0, 1, 1)
    assert "waits until" not in client.get(reverse("pages:device", args=[backup.device_id])).content.decode()
