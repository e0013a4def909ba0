"""Following jobs by the API."""

import pytest
from django.contrib.auth.models import Group, User
from rest_framework.test import APIClient

from backups.joblog import JobLogger
from backups.models import Job, JobLog
from devices.models import Tag
from tests.api.conftest import MakeClient, add_backup, add_device, wrong_fields

pytestmark = pytest.mark.django_db
NONE = {"pending": 0, "running": 0, "completed": 0, "failed": 0}


@pytest.fixture
def mixed_job() -> Job:
    """A job of two devices, one of them hidden from whoever is not in the group others."""
    theirs = Tag.objects.create(name="theirs")
    theirs.groups.add(Group.objects.create(name="others"))
    names = ["hidden", "seen"]
    job = Job.objects.create(trigger="schedule", metadata={"devices": 2, "first_devices": names})
    JobLogger(job.pk)(JobLog.Event.SESSION_START, "of the job")
    for name in names:
        device = add_device(name)
        if name == "hidden":
            device.tags.add(theirs)
        JobLogger(job.pk, add_backup(device, job=job))(JobLog.Event.BACKUP_START, f"of {name}")
    return job


def test_a_job_tells_how_far_it_is(root: APIClient) -> None:
    asked = root.post(f"/api/devices/{add_device().pk}/backup")
    job = Job.objects.get()
    add_backup(add_device("core2"), job=job)
    shown = root.get(f"/api/jobs/{job.pk}").json()
    assert shown["counts"] == NONE | {"pending": 1, "completed": 1}
    assert (shown["status"], shown["trigger"], shown["requested_by"]) == ("pending", "api", "root")
    made_by = asked["X-Request-ID"]
    assert shown["metadata"] == {"devices": 1, "first_devices": ["core1"], "request_id": made_by}
    assert root.get("/api/jobs").json()["results"] == [shown]


def test_a_job_without_backups_counts_none(root: APIClient) -> None:
    Job.objects.create(trigger="command")
    assert root.get("/api/jobs").json()["results"][0]["counts"] == NONE


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("status=failed", 1),
        ("trigger=page", 1),
        ("trigger=admin", 0),
        ("requested_by=root", 1),
        ("search=ROO", 1),
        ("requested_by=anna", 0),
    ],
)
def test_jobs_are_narrowed(root: APIClient, query: str, count: int) -> None:
    Job.objects.create(trigger="page", status="failed", requested_by=User.objects.get())
    Job.objects.create(trigger="api", status="completed")
    assert root.get(f"/api/jobs?{query}").json()["count"] == count


def test_the_log_is_followed_from_the_last_entry_read(root: APIClient) -> None:
    backup = add_backup(add_device())
    log = JobLogger(backup.job_id, backup)
    for number in range(3):
        log(JobLog.Event.COMMAND, f"line {number}", seconds=number)
    url = f"/api/jobs/{backup.job_id}/log"
    entries = root.get(url).json()["results"]
    assert [entry["message"] for entry in entries] == ["line 0", "line 1", "line 2"]
    assert (entries[0]["hostname"], entries[0]["details"]) == ("core1", {"seconds": 0})
    later = root.get(f"{url}?after={entries[1]['id']}").json()["results"]
    assert [entry["message"] for entry in later] == ["line 2"]


@pytest.mark.parametrize("after", ["x", "-1", "9" * 30, "1e400", "NaN", "%00"])
def test_a_wrong_position_in_the_log_is_a_400(root: APIClient, after: str) -> None:
    response = root.get(f"/api/jobs/{Job.objects.create(trigger='api').pk}/log?after={after}")
    assert (response.status_code, wrong_fields(response)) == (400, ["after"])


def test_a_job_shows_only_the_devices_that_the_user_sees(client_with: MakeClient, mixed_job: Job) -> None:
    client = client_with("backups.view_job", "backups.view_backup")
    url = f"/api/jobs/{mixed_job.pk}"
    assert [row["hostname"] for row in client.get(f"{url}/backups").json()["results"]] == ["seen"]
    assert [row["message"] for row in client.get(f"{url}/log").json()["results"]] == ["of the job", "of seen"]
    assert client.get(url).json()["metadata"] == {"devices": 2, "first_devices": ["seen"]}
    assert b"hidden" not in client.get("/api/jobs").content


def test_a_superuser_sees_all_of_a_job(root: APIClient, mixed_job: Job) -> None:
    url = f"/api/jobs/{mixed_job.pk}"
    assert {row["hostname"] for row in root.get(f"{url}/backups").json()["results"]} == {"seen", "hidden"}
    assert len(root.get(f"{url}/log").json()["results"]) == 3
    assert root.get(url).json()["metadata"]["first_devices"] == ["hidden", "seen"]


def test_a_job_of_others_devices_does_not_exist(client_with: MakeClient, mixed_job: Job) -> None:
    mixed_job.backups.get(device__hostname="seen").delete()
    client = client_with("backups.view_job", "backups.view_backup")
    assert client.get("/api/jobs").json()["count"] == 0
    url = f"/api/jobs/{mixed_job.pk}"
    assert [client.get(url + end).status_code for end in ("", "/log", "/backups")] == [404] * 3
