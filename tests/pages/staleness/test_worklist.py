"""The worklist of stale devices."""

from datetime import timedelta

import pytest
import time_machine
from django.contrib.auth.models import Group
from django.urls import reverse

from backups.models import Backup, Job
from backups.secrecy import QUOTED
from backups.staleness import REASONS
from credentials.models import Credential
from devices.models import Device, Gateway, Platform, Tag
from tests.pages.staleness.records import NOW, STALE, Login, add_device, add_failure, hostnames, row_of, text_of


def test_a_row_says_what_is_stale_for_how_long_and_why(login: Login) -> None:
    jump = Credential.objects.create(name="jump", username="jump")
    gateway = Gateway.objects.create(name="jump1", address="192.0.2.9", credential=jump)
    device = add_device("core1", 24, 48, good=30, gateway=gateway)
    failure = add_failure(device)
    text = text_of(login("operator"))
    assert row_of(text, "core1") == (
        f"core1 {device.platform} 6 hours Timed out , 30 minutes ago No answer within 60 s. "
        "24 h within-24 1 day ago jump1"
    )
    assert reverse("pages:device", args=[device.pk]) in text
    assert f'<a href="{reverse("pages:backup", args=[failure.pk])}">Timed out</a>' in text
    assert 'title="2026-11-24 02:00:00 UTC">6\xa0hours' in text


def test_a_device_that_nobody_tried_says_so(login: Login) -> None:
    add_device("never", 24)
    add_device("forgotten", 24, good=30, last_status="completed")
    text = text_of(login("operator"))
    assert "3 days Not tried yet 24 h within-24 never added 4 days ago" in row_of(text, "never")
    assert "6 hours Not tried since 24 h within-24 1 day ago" in row_of(text, "forgotten")


def test_one_that_is_being_backed_up_says_so(login: Login) -> None:
    device = add_device("core1", 24, good=30)
    Backup.objects.create(job=Job.objects.create(trigger="page"), device=device)
    assert "▸ Running" in row_of(text_of(login("operator")), "core1")


def test_a_failure_that_is_kept_no_more_leaves_its_reason(login: Login) -> None:
    add_failure(add_device("core1", 24, good=30)).delete()
    assert "Timed out , 30 minutes ago" in row_of(text_of(login("operator")), "core1")


def test_the_quotation_from_a_configuration_is_for_its_readers_only(login: Login) -> None:
    add_failure(add_device("core1", 24, good=30), "incomplete", "Its last line is “interface Gi0/1”.")
    assert "interface Gi0/1" in text_of(login("reader"))
    text = text_of(login("viewer"))
    assert QUOTED in text
    assert "interface Gi0/1" not in text


def test_the_longest_stale_comes_first_and_disabled_ones_are_counted_only(login: Login) -> None:
    add_device("b", 24, good=30)
    add_device("a", 24, good=50)
    add_device("off", 24, good=90, enabled=False)
    add_device("off-in-time", 24, good=1, enabled=False)
    add_device("in-time", 24, good=1)
    add_device("free", good=90)
    text = text_of(login("operator"))
    assert hostnames(text) == ["a", "b"]
    assert "1 disabled device is left out." in text


def test_a_device_leaves_the_list_with_a_good_backup_and_comes_back_by_the_clock(login: Login) -> None:
    device = add_device("core1", 24, good=30)
    operator = login("operator")
    assert hostnames(text_of(operator)) == ["core1"]
    Device.objects.filter(pk=device.pk).update(last_success_at=NOW)
    assert hostnames(text_of(operator)) == []
    with time_machine.travel(NOW + timedelta(hours=24, seconds=1), tick=False):
        assert "a moment" in row_of(text_of(operator), "core1")


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({}, ["never", "silent", "edge"]),
        ({"tag": "within-24"}, ["silent", "edge"]),
        ({"tag": "within-24", "platform": "eos"}, ["edge"]),
        ({"platform": "eos"}, ["edge"]),
        ({"reason": "timeout"}, ["silent"]),
        ({"reason": "untried"}, ["never", "edge"]),
        ({"reason": "timeout", "platform": "eos"}, []),
        ({"tag": "nowhere"}, []),
        ({"tag": "\x00"}, ["never", "silent", "edge"]),
        ({"platform": "x" * 5000}, []),
        ({"reason": "bad luck"}, []),
        ({"page": "nonsense"}, ["never", "silent", "edge"]),
    ],
)
def test_the_list_is_narrowed(login: Login, query: dict[str, str], found: list[str]) -> None:
    add_failure(add_device("silent", 24, good=90))
    add_device("edge", 24, good=30, last_status="completed", platform=Platform.objects.get(slug="eos"))
    add_device("never", 1)
    text = text_of(login("operator"), STALE, **query)
    assert hostnames(text) == found
    assert ("No stale device matches." in text) is (not found)
    assert 'Stale <span class="nr-tally">3</span>' in text, "whatever is chosen"
    for name, value in query.items():
        if found and name != "page" and value != "\x00":
            assert f'<option value="{value}" selected>' in text


def test_every_reason_can_be_chosen(login: Login) -> None:
    add_device("core1", 24, good=30)
    text = text_of(login("operator"))
    for value, label in REASONS:
        assert f'<option value="{value}">{label}</option>' in text


def test_an_empty_list_says_why(login: Login) -> None:
    operator = login("operator")
    assert "No tag has an objective yet" in text_of(operator)
    assert reverse("admin:devices_tag_changelist") not in text_of(operator)
    assert reverse("admin:devices_tag_changelist") in text_of(login("superuser"))
    Tag.objects.create(name="empty", max_age_hours=24)
    assert "No device has a tag with an objective." in text_of(operator)
    add_device("core1", 24, good=1)
    text = text_of(operator)
    assert "Every device is within its objective." in text
    assert "1 device has one." in text
    assert "<select" not in text


def test_devices_and_tags_of_others_are_nowhere(login: Login) -> None:
    hidden, off = add_device("theirs", 24, good=30), add_device("off", 24, good=30, enabled=False)
    restricted = Tag.objects.create(name="restricted")
    restricted.groups.add(Group.objects.create(name="others"))
    for device in (hidden, off):
        device.tags.add(restricted)
    add_failure(hidden, error="theirs did not answer.")
    add_device("seen", 24, good=30)
    text = text_of(login("operator"))
    assert hostnames(text) == ["seen"]
    for secret in ("theirs", "restricted", "left out"):
        assert secret not in text
    assert "1 disabled device is left out." in text_of(login("superuser"))


def test_the_list_comes_in_pages_that_keep_the_filters(login: Login) -> None:
    for number in range(60):
        add_device(f"core{number:02}", 24, good=30 + number / 10)
    add_device("edge", 24, good=30, platform=Platform.objects.get(slug="eos"))
    operator = login("operator")
    text = text_of(operator, STALE, platform="ios")
    assert hostnames(text) == [f"core{number:02}" for number in range(59, 9, -1)]
    assert 'href="?platform=ios&amp;page=2"' in text
    assert hostnames(text_of(operator, STALE, platform="ios", page="2")) == [f"core{n:02}" for n in range(9, -1, -1)]
