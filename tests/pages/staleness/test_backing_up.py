"""Backing up what is stale, from the worklist."""

import re
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.urls import reverse

from backups.models import Backup, Job
from devices.models import Platform, Tag
from tests.pages.staleness.records import (
    BUTTON,
    STALE,
    Login,
    add_device,
    text_of,
)


def test_the_selected_are_backed_up_and_no_others(login: Login) -> None:
    devices = [add_device(f"core{number}", 24, good=30) for number in range(3)]
    form = {"which": "selected", "device": [str(device.pk) for device in devices[:2]]}
    answer = login("operator").post(reverse(BUTTON), form, follow=True)
    job = Job.objects.get()
    assert answer.redirect_chain == [(reverse("pages:job", args=[job.pk]), 302)]
    assert "Backup of 2 devices requested." in answer.content.decode()
    assert job.trigger == Job.Trigger.PAGE
    assert {backup.device for backup in Backup.objects.active()} == set(devices[:2])


def test_all_means_all_that_are_stale_and_match_on_every_page(login: Login) -> None:
    for number in range(60):
        add_device(f"core{number:02}", 24, good=30)
    add_device("in-time", 24, good=1)
    add_device("off", 24, good=30, enabled=False)
    add_device("edge", 24, good=30, platform=Platform.objects.get(slug="eos"))
    operator = login("operator")
    text = text_of(operator, STALE, platform="ios", page="2")
    assert "Back up all 60" in text
    action = re.findall(r'<form method="post" action="(/stale/[^"]+)"', text)
    assert action == [f"{reverse(BUTTON)}?platform=ios"]
    operator.post(action[0], {"which": "all"})
    backed_up = {backup.device.hostname for backup in Backup.objects.active()}
    assert backed_up == {f"core{number:02}" for number in range(60)}


@pytest.mark.parametrize(
    ("form", "sentence"),
    [
        ({}, "Select devices first."),
        ({"which": "selected"}, "Select devices first."),
        ({"which": "selected", "device": ["nonsense", ""]}, "Select devices first."),
        ({"device": ["00000000-0000-4000-8000-000000000000"]}, "No such device."),
        ({"which": "all"}, "No device is stale any more."),
    ],
)
def test_nothing_to_back_up_is_told_where_one_was(login: Login, form: dict[str, Any], sentence: str) -> None:
    add_device("in-time", 24, good=1)
    answer = login("operator").post(f"{reverse(BUTTON)}?reason=timeout", form, follow=True)
    assert answer.redirect_chain == [(f"{reverse(STALE)}?reason=timeout", 302)]
    assert sentence in answer.content.decode()
    assert not Job.objects.exists()


def test_devices_that_the_user_does_not_see_are_not_backed_up(login: Login) -> None:
    hidden = add_device("theirs", 24, good=30)
    restricted = Tag.objects.create(name="restricted")
    restricted.groups.add(Group.objects.create(name="others"))
    hidden.tags.add(restricted)
    operator = login("operator")
    for form in ({"device": [str(hidden.pk)]}, {"which": "all"}):
        answer = operator.post(reverse(BUTTON), form, follow=True)
        assert "theirs" not in answer.content.decode()
    assert not Backup.objects.exists()


def test_only_who_may_run_backups_has_the_buttons_and_only_by_a_post_with_its_token(login: Login) -> None:
    device = add_device("core1", 24, good=30)
    assert "Back up" not in text_of(login("reader"))
    assert 'type="checkbox"' not in text_of(login("reader"))
    form = {"device": [str(device.pk)]}
    assert login("reader").post(reverse(BUTTON), form).status_code == 403
    operator = login("operator")
    assert operator.get(reverse(BUTTON)).status_code == 405
    operator.handler.enforce_csrf_checks = True
    assert operator.post(reverse(BUTTON), form).status_code == 403
    assert not Backup.objects.exists()
