import threading

import pytest
from django.db import connection

from backups.claims import claim_next, renew
from backups.models import Backup, Job
from backups.services import request_backups
from devices.models import Device, Platform

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)


def request(*hostnames: str) -> Job:
    platform = Platform.objects.get(slug="ios")
    Device.objects.bulk_create([Device(hostname=name, address="192.0.2.1", platform=platform) for name in hostnames])
    return request_backups(Device.objects.filter(hostname__in=hostnames), user=None, trigger=Job.Trigger.API).job


def claimed(limit: int, worker: str = "w") -> list[str]:
    return [backup.device.hostname for backup in claim_next(worker, limit)]


def test_one_device_asked_for_by_hand_does_not_wait_behind_a_network() -> None:
    request(*(f"fleet{number:02}" for number in range(20)))
    assert claimed(2) == ["fleet00", "fleet01"]
    request("alone")
    assert claimed(2) == ["alone", "fleet02"]


def test_two_networks_take_turns() -> None:
    request("a0", "a1", "a2")
    request("b0", "b1", "b2")
    assert claimed(4) == ["a0", "b0", "a1", "b1"]


def test_workers_that_ask_at_once_get_different_backups() -> None:
    request(*(f"d{number:02}" for number in range(40)))
    taken: list[str] = []

    def take(name: str) -> None:
        try:
            while hostnames := claimed(3, name):
                taken.extend(hostnames)
        finally:
            connection.close()

    threads = [threading.Thread(target=take, args=(f"worker {number}",)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(taken) == [f"d{number:02}" for number in range(40)]


def test_a_lease_is_renewed_for_its_owner_only() -> None:
    request("d0")
    (backup,) = claim_next("owner", 1)
    Backup.objects.update(lease_expires_at=None)
    renew("somebody else", [backup.pk])
    backup.refresh_from_db()
    assert backup.lease_expires_at is None
    renew("owner", [backup.pk])
    backup.refresh_from_db()
    assert backup.lease_expires_at is not None
