"""A worker lives for weeks: backups leave nothing behind in its process."""

import gc
import os
import threading
from collections import Counter

import pytest
from django.db import connection

from backups.models import Backup, Job
from backups.services import request_backups
from backups.worker import work
from devices.models import Device
from netraven.lab import Fault
from tests.conftest import MakeDevice, wait_for

DEVICES = 20
ROUNDS = 5
PLATFORMS = ("ios", "eos", "junos", "iosxr_netconf", "nxos")
FAULTS = (Fault.NONE, Fault.NONE, Fault.WRONG_PASSWORD, Fault.DROPS)


def back_up_all() -> None:
    """Every device, in one shift of a worker."""
    request_backups(Device.objects.all(), user=None, trigger=Job.Trigger.COMMAND)
    work()


def open_files() -> Counter[str]:
    """What the file descriptors of this process lead to."""
    found: Counter[str] = Counter()
    for number in os.listdir("/proc/self/fd"):
        try:
            found[os.readlink(f"/proc/self/fd/{number}").split(":")[0]] += 1
        except FileNotFoundError:  # the folder that was being listed
            continue
    return found


def held() -> Counter[str]:
    """What this process holds: files, threads and sessions on its database, each with a count."""
    names = [thread.name for thread in threading.enumerate()]
    threads = Counter(f"thread {name}" for name in names if not name.startswith("asyncio"))  # the simulated network's
    return open_files() + threads + Counter({"database sessions": database_sessions()})


def database_sessions() -> int:
    """Sessions on the test's database; SQLite has files instead."""
    if connection.vendor == "sqlite":
        return 0
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()")
        return int(cursor.fetchone()[0])


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_a_hundred_backups_leave_no_connection_no_file_and_no_thread(make_device: MakeDevice) -> None:
    for number in range(DEVICES):
        make_device(PLATFORMS[number % len(PLATFORMS)], FAULTS[number // len(PLATFORMS)])
    back_up_all()  # libraries open what they keep for ever
    settle()
    before = held()
    for _ in range(ROUNDS):
        back_up_all()
    assert Backup.objects.count() == DEVICES * (ROUNDS + 1)
    assert not Backup.objects.active().exists()
    settle()
    assert held() - before == Counter()


def settle() -> None:
    """Wait until the simulated devices, in this process too, have noticed that their clients are gone."""
    gc.collect()  # ncclient leaves an epoll in a cycle of references
    last = held()

    def settled() -> bool:
        nonlocal last
        previous, last = last, held()
        return previous == last

    wait_for(settled, 10, "the simulated network to be quiet")
