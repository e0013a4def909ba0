from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django import Settings

from backups.maintenance import reap
from backups.models import Backup, Job, JobLog
from backups.pipeline import claim
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
    claim(backup.pk, "alive")
    assert reap() == {"taken_back": 0, "requeued": 0, "closed": 0}
    backup.refresh_from_db()
    assert backup.status == Backup.Status.RUNNING


def test_what_a_dead_worker_left_is_queued_again(backup: Backup, queued_tasks: QueuedTasks) -> None:
    claim(backup.pk, "dead")
    expire_lease(backup)
    before = len(queued_tasks())
    assert reap()["taken_back"] == 1
    assert [task["args"] for task in queued_tasks()[before:]] == [([str(backup.pk)],)]
    backup.refresh_from_db()
    assert (backup.status, backup.worker, backup.attempts) == (Backup.Status.PENDING, "", 1)
    assert JobLog.objects.filter(backup=backup, event=JobLog.Event.RECOVERED).count() == 1


def test_a_backup_that_kills_its_workers_is_given_up(backup: Backup, settings: Settings) -> None:
    for number in range(settings.NETRAVEN["MAX_CLAIMS"]):
        assert claim(backup.pk, f"dead {number}")
        expire_lease(backup)
        reap()
    backup.refresh_from_db()
    assert (backup.status, backup.failure_reason) == (Backup.Status.FAILED, Backup.FailureReason.UNEXPECTED)
    assert "3 workers died" in backup.error
    backup.job.refresh_from_db()
    assert backup.job.status == Job.Status.FAILED


def test_a_lost_task_is_queued_again_but_not_each_minute(backup: Backup) -> None:
    long_ago = timezone.now() - timedelta(days=1)
    Backup.objects.update(queued_at=long_ago)
    assert [reap()["requeued"], reap()["requeued"]] == [1, 0]


def test_a_job_whose_worker_died_before_ending_it_is_ended(backup: Backup) -> None:
    Backup.objects.update(status=Backup.Status.FAILED, failure_reason=Backup.FailureReason.TIMEOUT)
    assert reap()["closed"] == 1
    assert Job.objects.get().status == Job.Status.FAILED
