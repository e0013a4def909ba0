"""What other pages and the console say of objectives."""

import re

import pytest
from django.contrib.auth.models import Group
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from backups.models import Backup
from backups.templatetags.records import age, hours
from devices.models import Device, Tag
from tests.pages.staleness.records import (
    NOW,
    STALE,
    Login,
    add_device,
    add_failure,
    hostnames,
    hours_ago,
    row_of,
    text_of,
)


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
