"""Previews, runs by hand, on and off, copies and the week."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import time_machine
from rest_framework.test import APIClient

from backups.models import Backup, Job
from devices.models import Device
from scheduling.models import Schedule, ScheduleRun
from scheduling.targets import Targets
from tests.api.conftest import MakeClient, add_device, problem_of, wrong_fields
from tests.api.test_schedules import DAILY, NOBODY, hide
from tests.conftest import QueuedTasks
from tests.scheduling.conftest import AddDevices, add_devices, local, make_schedule

__all__ = ["add_devices"]  # a fixture
pytestmark = pytest.mark.django_db
NOW = datetime(2027, 3, 26, 12, tzinfo=UTC)  # a Friday; in Europe the clocks are changed on Sunday
RUNNER = ("scheduling.change_schedule", "backups.run_backup", "backups.view_job")


@pytest.fixture(autouse=True)
def _clock() -> Iterator[None]:
    with time_machine.travel(NOW, tick=True):
        yield


def preview(client: APIClient, **fields: Any) -> dict[str, Any]:
    answer = client.post("/api/schedules/preview", fields)
    assert answer.status_code == 200, answer.content
    found: dict[str, Any] = answer.json()
    return found


def test_a_preview_shows_ten_runs_by_both_clocks(root: APIClient, add_devices: AddDevices) -> None:
    add_devices("a", "b")
    found = preview(root, time="02:30", time_zone="Europe/Berlin", all_devices=True)
    assert found["description"] == "Every day at 02:30 (Europe/Berlin)"
    assert (found["time_zone"], found["device_count"], len(found["runs"])) == ("Europe/Berlin", 2, 10)
    assert found["runs"][:3] == [
        {"utc": "2027-03-27T01:30:00Z", "local": "2027-03-27T02:30:00+01:00", "offset": "+01:00"},
        {"utc": "2027-03-28T01:00:00Z", "local": "2027-03-28T03:00:00+02:00", "offset": "+02:00"},
        {"utc": "2027-03-29T00:30:00Z", "local": "2027-03-29T02:30:00+02:00", "offset": "+02:00"},
    ]
    assert not Schedule.objects.exists()


@pytest.mark.parametrize(
    ("fields", "number"),
    [
        ({"schedule_type": "once", "start_at": "2027-03-27T00:00:00Z"}, 1),
        ({"schedule_type": "once", "start_at": "2020-01-01T00:00:00Z"}, 0),
        ({"schedule_type": "interval", "interval_minutes": 60, "end_at": "2027-03-26T15:30:00Z"}, 3),
        ({"schedule_type": "yearly", "month": 2, "day": 29, "time": "12:00"}, 10),
    ],
)
def test_a_preview_may_have_fewer(root: APIClient, fields: dict[str, Any], number: int) -> None:
    found = preview(root, **fields | {"enabled": False, "start_at": fields.get("start_at", "2027-03-26T12:00:00Z")})
    assert (len(found["runs"]), found["device_count"]) == (number, 0)


def test_a_preview_may_have_the_name_of_another(root: APIClient) -> None:
    make_schedule("nightly")
    assert preview(root, **DAILY)["runs"]


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({}, ["time"]),
        ({"schedule_type": "cron"}, ["cron"]),
        ({"time": "02:30", "time_zone": "Mars"}, ["time_zone"]),
        ({"time": "02:30", "end_at": "2020-01-01T00:00:00Z"}, ["end_at"]),
        ({"time": "02:30", "tags": ["nowhere"]}, ["tags"]),
        ({"time": "02:30", "devices": [NOBODY]}, ["devices"]),
        ({"time": "02:30", "when": "now"}, ["when"]),
    ],
)
def test_a_preview_of_nonsense_names_it(root: APIClient, fields: dict[str, Any], named: list[str]) -> None:
    assert wrong_fields(root.post("/api/schedules/preview", fields)) == named


def test_previews_count_the_devices_that_are_not_shown_apart(client_with: MakeClient, add_devices: AddDevices) -> None:
    add_devices("a", "b", tags=("core",))
    hide(Device.objects.get(hostname="b"))
    client = client_with("scheduling.view_schedule")
    schedule = make_schedule()
    for found in (
        preview(client, time="02:30", tags=["core"]),
        client.get(f"/api/schedules/{schedule.pk}/preview").json(),
    ):
        assert (found["device_count"], found["hidden"]) == (1, {"device_count": 1})


def test_a_saved_schedule_is_previewed_also_when_it_is_off(root: APIClient) -> None:
    schedule = make_schedule(enabled=False)
    found = root.get(f"/api/schedules/{schedule.pk}/preview").json()
    assert found["runs"][0]["utc"] == "2027-03-27T01:30:00Z"


def run(client: APIClient, schedule: Schedule, **headers: Any) -> Any:
    return client.post(f"/api/schedules/{schedule.pk}/run", **headers)


def test_a_run_by_hand_starts_a_job_to_follow(
    root: APIClient, add_devices: AddDevices, queued_tasks: QueuedTasks
) -> None:
    add_devices("a", "b")
    schedule = make_schedule(enabled=False, comments="before the upgrade")
    answer = run(root, schedule)
    found = answer.json()
    assert answer.status_code == 202
    assert (answer["Location"], answer["Retry-After"]) == (f"/api/jobs/{found['job']}", "2")
    assert (found["cause"], found["outcome"], found["job_status"]) == ("manual", "started", "pending")
    assert found["counts"] == {"pending": 2, "running": 0, "completed": 0, "failed": 0}
    assert found["message"] == "Asked for by root."
    job = root.get(answer["Location"]).json()
    assert job["metadata"]["schedule"] == {"id": str(schedule.pk), "name": "nightly"}
    assert root.get(f"/api/schedules/{schedule.pk}").json()["last_run"] == found
    assert root.get(f"/api/schedules/{schedule.pk}/jobs").json()["results"] == [found]


def test_a_run_that_is_sent_twice_is_one(root: APIClient, add_devices: AddDevices) -> None:
    add_devices("a")
    schedule, key = make_schedule(), "4c1f7a52-run"
    first = run(root, schedule, HTTP_IDEMPOTENCY_KEY=key)
    Backup.objects.update(status="failed", failure_reason="timeout")
    again = run(root, schedule, HTTP_IDEMPOTENCY_KEY=key)
    assert (again.status_code, again.json(), again["Location"]) == (202, first.json(), first["Location"])
    assert again["Idempotency-Replayed"] == "true"
    assert Job.objects.count() == ScheduleRun.objects.count() == 1
    assert run(root, make_schedule("other"), HTTP_IDEMPOTENCY_KEY=key).status_code == 422


@pytest.mark.parametrize("headers", [{}, {"HTTP_IDEMPOTENCY_KEY": "k"}])
def test_a_run_without_devices_is_a_409_and_is_not_in_the_history(root: APIClient, headers: dict[str, str]) -> None:
    answer = run(root, make_schedule(), **headers)
    assert (answer.status_code, problem_of(answer)["detail"]) == (409, "No enabled device matches.")
    assert not ScheduleRun.objects.exists()


def test_devices_that_are_being_backed_up_are_not_asked_twice(root: APIClient, add_devices: AddDevices) -> None:
    add_devices("a")
    schedule = make_schedule(overlap="skip")
    first, second = run(root, schedule).json(), run(root, schedule).json()
    assert (second["outcome"], second["job"]) == ("joined", first["job"])
    assert "1 device was being backed up already" in second["message"]


def test_a_run_of_hidden_devices_only_tells_nothing_of_its_job(
    client_with: MakeClient, add_devices: AddDevices
) -> None:
    hide(*add_devices("a"))
    answer = run(client_with(*RUNNER), make_schedule())
    assert answer.status_code == 202
    assert "Location" not in answer
    assert [answer.json()[name] for name in ("job", "job_status", "counts")] == [None, None, None]
    assert Backup.objects.count() == 1


@pytest.mark.parametrize("missing", RUNNER[:2])
def test_a_run_takes_two_permissions(client_with: MakeClient, add_devices: AddDevices, missing: str) -> None:
    add_devices("a")
    client = client_with(*(name for name in RUNNER if name != missing))
    assert run(client, make_schedule()).status_code == 403
    assert not Job.objects.exists()


def toggle(client: APIClient, schedule: Schedule, body: Any = None) -> Any:
    return client.post(f"/api/schedules/{schedule.pk}/toggle", body)


def test_a_schedule_is_switched_off_and_on(root: APIClient) -> None:
    schedule = make_schedule()
    found = [toggle(root, schedule, body).json() for body in ({}, None, {"enabled": False}, {"enabled": False})]
    assert [row["enabled"] for row in found] == [False, True, False, False]
    assert [row["next_run_at"] for row in found] == [None, "2027-03-27T01:30:00Z", None, None]
    on = toggle(root, schedule, {"enabled": True}).json()
    assert toggle(root, schedule, {"enabled": True}).json() | {"updated_at": 0} == on | {"updated_at": 0}


def test_what_netraven_had_disabled_says_so_until_it_is_enabled(root: APIClient) -> None:
    schedule = make_schedule(enabled=False)
    Schedule.objects.update(disabled_reason="There is no time zone “Europe/Atlantis”.")
    assert root.get(f"/api/schedules/{schedule.pk}").json()["disabled_reason"]
    assert toggle(root, schedule).json()["disabled_reason"] == ""


def test_one_that_could_never_run_is_not_switched_on(root: APIClient) -> None:
    schedule = make_schedule(schedule_type="once", start_at=local("2020-01-01 00:00"), enabled=False)
    answer = toggle(root, schedule, {"enabled": True})
    assert problem_of(answer)["errors"] == {"start_at": ["This time has passed: it would never run."]}
    assert not Schedule.objects.get().enabled


@pytest.mark.parametrize("body", [{"enabled": None}, {"enabled": "perhaps"}, {"enabled": []}, [], "on"])
def test_neither_on_nor_off_is_a_400(root: APIClient, body: Any) -> None:
    assert toggle(root, make_schedule(), body).status_code == 400
    assert Schedule.objects.get().enabled


def test_a_misspelt_switch_does_not_switch(root: APIClient) -> None:
    assert wrong_fields(toggle(root, make_schedule(), {"enable": True})) == ["enable"]
    assert Schedule.objects.get().enabled


def test_a_copy_is_off_and_of_the_same_devices(root: APIClient, add_devices: AddDevices) -> None:
    (device, *_) = add_devices("a", "b", tags=("core",))
    targets = Targets(devices=[device.pk], tags=list(device.tags.values_list("pk", flat=True)))
    schedule = make_schedule(targets=targets)
    answers = [root.post(f"/api/schedules/{schedule.pk}/duplicate") for _ in range(2)]
    first, second = (answer.json() for answer in answers)
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0]["Location"] == f"/api/schedules/{first['id']}"
    assert (first["name"], second["name"]) == ("nightly (copy)", "nightly (copy 2)")
    assert (first["enabled"], first["next_run_at"], first["created_by"]) == (False, None, "root")
    original = root.get(f"/api/schedules/{schedule.pk}").json()
    same = ("time", "time_zone", "devices", "tags", "tag_match", "device_count", "start_at", "comments")
    assert [first[name] for name in same] == [original[name] for name in same]


def week(client: APIClient, start: str = "2027-03-29T00:30:00Z") -> dict[str, Any]:
    answer = client.get("/api/schedules/week", {"start": start} if start else {})
    assert answer.status_code == 200, answer.content
    found: dict[str, Any] = answer.json()
    return found


def test_the_week_has_its_load_by_the_hour(root: APIClient, add_devices: AddDevices) -> None:
    add_devices("a", "b")
    early = make_schedule("early", schedule_type="weekly", weekdays=["wed"])
    make_schedule("often", schedule_type="cron", cron="*/20 2 * * wed")
    make_schedule("off", enabled=False)
    found = week(root)
    assert (found["start"], found["end"]) == ("2027-03-29T00:00:00Z", "2027-04-05T00:00:00Z")
    (hour,) = found["hours"]
    assert (hour["hour"], hour["runs"], hour["backups"]) == ("2027-03-31T00:00:00Z", 4, 8)
    assert hour["schedules"][1] == {
        "schedule": str(early.pk),
        "name": "early",
        "first_at": "2027-03-31T00:30:00Z",
        "runs": 1,
        "device_count": 2,
    }


def test_the_week_counts_the_devices_that_the_user_sees(client_with: MakeClient) -> None:
    add_device("a")
    hide(add_device("b"))
    make_schedule()
    found = week(client_with("scheduling.view_schedule"))
    assert {hour["backups"] for hour in found["hours"]} == {1}


def test_the_week_begins_now_unless_it_is_told(root: APIClient) -> None:
    assert week(root, "")["start"] == "2027-03-26T12:00:00Z"
    assert week(root, "2027-03-29")["start"] == "2027-03-29T00:00:00Z"


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("start=tomorrow", "start"),
        ("start=0001-01-01T00:00:00Z", "start"),
        ("start=1969-12-31T23:00:00Z", "start"),
        ("start=9999-12-31T00:00:00Z", "start"),
        ("start=%00", "start"),
        ("begin=2027-03-29", "begin"),
        ("page=1", "page"),
    ],
)
def test_no_other_week(root: APIClient, query: str, field: str) -> None:
    assert wrong_fields(root.get(f"/api/schedules/week?{query}")) == [field]


@pytest.mark.parametrize("start", ["1970-01-02T00:00:00Z", "9998-12-24T00:00:00Z"])
def test_weeks_at_the_ends_of_the_calendar(root: APIClient, start: str) -> None:
    make_schedule()
    make_schedule("often", schedule_type="cron", cron="*/5 * 29 2 *")
    make_schedule("each minute", schedule_type="interval", interval_minutes=1)
    found = week(root, start)
    assert sum(hour["runs"] for hour in found["hours"]) == (0 if start < "2" else 7 + 7 * 24 * 60)
