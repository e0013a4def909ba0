"""The pages of schedules in the console, and what a browser sends of their forms."""

from collections.abc import Callable
from typing import Any

from django.contrib.auth.models import Group
from django.test import Client
from django.urls import reverse

from devices.models import Device, Tag
from scheduling.models import Schedule

Login = Callable[..., Client]
LIST, ADD = "/admin/scheduling/schedule/", "/admin/scheduling/schedule/add/"
EDITOR = (
    "scheduling.view_schedule",
    "scheduling.add_schedule",
    "scheduling.change_schedule",
    "devices.view_device",
    "devices.view_tag",
    "devices.view_platform",
)
VALID = {
    "name": "nightly",
    "enabled": "on",
    "schedule_type": "daily",
    "time_zone": "Europe/Berlin",
    "time": "02:30",
    "day_rule": "day",
    "start_at_0": "2026-12-01",
    "start_at_1": "00:00",
    "spread_minutes": "0",
    "all_devices": "on",
    "tag_match": "any",
    "missed": "run_once",
    "overlap": "join",
}


def change(schedule: Schedule) -> str:
    return reverse("admin:scheduling_schedule_change", args=[schedule.pk])


def button(name: str, schedule: Schedule) -> str:
    return reverse(f"admin:scheduling_schedule_{name}", args=[schedule.pk])


def text_of(client: Client, url: str) -> str:
    answer = client.get(url)
    assert answer.status_code == 200
    return answer.content.decode()


def filled(client: Client, url: str, **more: Any) -> dict[str, Any]:
    """What a browser without JavaScript would send of this page, if more is filled in; None leaves a field out."""
    form = client.get(url).context["adminform"].form
    data: dict[str, Any] = {}
    for field in form:
        value = field.value()
        if field.name in ("start_at", "end_at"):
            for number, part in enumerate(field.field.widget.decompress(value)):
                data[f"{field.name}_{number}"] = str(part or "")
        elif isinstance(value, (list, tuple)):
            offered = {str(choice.pk) for choice in getattr(field.field, "queryset", [])}
            data[field.name] = [str(getattr(one, "pk", one)) for one in value]
            if hasattr(field.field, "queryset"):
                data[field.name] = [one for one in data[field.name] if one in offered]
        elif value or (value is not False and value == 0):
            data[field.name] = "on" if value is True else str(value)
    return {name: value for name, value in (data | more).items() if value is not None}


def errors(client: Client, url: str, data: dict[str, Any]) -> dict[str, list[str]]:
    answer = client.post(url, data)
    assert answer.status_code == 200, "it was saved"
    found = answer.context["adminform"].form.errors
    return {name: list(told) for name, told in found.items()}


def hide(*devices: Device) -> None:
    theirs = Tag.objects.create(name="theirs")
    theirs.groups.add(Group.objects.create(name="others"))
    theirs.devices.add(*devices)
