"""Fixtures for all tests: the simulated network, devices on it, and a real worker."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django_q.brokers import get_broker
from django_q.brokers.orm import ORM
from django_q.models import OrmQ
from django_q.signing import SignedPackage

from backups.models import Backup
from credentials.models import Credential
from devices.models import Device, Platform
from netraven.lab import Fault, Lab, LabDevice

MakeDevice = Callable[..., Device]
QueuedTasks = Callable[[], list[dict[str, Any]]]


@pytest.fixture(scope="session")
def session_lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A simulated network without devices: tests add theirs."""
    with Lab(tmp_path_factory.mktemp("lab"), devices=[]) as lab:
        yield lab


@pytest.fixture
def lab(session_lab: Lab) -> Lab:
    """The simulated network; its devices outlive the test, so each test adds its own."""
    return session_lab


@pytest.fixture
def make_device(lab: Lab) -> MakeDevice:
    """Make a simulated device and its record: `make_device("ios", Fault.HANGS, delay=3)`; see also `simulated`."""

    def make(platform: str = "ios", fault: Fault = Fault.NONE, **details: object) -> Device:
        simulated = lab.add(platform, fault=fault, **details)
        credential = Credential.objects.create(
            name=f"login of {simulated.name}",
            username=simulated.username,
            password=simulated.password,
            enable_secret=simulated.enable_secret,
        )
        return Device.objects.create(
            hostname=simulated.name,
            address=simulated.address,
            port=simulated.port,
            platform=Platform.objects.get(slug=platform),
            credential=credential,
        )

    return make


@pytest.fixture
def simulated(lab: Lab) -> Callable[[Device], LabDevice]:
    """The simulated device behind a record."""
    return lambda device: lab[device.hostname]


@pytest.fixture
def queued_tasks() -> Iterator[QueuedTasks]:
    """Read the tasks that wait in the queue, whichever broker holds it; a Redis queue is emptied after the test."""
    broker = get_broker()

    def read() -> list[dict[str, Any]]:
        if isinstance(broker, ORM):
            payloads = list(OrmQ.objects.order_by("pk").values_list("payload", flat=True))
        else:
            payloads = broker.connection.lrange(broker.list_key, 0, -1)
        return [SignedPackage.loads(payload) for payload in payloads]

    if not isinstance(broker, ORM):
        broker.purge_queue()
    yield read
    if not isinstance(broker, ORM):
        broker.purge_queue()


class Worker:
    """A django-q2 cluster in a process of its own, on the test's database."""

    def __init__(self, log: Path, environment: dict[str, str]) -> None:
        self.log = log
        with log.open("ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, "manage.py", "qcluster"],
                cwd=settings.BASE_DIR,
                env=os.environ | {"DJANGO_SETTINGS_MODULE": "netraven.settings"} | environment,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    def kill(self) -> None:
        """`kill -9` of the cluster and all its processes."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def stop(self) -> None:
        """A clean end, or an unclean one after ten seconds."""
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                pass
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait()


def database_url() -> str:
    """The test's database, as a worker process finds it."""
    config = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{config['NAME']}"
    return f"postgres://{config['USER']}:{config['PASSWORD']}@{config['HOST']}:{config['PORT']}/{config['NAME']}"


@pytest.fixture
def start_worker(tmp_path: Path, transactional_db: None) -> Iterator[Callable[..., Worker]]:
    """Start workers: `start_worker(NETRAVEN_LEASE="2")`; they end with the test."""
    workers: list[Worker] = []

    def start(**environment: str) -> Worker:
        environment = {"DATABASE_URL": database_url(), "NETRAVEN_WORKERS": "1"} | environment
        workers.append(Worker(tmp_path / "worker.log", environment))
        return workers[-1]

    yield start
    for worker in workers:
        worker.stop()


def wait_for(condition: Callable[[], object], seconds: float = 30, what: str = "the condition") -> None:
    """Poll until the condition holds; fail with a message after so many seconds."""
    give_up = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < give_up, f"waited {seconds} s for {what}"
        time.sleep(0.1)


def wait_until_ended(*backups: Backup, seconds: float = 40) -> None:
    """Wait until each backup is completed or failed, and read it anew."""

    def ended() -> bool:
        for backup in backups:
            backup.refresh_from_db()
        return not any(backup.is_active for backup in backups)

    wait_for(ended, seconds, "the backups to end")
