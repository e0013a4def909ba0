"""Asking for many devices at once, and cancelling."""

import uuid
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from backups.models import Backup, Job
from devices.models import Device, Platform, Tag
from tests.api.conftest import MakeClient, MakeUser, add_backup, add_device, client_of, problem_of, wrong_fields

pytestmark = pytest.mark.django_db


@pytest.fixture
def network() -> list[Device]:
    """Three enabled devices and a disabled one: `core1` (ios, tag core), `core2` (eos, tag core), `edge1`, `off1`."""
    tag = Tag.objects.create(name="core")
    devices = [
        add_device("core1"),
        add_device("core2", platform=Platform.objects.get(slug="eos")),
        add_device("edge1"),
        add_device("off1", enabled=False),
    ]
    for device in (devices[0], devices[1], devices[3]):
        device.tags.add(tag)
    return devices


def ask(client: APIClient, **body: Any) -> Any:
    return client.post("/api/jobs", body)


def hostnames(job: dict[str, Any]) -> set[str]:
    return set(Backup.objects.filter(job=job["id"]).values_list("device__hostname", flat=True))


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"all": True}, {"core1", "core2", "edge1"}),
        ({"tags": ["core"]}, {"core1", "core2"}),
        ({"platforms": ["ios"]}, {"core1", "edge1"}),
        ({"platforms": ["ios", "eos"]}, {"core1", "core2", "edge1"}),
    ],
)
def test_many_devices_are_asked_for_by_what_they_have_in_common(
    root: APIClient, network: list[Device], body: dict[str, Any], expected: set[str]
) -> None:
    answer = ask(root, **body, comments="before the upgrade")
    assert answer.status_code == 202
    job = answer.json()
    assert hostnames(job) == expected
    assert (job["requested"], job["already_active"], job["counts"]["pending"]) == (len(expected), 0, len(expected))
    assert (job["status"], job["trigger"], job["requested_by"]) == ("pending", "api", "root")
    assert answer["Location"] == f"/api/jobs/{job['id']}"
    assert answer["Retry-After"] == "2"
    assert set(Backup.objects.values_list("comments", flat=True)) == {"before the upgrade"}


def test_devices_are_listed_by_their_ids(root: APIClient, network: list[Device]) -> None:
    answer = ask(root, devices=[str(device.pk) for device in network[1:]])
    assert hostnames(answer.json()) == {"core2", "edge1"}
    assert answer.json()["metadata"]["disabled"] == ["off1"]


def test_devices_under_way_are_counted_and_not_asked_twice(root: APIClient, network: list[Device]) -> None:
    first = add_backup(network[0], "running")
    job = ask(root, all=True).json()
    assert (job["requested"], job["already_active"]) == (2, 1)
    again = ask(root, devices=[str(network[0].pk)])
    assert again.status_code == 202
    assert (again.json()["id"], again.json()["requested"], again.json()["already_active"]) == (str(first.job_id), 0, 1)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "detail"),
        ({"all": False}, "detail"),
        ({"all": True, "tags": ["core"]}, "detail"),
        ({"all": "perhaps"}, "all"),
        ({"devices": []}, "devices"),
        ({"devices": ["x"]}, "devices"),
        ({"devices": "x"}, "devices"),
        ({"devices": [str(uuid.uuid4())]}, "devices"),
        ({"devices": [str(uuid.uuid4())] * 10_001}, "devices"),
        ({"tags": ["nowhere"]}, "tags"),
        ({"platforms": ["nothing"]}, "platforms"),
        ({"platforms": [None]}, "platforms"),
        ({"all": True, "comments": "x" * 1001}, "comments"),
    ],
)
def test_a_wrong_request_names_what_is_wrong(
    root: APIClient, network: list[Device], body: dict[str, Any], field: str
) -> None:
    answer = ask(root, **body)
    assert (answer.status_code, wrong_fields(answer)) == (400, [field]), answer.json()
    assert not Job.objects.exists()


def test_nothing_to_back_up_is_a_409(root: APIClient, network: list[Device]) -> None:
    Device.objects.update(enabled=False)
    for body in ({"all": True}, {"devices": [str(network[0].pk)]}, {"tags": ["core"]}):
        assert ask(root, **body).status_code == 409
    assert not Job.objects.exists()


def test_devices_that_the_user_does_not_see_do_not_exist(client_with: MakeClient, network: list[Device]) -> None:
    hide(network[0])
    client = client_with("backups.run_backup")
    assert hostnames(ask(client, all=True).json()) == {"core2", "edge1"}
    Backup.objects.all().delete()
    assert hostnames(ask(client, tags=["core"]).json()) == {"core2"}
    refused = ask(client, devices=[str(network[0].pk)])
    assert problem_of(refused)["errors"] == {"devices": [f"No such device: {network[0].pk}."]}


def test_a_request_for_thousands_costs_a_bounded_number_of_queries(root: APIClient) -> None:
    platform = Platform.objects.get(slug="ios")
    rows = [Device(hostname=f"d{number:04}", address="192.0.2.1", platform=platform) for number in range(3000)]
    ids = [str(device.pk) for device in Device.objects.bulk_create(rows)]
    with CaptureQueriesContext(connection) as queries:
        assert ask(root, devices=ids).json()["requested"] == 3000
    assert len(queries) < 25


def hide(device: Device) -> None:
    tag = Tag.objects.create(name="theirs")
    tag.groups.add(Group.objects.create(name="others"))
    device.tags.add(tag)


def cancel(client: APIClient, job: Job) -> Any:
    return client.post(f"/api/jobs/{job.pk}/cancel")


def test_a_job_that_waits_is_cancelled_at_once(root: APIClient) -> None:
    job = add_backup(add_device(), "pending").job
    answer = cancel(root, job)
    assert answer.status_code == 200
    assert (answer.json()["status"], answer.json()["cancelled_by"]) == ("cancelled", "root")
    assert answer.json()["counts"] == {"pending": 0, "running": 0, "completed": 0, "failed": 1}
    assert cancel(root, job).json()["cancelled_at"] == answer.json()["cancelled_at"], "again does no harm"
    (backup,) = root.get("/api/backups?failure_reason=cancelled").json()["results"]
    assert backup["error"] == "Cancelled by root."
    assert root.get("/api/jobs?status=cancelled").json()["count"] == 1


def test_a_job_that_runs_is_cancelled_when_its_sessions_have_been_cut(root: APIClient) -> None:
    job = add_backup(add_device(), "running").job
    answer = cancel(root, job)
    assert (answer.status_code, answer.json()["status"]) == (202, "running")
    assert answer.json()["cancelled_at"]
    assert answer["Location"] == f"/api/jobs/{job.pk}"


@pytest.mark.parametrize("status", ["completed", "failed"])
def test_a_job_that_has_ended_is_a_409(root: APIClient, status: str) -> None:
    answer = cancel(root, add_backup(add_device(), status).job)
    assert (answer.status_code, answer.json()["detail"]) == (409, f"This job has ended already: {status}.")


def test_other_jobs_cannot_be_cancelled_and_have_no_counts(root: APIClient) -> None:
    job = Job.objects.create(job_type="verification", trigger="system", status="running")
    assert root.get(f"/api/jobs/{job.pk}").json()["counts"] is None
    assert cancel(root, job).json()["detail"] == "Only jobs of backups can be cancelled."
    assert root.get("/api/jobs?job_type=verification").json()["count"] == 1
    assert root.get("/api/jobs?job_type=backup").json()["count"] == 0


def test_a_job_with_hidden_devices_is_cancelled_by_its_requester_only(
    client_with: MakeClient, make_user: MakeUser
) -> None:
    asker = make_user("asker", "backups.run_backup")
    job = Job.objects.create(trigger="api", requested_by=asker)
    seen, hidden = add_device("seen"), add_device("hidden")
    hide(hidden)
    for device in (seen, hidden):
        add_backup(device, "pending", job=job)
    refused = cancel(client_with("backups.run_backup"), job)
    assert (refused.status_code, "devices that you do not see" in refused.json()["detail"]) == (403, True)
    assert cancel(client_of(asker), job).status_code == 200
