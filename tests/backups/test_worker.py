"""A worker at work among slow devices, full caps and cancelled jobs; its sessions are real, with simulated devices."""

import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django_q.brokers import get_broker
from pytest_django import Settings

from backups import worker
from backups.claims import claim_next
from backups.models import Backup, Job
from backups.services import cancel_job, request_backups
from backups.worker import Worker, work
from devices.models import Device, Tag
from netraven.lab import Fault
from tests.conftest import MakeDevice, QueuedTasks, wait_for

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)
MOST_STATEMENTS = 15  # for one backup


def request(*devices: Device) -> Job:
    wanted = Device.objects.filter(pk__in=[device.pk for device in devices])
    return request_backups(wanted, user=None, trigger=Job.Trigger.API).job


def status_of(device: Device) -> str:
    return Backup.objects.filter(device=device).latest("created_at").status


class Running(threading.Thread):
    """A worker in a thread of its own."""

    def __init__(self) -> None:
        super().__init__(name="worker")
        self.counts: dict[str, int] = {}

    def run(self) -> None:
        try:
            self.counts = work()
        finally:
            connection.close()


@pytest.fixture
def running() -> Iterator[Any]:
    """Start a worker; it is waited for at the end."""
    started: list[Running] = []

    def start() -> Running:
        started.append(Running())
        started[-1].start()
        return started[-1]

    yield start
    for each in started:
        each.join(60)
        assert not each.is_alive()


@pytest.fixture
def narrow(settings: Settings) -> Settings:
    """A worker with one place, and four sessions at the very most, one of them for the first of a job."""
    more = {"THREADS": 1, "MAX_THREADS": 4, "SLOW": 0.5, "READ_TIMEOUT": 30, "DEADLINE": 60}
    settings.NETRAVEN = settings.NETRAVEN | more
    return settings


def test_a_slow_device_does_not_hold_up_the_rest(narrow: Settings, make_device: MakeDevice) -> None:
    slow = make_device("ios", Fault.SLOW, delay=8)
    rest = [make_device("eos") for _ in range(4)]
    request(slow, *rest)
    work()
    ends = {backup.device_id: backup.finished_at for backup in Backup.objects.completed()}
    assert len(ends) == 5
    assert max(ends, key=lambda pk: ends[pk] or 0) == slow.pk
    assert all(ends[device.pk] < ends[slow.pk] for device in rest)  # type: ignore[operator]


def test_a_network_that_hangs_leaves_room_for_a_device_asked_for_by_hand(
    narrow: Settings, make_device: MakeDevice, running: Any
) -> None:
    hanging = [make_device("ios", Fault.SLOW, delay=600) for _ in range(5)]
    by_hand = make_device("eos")
    job = request(*hanging)
    running()
    active = Backup.objects.filter(job=job, status=Backup.Status.RUNNING)
    wait_for(lambda: active.count() == 3, 15, "the worker to be full")
    time.sleep(1.5)
    assert active.count() == 3, "the last place is not for the hanging network"
    request(by_hand)
    wait_for(lambda: status_of(by_hand) == "completed", 10, "the device asked for by hand")
    assert active.count() == 3
    cancel_job(job, user=None)


def test_capped_work_goes_on_when_another_worker_makes_room(make_device: MakeDevice, running: Any) -> None:
    devices = [make_device("eos") for _ in range(3)]
    Tag.objects.create(name="core", max_sessions=1).devices.add(*devices)
    request(*devices)
    (elsewhere,) = claim_next("on another host", 5)
    started = running()
    time.sleep(1.5)
    assert set(Backup.objects.values_list("status", flat=True)) == {"pending", "running"}
    assert started.is_alive(), "nobody would look when there is room"
    Backup.objects.filter(pk=elsewhere.pk).update(status="failed", failure_reason="timeout")
    wait_for(lambda: not Backup.objects.active().exists(), 20, "the others to be backed up")
    started.join(10)
    assert started.counts == {"completed": 2}


def test_a_worker_that_waits_for_room_lets_other_tasks_have_their_turn(
    make_device: MakeDevice, queued_tasks: QueuedTasks, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "IDLE", 1.0)
    devices = [make_device("eos") for _ in range(2)]
    Tag.objects.create(name="core", max_sessions=1).devices.add(*devices)
    request(*devices)
    claim_next("on another host", 5)
    get_broker().purge_queue()
    with CaptureQueriesContext(connection) as queries:
        assert work() == {}
    assert [task["func"] for task in queued_tasks()] == ["backups.tasks.work"], "to be continued"
    assert len(queries) < 30, "it looked every second, no more"


def test_a_worker_cuts_the_sessions_of_a_cancelled_job_and_no_others(make_device: MakeDevice, running: Any) -> None:
    hanging = [make_device("ios", Fault.HANGS), make_device("junos", Fault.SILENT)]
    other = make_device("ios", Fault.SLOW, delay=2.5)
    job, kept = request(*hanging), request(other)
    running()
    wait_for(lambda: Backup.objects.filter(status="running").count() == 3, 30, "the sessions")
    cancelled = cancel_job(job, user=None)
    assert (cancelled.status, cancelled.cancelled_at is not None) == (Job.Status.RUNNING, True)
    wait_for(lambda: not Backup.objects.filter(job=job).active().exists(), 15, "the sessions to be cut")
    for backup in Backup.objects.filter(job=job):
        assert (backup.status, backup.failure_reason, backup.error) == ("failed", "cancelled", "Cancelled.")
    ended = {job.pk: Job.Status.CANCELLED, kept.pk: Job.Status.COMPLETED}
    wait_for(lambda: dict(Job.objects.values_list("pk", "status")) == ended, 30, "both jobs to end")


def test_a_backup_costs_at_most_fifteen_statements_with_caps_in_play(
    settings: Settings, make_device: MakeDevice
) -> None:
    """Claim, log-ins, steps, result: everything that the database is asked in a run over a hundred devices."""
    settings.NETRAVEN = settings.NETRAVEN | {"MAX_SESSIONS": 20}
    devices = [make_device("eos") for _ in range(20)]
    Tag.objects.create(name="all", max_sessions=15).devices.add(*devices)
    Tag.objects.create(name="half", max_sessions=5).devices.add(*devices[::2])
    for _ in range(5):
        request(*devices)
        with CaptureQueriesContext(connection) as queries:
            assert Worker().run() == {"completed": 20}
        assert len(queries) <= MOST_STATEMENTS * 20
