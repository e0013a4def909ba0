"""Which schedules, which runs, which devices: lists, filters, pages, and what they cost."""

import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest
import time_machine
from rest_framework.test import APIClient

from backups.models import Backup, Job
from devices.models import Device, Tag
from scheduling.models import Schedule, ScheduleRun
from scheduling.targets import Targets
from tests.api.conftest import MakeClient, add_backup, wrong_fields
from tests.api.test_pagination import pages
from tests.api.test_schedules import NOBODY, hide
from tests.scheduling.conftest import AddDevices, add_devices, make_schedule

__all__ = ["add_devices"]  # a fixture
pytestmark = pytest.mark.django_db
NOW = datetime(2026, 12, 1, 12, tzinfo=UTC)
Budget = Callable[[int], AbstractContextManager[Any]]
READER = ("scheduling.view_schedule", "devices.view_device", "backups.view_job")


@pytest.fixture(autouse=True)
def _clock() -> Iterator[None]:
    with time_machine.travel(NOW, tick=True):
        yield


@pytest.fixture
def fleet(add_devices: AddDevices) -> dict[str, Device]:
    """`core1`, `core2` with the tag core, `edge1` (eos), and `off1`, which is disabled."""
    rows = [
        *add_devices("core1", "core2", tags=("core",)),
        *add_devices("edge1", platform="eos"),
        *add_devices("off1", enabled=False),
    ]
    return {device.hostname: device for device in rows}


@pytest.fixture
def four(fleet: dict[str, Device]) -> None:
    """One each of all devices, of a tag, of a platform, and of a device."""
    tag = Tag.objects.get(name="core").pk
    make_schedule("everything", schedule_type="interval", interval_minutes=15, comments="the whole network")
    make_schedule("core", Targets(tags=[tag], excluded_devices=[fleet["core2"].pk]), time=time(4))
    make_schedule("eos", Targets(platforms=[fleet["edge1"].platform_id], excluded_tags=[tag]), enabled=False)
    make_schedule("one", Targets(devices=[fleet["core2"].pk]), schedule_type="cron", cron="0 0 1 1 *")


def names(client: APIClient, url: str, **query: str) -> list[str]:
    answer = client.get(url, query)
    assert answer.status_code == 200, answer.content
    return [row["name"] for row in answer.json()["results"]]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, ["core", "eos", "everything", "one"]),
        ({"enabled": "true"}, ["core", "everything", "one"]),
        ({"enabled": "false"}, ["eos"]),
        ({"name": "core"}, ["core"]),
        ({"schedule_type": "interval"}, ["everything"]),
        ({"tag": "core"}, ["core"]),
        ({"tag": "nowhere"}, []),
        ({"platform": "eos"}, ["eos"]),
        ({"device": "core1"}, ["core", "everything"]),
        ({"device": "core2"}, ["everything", "one"]),
        ({"device": "edge1"}, ["eos", "everything"]),
        ({"device": "off1"}, []),
        ({"due_before": "2026-12-02T00:00:00Z"}, ["everything"]),
        ({"due_after": "2026-12-02T03:00:00Z"}, ["core", "one"]),
        ({"due_after": "2026-12-02T03:00:00Z", "due_before": "2026-12-03T00:00:00Z"}, ["core"]),
        ({"search": "network"}, ["everything"]),
        ({"search": "e", "enabled": "true"}, ["core", "everything", "one"]),
        ({"ordering": "-name"}, ["one", "everything", "eos", "core"]),
        ({"ordering": "next_run_at", "enabled": "true"}, ["everything", "core", "one"]),
        ({"ordering": "schedule_type,-name"}, ["one", "eos", "core", "everything"]),
    ],
)
def test_filters_and_orders(
    root: APIClient, four: None, fleet: dict[str, Device], query: dict[str, str], expected: list[str]
) -> None:
    query = query | ({"device": str(fleet[query["device"]].pk)} if "device" in query else {})
    assert names(root, "/api/schedules", **query) == expected


@pytest.mark.parametrize(
    "query",
    [
        {"enabled": "perhaps"},
        {"schedule_type": "hourly"},
        {"device": "core1"},
        {"due_before": "tomorrow"},
        {"ordering": "cron"},
        {"type": "daily"},
        {"page_size": "0"},
    ],
)
def test_a_filter_that_cannot_be_meant_is_a_400(root: APIClient, four: None, query: dict[str, str]) -> None:
    assert wrong_fields(root.get("/api/schedules", query)) == list(query)


def test_the_schedules_of_a_device(
    root: APIClient, client_with: MakeClient, fleet: dict[str, Device], four: None
) -> None:
    url = f"/api/devices/{fleet['core2'].pk}/schedules"
    assert names(root, url) == ["everything", "one"]
    assert names(root, url, schedule_type="cron") == ["one"]
    assert names(root, url, search="network", ordering="-name") == ["everything"]
    assert wrong_fields(root.get(url, {"hostname": "core2"})) == ["hostname"]
    hide(fleet["core2"])
    client = client_with(*READER)
    assert client.get(url).status_code == root.get(f"/api/devices/{NOBODY}/schedules").status_code == 404
    assert names(client, "/api/schedules", device=str(fleet["core2"].pk)) == []


def test_the_devices_of_a_schedule(
    root: APIClient, client_with: MakeClient, fleet: dict[str, Device], four: None
) -> None:
    url = f"/api/schedules/{Schedule.objects.get(name='everything').pk}/devices"

    def hostnames(client: APIClient, **query: str) -> list[str]:
        return [row["hostname"] for row in client.get(url, query).json()["results"]]

    assert hostnames(root) == ["core1", "core2", "edge1"]
    assert hostnames(root, platform="ios", ordering="-hostname") == ["core2", "core1"]
    assert hostnames(root, search="edge") == ["edge1"]
    assert root.get(url, {"page_size": "2"}).json()["count"] == 3
    assert wrong_fields(root.get(url, {"name": "x"})) == ["name"]
    hide(fleet["core2"])
    assert hostnames(client_with(*READER)) == ["core1", "edge1"]
    for client in (client_with(READER[0]), client_with(READER[1])):
        assert client.get(url).status_code == 403


def add_runs(schedule: Schedule, number: int, device: Device) -> list[ScheduleRun]:
    """So many, an hour apart, oldest first, each with a job of one backup that took a minute."""
    runs = []
    for hours in range(number, 0, -1):
        due = NOW - timedelta(hours=hours)
        times = {"started_at": due + timedelta(seconds=5), "finished_at": due + timedelta(seconds=65)}
        job = Job.objects.create(trigger="schedule", status="completed", created_at=due, **times)
        add_backup(device, job=job, created_at=due)
        runs.append(schedule.runs.create(due_at=due, outcome="started", job=job))
    return runs


def test_the_history_tells_what_came_of_each_run(root: APIClient, fleet: dict[str, Device]) -> None:
    schedule = make_schedule()
    (run,) = add_runs(schedule, 1, fleet["core1"])
    missed = schedule.runs.create(due_at=NOW, outcome="missed", message="Missed: nobody was there to start it.")
    url = f"/api/schedules/{schedule.pk}/jobs"
    newest, oldest = root.get(url).json()["results"]
    assert (newest["id"], newest["outcome"], newest["message"]) == (str(missed.pk), "missed", missed.message)
    assert [newest[name] for name in ("job", "job_status", "counts", "duration_seconds")] == [None] * 4
    assert oldest | {"created_at": None} == {
        "id": str(run.pk),
        "due_at": "2026-12-01T11:00:00Z",
        "cause": "due",
        "outcome": "started",
        "message": "",
        "job": str(run.job_id),
        "job_status": "completed",
        "counts": {"pending": 0, "running": 0, "completed": 1, "failed": 0},
        "duration_seconds": 60.0,
        "cancel_at": None,
        "created_at": None,
    }
    assert root.get(f"/api/schedules/{schedule.pk}").json()["last_run"] == newest


def test_the_history_comes_in_pages_both_ways(root: APIClient, fleet: dict[str, Device]) -> None:
    schedule = make_schedule()
    wanted = [str(run.pk) for run in reversed(add_runs(schedule, 7, fleet["core1"]))]
    add_runs(make_schedule("other"), 2, fleet["core1"])
    url = f"/api/schedules/{schedule.pk}/jobs?page_size=3"
    assert list(pages(root, url)) == [wanted[:3], wanted[3:6], wanted[6:]]
    assert [pk for page in pages(root, f"{url}&ordering=due_at") for pk in page] == wanted[::-1]


def test_the_history_is_narrowed(root: APIClient, fleet: dict[str, Device]) -> None:
    schedule = make_schedule()
    add_runs(schedule, 3, fleet["core1"])
    schedule.runs.create(due_at=NOW, outcome="joined", cause="manual", message="Asked for by anna.")
    url = f"/api/schedules/{schedule.pk}/jobs"
    for query, number in (
        ({"outcome": "started"}, 3),
        ({"cause": "manual"}, 1),
        ({"due_after": "2026-12-01T10:00:00Z", "due_before": "2026-12-01T12:00:00Z"}, 2),
        ({"search": "anna"}, 1),
    ):
        assert len(root.get(url, query).json()["results"]) == number, query
    for name in ("outcome", "cause", "due_after", "cursor", "ordering", "status"):
        assert wrong_fields(root.get(url, {name: "x"})) == [name]


def test_jobs_of_devices_that_the_user_does_not_see_are_not_told(
    client_with: MakeClient, fleet: dict[str, Device]
) -> None:
    schedule = make_schedule()
    hidden, seen = add_runs(schedule, 2, fleet["core1"])
    Backup.objects.filter(job=seen.job).update(device=fleet["core2"])
    hide(fleet["core1"])
    client = client_with(*READER)
    found = {run["id"]: run for run in client.get(f"/api/schedules/{schedule.pk}/jobs").json()["results"]}
    assert found[str(seen.pk)]["job"] == str(seen.job_id)
    assert [found[str(hidden.pk)][name] for name in ("job", "job_status", "counts")] == [None] * 3
    assert client.get(f"/api/schedules/{schedule.pk}").status_code == 200


@pytest.mark.parametrize("path", ["jobs", "devices", "preview"])
def test_there_is_nothing_under_a_schedule_that_there_is_not(root: APIClient, path: str) -> None:
    for key in (NOBODY, "x", "week", str(uuid.uuid4())[:-1]):
        assert root.get(f"/api/schedules/{key}/{path}").status_code == 404


@pytest.mark.parametrize("path", ["", "/{id}/jobs", "/{id}/devices", "/week", "/{id}", "/{id}/preview"])
def test_two_hundred_schedules_cost_as_many_queries_as_two(
    client_with: MakeClient, add_devices: AddDevices, django_assert_max_num_queries: Budget, path: str
) -> None:
    client = client_with(*READER)
    devices = add_devices(*(f"d{number}" for number in range(60)), tags=("core",))
    tag = Tag.objects.get(name="core")

    def add_schedules(numbers: range) -> None:
        for number in numbers:
            own = Targets(devices=[devices[number % 60].pk], tags=[tag.pk], platforms=[devices[0].platform_id])
            schedule = make_schedule(f"s{number:03}", own)
            job = Job.objects.create(trigger="schedule", status="completed")
            add_backup(devices[0], "failed", job=job)
            for each in (schedule, Schedule.objects.get(name="s000")):
                each.runs.create(due_at=NOW - timedelta(minutes=number), outcome="started", job=job, cause="manual")

    add_schedules(range(2))
    url = "/api/schedules" + path.format(id=Schedule.objects.get(name="s000").pk)
    with django_assert_max_num_queries(25) as few:
        assert client.get(url).status_code == 200
    add_schedules(range(2, 200))
    with django_assert_max_num_queries(len(few)):
        found = client.get(url, {} if path in ("/week", "/{id}", "/{id}/preview") else {"page_size": "500"}).json()
    assert len(found.get("results", [0] * 50)) >= 50


def test_a_device_in_two_hundred_schedules(root: APIClient, fleet: dict[str, Device]) -> None:
    for number in range(200):
        make_schedule(f"s{number:03}")
    found = root.get(f"/api/devices/{fleet['core1'].pk}/schedules", {"page_size": "500"}).json()
    assert (found["count"], len(found["results"])) == (200, 200)
    assert {row["device_count"] for row in found["results"]} == {3}
