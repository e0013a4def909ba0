"""The worklist of stale devices, and what the other pages and the console say of objectives."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import Group
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from backups.models import Backup, Job
from backups.secrecy import QUOTED
from backups.staleness import REASONS
from backups.templatetags.records import age, hours
from credentials.models import Credential
from devices.models import Device, Gateway, Platform, Tag
from tests.pages.conftest import make_backup

Login = Callable[..., Client]
NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
STALE = "pages:stale"
BUTTON = "pages:back-up-stale"


@pytest.fixture(autouse=True)
def eight_o_clock(db: None) -> Any:
    with time_machine.travel(NOW, tick=False):
        yield


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


def test_the_device_page_says_whether_the_objective_is_met(login: Login) -> None:
    operator = login("operator")
    device = add_device("core1", 24, 168, good=30)

    def objective() -> str:
        text = text_of(operator, "pages:device", device.pk)
        found = re.search(r"<dt>Objective</dt><dd>(.*?)</dd>", text, re.DOTALL)
        return " ".join(re.sub(r"<[^>]+>", " ", found[1]).replace("\xa0", " ").split()) if found else ""

    assert objective() == "▲ Stale for 6 hours , 24 h within-24"
    Device.objects.update(last_success_at=hours_ago(1))
    assert objective() == "✓ In time 24 h within-24"
    Device.objects.update(enabled=False, last_success_at=None)
    assert objective() == "24 h within-24"
    device.tags.clear()
    assert objective() == ""


def test_the_device_list_says_whether_the_objective_is_met_and_shows_the_stale_only(login: Login) -> None:
    add_device("late", 24, good=30)
    add_device("in-time", 168, good=30)
    add_device("free", good=30)
    operator = login("operator")
    text = text_of(operator, "pages:devices")
    assert "▲ Stale 24 h" in row_of(text, "late")
    assert "✓ In time 7 days" in row_of(text, "in-time")
    assert not {"Stale", "In time"} & set(row_of(text, "free").split())
    assert 'Stale <span class="nr-tally">1</span>' in text
    text = text_of(operator, "pages:devices", stale="yes")
    assert hostnames(text) == ["late"]
    assert '<option value="yes" selected>Stale (1)</option>' in text
    assert hostnames(text_of(operator, "pages:devices", stale="yes", q="in-time")) == []
    assert len(hostnames(text_of(operator, "pages:devices", stale="perhaps"))) == 3


def test_who_may_not_see_backups_is_not_led_to_the_list(login: Login) -> None:
    add_device("late", 24, good=30)
    assert reverse(STALE) in text_of(login("viewer"), "pages:devices")
    text = text_of(login("nobody", "devices.view_device"), "pages:devices")
    assert reverse(STALE) not in text
    assert "nr-tally" not in text


@pytest.mark.parametrize("page", [STALE, "pages:devices", "admin:devices_tag_changelist"])
def test_a_list_takes_as_many_queries_for_thirty_stale_devices_as_for_three(login: Login, page: str) -> None:
    client, counted = login("superuser"), []
    for start, stop in ((0, 3), (3, 30)):
        for number in range(start, stop):
            device = add_device(f"core{number}", 24, number + 1, good=100)
            add_failure(device)
        with CaptureQueriesContext(connection) as asked:
            text_of(client, page)
        counted.append(len(asked))
    assert counted[0] == counted[1] <= 14


def test_tags_in_the_console_tell_their_objective_and_how_many_are_stale(login: Login) -> None:
    add_device("late", 24, 48, good=30)
    add_device("hidden", 48, good=60).tags.add(restricted := Tag.objects.create(name="restricted"))
    restricted.groups.add(Group.objects.create(name="others"))
    url = f"{reverse('admin:devices_device_changelist')}?tags__id__exact={Tag.objects.get(name='within-48').pk}"
    text = text_of(login("superuser"), "admin:devices_tag_changelist")
    assert f'<a href="{url}&amp;stale=yes">2</a>'.replace("&amp;", "&") in text.replace("&amp;", "&")
    assert '<td class="field-objective">48 h</td>' in text
    assert '<td class="field-objective">–</td>' in text
    viewer = login("nobody", "devices.view_tag", staff=True)
    assert f'stale=yes">{1}</a>' in text_of(viewer, "admin:devices_tag_changelist")
    assert 'stale=yes">2</a>' not in text_of(viewer, "admin:devices_tag_changelist"), "one of them is of others"


def test_the_form_of_a_tag_takes_an_objective_and_refuses_a_wrong_one(login: Login) -> None:
    root = login("superuser")
    tag = Tag.objects.create(name="core")
    url = reverse("admin:devices_tag_change", args=[tag.pk])
    lines = {f"tag_credentials-{name}": "0" for name in ("TOTAL_FORMS", "INITIAL_FORMS")}
    form = {"name": "core", "color": "#123456"} | lines
    for value in ("0", "-1", "a day", "99999999"):
        assert "errorlist" in root.post(url, form | {"max_age_hours": value}).content.decode(), value
    assert root.post(url, form | {"max_age_hours": "24"}).status_code == 302
    tag.refresh_from_db()
    assert tag.max_age_hours == 24
    assert root.post(url, form | {"max_age_hours": ""}).status_code == 302
    tag.refresh_from_db()
    assert tag.max_age_hours is None


@pytest.mark.parametrize(
    ("query", "found"),
    [({}, {"late", "in-time", "free", "off"}), ({"stale": "yes"}, {"late"}), ({"stale": "no"}, {"in-time"})],
)
def test_devices_in_the_console_are_narrowed_to_the_stale_ones(
    login: Login, query: dict[str, str], found: set[str]
) -> None:
    add_device("late", 24, good=30)
    add_device("in-time", 168, good=30)
    add_device("free", good=30)
    add_device("off", 24, good=30, enabled=False)
    text = text_of(login("superuser"), "admin:devices_device_changelist", **query)
    assert {name for name in ("late", "in-time", "free", "off") if f">{name}</a>" in text} == found


def test_the_action_in_the_console_takes_the_filter(login: Login) -> None:
    late, fine = add_device("late", 24, good=30), add_device("in-time", 168, good=30)
    form = {"action": "back_up_selected", "_selected_action": [str(late.pk), str(fine.pk)], "select_across": "1"}
    login("superuser").post(f"{reverse('admin:devices_device_changelist')}?stale=yes", form)
    assert [backup.device for backup in Backup.objects.active()] == [late]


@pytest.mark.parametrize(
    ("number", "words"),
    [(None, "–"), (1, "1 h"), (24, "24 h"), (47, "47 h"), (48, "2 days"), (50, "50 h"), (168, "7 days")],
)
def test_hours_are_said_as_people_say_them(number: int | None, words: str) -> None:
    assert hours(number) == words


def test_an_age_is_told_with_its_moment() -> None:
    assert age(None) == "–"
    assert ">a moment</time>" in age(NOW)
    assert 'title="2026-11-23 08:00:00 UTC">1\xa0day</time>' in age(hours_ago(24))
