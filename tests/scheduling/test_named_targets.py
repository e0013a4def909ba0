"""Tags and platforms that schedules name: without them a schedule would mean other devices, without a word."""

from datetime import time

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from rest_framework.test import APIClient

from devices.models import Device, Platform, Tag
from scheduling.models import Schedule
from scheduling.services import save_schedule
from scheduling.targets import Targets
from tests.api.conftest import client_of, make_user, problem_of

__all__ = ["make_user"]
pytestmark = pytest.mark.django_db


@pytest.fixture
def root(make_user: object) -> User:
    return User.objects.create_superuser("root")


@pytest.fixture
def core() -> Tag:
    return Tag.objects.create(name="core")


@pytest.fixture
def linux() -> Platform:
    """A platform without devices: those that it has keep it anyway."""
    return Platform.objects.create(slug="linux", name="Linux", driver="ios", default_port=22)


def save(name: str, **targets: object) -> Schedule:
    return save_schedule(Schedule(name=name, time=time(2)), targets=Targets(**targets))  # type: ignore[arg-type]


def delete_by_api(user: User, record: Tag | Platform) -> str:
    """As the API does it; why not, if not."""
    key = record.slug if isinstance(record, Platform) else record.pk
    client: APIClient = client_of(user)
    answer = client.delete(f"/api/{record._meta.model_name}s/{key}")
    return "" if answer.status_code == 204 else f"{answer.status_code} {problem_of(answer)['detail']}"


def delete_in_console(user: User, *records: Tag | Platform) -> str:
    """As the console does it, with its list's action; the page that says why not, if not."""
    client, name = Client(), f"admin:devices_{records[0]._meta.model_name}_changelist"
    client.force_login(user)
    chosen = {"action": "delete_selected", "post": "yes", "_selected_action": [str(record.pk) for record in records]}
    answer = client.post(reverse(name), chosen)
    return "" if answer.status_code == 302 else answer.content.decode()


@pytest.mark.parametrize("relation", ["tags", "excluded_tags"])
def test_a_tag_that_a_schedule_names_is_not_deleted(root: User, core: Tag, linux: Platform, relation: str) -> None:
    schedule = save("nightly core", platforms=[linux.pk], **{relation: [core.pk]})
    save("weekly core", platforms=[linux.pk], **{relation: [core.pk]})
    why = "Still named by the schedules “nightly core” and “weekly core”: choose other devices there first."
    assert delete_by_api(root, core) == f"409 {why}"
    other = Tag.objects.create(name="other")
    assert "the schedules “nightly core” and “weekly core”: choose other" in delete_in_console(root, core, other)
    assert [tag.name for tag in getattr(schedule, relation).all()] == ["core"]
    Schedule.objects.all().delete()
    assert delete_by_api(root, core) == ""
    assert delete_in_console(root, other) == ""
    assert not Tag.objects.exists()


def test_a_platform_that_a_schedule_names_is_not_deleted(root: User, core: Tag, linux: Platform) -> None:
    schedule = save("nightly", platforms=[linux.pk], tags=[core.pk])
    assert delete_by_api(root, linux).startswith("409 Still named by the schedule “nightly”: ")
    assert "the schedule “nightly”: choose other" in delete_in_console(root, linux)
    assert schedule.platforms.get() == linux
    Schedule.objects.all().delete()
    assert delete_in_console(root, linux) == ""


def test_names_of_schedules_are_for_those_who_may_see_them(core: Tag, make_user: object) -> None:
    save("secret plan", tags=[core.pk])
    user = make_user("anna", "devices.delete_tag", "devices.view_tag")  # type: ignore[operator]
    assert delete_by_api(user, core) == "409 Still named by 1 schedule: choose other devices there first."


def test_devices_that_have_the_tag_do_not_keep_it(root: User, core: Tag) -> None:
    device = Device.objects.create(hostname="a", address="192.0.2.1", platform=Platform.objects.first())  # type: ignore[misc]
    device.tags.add(core)
    assert delete_by_api(root, core) == ""
