"""Fixtures for all tests: the simulated network, devices on it, and the queue."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import connection
from django_q.brokers import get_broker
from django_q.brokers.orm import ORM
from django_q.models import OrmQ
from django_q.signing import SignedPackage

from credentials.models import Credential
from devices.models import Device, Platform
from netraven.lab import Fault, Lab, LabDevice

MakeDevice = Callable[..., Device]
QueuedTasks = Callable[[], list[dict[str, Any]]]
WAITING = ("tests/system/", "tests/lab/", "tests/devices/")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Deal out the tests that mostly wait among the others, so that processors have work in the meantime.

    Those with a database of pytest's stay: pytest-django has put them into the order that they need.
    """
    waiting = [item for item in items if item.nodeid.startswith(WAITING) and not uses_database(item)]
    waiting.sort(key=lambda item: WAITING.index(next(path for path in WAITING if item.nodeid.startswith(path))))
    moved = set(waiting)
    others = [item for item in items if item not in moved]
    places = {item: number / len(others) for number, item in enumerate(others)}
    places |= {item: 0.8 * number / len(waiting) for number, item in enumerate(waiting)}  # none begins at the very end
    items.sort(key=places.__getitem__)


def uses_database(item: pytest.Item) -> bool:
    """Whether pytest-django prepares a database for this test."""
    fixtures = {"db", "transactional_db", "live_server"}
    return bool(item.get_closest_marker("django_db") or fixtures & set(getattr(item, "fixturenames", ())))


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

    def make(platform: str = "ios", fault: Fault = Fault.NONE, **details: Any) -> Device:
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


def wait_for(condition: Callable[[], object], seconds: float = 30, what: str = "the condition") -> None:
    """Poll until the condition holds; fail with a message after so many seconds."""
    give_up = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < give_up, f"waited {seconds} s for {what}"
        time.sleep(0.1)


def database_url() -> str:
    """The test's database, as another process finds it."""
    config = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{config['NAME']}"
    return f"postgres://{config['USER']}:{config['PASSWORD']}@{config['HOST']}:{config['PORT']}/{config['NAME']}"
