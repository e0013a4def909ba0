"""The dashboard: each number is that of the rows, and the list that it leads to shows exactly that many."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import Group
from django.test import Client
from django.urls import reverse

from backups.models import Backup, Job, WorkerProcess
from credentials.models import Credential
from devices.models import Device, HostKey, Platform, Tag
from tests.pages.conftest import make_backup, make_key
from tests.scheduling.conftest import make_schedule

Login = Callable[..., Client]
NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
GOOD: dict[str, Any] = {"file_path": "f", "content_hash": "0" * 64, "version": 2, "changed": False}


@pytest.fixture(autouse=True)
def eight_o_clock(db: None) -> Any:
    with time_machine.travel(NOW, tick=False):
        yield


def add_device(name: str, status: str, reason: str = "", **fields: Any) -> Device:
    """A device with its last attempt two hours ago."""
    moment = NOW - timedelta(hours=2)
    device = Device.objects.create(
        hostname=name,
        address="192.0.2.1",
        platform=Platform.objects.get(slug="ios"),
        last_status=status,
        last_failure_reason=reason,
        last_attempt_at=moment if status else None,
        last_success_at=moment if status == "completed" else None,
        **fields,
    )
    Device.objects.filter(pk=device.pk).update(created_at=NOW - timedelta(days=9))
    return device


@pytest.fixture
def fleet() -> Job:
    """Devices in every state, and what ended today, yesterday and earlier; one device is hidden from most."""
    job = Job.objects.create(trigger="schedule", status="failed")
    Tag.objects.create(name="core", max_age_hours=24)
    secret = Tag.objects.create(name="secret")
    secret.groups.add(Group.objects.create(name="insiders"))
    for number in range(4):
        device = add_device(f"good{number}", "completed")
        device.tags.set(Tag.objects.filter(name="core") if number < 2 else [])
        make_backup(job, device, minutes_ago=120, **GOOD | ({"changed": True} if number == 0 else {}))
        make_backup(job, device, minutes_ago=60 * 30, **GOOD)
    for reason in ("timeout", "timeout", "authentication", "incomplete"):
        device = add_device(f"bad{Device.objects.count()}", "failed", reason)
        device.tags.set(Tag.objects.filter(name="core"))
        file = {"file_path": "f", "content_hash": "1" * 64} if reason == "incomplete" else {}
        make_backup(job, device, minutes_ago=120, status="failed", failure_reason=reason, **file)
    make_key(Device.objects.get(hostname="good1"), "new", HostKey.State.OFFERED)
    add_device("new1", "")
    add_device("off1", "failed", "timeout", enabled=False)
    hidden = add_device("hidden1", "failed", "unreachable")
    hidden.tags.add(secret)
    make_backup(job, hidden, minutes_ago=120, status="failed", failure_reason="unreachable")
    make_key(hidden, "new", HostKey.State.OFFERED)
    return job


def text_of(client: Client, path: str = "/") -> str:
    answer = client.get(path)
    assert answer.status_code == 200, path
    return str(answer.content.decode())


def numbers(text: str) -> dict[str, int]:
    """By the address that it leads to: each number on a page that is a link."""
    links = re.findall(r'<a href="([^"]+)"[^>]*>(?:<strong>)?([\d\u202f]+)(?:</strong>)?(?: [^<]*)?</a>', text)
    return {path.replace("&amp;", "&"): int(number.replace("\u202f", "")) for path, number in links}


def listed(client: Client, path: str) -> int:
    """How many a list says that it shows."""
    text = text_of(client, path)
    found = re.search(r'<p class="nr-quiet">([\d\u202f]+) (?:device|backup|key)', text)
    return int(found[1].replace("\u202f", "")) if found else text.count("nr-empty") - 1


@pytest.mark.parametrize(("user", "failed", "keys"), [("superuser", 5, 2), ("operator", 4, 1)])
def test_each_number_leads_to_a_list_of_as_many(user: str, failed: int, keys: int, fleet: Job, login: Login) -> None:
    client = login(user)
    shown = numbers(text_of(client))
    assert {path: listed(client, path) for path in shown} == shown
    day = Backup.objects.filter(finished_at__gte=NOW - timedelta(hours=24)).exclude(device__hostname="hidden1")
    extra = failed - 4
    assert shown["/backups/"] == day.count() + extra == 8 + extra
    assert shown["/backups/?status=completed"] == 4
    assert shown["/backups/?status=failed"] == failed
    assert shown["/backups/?status=failed&reason=timeout"] == 2
    assert shown["/backups/?changed=yes"] == 1
    assert shown["/devices/?status=failed"] == failed
    assert shown["/devices/?status=failed&reason=authentication"] == 1
    assert shown["/devices/?stale=no"] == 2
    assert shown["/devices/?status=disabled"] == 1
    assert shown["/stale/"] == 4
    assert shown["/host-keys/"] == keys
    assert shown["/backups/?waiting=yes"] == 1
    assert shown["/backups/?day=2026-11-23&status=completed"] == 4


def test_coverage_says_what_it_counts(fleet: Job, login: Login) -> None:
    client = login("operator")
    text = re.sub(r"<[^>]+>", "", text_of(client))
    assert "33 % 2 of 6 devices" in text
    assert "Not counted: 3 without an objective, and 1 disabled." in text
    Tag.objects.update(max_age_hours=None)
    text = re.sub(r"<[^>]+>", "", text_of(client))
    assert "44 % 4 of 9 devices" in text
    assert "completed their last backup, however old it is; 4 failed; 1 never had one." in text
    assert "No device has an objective." in text


def test_changes_are_shown_with_their_size(fleet: Job, login: Login) -> None:
    Backup.objects.filter(changed=True).update(lines_added=12, lines_removed=3)
    text = text_of(login("operator"))
    assert '<span class="nr-added">+12</span> <span class="nr-removed">−3</span>' in text


def test_what_needs_a_person_is_told_and_nothing_else(fleet: Job, login: Login) -> None:
    make_schedule("nightly", enabled=False, disabled_reason="There is no time zone “X”.")
    make_schedule("paused", enabled=False)
    client = login("superuser")
    text = text_of(client)
    assert "No worker gives a sign of life" in text
    assert "nightly</a> was disabled by NetRaven: There is no time zone “X”." in text
    assert "paused" not in text
    assert "nightly" not in text_of(login("operator")), "schedules are for who may see them"
    WorkerProcess.objects.create(name="a:1", host="a")
    HostKey.objects.all().delete()
    Tag.objects.update(max_age_hours=None)
    Device.objects.exclude(last_status="completed").update(last_status="completed", last_failure_reason="")
    assert "Nothing does." in text_of(login("operator"))


def test_the_chart_has_a_title_and_a_table_and_no_style(fleet: Job, login: Login) -> None:
    text = text_of(login("superuser"))
    svg = re.search(r"<svg viewBox=\"0 0 720.*?</svg>", text, re.DOTALL)
    assert svg
    assert 'role="img" aria-labelledby="chart-title chart-desc"' in svg[0]
    assert "8 backups completed, 5 failed and 1 brought a change in the last 30 days." in svg[0]
    assert "<title>Tue 2026-11-24: 4 completed, 5 failed, 1 changed</title>" in svg[0]
    assert "style=" not in text
    assert "<summary>The numbers, day by day</summary>" in text
    bars = [tuple(map(int, bar)) for bar in re.findall(r'y="(\d+)" width="\d+" height="(\d+)"', svg[0])]
    assert all(y >= 0 and height >= 2 and y + height <= 120 for y, height in bars)


def test_running_jobs_are_the_only_part_that_is_asked_for_again(fleet: Job, login: Login) -> None:
    job = Job.objects.create(trigger="page", status="running")
    for device in Device.objects.filter(hostname__in=["good0", "good1", "hidden1"]):
        Backup.objects.create(job=job, device=device, status="running" if device.hostname == "good0" else "pending")
    make_backup(job, Device.objects.get(hostname="good2"), minutes_ago=1, status="failed", failure_reason="timeout")
    operator = login("operator")
    assert text_of(operator).count("hx-get") == 1
    part = text_of(operator, reverse("pages:dashboard-jobs"))
    assert "<html" not in part
    assert 'hx-trigger="every 3s"' in part
    assert "1 of 3</strong> ended" in part
    assert "1 failed" in part
    Job.objects.update(status="completed")
    assert 'hx-trigger="every 20s"' in text_of(operator, reverse("pages:dashboard-jobs"))


def test_a_new_installation_is_led_through_three_steps(login: Login) -> None:
    client = login("superuser")
    text = text_of(client)
    assert text.count('class="nr-done"') == 0
    assert reverse("admin:credentials_credential_add") in text
    Credential.objects.create(name="lab", username="backup")
    assert text_of(client).count('class="nr-done"') == 1
    device = add_device("first1", "")
    assert text_of(client).count('class="nr-done"') == 2
    assert reverse("pages:devices") in text
    job = Job.objects.create(trigger="page", status="failed")
    make_backup(job, device, minutes_ago=1, status="failed", failure_reason="timeout")
    assert "Coverage" in text_of(client), "what went wrong is shown beside the steps"
    Device.objects.update(last_status="completed", last_success_at=NOW)
    assert "The first three steps" not in text_of(client)


def test_who_may_not_see_devices_is_told_whom_to_ask(login: Login) -> None:
    text = text_of(login("nobody"))
    assert "may not see devices" in text
    assert "An administrator grants that" in text
    answer = login("nobody", "devices.view_device").get("/")
    assert answer["Location"] == reverse("pages:devices")


def test_the_dashboard_asks_no_more_for_more(fleet: Job, login: Login, django_assert_max_num_queries: Any) -> None:
    for number in range(30):
        make_backup(fleet, add_device(f"more{number}", "completed"), minutes_ago=5, **GOOD | {"changed": True})
        Job.objects.create(trigger="page", status="running")
    client = login("superuser")
    text_of(client)
    with django_assert_max_num_queries(20):
        text_of(client)
