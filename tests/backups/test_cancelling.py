"""A job is cancelled in whatever state its backups are."""

from datetime import timedelta
from io import StringIO

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.core.exceptions import PermissionDenied
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from backups import cancelling, recording
from backups.claims import claim_next
from backups.exceptions import RequestRefused
from backups.maintenance import reap
from backups.models import Backup, Job, JobLog
from backups.outcome import Content, Outcome
from backups.services import cancel_job, close_job, request_backups
from backups.worker import work
from devices.connection import Facts
from devices.models import Device, Platform, Tag

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)
CONTENT = Content("configs/x.txt", 1, "a" * 64, "b" * 64)


@pytest.fixture
def operator() -> User:
    user = User.objects.create_user("anna")
    user.user_permissions.add(Permission.objects.get(codename="run_backup"))
    return user


@pytest.fixture
def job(operator: User) -> Job:
    """Three devices: `d0`, `d1`, `d2`."""
    platform = Platform.objects.get(slug="ios")
    Device.objects.bulk_create([Device(hostname=f"d{n}", address="192.0.2.1", platform=platform) for n in range(3)])
    return request_backups(Device.objects.all(), user=operator, trigger=Job.Trigger.API).job


def ends() -> list[tuple[str, str, str]]:
    return list(Backup.objects.order_by("position").values_list("status", "failure_reason", "error"))


def events(job: Job) -> list[str]:
    return list(JobLog.objects.filter(job=job, backup=None).values_list("event", flat=True))


def test_what_waits_ends_at_once_and_says_who_did_it(job: Job, operator: User) -> None:
    cancelled = cancel_job(job, user=operator)
    assert (cancelled.status, cancelled.cancelled_by) == (Job.Status.CANCELLED, operator)
    assert cancelled.cancelled_at
    assert cancelled.finished_at
    assert ends() == [("failed", "cancelled", "Cancelled by anna.")] * 3
    assert events(job) == ["cancelled", "session_end"]
    assert work() == {}


def test_a_device_that_was_not_tried_keeps_its_last_state(job: Job) -> None:
    Device.objects.update(last_status="completed", last_attempt_at=timezone.now())
    before = list(Device.objects.order_by("pk").values())
    cancel_job(job, user=None)
    assert list(Device.objects.order_by("pk").values()) == before


def test_what_runs_is_ended_by_its_worker_and_the_job_with_it(job: Job, operator: User) -> None:
    (running,) = claim_next("worker", 1)
    cancelled = cancel_job(job, user=operator)
    assert cancelled.status != Job.Status.CANCELLED
    assert [status for status, *_ in ends()] == ["running", "failed", "failed"]
    assert cancelling.cancelled([job.pk]) == {job.pk: "Cancelled by anna."}
    recording.record([Outcome(running, reason=Backup.FailureReason.CANCELLED, error="Cancelled by anna.")])
    assert close_job(job.pk)
    assert Job.objects.get().status == Job.Status.CANCELLED
    assert Device.objects.get(hostname="d0").last_failure_reason == "cancelled"


def test_a_configuration_that_had_come_is_stored(job: Job) -> None:
    (running,) = claim_next("worker", 1)
    cancel_job(job, user=None)
    recording.record([Outcome(running, Facts(), CONTENT)])
    close_job(job.pk)
    assert [status for status, *_ in ends()] == ["completed", "failed", "failed"]
    assert Job.objects.get().status == Job.Status.CANCELLED


def test_cancelling_again_changes_nothing(job: Job, operator: User) -> None:
    claim_next("worker", 1)
    first = cancel_job(job, user=operator)
    again = cancel_job(job, user=None)
    assert (again.cancelled_at, again.cancelled_by) == (first.cancelled_at, operator)
    Backup.objects.update(status="failed", failure_reason="cancelled")
    close_job(job.pk)
    assert cancel_job(job, user=None).cancelled_at == first.cancelled_at
    assert events(job).count("cancelled") == 1


@pytest.mark.parametrize("status", [Job.Status.COMPLETED, Job.Status.FAILED])
def test_a_job_that_has_ended_is_refused(job: Job, status: Job.Status) -> None:
    Job.objects.update(status=status)
    with pytest.raises(RequestRefused, match=f"ended already: {status}"):
        cancel_job(job, user=None)
    assert events(job) == []


def test_a_job_of_another_type_is_refused() -> None:
    job = Job.objects.create(job_type=Job.Type.VERIFICATION, trigger="system", status=Job.Status.RUNNING)
    with pytest.raises(RequestRefused, match="Only jobs of backups"):
        cancel_job(job, user=None)


def test_what_a_dead_worker_left_of_a_cancelled_job_is_not_queued_again(job: Job, operator: User) -> None:
    claim_next("dead", 1)
    cancel_job(job, user=operator)
    Backup.objects.filter(status="running").update(lease_expires_at=timezone.now() - timedelta(seconds=1))
    assert reap() == {"taken_back": 1, "closed": 1, "waiting": 0}
    assert ends() == [("failed", "cancelled", "Cancelled by anna.")] * 3
    assert Job.objects.get().status == Job.Status.CANCELLED


def test_upkeep_finishes_a_cancellation_whose_process_died_half_way(job: Job, operator: User) -> None:
    Job.objects.update(cancelled_at=timezone.now(), cancelled_by=operator)
    assert reap() == {"taken_back": 0, "closed": 1, "waiting": 0}
    assert ends() == [("failed", "cancelled", "Cancelled by anna.")] * 3


def test_a_device_can_be_backed_up_anew_at_once(job: Job) -> None:
    cancel_job(job, user=None)
    again = request_backups(Device.objects.all(), user=None, trigger=Job.Trigger.API)
    assert (again.made, again.active_ids) == (3, [])


def test_cancelling_a_large_job_costs_a_bounded_number_of_queries(job: Job) -> None:
    with CaptureQueriesContext(connection) as queries:
        cancel_job(job, user=None)
    assert len(queries) < 20


def test_cancelling_needs_the_permission_to_run_backups(job: Job) -> None:
    with pytest.raises(PermissionDenied):
        cancel_job(job, user=User.objects.create_user("reader"))
    assert {status for status, *_ in ends()} == {"pending"}


def test_only_who_asked_may_cancel_a_job_with_devices_that_others_do_not_see(job: Job, operator: User) -> None:
    tag = Tag.objects.create(name="core")
    tag.groups.add(Group.objects.create(name="core team"))
    tag.devices.add(Device.objects.get(hostname="d1"))
    other = User.objects.create_user("otto")
    other.user_permissions.set(operator.user_permissions.all())
    with pytest.raises(PermissionDenied, match="devices that you do not see"):
        cancel_job(job, user=other)
    assert cancel_job(job, user=operator).status == Job.Status.CANCELLED


def test_the_command_cancels_a_job_and_says_what_it_left(job: Job) -> None:
    claim_next("worker", 1)
    told = StringIO()
    call_command("cancel_job", str(job.pk), stdout=told)
    assert told.getvalue() == f"Job {job.pk} cancelled: 0 completed, 2 failed or not begun, 1 being cut\n"


@pytest.mark.parametrize("wrong", ["x", "00000000-0000-0000-0000-000000000000"])
def test_the_command_refuses_what_is_no_job(wrong: str) -> None:
    with pytest.raises(CommandError, match=f"No such job: {wrong}"):
        call_command("cancel_job", wrong)


def test_upkeep_leaves_jobs_of_other_types_alone() -> None:
    job = Job.objects.create(job_type=Job.Type.RETENTION, trigger="system", status=Job.Status.RUNNING)
    assert reap()["closed"] == 0
    assert Job.objects.get(pk=job.pk).status == Job.Status.RUNNING
