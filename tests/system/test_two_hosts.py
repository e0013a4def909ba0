"""Two worker hosts on PostgreSQL, Redis and an object store, by settings alone, while one thing after another dies.

NETRAVEN_TEST_BACKUPS sets how many backups, NETRAVEN_TEST_LEASE the lease in seconds (60 outside the tests).
"""

import json
import os
import signal
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest
from django.db.models import QuerySet

from backups.fingerprint import content_hash
from backups.models import Backup, Job, JobLog, WorkerProcess
from devices.models import Device, Platform
from netraven.lab import Fault, Lab, LabDevice
from tests.conftest import wait_for
from tests.object_store import ObjectStore, running_object_store
from tests.services import missing
from tests.system.conftest import MakeInstallation
from tests.system.installation import Installation, Service, can_have_hostnames, with_hostname
from tests.system.redis_server import RedisServer

pytestmark = [pytest.mark.worker, pytest.mark.endurance]

BACKUPS = int(os.environ.get("NETRAVEN_TEST_BACKUPS", "200"))
LEASE = os.environ.get("NETRAVEN_TEST_LEASE", "5")
SIMULATED = 10  # devices; each has many records
SESSION = 1.0  # seconds that a device takes to answer
PATIENCE = 240 + BACKUPS  # seconds


@dataclass
class Fleet:
    """Many records of few simulated devices, and all that keeps their backups."""

    installation: Installation
    store: ObjectStore
    redis: RedisServer
    simulated: list[LabDevice]
    hosts: dict[str, Service] = field(default_factory=dict)

    def start_host(self, name: str) -> None:
        """A cluster on a host of this name, with a data folder of its own."""
        folder = self.installation.data_dir / name
        self.hosts[name] = self.installation.start_worker(
            *with_hostname(name), NETRAVEN_DATA_DIR=str(folder), NETRAVEN_WORKERS="2", NETRAVEN_THREADS="5"
        )

    def backups(self) -> QuerySet[Backup]:
        return Backup.objects.using(self.installation.alias)

    def completed(self) -> int:
        return self.backups().filter(status=Backup.Status.COMPLETED).count()

    def wait_until_completed(self, share: float) -> None:
        wait_for(lambda: self.completed() >= share * BACKUPS, PATIENCE, f"{share:.0%} of the backups")

    def held_by(self, worker: str) -> set[uuid.UUID]:
        """What runs on a host, `host:`, or in a process, `host:pid:`."""
        running = self.backups().filter(status=Backup.Status.RUNNING, worker__startswith=worker)
        return set(running.values_list("pk", flat=True))


@dataclass
class Loss:
    """A death, and what was under way then."""

    time: datetime
    left: set[uuid.UUID]

    def recovered_after(self, fleet: Fleet) -> float:
        """Seconds until all of it had been taken back and was completed."""
        ends = fleet.backups().filter(pk__in=self.left).values_list("finished_at", flat=True)
        return max((end - self.time).total_seconds() for end in ends if end)


@pytest.fixture
def fleet(make_installation: MakeInstallation, lab: Lab) -> Iterator[Fleet]:
    if not can_have_hostnames():
        missing("may not make a namespace with a host name of its own")
    with RedisServer() as redis, running_object_store() as store:
        installation = make_installation(
            "postgresql",
            NETRAVEN_REDIS_URL=redis.url,
            NETRAVEN_LEASE=LEASE,
            NETRAVEN_CONNECT_TIMEOUT="30",
            NETRAVEN_TCP_TIMEOUT="10",
            NETRAVEN_LOG_LEVEL="WARNING",
            **store.environment(),
        )
        simulated = [lab.add("ios", fault=Fault.SLOW, delay=SESSION) for _ in range(SIMULATED)]
        record(installation, simulated)
        yield Fleet(installation, store, redis, simulated)
        installation.stop()


def record(installation: Installation, simulated: list[LabDevice]) -> None:
    """One credential, and so many records of devices."""
    now, key = datetime.now(UTC).isoformat(), str(uuid.uuid4())
    times = {"created_at": now, "updated_at": now}
    login = {name: getattr(simulated[0], name) for name in ("username", "password", "enable_secret")}
    platform = str(Platform.objects.using(installation.alias).get(slug="ios").pk)
    rows = [{"model": "credentials.credential", "pk": key, "fields": {"name": "fleet"} | login | times}]
    for number in range(BACKUPS + 1):
        device = simulated[number % len(simulated)]
        place = {"hostname": f"device{number:04}", "address": device.address, "port": device.port}
        links = {"platform": platform, "credential": key}
        rows.append({"model": "devices.device", "pk": str(uuid.uuid4()), "fields": place | links | times})
    installation.must("loaddata", "--format=json", "-", stdin=json.dumps(rows))


def test_every_backup_ends_once_whatever_dies(fleet: Fleet) -> None:
    installation = fleet.installation
    last = f"device{BACKUPS:04}"  # asked for by hand, at the end
    Device.objects.using(installation.alias).filter(hostname=last).update(enabled=False)
    fleet.start_host("host-a")
    fleet.start_host("host-b")
    began = time.monotonic()
    installation.must("backup", "--all")
    losses = {"a worker process": kill_a_process(fleet), "a whole cluster": kill_a_cluster(fleet)}
    restart_redis(fleet)
    fleet.wait_until_completed(1)
    wait_for(lambda: not jobs_open(installation), PATIENCE, "the job to be closed")
    seconds = time.monotonic() - began

    Device.objects.using(installation.alias).filter(hostname=last).update(enabled=True)
    served = time_to_serve(fleet, last)
    assert_each_once(fleet)
    print(f"{BACKUPS} backups in {seconds:.0f} s, lease {LEASE} s; until recovered from the death of:")
    for what, loss in losses.items():
        print(f"  {what} with {len(loss.left)} backups: {loss.recovered_after(fleet):.1f} s")
    print(f"  Redis: a request made later was served in {served:.1f} s")
    attempts = Counter(fleet.backups().values_list("attempts", flat=True))
    print(f"  backups by attempts: {dict(attempts)}; log-ins {sum(device.logins for device in fleet.simulated)}")


def kill_a_process(fleet: Fleet) -> Loss:
    """`kill -9` of a worker process in the middle of its backups."""
    fleet.wait_until_completed(0.1)
    busy = fleet.backups().filter(status=Backup.Status.RUNNING, worker__startswith="host-a:")
    wait_for(busy.exists, 30, "host-a to be busy")
    process = busy.latest("started_at").worker.rpartition(":")[0]
    now = datetime.now(UTC)
    os.kill(int(process.split(":")[1]), signal.SIGKILL)
    return Loss(now, fleet.held_by(f"{process}:"))


def kill_a_cluster(fleet: Fleet) -> Loss:
    """`kill -9` of all processes of a host in the middle of their backups; it is then started anew."""
    fleet.wait_until_completed(0.3)
    wait_for(lambda: fleet.held_by("host-b:"), 30, "host-b to be busy")
    now = datetime.now(UTC)
    fleet.hosts["host-b"].kill()
    left = fleet.held_by("host-b:")
    fleet.start_host("host-b")
    return Loss(now, left)


def restart_redis(fleet: Fleet) -> None:
    """Kill it, with all tasks in it, while there is still much to do."""
    fleet.wait_until_completed(0.5)
    assert fleet.completed() < BACKUPS
    fleet.redis.kill()
    time.sleep(3)
    fleet.redis.start()


def time_to_serve(fleet: Fleet, hostname: str) -> float:
    """Seconds from a request to the end of its backup."""
    fleet.installation.must("backup", hostname)
    done = fleet.backups().filter(device__hostname=hostname, status=Backup.Status.COMPLETED)
    wait_for(done.exists, 60, "the backup asked for after the restart of Redis")
    backup = done.get()
    assert backup.finished_at
    return (backup.finished_at - backup.created_at).total_seconds()


def jobs_open(installation: Installation) -> bool:
    return installation.jobs().filter(status__in=Job.ACTIVE).exists()


def assert_each_once(fleet: Fleet) -> None:
    """One completed row, one version, one object for each device; no log-in too many; both hosts took part."""
    rows = list(fleet.backups().select_related("device"))
    assert Counter(row.device.hostname for row in rows) == Counter(f"device{n:04}" for n in range(BACKUPS + 1))
    assert {(row.status, row.version, row.changed) for row in rows} == {(Backup.Status.COMPLETED, 1, True)}
    assert all(content_hash(fleet.store.read(row.file_path)) == row.content_hash for row in rows)
    repeated = sum(row.attempts - 1 for row in rows)
    assert repeated, "nothing was interrupted: the test has tested nothing"
    assert len({row.file_path for row in rows}) == len(rows)
    assert len(rows) <= len(fleet.store.names()) <= len(rows) + repeated
    assert len(rows) <= sum(device.logins for device in fleet.simulated) <= len(rows) + repeated
    ends = JobLog.objects.using(fleet.installation.alias).filter(event=JobLog.Event.BACKUP_SUCCESS)
    assert Counter(ends.values_list("backup", flat=True)) == Counter(row.pk for row in rows)
    assert {row.worker.split(":")[0] for row in rows} == {"host-a", "host-b"}
    hosts = WorkerProcess.objects.using(fleet.installation.alias).values_list("host", flat=True)
    assert set(hosts) == {"host-a", "host-b"}
    assert not list(fleet.installation.data_dir.rglob("*.txt")), "configurations are in the object store alone"
