"""The trail in the console, and the histories of records."""

from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from devices.models import Tag
from netraven.audit.models import AuditEntry
from tests.api.conftest import add_device
from tests.audit.conftest import Action, the_entry
from tests.pages.conftest import Network, make_network

pytestmark = pytest.mark.django_db
LIST = "admin:audit_auditentry_changelist"
AUDITOR = ("audit.view_auditentry", "devices.view_device", "backups.view_backup")


def shown(client: Client, **query: Any) -> str:
    answer = client.get(reverse(LIST), query)
    assert answer.status_code == 200
    return answer.content.decode()


@pytest.fixture
def changed(login: Any) -> Client:
    """A browser of a superuser who has disabled a device."""
    client: Client = login("superuser")
    device = add_device()
    client.patch(f"/api/devices/{device.pk}", {"enabled": False}, content_type="application/json")
    return client


def test_the_list_says_what_changed_and_leads_to_it(changed: Client) -> None:
    text = shown(changed, kind="device", actor="superuser0")
    device = the_entry(action=Action.UPDATE, via="api")
    assert f'<a href="{reverse("admin:devices_device_change", args=[device.object_pk])}">Device core1</a>' in text
    assert "<strong>enabled</strong>: yes" in text
    assert "API, 127.0.0.1" in text


@pytest.mark.parametrize(
    ("query", "rows"),
    [
        ({"actor": "superuser0", "action__exact": "1"}, 1),
        ({"actor": "(command)", "kind": "device"}, 1),
        ({"actor": "(command)", "action__exact": "1"}, 0),
        ({"q": "core1"}, 2),
        ({"q": "superuser0", "via__exact": "api"}, 1),
        ({"kind": "tag"}, 0),
    ],
)
def test_the_list_is_filtered_and_searched(changed: Client, query: dict[str, str], rows: int) -> None:
    AuditEntry.objects.exclude(content_type__model="device").delete()
    answer = changed.get(reverse(LIST), query)
    assert len(answer.context["cl"].result_list) == rows


def test_nobody_adds_changes_or_deletes(changed: Client) -> None:
    entry = the_entry(action=Action.UPDATE, via="api")
    page = reverse("admin:audit_auditentry_change", args=[entry.pk])
    text = changed.get(page).content.decode()
    assert "enabled" in text
    assert 'name="_save"' not in text
    assert changed.post(page, {"actor_name": "somebody else"}).status_code == 403
    assert changed.get(reverse("admin:audit_auditentry_add")).status_code == 403
    assert changed.post(reverse("admin:audit_auditentry_delete", args=[entry.pk]), {"post": "yes"}).status_code == 403
    everything = {"action": "delete_selected", "_selected_action": [entry.pk], "post": "yes"}
    changed.post(reverse(LIST), everything)
    assert AuditEntry.objects.filter(pk=entry.pk, actor_name="superuser0").exists()


def test_a_page_takes_as_many_queries_for_fifty_rows_as_for_three(changed: Client) -> None:
    def count() -> int:
        with CaptureQueriesContext(connection) as queries:
            shown(changed)
        return len(queries)

    count()
    few = count()
    for number in range(60):
        add_device(f"edge{number}").tags.add(Tag.objects.get_or_create(name="edge")[0])
    assert count() <= few


def test_who_may_not_see_a_device_does_not_find_it_in_the_list(login: Any) -> None:
    tag, device = Tag.objects.create(name="secret site"), add_device("bunker1")
    tag.groups.add(Group.objects.create(name="others"))
    device.tags.add(tag)
    auditor = login("nobody", *AUDITOR, staff=True)
    assert "bunker1" not in shown(auditor)
    entry = the_entry(object_repr="bunker1", action=Action.CREATE)
    answer = auditor.get(reverse("admin:audit_auditentry_change", args=[entry.pk]))
    assert answer.status_code == 302, "as for any entry that is not there"
    assert login("reader", staff=True).get(reverse(LIST)).status_code == 403


@pytest.fixture
def network() -> Network:
    return make_network()


def test_the_history_of_a_record_is_the_trail(network: Network, login: Any) -> None:
    root = login("superuser")
    root.get(reverse("pages:backup", args=[network.new.pk]))
    root.patch(f"/api/devices/{network.device.pk}", {"port": 2222}, content_type="application/json")
    history = reverse("admin:devices_device_history", args=[network.device.pk])
    viewer = login("viewer", staff=True).get(history).content.decode()
    assert "<strong>port</strong>: nothing" in viewer
    assert "127.0.0.1" not in viewer, "where from is for who may view the trail"
    assert "127.0.0.1" in root.get(history).content.decode()
    read = reverse("admin:backups_backup_history", args=[network.new.pk])
    assert "Read configuration" in root.get(read).content.decode()
    assert "Read configuration" not in login("viewer", staff=True).get(read).content.decode()


def test_histories_are_as_closed_as_their_records(network: Network, login: Any) -> None:
    history = reverse("admin:devices_device_history", args=[network.device.pk])
    assert login("nobody", staff=True).get(history).status_code == 403
    assert Client().get(history).status_code == 302
    tag = Tag.objects.create(name="secret site")
    tag.groups.add(Group.objects.create(name="others"))
    network.device.tags.add(tag)
    assert login("viewer", staff=True).get(history).status_code == 404
    for wrong in ("/admin/devices/fax/1/history/", "/admin/sessions/session/1/history/"):
        assert login("superuser").get(wrong).status_code == 404
