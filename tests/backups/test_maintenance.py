from datetime import timedelta

import pytest
from django.utils import timezone
from django_q.brokers import get_broker
from pytest_django import Settings

from backups.claims import claim_next
from backups.maintenance import reap
from backups.models import Backup, Job, JobLog
from backups.services import request_backups
from devices.models import Device
from tests.conftest import MakeDevice, QueuedTasks

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)


@pytest.fixture
def backup(make_device: MakeDevice) -> Backup:
    device = make_device("ios")
    devices = Device.objects.filter(pk=device.pk)
    return request_backups(devices, user=None, trigger=Job.Trigger.API).backups[0]


def expire_lease(backup: Backup) -> None:
    Backup.objects.filter(pk=backup.pk).update(lease_expires_at=timezone.now() - timedelta(seconds=1))


def test_a_running_backup_with_a_lease_is_left_alone(backup: Backup) -> None:
    claim_next("alive", 1)
    assert reap() == {"taken_back": 0, "closed": 0, "waiting": 0}
    backup.refresh_from_db()
    assert backup.status == Backup.Status.RUNNING


def test_what_a_dead_worker_left_is_queued_again(backup: Backup, queued_tasks: QueuedTasks) -> None:
    claim_next("dead", 1)
    expire_lease(backup)
    get_broker().purge_queue()
    assert reap()["taken_back"] == 1
    assert [task["func"] for task in queued_tasks()] == ["backups.tasks.work"]
    backup.refresh_from_db()
    assert (backup.status, backup.worker, backup.attempts) == (Backup.Status.PENDING, "", 1)
    assert JobLog.objects.filter(backup=backup, event=JobLog.Event.RECOVERED).count() == 1


def test_a_backup_that_kills_its_workers_is_given_up(backup: Backup, settings: Settings) -> None:
    for number in range(settings.NETRAVEN["MAX_CLAIMS"]):
        assert claim_next(f"dead {number}", 1)
        expire_lease(backup)
        reap()
    backup.refresh_from_db()
    assert (backup.status, backup.failure_reason) == (Backup.Status.FAILED, Backup.FailureReason.UNEXPECTED)
    assert "3 workers died" in backup.error
    backup.job.refresh_from_db()
    assert backup.job.status == Job.Status.FAILED


def test_a_worker_is_woken_again_while_backups_wait(backup: Backup, queued_tasks: QueuedTasks) -> None:
    get_broker().purge_queue()
    for _ in range(3):
        assert reap()["waiting"] == 1
    assert [task["func"] for task in queued_tasks()] == ["backups.tasks.work"], "one that waits is enough"


def test_a_job_whose_worker_died_before_ending_it_is_ended(backup: Backup) -> None:
    Backup.objects.update(status=Backup.Status.FAILED, failure_reason=Backup.FailureReason.TIMEOUT)
    assert reap()["closed"] == 1
    assert Job.objects.get().status == Job.Status.FAILED
