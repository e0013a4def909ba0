"""Housekeeping, as a client of the REST API sees it."""

from django.contrib.auth.models import Group
from rest_framework.test import APIClient

from backups import storage
from backups.housekeeping.runs import Run, begin
from backups.housekeeping.verification import Verification
from backups.models import Job
from devices.models import Tag
from tests.api.conftest import MakeClient, add_backup, add_device
from tests.backups.housekeeping.conftest import carry_out


def test_a_run_is_a_job_with_counts(client_with: MakeClient) -> None:
    client = client_with("backups.view_job")
    damaged, hidden = add_backup(add_device("seen")), add_backup(add_device("hidden"))
    theirs = Tag.objects.create(name="theirs")
    theirs.groups.add(Group.objects.create(name="others"))
    hidden.device.tags.add(theirs)
    for backup in (damaged, hidden):
        storage.config_storage().delete(backup.file_path)
    run = carry_out(Verification())
    (job,) = client.get("/api/jobs?job_type=verification").json()["results"]
    assert (job["id"], job["status"], job["trigger"], job["requested_by"]) == (
        str(run.job.pk),
        "failed",
        "command",
        None,
    )
    assert job["metadata"] == {"examined": 2, "problems": 2}
    log = client.get(f"/api/jobs/{job['id']}/log").json()["results"]
    assert [(entry["backup"], entry["hostname"]) for entry in log] == [
        (None, None),
        (str(damaged.pk), "seen"),
        (None, None),
    ]
    assert not any("hidden" in entry["message"] for entry in log)


def test_the_inner_workings_of_a_run_are_not_told(root: APIClient) -> None:
    add_backup(add_device())
    run = Run.claim(begin(Verification(), Job.Trigger.SYSTEM), Verification())
    assert run
    run.work(until=0)
    assert root.get(f"/api/jobs/{run.job.pk}").json()["metadata"] == {"examined": 1}


def test_a_diff_without_an_older_configuration_left_is_a_404(root: APIClient) -> None:
    backup = add_backup(add_device(), version=7, changed=True)
    assert root.get(f"/api/backups/{backup.pk}/diff").status_code == 404
