import pytest
from django.contrib.auth.models import Group, Permission, User
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django_q.tasks import async_task
from model_bakery import baker

from backups import queueing
from backups.exceptions import RequestRefused
from backups.models import Backup, Job
from backups.services import close_job, request_backups
from devices.models import Device, Platform, Tag
from tests.conftest import QueuedTasks

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)
Trigger = Job.Trigger


def add_devices(count: int, **fields: object) -> list[Device]:
    platform = Platform.objects.get(slug="ios")
    rows = [Device(hostname=f"d{number}", address="192.0.2.1", platform=platform, **fields) for number in range(count)]
    return Device.objects.bulk_create(rows)


@pytest.fixture
def operator() -> User:
    user = User.objects.create_user("operator")
    user.user_permissions.add(Permission.objects.get(codename="run_backup"))
    return user


def test_a_request_makes_one_job_and_one_pending_backup_per_device(operator: User) -> None:
    add_devices(3)
    request = request_backups(Device.objects.all(), user=operator, trigger=Trigger.API, comments="before the upgrade")
    assert (request.job.requested_by, request.job.trigger) == (operator, Trigger.API)
    assert {backup.device.hostname for backup in request.backups} == {"d0", "d1", "d2"}
    assert {(backup.status, backup.comments) for backup in request.backups} == {("pending", "before the upgrade")}


@pytest.mark.parametrize(("devices", "workers"), [(1, 1), (25, 1), (26, 2), (60, 2)])
def test_as_many_workers_are_woken_as_it_takes(queued_tasks: QueuedTasks, devices: int, workers: int) -> None:
    add_devices(devices)
    request_backups(Device.objects.all(), user=None, trigger=Trigger.COMMAND)
    tasks = [(task["func"], task["args"], task["kwargs"]) for task in queued_tasks()]
    assert tasks == [("backups.tasks.work", (), {})] * workers


def test_a_worker_that_will_look_anyway_is_not_woken_again(queued_tasks: QueuedTasks) -> None:
    add_devices(60)
    for device in Device.objects.all():
        request_backups(Device.objects.filter(pk=device.pk), user=None, trigger=Trigger.COMMAND)
    assert len(queued_tasks()) == 1


def test_asking_twice_gives_the_one_in_progress(operator: User) -> None:
    add_devices(1)
    first = request_backups(Device.objects.all(), user=operator, trigger=Trigger.API)
    second = request_backups(Device.objects.all(), user=operator, trigger=Trigger.PAGE)
    assert second.job == first.job
    assert (second.backups, second.already_active) == ([], first.backups)
    assert (Job.objects.count(), Backup.objects.count()) == (1, 1)


def test_only_the_devices_that_are_not_under_way_are_added(operator: User) -> None:
    add_devices(3)
    first = request_backups(Device.objects.filter(hostname="d1"), user=operator, trigger=Trigger.API)
    second = request_backups(Device.objects.all(), user=operator, trigger=Trigger.API)
    assert {backup.device.hostname for backup in second.backups} == {"d0", "d2"}
    assert second.already_active == first.backups


def test_disabled_devices_are_left_out_and_named(operator: User) -> None:
    add_devices(2)
    Device.objects.filter(hostname="d1").update(enabled=False)
    request = request_backups(Device.objects.all(), user=operator, trigger=Trigger.ADMIN)
    assert [backup.device.hostname for backup in request.backups] == ["d0"]
    assert request.job.metadata["disabled"] == ["d1"]


def test_a_request_for_nothing_is_refused_without_a_trace(operator: User) -> None:
    add_devices(1, enabled=False)
    with pytest.raises(RequestRefused, match="d0: disabled"):
        request_backups(Device.objects.all(), user=operator, trigger=Trigger.API)
    with pytest.raises(RequestRefused, match="No such device"):
        request_backups(Device.objects.none(), user=operator, trigger=Trigger.API)
    assert (Job.objects.count(), Backup.objects.count()) == (0, 0)


def test_running_backups_needs_the_permission() -> None:
    add_devices(1)
    with pytest.raises(PermissionDenied):
        request_backups(Device.objects.all(), user=User.objects.create_user("reader"), trigger=Trigger.API)
    assert not Job.objects.exists()


def test_a_request_reaches_only_the_devices_that_the_user_sees(operator: User) -> None:
    secret, _ = add_devices(2)
    tag = baker.make(Tag, name="core")
    tag.groups.add(Group.objects.create(name="core team"))
    secret.tags.add(tag)
    request = request_backups(Device.objects.all(), user=operator, trigger=Trigger.API)
    assert [backup.device.hostname for backup in request.backups] == ["d1"]


def test_a_job_ends_once_when_its_last_backup_has_ended() -> None:
    add_devices(2)
    job = request_backups(Device.objects.all(), user=None, trigger=Trigger.API).job
    assert not close_job(job.pk)
    Backup.objects.update(status=Backup.Status.FAILED, failure_reason=Backup.FailureReason.TIMEOUT)
    assert [close_job(job.pk), close_job(job.pk)] == [True, False]
    job.refresh_from_db()
    assert job.status == Job.Status.FAILED
    assert job.progress() == {"pending": 0, "running": 0, "completed": 0, "failed": 2}


def test_a_large_request_costs_a_bounded_number_of_queries() -> None:
    add_devices(2500)
    for _ in range(2):  # the second time all are under way
        with CaptureQueriesContext(connection) as queries:
            request = request_backups(Device.objects.all(), user=None, trigger=Trigger.COMMAND)
        assert len(queries) < 20
    assert (request.made, len(request.active_ids), len(request.already_active)) == (0, 2500, 2500)


def test_the_rows_that_the_database_makes_are_as_django_would_make_them() -> None:
    add_devices(3)
    backups = request_backups(Device.objects.all(), user=None, trigger=Trigger.COMMAND, comments="“ü”, 'x' %s").backups
    as_django = Backup(job=backups[0].job, comments="“ü”, 'x' %s")
    own = {"id", "device", "position", "created_at"}
    for backup in backups:
        assert backup.created_at.utcoffset() is not None
        assert abs((backup.created_at - as_django.created_at).total_seconds()) < 60
        same = [field.attname for field in Backup._meta.concrete_fields if field.name not in own]
        assert [getattr(backup, name) for name in same] == [getattr(as_django, name) for name in same]
    assert [backup.position for backup in backups] == [0, 1, 2]
    assert [backup.device.hostname for backup in backups] == ["d0", "d1", "d2"]
    assert len({backup.pk for backup in backups}) == 3
    assert {backup.pk.version for backup in backups} == {4}


def test_positions_go_on_from_batch_to_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queueing, "BATCH", 3)
    add_devices(8)
    backups = request_backups(Device.objects.all(), user=None, trigger=Trigger.COMMAND).backups
    assert [backup.position for backup in backups] == list(range(8))


def test_a_task_that_waits_already_is_enough(queued_tasks: QueuedTasks) -> None:
    async_task("backups.tasks.reap")
    for device in add_devices(3):
        request_backups(Device.objects.filter(pk=device.pk), user=None, trigger=Trigger.COMMAND)
    assert [task["func"] for task in queued_tasks()] == ["backups.tasks.reap", "backups.tasks.work"]
