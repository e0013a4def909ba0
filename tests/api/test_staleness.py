"""Stale devices by the API: the filter and the fields of devices, the objective of tags, and the worklist."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.utils import timezone
from rest_framework.test import APIClient

from backups.models import Backup
from backups.secrecy import QUOTED
from credentials.models import Credential
from devices.models import Device, Gateway, Platform, Tag
from devices.models.tag import MOST_HOURS
from tests.api.conftest import MakeClient, add_backup, add_device

pytestmark = pytest.mark.django_db
READER = ("devices.view_device", "backups.view_backup")


def add_aged(hostname: str, good: float | None, *objectives: int, **fields: Any) -> Device:
    """A device recorded 100 hours ago, last backed up `good` hours ago, with a tag for each objective."""
    now = timezone.now()
    success = None if good is None else now - timedelta(hours=good)
    device = add_device(hostname, last_success_at=success, **fields)
    Device.objects.filter(pk=device.pk).update(created_at=now - timedelta(hours=100))
    device.tags.set(Tag.objects.get_or_create(name=f"t{hours}", max_age_hours=hours)[0] for hours in objectives)
    return device


def add_failure(device: Device, reason: str = "timeout", error: str = "No answer.") -> Backup:
    backup = add_backup(device, "failed", failure_reason=reason, error=error)
    state = {"last_status": "failed", "last_failure_reason": reason, "last_attempt_at": backup.finished_at}
    Device.objects.filter(pk=device.pk).update(**state)
    return backup


def hostnames(client: APIClient, url: str) -> list[str]:
    answer = client.get(url)
    assert answer.status_code == 200
    return [row["hostname"] for row in answer.json()["results"]]


def test_devices_tell_their_objective_and_whether_they_keep_it(root: APIClient) -> None:
    late = add_aged("late", 30, 24, 48)
    add_aged("in-time", 30, 48)
    add_aged("free", None)
    add_aged("off", 30, 24, enabled=False)
    told = {row["hostname"]: row for row in root.get("/api/devices").json()["results"]}
    since = told["late"].pop("stale_since")
    assert since == (late.stale_at or timezone.now()).isoformat().replace("+00:00", "Z")
    fields = ("objective_hours", "stale")
    assert {name: tuple(row[field] for field in fields) for name, row in told.items()} == {
        "late": (24, True),
        "in-time": (48, False),
        "free": (None, False),
        "off": (24, False),
    }
    assert {row.get("stale_since") for row in told.values()} == {None}


def test_devices_are_narrowed_to_the_stale_ones_and_to_all_others(root: APIClient) -> None:
    for hostname, good, objective in (("late", 30, [24]), ("in-time", 20, [24]), ("free", 30, [])):
        add_aged(hostname, good, *objective)
    add_aged("off", 30, 24, enabled=False)
    assert hostnames(root, "/api/devices?stale=true") == ["late"]
    assert hostnames(root, "/api/devices?stale=false") == ["free", "in-time", "off"]
    assert hostnames(root, "/api/devices?stale=true&tag=t48") == []
    answer = root.get("/api/devices?stale=perhaps")
    assert (answer.status_code, list(answer.json()["errors"])) == (400, ["stale"])


def test_a_new_device_and_a_changed_one_tell_their_new_objective(root: APIClient) -> None:
    for hours in (24, 48):
        Tag.objects.create(name=f"t{hours}", max_age_hours=hours)
    new = {"hostname": "core1", "address": "192.0.2.1", "platform": "ios", "tags": ["t48"], "stale": True}
    made = root.post("/api/devices", new | {"objective_hours": 1, "stale_since": "2026-01-01T00:00:00Z"})
    assert made.status_code == 201
    assert [made.json()[name] for name in ("objective_hours", "stale", "stale_since")] == [48, False, None]
    changed = root.patch(f"/api/devices/{made.json()['id']}?stale=false", {"tags": ["t24", "t48"]})
    assert changed.json()["objective_hours"] == 24


def test_a_tag_says_within_how_many_hours_and_takes_it_back(root: APIClient) -> None:
    made = root.post("/api/tags", {"name": "core", "max_age_hours": 24})
    assert (made.status_code, made.json()["max_age_hours"]) == (201, 24)
    url = f"/api/tags/{made.json()['id']}"
    assert root.patch(url, {"description": "Core"}).json()["max_age_hours"] == 24
    assert root.patch(url, {"max_age_hours": MOST_HOURS}).json()["max_age_hours"] == MOST_HOURS
    assert root.patch(url, {"max_age_hours": None}).json()["max_age_hours"] is None
    assert root.post("/api/tags", {"name": "edge"}).json()["max_age_hours"] is None


@pytest.mark.parametrize("hours", [0, -1, 1.5, MOST_HOURS + 1, 10**30, "a day", "", True, [24], {"hours": 24}])
def test_a_wrong_objective_is_a_400_that_names_the_field(root: APIClient, hours: object) -> None:
    answer = root.post("/api/tags", {"name": "core", "max_age_hours": hours})
    assert (answer.status_code, list(answer.json()["errors"])) == (400, ["max_age_hours"])
    assert not Tag.objects.exists()


def test_the_worklist_says_what_is_stale_since_when_and_why(root: APIClient) -> None:
    login = Credential.objects.create(name="jump", username="jump")
    gateway = Gateway.objects.create(name="jump1", address="192.0.2.9", credential=login)
    late = add_aged("late", 30, 24, 48, gateway=gateway)
    add_backup(late)
    add_failure(late, "unreachable", "An older one.")
    failure = add_failure(late, "timeout", "No answer within 60 s.")
    never = add_aged("never", None, 48)
    add_aged("in-time", 1, 24)
    rows = root.get("/api/stale").json()["results"]
    assert [row["hostname"] for row in rows] == ["never", "late"]
    assert rows[1] == {
        "id": str(late.pk),
        "hostname": "late",
        "platform": "ios",
        "tags": ["t24", "t48"],
        "effective_gateway": "jump1",
        "objective_hours": 24,
        "objective_tags": ["t24"],
        "stale_since": rows[1]["stale_since"],
        "last_success_at": rows[1]["last_success_at"],
        "last_attempt_at": rows[1]["last_attempt_at"],
        "reason": "timeout",
        "error": "No answer within 60 s.",
        "backup": str(failure.pk),
    }
    assert root.get(f"/api/devices/{late.pk}").json()["stale_since"] == rows[1]["stale_since"]
    untried = {name: rows[0][name] for name in ("reason", "error", "backup", "last_success_at", "last_attempt_at")}
    assert untried == {
        "reason": "untried",
        "error": "",
        "backup": None,
        "last_success_at": None,
        "last_attempt_at": None,
    }
    assert rows[0]["id"] == str(never.pk)


def test_a_failure_that_is_kept_no_more_leaves_its_reason(root: APIClient) -> None:
    add_failure(add_aged("late", 30, 24)).delete()
    (row,) = root.get("/api/stale").json()["results"]
    assert (row["reason"], row["error"], row["backup"]) == ("timeout", "", None)


def test_a_good_backup_takes_a_device_off_the_worklist(root: APIClient) -> None:
    device = add_aged("late", 30, 24)
    assert hostnames(root, "/api/stale") == ["late"]
    Device.objects.filter(pk=device.pk).update(last_success_at=timezone.now())
    assert hostnames(root, "/api/stale") == []


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", ["never", "silent", "edge"]),
        ("?tag=t24", ["silent", "edge"]),
        ("?tag=nowhere", []),
        ("?platform=eos", ["edge"]),
        ("?reason=timeout", ["silent"]),
        ("?reason=untried", ["never", "edge"]),
        ("?reason=timeout&platform=eos", []),
        ("?page_size=1&page=2", ["silent"]),
    ],
)
def test_the_worklist_is_narrowed(root: APIClient, query: str, found: list[str]) -> None:
    add_failure(add_aged("silent", 90, 24))
    add_aged("edge", 30, 24, platform=Platform.objects.get(slug="eos"), last_status="completed")
    add_aged("never", None, 1)
    assert hostnames(root, f"/api/stale{query}") == found


def test_a_reason_that_is_none_is_a_400(root: APIClient) -> None:
    answer = root.get("/api/stale?reason=bad-luck")
    assert (answer.status_code, list(answer.json()["errors"])) == (400, ["reason"])


@pytest.mark.parametrize("permission", READER)
def test_the_worklist_takes_the_right_to_see_devices_and_backups(client_with: MakeClient, permission: str) -> None:
    assert client_with(permission).get("/api/stale").status_code == 403
    assert client_with(*READER).get("/api/stale").status_code == 200


def test_devices_of_others_are_not_on_the_worklist(client_with: MakeClient) -> None:
    hidden = add_aged("hidden", 30, 24)
    add_aged("seen", 30, 24)
    restricted = Tag.objects.create(name="restricted")
    restricted.groups.add(Group.objects.create(name="others"))
    hidden.tags.add(restricted)
    assert hostnames(client_with(*READER), "/api/stale") == ["seen"]


def test_the_quotation_from_a_configuration_is_for_its_readers_only(client_with: MakeClient) -> None:
    add_failure(add_aged("late", 30, 24), "incomplete", "Its last line is “interface Gi0/1”.")
    (row,) = client_with(*READER).get("/api/stale").json()["results"]
    assert row["error"] == QUOTED
    (row,) = client_with(*READER, "backups.view_config").get("/api/stale").json()["results"]
    assert row["error"] == "Its last line is “interface Gi0/1”."
