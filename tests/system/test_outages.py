"""PostgreSQL and Redis go away for some seconds: nothing that was asked for is lost or doubled."""

import threading

import pytest
import redis

from backups.models import Backup, Job
from netraven.lab import Fault, Lab, LabDevice
from tests.conftest import wait_for
from tests.system.api import api_of
from tests.system.conftest import MakeInstallation
from tests.system.installation import GOOD_BACKUP, Installation
from tests.system.proxy import Proxy

pytestmark = pytest.mark.worker

OUTAGE = 5.0  # seconds


def begin_outage(proxy: Proxy) -> threading.Timer:
    """Cut the proxy now, restore it after the outage; join what is returned to wait for that."""
    proxy.cut()
    restoring = threading.Timer(OUTAGE, proxy.restore)
    restoring.start()
    return restoring


def wait_for_upkeep_to_serve(installation: Installation, device: LabDevice) -> None:
    """Run the upkeep until a worker has taken the backup."""

    def served() -> bool:
        installation.do_upkeep()
        return installation.backups(device).get().attempts > 0

    wait_for(served, 40, "the upkeep to queue the backup again")


@pytest.mark.parametrize("broker", ["orm", "redis"])
def test_a_backup_survives_that_the_database_goes_away(
    make_installation: MakeInstallation, postgresql_proxy: Proxy, lab: Lab, broker: str
) -> None:
    installation = make_installation("postgresql", broker, database_port=postgresql_proxy.port)
    device, next_device = lab.add("ios", fault=Fault.SLOW, delay=2), lab.add("eos")
    installation.record(device, next_device)
    installation.start_worker(NETRAVEN_LEASE="20")
    installation.request(device)
    installation.wait_until_reading(device)
    begin_outage(postgresql_proxy)  # the device answers two seconds later, and the worker cannot record it yet
    (backup,) = installation.wait_until_ended(device)
    assert (backup.status, backup.attempts, backup.version) == (Backup.Status.COMPLETED, 1, 1)
    assert installation.backups(device).count() == 1
    assert device.logins == 1
    assert backup.job.status == Job.Status.COMPLETED
    assert installation.log(backup) == GOOD_BACKUP
    installation.request(next_device)
    (after,) = installation.wait_until_ended(next_device)
    assert after.status == Backup.Status.COMPLETED


def test_a_request_while_redis_is_away_is_recorded_and_served_later(
    make_installation: MakeInstallation, redis_proxy: Proxy, lab: Lab
) -> None:
    installation = make_installation(broker="redis", redis_port=redis_proxy.port)
    device, earlier = lab.add("ios"), lab.add("eos")
    installation.record(device, earlier)
    worker = installation.start_worker()
    api = api_of(installation)
    installation.request(earlier)
    installation.wait_until_ended(earlier)  # the worker is there
    outage = begin_outage(redis_proxy)
    answer = api.post(f"/api/devices/{installation.device(device).pk}/backup")
    assert answer.status_code == 202
    assert answer.json()["backup_id"] == str(installation.backups(device).get().pk)
    assert api.get(answer.headers["Location"]).json()["status"] == "pending"
    outage.join()
    wait_for_upkeep_to_serve(installation, device)
    (backup,) = installation.wait_until_ended(device)
    assert (backup.status, backup.attempts) == (Backup.Status.COMPLETED, 1)
    assert worker.process.poll() is None


def test_a_task_that_redis_lost_is_queued_again(make_installation: MakeInstallation, lab: Lab) -> None:
    installation = make_installation(broker="redis")
    device = lab.add("ios")
    installation.record(device)
    installation.request(device)
    with redis.Redis.from_url(installation.environment["NETRAVEN_REDIS_URL"]) as client:
        (queue,) = client.keys("django_q:*:q")
        assert client.llen(queue) == 1
        client.delete(queue)
    installation.start_worker()
    wait_for_upkeep_to_serve(installation, device)
    (backup,) = installation.wait_until_ended(device)
    assert (backup.status, backup.attempts) == (Backup.Status.COMPLETED, 1)
