"""Devices that are stale or not, and what one reads of them."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from django.test import Client
from django.urls import reverse

from backups.models import Backup, Job
from devices.models import Device, Platform, Tag
from tests.pages.conftest import make_backup

Login = Callable[..., Client]
NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
STALE = "pages:stale"
BUTTON = "pages:back-up-stale"


def hours_ago(number: float) -> datetime:
    return NOW - timedelta(hours=number)


def add_device(hostname: str, *objectives: int, good: float | None = None, **fields: Any) -> Device:
    """A device recorded 100 hours ago, last backed up `good` hours ago, with a tag for each objective."""
    details = {"address": "192.0.2.1", "platform": Platform.objects.get(slug="ios")} | fields
    device = Device.objects.create(hostname=hostname, **details)
    times = {"created_at": hours_ago(100), "last_success_at": None if good is None else hours_ago(good)}
    Device.objects.filter(pk=device.pk).update(**times)
    device.tags.set(Tag.objects.get_or_create(name=f"within-{h}", max_age_hours=h)[0] for h in objectives)
    return device


def add_failure(device: Device, reason: str = "timeout", error: str = "No answer within 60 s.") -> Backup:
    """An attempt half an hour ago."""
    job = Job.objects.create(trigger="schedule", status="failed")
    backup = make_backup(job, device, minutes_ago=30, status="failed", failure_reason=reason, error=error)
    state = {"last_status": "failed", "last_failure_reason": reason, "last_attempt_at": backup.finished_at}
    Device.objects.filter(pk=device.pk).update(**state)
    return backup


def text_of(client: Client, name: str = STALE, *args: Any, **query: str) -> str:
    answer = client.get(reverse(name, args=args), query)
    assert answer.status_code == 200
    return answer.content.decode()


def hostnames(text: str) -> list[str]:
    """Of the rows of a list, in their order."""
    return re.findall(r'<th scope="row"><a href="/devices/[^"]+">([^<]+)</a>', text)


def row_of(text: str, hostname: str) -> str:
    """What one reads in a row of a list, without markup."""
    (row,) = [row for row in re.findall(r"<tr>.*?</tr>", text, re.DOTALL) if f">{hostname}</a>" in row]
    return " ".join(re.sub(r"<[^>]+>", " ", row).replace("\xa0", " ").split())
