"""Repeating what failed in a job."""

from uuid import UUID

import pytest
from django.contrib.auth.models import Group
from rest_framework.test import APIClient

from backups.models import Backup, Job
from devices.models import Tag
from tests.api.conftest import MakeClient, add_backup, add_credential, add_device, problem_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def job() -> Job:
    """An ended job in which `bad1` and `bad2` failed, and `good` did not."""
    job = Job.objects.create(trigger="schedule", status="failed")
    for name, status in (("bad1", "failed"), ("good", "completed"), ("bad2", "failed")):
        add_backup(add_device(name), status, job=job)
    return job


def hostnames(job_id: UUID) -> list[str]:
    return list(Backup.objects.filter(job=job_id).order_by("position").values_list("device__hostname", flat=True))


def test_a_new_job_has_the_devices_that_failed(root: APIClient, job: Job) -> None:
    answer = root.post(f"/api/jobs/{job.pk}/retry")
    assert answer.status_code == 202
    shown = answer.json()
    assert hostnames(UUID(shown["id"])) == ["bad1", "bad2"]
    assert (shown["trigger"], shown["requested_by"], shown["metadata"]["retry_of"]) == ("api", "root", str(job.pk))
    assert (shown["requested"], shown["already_active"]) == (2, 0)
    assert (answer["Location"], answer["Retry-After"]) == (f"/api/jobs/{shown['id']}", "2")


def test_the_log_in_that_was_named_is_named_again(client_with: MakeClient, job: Job) -> None:
    credential = add_credential()
    Job.objects.filter(pk=job.pk).update(credential=credential, metadata={"log_in": {"credential": credential.name}})
    url = f"/api/jobs/{job.pk}/retry"
    run = ("backups.run_backup", "backups.view_job")
    assert client_with(*run).post(url).status_code == 403, "who may not see credentials may not choose one"
    answer = client_with(*run, "credentials.view_credential").post(url)
    assert answer.json()["credential"] == str(credential.pk)
    credential.delete()
    Backup.objects.update(status="failed", failure_reason="timeout")
    gone = client_with(*run, "credentials.view_credential").post(url)
    assert (gone.status_code, "is gone" in problem_of(gone)["detail"]) == (409, True)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"status": "running"}, "has not ended yet"),
        ({"job_type": "verification"}, "Only jobs of backups"),
    ],
)
def test_what_cannot_be_repeated_is_a_409(root: APIClient, job: Job, change: dict[str, str], sentence: str) -> None:
    Job.objects.filter(pk=job.pk).update(**change)
    answer = root.post(f"/api/jobs/{job.pk}/retry")
    assert (answer.status_code, sentence in problem_of(answer)["detail"]) == (409, True)
    assert Job.objects.count() == 1


def test_a_job_without_failures_is_a_409(root: APIClient) -> None:
    answer = root.post(f"/api/jobs/{add_backup(add_device()).job_id}/retry")
    assert (answer.status_code, problem_of(answer)["detail"]) == (409, "No backup of this job has failed.")


def test_devices_that_the_user_does_not_see_are_left_out(client_with: MakeClient, job: Job) -> None:
    theirs = Tag.objects.create(name="theirs")
    theirs.groups.add(Group.objects.create(name="others"))
    Backup.objects.get(device__hostname="bad1").device.tags.add(theirs)
    answer = client_with("backups.run_backup", "backups.view_job").post(f"/api/jobs/{job.pk}/retry")
    assert hostnames(UUID(answer.json()["id"])) == ["bad2"]


def test_devices_under_way_are_not_asked_twice(root: APIClient, job: Job) -> None:
    url = f"/api/jobs/{job.pk}/retry"
    first, second = root.post(url).json(), root.post(url).json()
    assert (second["id"], second["requested"], second["already_active"]) == (first["id"], 0, 2)
