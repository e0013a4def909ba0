"""Notifications by real processes: each message once, whoever looks beside whom, and whoever is killed."""

import sys
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.conf import settings
from django.utils import timezone

from backups.models import Backup, Channel, Delivery, Job
from devices.models import Device, Platform
from tests.backups.notifications.conftest import SECRET, Receiver
from tests.conftest import wait_for
from tests.system.conftest import MakeInstallation
from tests.system.installation import Installation, Service

pytestmark = pytest.mark.worker
MANY = 60
# What the clock of a cluster does, more often
NOTIFY = """
import time
from backups.notifications.duty import notify
print("ready", flush=True)
while True:
    notify()
    time.sleep(0.01)
"""


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    server = Receiver()
    yield server
    server.close()


@pytest.fixture
def installation(make_installation: MakeInstallation) -> Installation:
    """On PostgreSQL, with our own key: the channel's secret is written from here."""
    keys = ",".join(settings.FIELD_ENCRYPTION_KEY)
    return make_installation("postgresql", NETRAVEN_FIELD_KEYS=keys, NETRAVEN_WEBHOOK_ALLOW="127.0.0.0/8")


def add_channel(installation: Installation, url: str, mode: str) -> Channel:
    fields = {"name": mode, "kind": "webhook", "url": url, "secret": SECRET, "mode": mode}
    return Channel.objects.using(installation.alias).create(**fields)


def fail_backups(installation: Installation, number: int) -> None:
    """So many first failures, all at once, in a job that has ended."""
    alias = installation.alias
    platform = Platform.objects.using(alias).get(slug="ios")
    job = Job.objects.using(alias).create(trigger="schedule", status="failed")
    devices = [Device(hostname=f"d{each}", address="192.0.2.1", platform=platform) for each in range(number)]
    Device.objects.using(alias).bulk_create(devices)
    failed = {"status": "failed", "failure_reason": "timeout", "finished_at": timezone.now(), "job": job}
    Backup.objects.using(alias).bulk_create(Backup(device=device, **failed) for device in devices)


def start(installation: Installation) -> Service:
    command = [sys.executable, "manage.py", "shell", "-v0", "-c", NOTIFY]
    service = installation._start(command, f"notify-{len(installation.services)}.log", {})
    wait_for(lambda: "ready" in service.log_lines(), 60, "a process that notifies")
    return service


def deliveries(installation: Installation, status: str) -> int:
    return Delivery.objects.using(installation.alias).filter(status=status).count()


def test_of_three_that_look_and_send_each_message_comes_once(installation: Installation, receiver: Receiver) -> None:
    add_channel(installation, receiver.url(), "each")
    add_channel(installation, receiver.url(), "job")
    for _ in range(3):
        start(installation)
    fail_backups(installation, MANY)
    wait_for(lambda: deliveries(installation, "sent") >= MANY + 1, 60, "all messages")
    assert deliveries(installation, "pending") == 0
    ids = Counter(message.headers["webhook-id"] for message in receiver.posted)
    assert len(ids) == MANY + 1
    assert set(ids.values()) == {1}
    digest = max(receiver.posted, key=lambda message: len(message.body))
    assert digest.json["data"]["counts"]["failed"] == MANY
    told = Counter(event for message in receiver.posted if message is not digest for event in message.events)
    assert told == Counter({(f"d{number}", "failed"): 1 for number in range(MANY)})


def test_what_a_killed_process_had_claimed_is_sent_with_the_same_id(
    installation: Installation, receiver: Receiver
) -> None:
    add_channel(installation, receiver.url("/hang"), "each")
    fail_backups(installation, 1)
    victim = start(installation)
    wait_for(lambda: receiver.posted, 30, "the first attempt")
    victim.kill()
    rows = Delivery.objects.using(installation.alias)
    claimed = rows.get()
    assert (claimed.status, claimed.attempts) == ("pending", 1)
    assert claimed.next_try_at
    assert claimed.next_try_at > timezone.now() + timedelta(minutes=3), "nobody else before the claim runs out"
    Channel.objects.using(installation.alias).update(url=receiver.url())
    rows.update(next_try_at=timezone.now())
    installation.start_worker()  # a cluster, whose clock does it
    wait_for(lambda: deliveries(installation, "sent") == 1, 40, "the second attempt")
    assert [message.headers["webhook-id"] for message in receiver.posted] == [str(claimed.pk)] * 2
