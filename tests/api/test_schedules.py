"""Schedules by the API: every field, what of it is refused, and what is not shown."""

from collections.abc import Iterator
from datetime import UTC, datetime, time
from types import SimpleNamespace
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import Group
from pytest_django import Settings
from rest_framework.exceptions import NotFound
from rest_framework.test import APIClient

from devices.models import Device, Tag
from scheduling.api.serializers import ScheduleSerializer
from scheduling.models import Schedule
from tests.api.conftest import MakeClient, MakeUser, add_device, problem_of, wrong_fields
from tests.scheduling.conftest import AddDevices, add_devices, make_schedule

__all__ = ["add_devices"]  # a fixture
pytestmark = pytest.mark.django_db
NOW = datetime(2026, 12, 1, 12, tzinfo=UTC)
NOBODY = "00000000-0000-4000-8000-000000000000"
DAILY = {"name": "nightly", "time": "02:30", "time_zone": "Europe/Berlin", "all_devices": True}
EDITOR = [f"scheduling.{verb}_schedule" for verb in ("view", "add", "change", "delete")]


@pytest.fixture(autouse=True)
def _clock() -> Iterator[None]:
    with time_machine.travel(NOW, tick=True):
        yield


def add(client: APIClient, **fields: Any) -> dict[str, Any]:
    answer = client.post("/api/schedules", DAILY | fields)
    assert answer.status_code == 201, answer.content
    schedule: dict[str, Any] = answer.json()
    return schedule


def hide(*devices: Device) -> None:
    """From everybody who is not a superuser."""
    tag = Tag.objects.create(name="theirs")
    tag.groups.add(Group.objects.create(name="others"))
    tag.devices.add(*devices)


def test_a_new_schedule_tells_when_it_runs_and_what_it_hits(root: APIClient, add_devices: AddDevices) -> None:
    add_devices("a", "b")
    answer = root.post("/api/schedules", DAILY)
    schedule = answer.json()
    assert (answer.status_code, answer["Location"]) == (201, f"/api/schedules/{schedule['id']}")
    assert schedule["description"] == "Every day at 02:30 (Europe/Berlin)"
    assert schedule["next_run_at"] == "2026-12-02T01:30:00Z"
    assert (schedule["device_count"], schedule["created_by"], schedule["last_run"]) == (2, "root", None)
    assert root.get(answer["Location"]).json() == schedule


def test_every_field_is_kept(root: APIClient, add_devices: AddDevices) -> None:
    (first, second) = add_devices("a", "b", tags=("core", "lab"))
    sent = {
        "name": "quarterly",
        "enabled": False,
        "schedule_type": "yearly",
        "time_zone": "America/New_York",
        "start_at": "2027-01-01T00:00:00Z",
        "end_at": "2030-01-01T00:00:00Z",
        "time": "23:15:00",
        "month": 2,
        "day_rule": "weekday",
        "ordinal": -1,
        "ordinal_weekday": "sun",
        "spread_minutes": 30,
        "all_devices": False,
        "devices": [str(first.pk)],
        "tags": ["core", "lab"],
        "tag_match": "all",
        "platforms": ["eos", "ios"],
        "excluded_devices": [str(second.pk)],
        "excluded_tags": ["lab"],
        "missed": "skip",
        "overlap": "skip",
        "max_run_minutes": 90,
        "comments": "Vierteljährlich, “ganz” → alles",
    }
    schedule = add(root, **sent)
    assert {name: schedule[name] for name in sent} == sent
    assert schedule["description"] == "Every year on the last Sunday of February at 23:15 (America/New_York)"
    assert schedule["next_run_at"] is None, "it is off"


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"schedule_type": "once", "start_at": "2026-12-24T18:00:00Z"}, "Once, on 24 December 2026 at 19:00"),
        ({"schedule_type": "interval", "interval_minutes": 90}, "Every 90 minutes"),
        ({"schedule_type": "weekly", "weekdays": ["fri", "mon"]}, "Every Monday and Friday at 02:30"),
        ({"schedule_type": "monthly", "day_rule": "last_day"}, "On the last day of each month at 02:30"),
        ({"schedule_type": "cron", "cron": "30 2 * * mon-fri"}, "At “30 2 * * mon-fri”"),
    ],
)
def test_each_type_has_its_fields(root: APIClient, fields: dict[str, Any], words: str) -> None:
    schedule = add(root, **fields)
    assert schedule["description"].startswith(words)
    assert {name: schedule[name] for name in fields} == fields
    assert schedule["next_run_at"] > "2026-12-01T12:00:00Z"


def test_what_the_type_does_not_use_is_emptied(root: APIClient) -> None:
    schedule = add(root, schedule_type="interval", interval_minutes=60, weekdays=["mon"], month=2, cron="* * * * *")
    assert [schedule[name] for name in ("time", "weekdays", "month", "cron")] == [None, [], None, ""]


WRONG = [
    ({"name": ""}, ["name"]),
    ({"name": "x" * 101}, ["name"]),
    ({"name": "taken"}, ["name"]),
    ({"enabled": "perhaps"}, ["enabled"]),
    ({"enabled": None}, ["enabled"]),
    ({"schedule_type": "hourly"}, ["schedule_type"]),
    ({"time": None}, ["time"]),
    ({"time": "25:00"}, ["time"]),
    ({"time": "02:30Z"}, ["time"]),
    ({"time": "02:30+01:00"}, ["time"]),
    ({"time": 230}, ["time"]),
    ({"time_zone": "Mars/Olympus"}, ["time_zone"]),
    ({"time_zone": "../../etc/passwd"}, ["time_zone"]),
    ({"time_zone": "x" * 100_000}, ["time_zone"]),
    ({"start_at": "yesterday"}, ["start_at"]),
    ({"start_at": "0001-01-01T00:00:00"}, ["start_at"]),
    ({"start_at": "0001-01-01T00:00:00+14:00"}, ["start_at"]),
    ({"start_at": "9999-12-31T23:59:59-11:00"}, ["start_at"]),
    ({"end_at": "9999-12-31T23:59:59"}, ["end_at"]),
    ({"end_at": "2026-12-01T12:30:00Z", "start_at": "2026-12-01T13:00:00Z"}, ["end_at"]),
    ({"end_at": "2026-12-01T12:30:00Z"}, ["end_at"]),
    ({"schedule_type": "once", "start_at": "2020-01-01T00:00:00Z"}, ["start_at"]),
    ({"schedule_type": "interval"}, ["interval_minutes"]),
    ({"schedule_type": "interval", "interval_minutes": 0}, ["interval_minutes"]),
    ({"schedule_type": "interval", "interval_minutes": 1.5}, ["interval_minutes"]),
    ({"schedule_type": "interval", "interval_minutes": 10**30}, ["interval_minutes"]),
    ({"schedule_type": "weekly"}, ["weekdays"]),
    ({"schedule_type": "weekly", "weekdays": "mon"}, ["weekdays"]),
    ({"schedule_type": "weekly", "weekdays": ["mon", "mon"]}, ["weekdays"]),
    ({"schedule_type": "weekly", "weekdays": ["someday"]}, ["weekdays"]),
    ({"schedule_type": "weekly", "weekdays": [["mon"]]}, ["weekdays"]),
    ({"schedule_type": "yearly", "day": 1}, ["month"]),
    ({"schedule_type": "yearly", "day": 32, "month": 13}, ["month", "day"]),
    ({"schedule_type": "monthly", "day_rule": "weekday"}, ["ordinal", "ordinal_weekday"]),
    (
        {"schedule_type": "monthly", "day_rule": "weekday", "ordinal": 5, "ordinal_weekday": "x"},
        ["ordinal", "ordinal_weekday"],
    ),
    ({"schedule_type": "cron", "cron": "every day"}, ["cron"]),
    ({"schedule_type": "cron", "cron": "0 0 30 2 *"}, ["cron"]),
    ({"schedule_type": "cron", "cron": "0,".join("0" * 500_000) + " * * * *"}, ["cron"]),
    ({"spread_minutes": -1}, ["spread_minutes"]),
    ({"spread_minutes": 1441}, ["spread_minutes"]),
    ({"spread_minutes": 60, "max_run_minutes": 60}, ["max_run_minutes"]),
    ({"max_run_minutes": 0}, ["max_run_minutes"]),
    ({"all_devices": False}, ["devices"]),
    ({"devices": ["x"]}, ["devices"]),
    ({"devices": [NOBODY]}, ["devices"]),
    ({"devices": [NOBODY] * 10_001}, ["devices"]),
    ({"excluded_devices": [NOBODY]}, ["excluded_devices"]),
    ({"tags": ["nowhere"]}, ["tags"]),
    ({"tags": "core"}, ["tags"]),
    ({"excluded_tags": ["nowhere"]}, ["excluded_tags"]),
    ({"platforms": ["nothing", "ios"]}, ["platforms"]),
    ({"tag_match": "most"}, ["tag_match"]),
    ({"missed": "never"}, ["missed"]),
    ({"overlap": None}, ["overlap"]),
    ({"comments": "x" * 1001}, ["comments"]),
    ({"enable": True, "start_datetime": "2026-12-24T18:00:00Z"}, ["enable", "start_datetime"]),
]


@pytest.mark.parametrize(("fields", "named"), WRONG, ids=[str(fields)[:60] for fields, _ in WRONG])
def test_what_is_wrong_is_named_and_nothing_is_kept(root: APIClient, fields: dict[str, Any], named: list[str]) -> None:
    make_schedule("taken")
    url = f"/api/schedules/{make_schedule('mine').pk}"
    before = root.get(url).json()
    for answer in (root.post("/api/schedules", DAILY | fields), root.put(url, DAILY | fields)):
        assert answer.status_code == 400, answer.content
        assert set(wrong_fields(answer)) == set(named)
        assert len(answer.content) < 5000
    assert root.get(url).json() == before
    assert Schedule.objects.count() == 2


def test_a_wrong_change_changes_nothing(root: APIClient, add_devices: AddDevices) -> None:
    (device,) = add_devices("a", tags=("core",))
    before = add(root, all_devices=False, tags=["core"])
    url = f"/api/schedules/{before['id']}"
    for fields in (
        {"devices": [str(device.pk)], "time": "04:00", "tags": ["nowhere"]},
        {"name": "other", "tags": [], "all_devices": False},
        {"excluded_tags": ["core"], "end_at": "2026-12-01T12:30:00Z"},
    ):
        assert root.patch(url, fields).status_code == 400
        assert root.get(url).json() == before


def test_only_what_is_sent_changes(root: APIClient, add_devices: AddDevices) -> None:
    add_devices("a", tags=("core",))
    before = add(root, all_devices=False, tags=["core"], comments="nightly")
    after = root.patch(f"/api/schedules/{before['id']}", {"time": "04:00"}).json()
    changed = {name for name in after if after[name] != before[name]}
    assert changed == {"time", "next_run_at", "description", "updated_at"}
    assert after["next_run_at"] == "2026-12-02T03:00:00Z"


def test_a_change_does_not_undo_another_that_came_meanwhile(make_user: MakeUser) -> None:
    stale = make_schedule()
    request = SimpleNamespace(user=make_user("anna"))
    change = ScheduleSerializer(stale, data={"comments": "mine"}, partial=True, context={"request": request})
    change.is_valid(raise_exception=True)
    Schedule.objects.update(time=time(4), enabled=False, next_run_at=None, disabled_reason="Switched off.")
    saved = change.save()
    assert (saved.comments, saved.time, saved.enabled) == ("mine", time(4), False)
    assert saved.disabled_reason == "Switched off."
    Schedule.objects.all().delete()
    with pytest.raises(NotFound):
        change.save()


def test_what_a_client_has_read_it_may_send_back_whole(root: APIClient, add_devices: AddDevices) -> None:
    (device,) = add_devices("a", tags=("core",))
    before = add(root, devices=[str(device.pk)], tags=["core"], excluded_tags=["core"], platforms=["ios"])
    after = root.put(f"/api/schedules/{before['id']}", before)
    assert after.status_code == 200, after.content
    assert after.json() | {"updated_at": None} == before | {"updated_at": None}


def test_what_netraven_keeps_cannot_be_sent(root: APIClient) -> None:
    kept = {"id": NOBODY, "next_run_at": "2030-01-01T00:00:00Z", "disabled_reason": "x", "created_by": "y"}
    schedule = add(root, **kept, device_count=7, hidden={}, last_run={}, description="z")
    assert not {name for name in kept if schedule[name] == kept[name]}
    assert (schedule["device_count"], schedule["last_run"]) == (0, None)


@pytest.mark.parametrize(
    ("sent", "zone", "stored"),
    [
        ("2026-12-24T18:00:00", "Europe/Berlin", "2026-12-24T17:00:00Z"),
        ("2026-12-24T18:00:00", "Asia/Kathmandu", "2026-12-24T12:15:00Z"),
        ("2026-12-24T18:00:00+05:00", "Europe/Berlin", "2026-12-24T13:00:00Z"),
        ("2027-03-28T02:30:00", "Europe/Berlin", "2027-03-28T01:00:00Z"),  # the clock skips that
        ("2027-10-31T02:30:00", "Europe/Berlin", "2027-10-31T00:30:00Z"),  # it shows that twice
    ],
)
def test_a_start_without_a_zone_is_of_the_schedules_own(root: APIClient, sent: str, zone: str, stored: str) -> None:
    fields = {"schedule_type": "once", "start_at": sent}
    assert add(root, **fields, time_zone=zone)["start_at"] == stored
    other = add(root, name="other", time_zone=zone)
    assert root.patch(f"/api/schedules/{other['id']}", fields).json()["start_at"] == stored


def test_the_zone_is_the_installations_unless_one_is_named(root: APIClient, settings: Settings) -> None:
    settings.TIME_ZONE = "Asia/Tokyo"
    answer = root.post("/api/schedules", {"name": "nightly", "time": "02:30", "all_devices": True}).json()
    assert answer["description"] == "Every day at 02:30 (Asia/Tokyo)"


def test_a_schedule_that_is_deleted_is_gone(root: APIClient) -> None:
    url = f"/api/schedules/{add(root)['id']}"
    assert root.delete(url).status_code == 204
    assert root.get(url).status_code == root.delete(url).status_code == root.patch(url, {}).status_code == 404


def test_one_whose_zone_is_gone_can_still_be_read_mended_and_deleted(root: APIClient) -> None:
    good, bad = add(root), add(root, name="bad", schedule_type="once", start_at="2027-01-01T00:00:00Z")
    Schedule.objects.filter(pk=bad["id"]).update(time_zone="Europe/Atlantis", disabled_reason="No such zone.")
    url = f"/api/schedules/{bad['id']}"
    assert [row["name"] for row in root.get("/api/schedules").json()["results"]] == ["bad", "nightly"]
    assert root.get(url).json()["description"] == "There is no time zone “Europe/Atlantis”."
    assert root.get(url).json()["disabled_reason"] == "No such zone."
    refused = root.get(f"{url}/preview")
    assert (refused.status_code, problem_of(refused)["detail"]) == (409, "There is no time zone “Europe/Atlantis”.")
    assert wrong_fields(root.patch(url, {"comments": "x"})) == ["time_zone"]
    assert wrong_fields(root.patch(url, {"start_at": "2027-02-01T00:00:00"})) == ["time_zone"]
    mended = root.patch(url, {"time_zone": "Europe/Berlin"}).json()
    assert (mended["next_run_at"], mended["disabled_reason"]) == ("2027-01-01T00:00:00Z", "")
    assert root.delete(f"/api/schedules/{good['id']}").status_code == 204


def test_devices_that_the_user_does_not_see_cannot_be_named(client_with: MakeClient) -> None:
    seen, hidden = add_device("seen"), add_device("hidden")
    hide(hidden)
    client = client_with(*EDITOR)
    for field in ("devices", "excluded_devices"):
        answer = client.post("/api/schedules", DAILY | {field: [str(seen.pk), str(hidden.pk)]})
        assert problem_of(answer)["errors"] == {field: [f"No such device: {hidden.pk}."]}
    assert not Schedule.objects.exists()


def test_devices_that_the_user_does_not_see_are_counted_and_stay(root: APIClient, client_with: MakeClient) -> None:
    seen, also_seen, hidden, excluded = (add_device(name) for name in ("seen", "also", "hidden", "excluded"))
    named = {"devices": [str(seen.pk), str(hidden.pk)], "excluded_devices": [str(excluded.pk)]}
    url = f"/api/schedules/{add(root, all_devices=False, **named)['id']}"
    hide(hidden, excluded)
    client = client_with(*EDITOR)
    shown = client.get(url).json()
    assert (shown["devices"], shown["excluded_devices"], shown["device_count"]) == ([str(seen.pk)], [], 1)
    assert shown["hidden"] == {"devices": 1, "excluded_devices": 1, "device_count": 1}
    assert str(hidden.pk) not in client.get("/api/schedules").content.decode()
    assert client.put(url, shown).json()["hidden"] == shown["hidden"]
    changed = client.patch(url, {"devices": [str(also_seen.pk)], "excluded_devices": []}).json()
    assert (changed["devices"], changed["hidden"]) == ([str(also_seen.pk)], shown["hidden"])
    whole = root.get(url).json()
    assert set(whole["devices"]) == {str(also_seen.pk), str(hidden.pk)}
    assert whole["hidden"] == {"devices": 0, "excluded_devices": 0, "device_count": 0}
    assert client.patch(url, {"devices": []}).status_code == 200, "the hidden one is left"
    assert root.get(url).json()["devices"] == [str(hidden.pk)]


@pytest.mark.parametrize(
    ("method", "permission"), [("post", "add"), ("put", "change"), ("patch", "change"), ("delete", "delete")]
)
def test_each_change_takes_its_permission(
    root: APIClient, client_with: MakeClient, method: str, permission: str
) -> None:
    url = "/api/schedules" if method == "post" else f"/api/schedules/{add(root)['id']}"
    body = DAILY | {"name": "other"}
    others = [name for name in EDITOR if not name.startswith(f"scheduling.{permission}")]
    assert getattr(client_with(*others), method)(url, body).status_code == 403
    assert getattr(client_with(f"scheduling.{permission}_schedule"), method)(url, body).status_code in (200, 201, 204)


def test_ten_thousand_devices_can_be_named(root: APIClient, add_devices: AddDevices) -> None:
    ids = sorted(str(device.pk) for device in add_devices(*(f"d{number}" for number in range(10_000))))
    schedule = add(root, all_devices=False, devices=ids)
    assert (schedule["devices"], schedule["device_count"]) == (ids, 10_000)
