"""A worker lives for weeks: backups leave nothing behind in its process."""

import gc
import os
import threading
import time
from collections import Counter

import pytest
from django.db import DEFAULT_DB_ALIAS, connections

from backups.models import Backup, Job
from backups.services import request_backups
from backups.worker import work
from devices.models import Device
from netraven.lab import Fault, Lab
from tests.conftest import MakeDevice, wait_for
from tests.services import POSTGRESQL
from tests.system.api import Api, api_of
from tests.system.conftest import MakeInstallation
from tests.system.installation import Installation, worker_process

DEVICES = 20
ROUNDS = 5
PLATFORMS = ("ios", "eos", "junos", "iosxr_netconf", "nxos")
FAULTS = (Fault.NONE, Fault.NONE, Fault.WRONG_PASSWORD, Fault.DROPS)


def back_up_all() -> None:
    """Every device, in one shift of a worker."""
    request_backups(Device.objects.all(), user=None, trigger=Job.Trigger.COMMAND)
    work()


def open_files(process: int | str = "self") -> Counter[str]:
    """What the file descriptors of a process lead to."""
    found: Counter[str] = Counter()
    for number in os.listdir(f"/proc/{process}/fd"):
        try:
            found[os.readlink(f"/proc/{process}/fd/{number}").split(":")[0]] += 1
        except FileNotFoundError:  # the folder that was being listed
            continue
    return found


def held() -> Counter[str]:
    """What this process holds: files, threads and sessions on its database, each with a count."""
    names = [thread.name for thread in threading.enumerate()]
    threads = Counter(f"thread {name}" for name in names if not name.startswith("asyncio"))  # the simulated network's
    return open_files() + threads + Counter({"database sessions": database_sessions()})


def database_sessions(alias: str = DEFAULT_DB_ALIAS) -> int:
    """Sessions on a database; SQLite has files instead."""
    connection = connections[alias]
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


FLEET = 100
FLEET_ROUNDS = int(os.environ.get("FLEET_ROUNDS", "5"))  # 20 make it two thousand backups
FLEET_PLATFORMS = ("eos", "ios", "nxos", "eos", "junos")
FLEET_FAULTS = {3: Fault.WRONG_PASSWORD, 21: Fault.DROPS, 42: Fault.CLI_ERROR, 77: Fault.REFUSES}  # by number
BETWEEN_SHIFTS = 2  # threads: its own, and that of the queue between the processes of the cluster
QUIET_SECONDS = 3
GROWTH = 30_000_000  # bytes: libraries and the allocator take some once; a leak of 15 KB a backup would be as much


def held_between_shifts(process: int) -> Counter[str]:
    """What a worker process holds when a shift has ended, with all its afterwork."""
    wait_for(lambda: held_by_worker(process)["threads"] <= BETWEEN_SHIFTS, 20, "the shift to end")
    time.sleep(QUIET_SECONDS)
    return held_by_worker(process)


def held_by_worker(process: int) -> Counter[str]:
    """Files, threads, sessions on PostgreSQL; each with a count."""
    threads = len(os.listdir(f"/proc/{process}/task"))
    return open_files(process) + Counter({"threads": threads, "database sessions": sessions_of(process)})


def sessions_of(process: int) -> int:
    """TCP connections of a process to PostgreSQL's port."""
    port = f":{POSTGRESQL[1]:04X}"
    with open(f"/proc/{process}/net/tcp") as file:
        rows = [line.split() for line in file]
    inodes = {row[9] for row in rows if row[2].endswith(port)}
    links = [os.readlink(f"/proc/{process}/fd/{number}") for number in os.listdir(f"/proc/{process}/fd")]
    return sum(link.removeprefix("socket:[").rstrip("]") in inodes for link in links)


def memory_of(process: int) -> int:
    """In bytes, without what it shares with others."""
    with open(f"/proc/{process}/statm") as file:
        pages = [int(number) for number in file.read().split()]
    return (pages[1] - pages[2]) * os.sysconf("SC_PAGE_SIZE")


def back_up_fleet(api: Api, installation: Installation) -> None:
    """Every device, through the worker."""
    asked = api.post("/api/jobs", json={"all": True})
    assert asked.json()["requested"] == FLEET
    job = installation.jobs().filter(pk=asked.json()["id"], finished_at__isnull=False)
    wait_for(job.exists, 60, "the job to end")


@pytest.mark.endurance
@pytest.mark.worker
def test_hundreds_of_backups_leave_nothing_in_a_worker_process(make_installation: MakeInstallation, lab: Lab) -> None:
    installation = make_installation("postgresql", NETRAVEN_RETRY_ATTEMPTS="1", NETRAVEN_LOG_LEVEL="WARNING")
    for number in range(FLEET):
        fault = FLEET_FAULTS.get(number, Fault.NONE)
        lab.add(FLEET_PLATFORMS[number % len(FLEET_PLATFORMS)], f"fleet-{number}", fault)
    installation.record(*(lab[f"fleet-{number}"] for number in range(FLEET)))
    api = api_of(installation)
    installation.start_worker()
    back_up_fleet(api, installation)  # libraries open what they keep for ever
    backups = Backup.objects.using(installation.alias)
    process = worker_process(backups.latest("finished_at"))
    before, memory = held_between_shifts(process), memory_of(process)
    assert before["database sessions"] == 1

    for _ in range(FLEET_ROUNDS):
        back_up_fleet(api, installation)

    assert backups.count() == FLEET * (FLEET_ROUNDS + 1)
    assert backups.filter(status="failed").count() == len(FLEET_FAULTS) * (FLEET_ROUNDS + 1)
    assert {worker_process(backup) for backup in backups.iterator()} == {process}
    assert held_between_shifts(process) == before
    growth = memory_of(process) - memory
    print(f"\nbefore and after {FLEET * FLEET_ROUNDS} backups: {dict(before)}; {growth / 1e6:.1f} MB more memory")
    assert growth < GROWTH
