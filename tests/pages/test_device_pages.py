"""The list of devices with its filters and "Back up these", the page of a device, and adding one."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from backups.models import Backup, Job, LoginAttempt
from credentials.models import Credential
from devices.models import Device, Platform, Tag, TagCredential
from tests.pages.conftest import Network, make_backup

Login = Callable[..., Client]
GOOD = {"file_path": "f", "content_hash": "0" * 64}
BULK = "pages:back-up-devices"


def text_of(client: Client, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200
    return " ".join(answer.content.decode().replace("\xa0", " ").split())


def words_of(client: Client, path: str) -> str:
    """Without markup."""
    return " ".join(re.sub(r"<[^>]+>", " ", text_of(client, path)).split())


def add_devices(*names: str, **fields: Any) -> list[Device]:
    platform = Platform.objects.get(slug=fields.pop("platform", "ios"))
    details = {"address": "192.0.2.7", "platform": platform} | fields
    return [Device.objects.create(hostname=name, **details) for name in names]


@pytest.mark.django_db
def test_each_filter_says_how_many_it_would_show(login: Login) -> None:
    good = add_devices("g1", "g2", last_status="completed", last_success_at=timezone.now())
    bad = add_devices("b1", "b2", last_status="failed", last_failure_reason="timeout", platform="junos")
    add_devices("off", enabled=False, last_status="failed")
    Tag.objects.create(name="edge", max_age_hours=5).devices.set([*good, bad[0]])
    Device.objects.filter(pk=bad[0].pk).update(created_at=timezone.now() - timedelta(days=1))
    client = login("viewer")
    text = text_of(client, reverse("pages:devices"))
    options = re.findall(r'<option value="([^"]+)"[^>]*>[^<]*\((\d+)\)</option>', text)
    assert len(options) == 9
    by_name = dict(options)
    assert by_name == {
        "completed": "2", "failed": "2", "disabled": "1", "yes": "1", "no": "2", "none": "1", "ios": "3", "junos": "2",
        "edge": "3",
    }  # fmt: skip
    names = {"edge": "tag", "ios": "platform", "junos": "platform", "yes": "stale", "no": "stale", "none": "stale"}
    for value, number in options:
        path = f"{reverse('pages:devices')}?{names.get(value, 'status')}={value}"
        assert f'<p class="nr-quiet">{number} device' in text_of(client, path), path
    both = text_of(client, reverse("pages:devices") + "?status=failed&reason=timeout&platform=ios")
    assert "No device matches" in both
    assert '<option value="timeout" selected>' in both, "what was chosen stays chosen"


def test_the_selected_are_backed_up_once_that_is_confirmed(network: Network, login: Login) -> None:
    other, off = add_devices("other1")[0], add_devices("off1", enabled=False)[0]
    client = login("operator")
    form: dict[str, Any] = {"which": "selected", "device": [str(other.pk), str(off.pk)]}
    question = client.post(reverse(BULK), form).content.decode()
    assert "Back up 1 device now?" in question
    assert "1 disabled device is left out." in question
    assert not Backup.objects.active().exists()
    answer = client.post(reverse(BULK), form | {"confirmed": "yes"}, follow=True)
    assert [backup.device for backup in Backup.objects.active()] == [other]
    assert answer.redirect_chain[0][0] == reverse("pages:job", args=[Backup.objects.active().get().job_id])
    assert b"Select devices first." in client.post(reverse(BULK), {"which": "selected"}, follow=True).content


def test_all_means_all_that_match(network: Network, login: Login) -> None:
    add_devices("edge1", "edge2", "edge3")
    client, url = login("operator"), reverse(BULK) + "?q=edge"
    question = client.post(url, {"which": "all"}).content.decode()
    assert "Back up 3 devices now?" in question
    assert "edge1, edge2, edge3" in question
    client.post(url, {"which": "all", "confirmed": "yes"})
    assert Backup.objects.active().count() == 3
    assert "Select" not in text_of(login("reader"), reverse("pages:devices"))


def test_versions_are_intervals_and_unchanged_runs_are_folded(network: Network, login: Login) -> None:
    for minutes in range(25, 21, -1):
        make_backup(network.job, network.device, minutes_ago=minutes, version=2, changed=False, **GOOD)
    Backup.objects.filter(pk=network.new.pk).update(lines_added=1, lines_removed=1)
    words = words_of(login("reader"), reverse("pages:device", args=[network.device.pk]))
    newest = Backup.objects.filter(version=2).order_by("-finished_at")[0]
    old, new, last = (f"{b.finished_at:%Y-%m-%d %H:%M:%S} UTC" for b in (network.old, network.new, newest))
    assert f"2 {new} now unchanged in 4 backups until {last} +1 −1 lines" in words
    assert f"1 {old} {new} once first version" in words


def test_a_version_whose_first_backup_retention_deleted_says_so(network: Network, login: Login) -> None:
    make_backup(network.job, network.device, minutes_ago=25, version=2, changed=False, **GOOD)
    network.new.delete()
    words = words_of(login("reader"), reverse("pages:device", args=[network.device.pk]))
    assert re.search(r"2 before \d{4}-", words)


def test_many_versions_come_in_pages(network: Network, login: Login) -> None:
    for number in range(3, 50):
        make_backup(network.job, network.device, minutes_ago=-number, version=number, changed=True, **GOOD)
    client, path = login("reader"), reverse("pages:device", args=[network.device.pk])
    assert "New: version 49" in (text := text_of(client, path))
    assert "version 29" not in text
    assert "?before=30#versions" in text
    older = text_of(client, f"{path}?before=30")
    assert "New: version 29" in older
    assert "version 30" not in older
    assert " now " not in older.split("Versions</h2>")[1].split("Attempts</h2>")[0]
    for nonsense in ("x", "-1", "9" * 30):
        assert client.get(path, {"before": nonsense}).status_code == 200


def test_a_device_with_a_long_history_takes_as_many_queries_as_one_with_a_short_one(
    network: Network, login: Login
) -> None:
    client, path = login("superuser"), reverse("pages:device", args=[network.device.pk])
    text_of(client, path)
    with CaptureQueriesContext(connection) as short:
        text_of(client, path)
    times = {"created_at": timezone.now(), "finished_at": timezone.now() - timedelta(minutes=25)}
    row = {"job": network.job, "device": network.device, "status": "completed", "version": 2, "changed": False}
    Backup.objects.bulk_create([Backup(**row | times | GOOD) for _ in range(1000)])
    with CaptureQueriesContext(connection) as long:
        assert "unchanged in 1" in text_of(client, path)
    assert len(long) == len(short) <= 22


def test_log_ins_are_named_in_their_order_and_the_one_that_works(network: Network, login: Login) -> None:
    own, by_tag, unused = (Credential.objects.create(name=name, username="u") for name in ("own", "tagged", "unused"))
    Device.objects.update(credential=own)
    TagCredential.objects.create(tag=Tag.objects.get(name="branch"), credential=by_tag)
    path = reverse("pages:device", args=[network.device.pk])
    words = words_of(login("reader", "credentials.view_credential"), path)
    assert "own its own tagged by the tag branch In the order" in words
    LoginAttempt.objects.create(credential=by_tag, device=network.device, accepted=True)
    words = words_of(login("reader", "credentials.view_credential"), path)
    assert "tagged by the tag branch; worked just now ✓ Accepted own its own In the order" in words
    assert unused.name not in words
    assert "Log-ins" not in words_of(login("reader"), path)


def test_a_waiting_configuration_is_compared_and_accepted_from_the_device(network: Network, login: Login) -> None:
    path = reverse("pages:device", args=[network.device.pk])
    assert reverse("pages:accept", args=[network.incomplete.pk]) in text_of(login("operator"), path)
    assert reverse("pages:accept", args=[network.incomplete.pk]) not in text_of(login("reader"), path)
    waiting = text_of(login("operator"), reverse("pages:backups") + "?waiting=yes")
    assert reverse("pages:accept", args=[network.incomplete.pk]) in waiting
    assert "1 backup," in waiting


def test_a_list_of_backups_comes_in_pages_without_gap_or_repetition(network: Network, login: Login) -> None:
    moment = timezone.now() - timedelta(hours=1)
    row = {"job": network.job, "device": network.device, "status": "completed", "version": 2, "changed": False}
    Backup.objects.bulk_create([Backup(finished_at=moment, **row | GOOD) for _ in range(120)])
    client, path, seen = login("reader"), reverse("pages:backups"), list[str]()
    while path:
        text = text_of(client, path)
        assert "124 backups, the last that ended first" in text
        seen += re.findall(r'href="/backups/([0-9a-f-]{36})/"', text)
        older = re.search(r'rel="next" href="([^"]+)"', text)
        path = reverse("pages:backups") + older[1].replace("&amp;", "&") if older else ""
    assert len(seen) == len(set(seen)) == 124


@pytest.mark.parametrize(
    "query", ["day=x", "day=9999-12-31", "before=x_y", "device=x", "period=x", "status=x&reason=x"]
)
def test_odd_questions_show_the_last_day(query: str, network: Network, login: Login) -> None:
    assert "4 backups" in text_of(login("reader"), f"{reverse('pages:backups')}?{query}")


@pytest.mark.django_db
def test_a_device_is_added_and_backed_up_with_one_form(login: Login) -> None:
    client, url = login("superuser"), reverse("admin:devices_device_add")
    assert 'name="_back_up"' in text_of(client, url)
    platform = Platform.objects.get(slug="ios")
    form = {"hostname": "new1", "address": "192.0.2.1", "platform": str(platform.pk), "enabled": "on", "_back_up": "1"}
    answer = client.post(url, form)
    backup = Backup.objects.get(device__hostname="new1")
    assert answer["Location"] == reverse("pages:job", args=[backup.job_id])
    assert backup.job.trigger == Job.Trigger.ADMIN
    wrong = client.post(url, form | {"hostname": "new2", "address": ""})
    assert wrong.status_code == 200
    assert Backup.objects.count() == 1
    adder = login("viewer", "devices.add_device", "devices.change_device", "devices.view_platform", staff=True)
    assert 'name="_back_up"' not in text_of(adder, url)
    adder.post(url, form | {"hostname": "new3"})
    assert Device.objects.filter(hostname="new3").exists()
    assert Backup.objects.count() == 1
