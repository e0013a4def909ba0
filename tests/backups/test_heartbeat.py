"""Signs of life of worker processes, and what a living one does for a dead one."""

import os
import socket
import threading
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import Settings

from backups import heartbeat, tasks
from backups.claims import claim_next
from backups.models import Backup, Job, WorkerProcess
from backups.services import request_backups
from backups.worker import Worker
from devices.models import Device
from netraven.lab import Fault, LabDevice
from tests.backups.conftest import BackUp
from tests.conftest import MakeDevice, wait_for

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)


def request(*devices: Device) -> list[Backup]:
    wanted = Device.objects.filter(pk__in=[device.pk for device in devices])
    return request_backups(wanted, user=None, trigger=Job.Trigger.API).backups


def test_a_process_says_who_it_is_in_one_statement() -> None:
    with CaptureQueriesContext(
        connection,
    ) as asked:
        heartbeat.beat(3)
    assert len([query for query in asked.captured_queries if "worker" in query["sql"]]) == 1
    row = WorkerProcess.objects.get()
    assert row.name == f"{socket.gethostname()[:60]}:{os.getpid()}"
    assert (row.host, row.busy, row.threads) == (socket.gethostname()[:60], 3, 25)


def test_a_process_counts_what_ended_in_it(make_device: MakeDevice, back_up: BackUp) -> None:
    heartbeat.beat()
    before = WorkerProcess.objects.get()
    back_up(make_device("ios"))
    back_up(make_device("ios", Fault.WRONG_PASSWORD))
    after = WorkerProcess.objects.get()
    assert (after.completed - before.completed, after.failed - before.failed) == (1, 1)
    assert after.started_at == before.started_at
    assert after.last_seen_at > before.last_seen_at
    assert after.busy == 0


def test_a_process_with_the_number_of_an_earlier_one_begins_anew() -> None:
    long_ago = timezone.now() - timedelta(days=3)
    name = heartbeat.process_name()
    WorkerProcess.objects.create(name=name, host="h", started_at=long_ago, last_seen_at=long_ago, completed=10**6)
    heartbeat.beat()
    row = WorkerProcess.objects.get()
    assert row.started_at > long_ago
    assert row.completed < 10**6


def test_a_long_shift_gives_signs_of_life(make_device: MakeDevice, settings: Settings) -> None:
    settings.NETRAVEN = settings.NETRAVEN | {"LEASE": 0.8}
    device = make_device("ios", Fault.SLOW, delay=2)
    request(device)
    shift = threading.Thread(target=run_shift)
    shift.start()
    seen: set[datetime] = set()

    def beaten_while_busy() -> bool:
        seen.update(WorkerProcess.objects.filter(busy=1).values_list("last_seen_at", flat=True))
        return len(seen) >= 3

    wait_for(beaten_while_busy, 10, "three signs of life during one backup")
    shift.join()
    assert WorkerProcess.objects.get().busy == 0


def test_an_idle_process_is_seen_at_the_upkeep() -> None:
    tasks.reap()
    assert [row.name for row in WorkerProcess.objects.all()] == [heartbeat.process_name()]


def test_a_worker_takes_over_from_a_dead_one_without_waiting_for_the_upkeep(
    make_device: MakeDevice, simulated: Callable[[Device], LabDevice], settings: Settings
) -> None:
    settings.NETRAVEN = settings.NETRAVEN | {"LEASE": 0.8}
    left, slow = make_device("ios"), make_device("ios", Fault.SLOW, delay=2)
    request(left)
    (abandoned,) = claim_next("dead", 1)
    request(slow)
    run_shift()
    abandoned.refresh_from_db()
    assert (abandoned.status, abandoned.attempts) == (Backup.Status.COMPLETED, 2), abandoned.error
    assert simulated(left).logins == 1
    assert not Backup.objects.active().exists()


def run_shift() -> None:
    try:
        Worker().run()
    finally:
        connection.close()
