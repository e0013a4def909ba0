"""GET /api/audit: what it tells, what it is narrowed to, and what it does not tell whom."""

from typing import Any

import pytest
from django.contrib.auth.models import Group
from rest_framework.test import APIClient

from devices.models import Device, Tag
from netraven.api_tokens.making import make_token
from netraven.audit.models import AuditEntry
from scheduling.models import Schedule
from tests.api.conftest import add_backup, add_credential, add_device, client_of, wrong_fields
from tests.audit.conftest import Action
from tests.pages.conftest import MakeUser

pytestmark = pytest.mark.django_db
URL = "/api/audit"
AUDITOR = ("audit.view_auditentry", "devices.view_device", "backups.view_backup", "scheduling.view_schedule")


def listed(client: APIClient, **query: str) -> list[dict[str, Any]]:
    response = client.get(URL, query)
    assert response.status_code == 200, response.content
    rows: list[dict[str, Any]] = response.json()["results"]
    return rows


@pytest.fixture
def restricted() -> Device:
    """A device that only members of a group see."""
    tag, device = Tag.objects.create(name="secret site"), add_device("bunker1")
    tag.groups.add(Group.objects.create(name="others"))
    device.tags.add(tag)
    return device


def test_an_entry_says_who_did_what_to_which_record_from_where(root: APIClient) -> None:
    device = add_device()
    root.patch(f"{'/api/devices'}/{device.pk}", {"enabled": False}, HTTP_X_REQUEST_ID="r1", REMOTE_ADDR="198.51.100.7")
    row = listed(root, via="api")[0]
    assert row.pop("timestamp").endswith("Z")
    assert row.pop("id") == AuditEntry.objects.latest("id").pk
    assert row == {
        "actor": "superuser0",
        "via": "api",
        "token": "log-in",
        "address": "198.51.100.7",
        "request_id": "r1",
        "action": "update",
        "object": {"kind": "device", "id": str(device.pk), "name": "core1"},
        "device_id": str(device.pk),
        "masked": None,
        "changes": [{"field": "enabled", "old": True, "new": False, "added": [], "removed": [], "hidden": 0}],
        "details": {},
    }


def test_the_list_is_narrowed(root: APIClient) -> None:
    device = add_device()
    backup = add_backup(device)
    root.get(f"/api/backups/{backup.pk}/content?masked=true")
    root.delete(f"/api/tags/{Tag.objects.create(name='old').pk}")
    middle = AuditEntry.objects.get(action=Action.READ_CONFIG).timestamp.isoformat()
    narrowed = {
        "read_config": [{"action": "read_config"}, {"kind": "backup"}, {"object": str(backup.pk)}, {"masked": "true"}],
        "delete": [{"actor": "superuser0", "action": "delete"}, {"kind": "tag", "via": "api"}],
        "create": [{"device": str(device.pk), "until": middle}, {"until": middle, "object": str(device.pk)}],
    }
    for action, queries in narrowed.items():
        for query in queries:
            assert [row["action"] for row in listed(root, **query)] == [action], query
    assert [row["action"] for row in listed(root, since=middle, via="api")] == ["delete", "read_config"]
    assert {row["object"]["name"][:5] for row in listed(root, name="core")} == {"core1"}
    both = root.get(f"{URL}?action=delete&action=read_config").json()["results"]
    assert [row["action"] for row in both] == ["delete", "read_config"]
    for name, value in {"action": "burn", "kind": "fax", "since": "now", "masked": "maybe", "who": "anna"}.items():
        response = root.get(URL, {name: value})
        assert (response.status_code, wrong_fields(response)) == (400, [name])


def test_a_cursor_leads_through_all_of_it_once(root: APIClient) -> None:
    for number in range(5):
        add_device(f"core{number}")
    seen, url = list[int](), f"{URL}?page_size=2&kind=device"
    while url:
        page = root.get(url).json()
        seen += [row["id"] for row in page["results"]]
        url = page["next"]
    assert len(seen) == 5
    assert seen == sorted(seen, reverse=True)


def test_devices_that_the_reader_does_not_see_are_not_in_it(make_user: MakeUser, restricted: Device) -> None:
    root, auditor = client_of(make_user("superuser")), client_of(make_user("nobody", *AUDITOR))
    backup, hidden = add_backup(add_device()), add_backup(restricted)
    schedule = Schedule.objects.create(name="nightly")
    schedule.devices.add(restricted, backup.device)
    for each in (backup, hidden):
        root.get(f"/api/backups/{each.pk}/content")
    root.get(f"/api/backups/{backup.pk}/diff?with={hidden.pk}")
    answer = auditor.get(URL).content.decode()
    assert "core1" in answer
    assert "bunker1" not in answer
    assert listed(auditor, device=str(restricted.pk)) == []
    (linked,) = [row["changes"] for row in listed(auditor, kind="schedule") if row["action"] == "update"]
    assert (linked[0]["added"], linked[0]["hidden"]) == (["core1"], 1)
    assert "bunker1" in root.get(URL).content.decode()
    hidden.delete()
    restricted.delete()
    assert "bunker1" not in auditor.get(URL).content.decode(), "nobody can say any more who may know of it"
    assert "bunker1" in root.get(URL).content.decode()


def test_kinds_of_records_that_the_reader_may_not_view_are_not_in_it(make_user: MakeUser) -> None:
    add_credential("device bunker1")  # a credential may be named after a device
    auditor = make_user("nobody", *AUDITOR)
    assert not [row for row in listed(client_of(auditor)) if row["object"]["kind"] in ("credential", "user")]
    root = make_user("superuser")
    token = make_token(root, scopes=["audit:read", "devices:read"])[1]
    scoped = APIClient(HTTP_AUTHORIZATION=f"Bearer {token}")
    add_device()
    assert {row["object"]["kind"] for row in listed(scoped)} == {"device", "user", "token"}
    assert {row["object"]["kind"] for row in listed(client_of(root))} > {"credential"}


def test_it_takes_the_permission_and_nobody_writes_into_it(make_user: MakeUser) -> None:
    assert client_of(make_user("operator")).get(URL).status_code == 403
    assert client_of(make_user("superuser")).post(URL, {}).status_code == 405
