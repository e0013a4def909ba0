"""Who changed what: by the API, the console, the pages, the command line, and in bulk."""

from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from pytest_django import Settings
from rest_framework.test import APIClient

from backups.worker import Worker
from devices.models import Device, Tag
from devices.tagging import assign_tag, unassign_tag
from netraven.api_tokens.making import make_token
from netraven.audit.models import AuditEntry
from scheduling.models import Schedule
from scheduling.services import save_schedule, set_enabled
from tests.api.conftest import add_backup, add_credential, add_device
from tests.audit.conftest import Action, entries, the_entry
from tests.backups.test_worker import request
from tests.conftest import MakeDevice
from tests.pages.conftest import MakeUser

pytestmark = pytest.mark.django_db


def client_with_token(user: User, **limits: Any) -> APIClient:
    return APIClient(HTTP_AUTHORIZATION=f"Bearer {make_token(user, **limits)[1]}", HTTP_X_REQUEST_ID="from-outside")


@pytest.mark.parametrize("scopes", [[], ["devices:write"]])
def test_a_change_by_a_token_names_its_user_and_the_token(make_user: MakeUser, scopes: list[str]) -> None:
    device = add_device(description="first floor")
    user = make_user("superuser")
    client = client_with_token(user, name="ticket system", scopes=scopes)
    client.patch(f"/api/devices/{device.pk}", {"address": "192.0.2.99", "enabled": False}, REMOTE_ADDR="198.51.100.7")
    entry = the_entry(action=Action.UPDATE, object_pk=str(device.pk))
    assert (entry.actor, entry.actor_name, entry.via) == (user, user.username, "api")
    assert (entry.token_name, entry.remote_addr, entry.cid) == ("ticket system", "198.51.100.7", "from-outside")
    assert entry.changes == {"address": ["192.0.2.1", "192.0.2.99"], "enabled": [True, False]}
    assert (entry.object_repr, entry.device_id) == ("core1", device.pk)


def test_a_change_in_the_console_names_its_user_and_what_other_records_are_called(login: Any) -> None:
    device, tag, credential = add_device(), Tag.objects.create(name="core"), add_credential()
    fields = {"hostname": "core1", "address": "192.0.2.1", "platform": device.platform_id, "enabled": "on"}
    fields |= {"credential": credential.pk, "tags": [tag.pk], "description": ""}
    login("superuser").post(reverse("admin:devices_device_change", args=[device.pk]), fields)
    changed, tagged = entries(object_pk=str(device.pk), via="admin")
    assert changed.changes == {"credential": [None, "shared log-in"]}
    assert tagged.changes["tags"]["added"][0]["name"] == "core"
    assert changed.actor_name == tagged.actor_name == User.objects.get().username
    assert changed.token_name == ""


def test_the_address_behind_a_proxy_is_the_one_that_the_proxy_saw(settings: Settings, root: APIClient) -> None:
    settings.BEHIND_PROXY = True
    url = f"/api/devices/{add_device().pk}"
    root.patch(url, {"port": 2222}, HTTP_X_FORWARDED_FOR="6.6.6.6, 203.0.113.9", REMOTE_ADDR="127.0.0.1")
    assert the_entry(action=Action.UPDATE, via="api").remote_addr == "203.0.113.9"


def test_a_command_has_no_user_and_says_what_it_was() -> None:
    call_command("createsuperuser", username="anna", email="anna@example.org", interactive=False)
    entry = the_entry(action=Action.CREATE)
    assert (entry.actor, entry.who, entry.remote_addr) == (None, "command line", None)
    assert entry.changes["username"] == [None, "anna"]


def test_a_deleted_user_is_still_named(make_user: MakeUser) -> None:
    anna = make_user("superuser")
    client_with_token(anna).patch(f"/api/devices/{add_device().pk}", {"port": 2222})
    anna.delete()
    entry = the_entry(action=Action.UPDATE, via="api")
    assert (entry.actor, entry.who) == (None, "superuser0")


def test_who_may_do_what_and_tokens_are_in_the_trail(login: Any, make_user: MakeUser) -> None:
    bert, auditors = make_user("nobody"), Group.objects.create(name="auditors")
    bert.groups.add(auditors)
    login("superuser").post("/api/tokens", {"name": "siem", "read_only": True}, content_type="application/json")
    made = the_entry(action=Action.CREATE, object_repr__startswith="siem")
    assert made.object_repr == "siem of superuser1"
    assert made.changes == {"name": [None, "siem"], "read_only": [None, True]}
    grouped = the_entry(action=Action.UPDATE, object_pk=str(bert.pk))
    assert grouped.changes["groups"]["added"][0]["name"] == "auditors"


def test_tags_that_are_given_in_bulk_are_in_the_trail_of_each_device() -> None:
    tag, devices = Tag.objects.create(name="core"), [add_device(f"core{number}") for number in range(3)]
    assign_tag(tag, Device.objects.all())
    unassign_tag(tag, Device.objects.filter(hostname="core1"))
    assert len(entries(action=Action.UPDATE, changes__tags__added__0__name="core")) == 3
    removed = the_entry(action=Action.UPDATE, changes__tags__removed__0__name="core")
    assert removed.device_id == devices[1].pk


def test_imported_devices_are_in_the_trail_and_a_dry_run_is_not(root: APIClient) -> None:
    Tag.objects.create(name="core")
    add_device("core0")
    rows = [
        {"hostname": f"core{number}", "address": "192.0.2.5", "platform": "ios", "tags": ["core"]} for number in (0, 1)
    ]
    root.post("/api/devices/import?update=true&dry_run=true", rows)
    assert not entries(via="api")
    root.post("/api/devices/import?update=true", rows)
    created = the_entry(via="api", action=Action.CREATE)
    assert created.object_repr == "core1"
    assert created.changes["platform"] == [None, "Cisco IOS / IOS-XE"]
    assert created.changes["tags"]["added"][0]["name"] == "core"
    assert {name for entry in entries(via="api", object_repr="core0") for name in entry.changes} == {"tags", "address"}


def test_switching_schedules_is_in_the_trail_and_their_runs_are_not() -> None:
    schedule = save_schedule(Schedule(name="hourly", schedule_type="cron", cron="0 * * * *", all_devices=True))
    set_enabled(schedule, False, None)
    set_enabled(schedule, True, None)
    set_enabled(schedule, True, None)
    assert [entry.changes for entry in entries(action=Action.UPDATE)] == [
        {"enabled": [True, False]},
        {"enabled": [False, True]},
    ]


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_backups_write_nothing_into_the_trail(make_device: MakeDevice) -> None:
    device = make_device("eos")
    request(device)
    before = AuditEntry.objects.count()
    with CaptureQueriesContext(connection) as queries:
        assert Worker().run() == {"completed": 1}
    assert AuditEntry.objects.count() == before
    assert not [query for query in queries if "audit" in query["sql"]]
    assert device.host_keys.exists()
    assert Device.objects.get(pk=device.pk).serial_number


def test_decisions_about_backups_and_jobs_are_in_the_trail_and_runs_are_not_there_twice(root: APIClient) -> None:
    device = add_device()
    add_backup(device, version=1)
    half = add_backup(device, "failed", b"half of it", failure_reason="incomplete")
    root.post(f"/api/backups/{half.pk}/accept")
    root.patch(f"/api/backups/{half.pk}", {"comments": "snmp-server community hunter2 RO"})
    failed = add_backup(add_device("core2"), "failed")
    again = root.post(f"/api/jobs/{failed.job_id}/retry").json()["id"]
    root.post(f"/api/jobs/{again}/cancel")
    told = [entry for entry in entries(via="api") if entry.action != Action.CREATE]
    assert [entry.action for entry in told] == [
        Action.ACCEPT_BACKUP,
        Action.UPDATE,
        Action.RETRY_JOB,
        Action.CANCEL_JOB,
    ]
    accepted, commented, repeated, cancelled = told
    assert (accepted.object_pk, accepted.device_id, accepted.object_repr[:6]) == (str(half.pk), device.pk, "core1,")
    assert "snmp-server community <secret:" in commented.changes["comments"][1]
    assert (repeated.object_pk, repeated.additional_data) == (str(failed.job_id), {"new_job": again})
    assert cancelled.object_pk == again


def test_log_ins_and_failed_ones_are_in_the_trail(client: Client, make_user: MakeUser) -> None:
    make_user("superuser")
    for username, password in [("superuser0", "wrong"), ("hunter2", "wrong"), ("superuser0", "only for tests")]:
        client.post(reverse("admin:login"), {"username": username, "password": password})
    failed, unknown, good = entries(action__gte=Action.LOG_IN)
    assert (failed.action, failed.object_repr, failed.actor) == (Action.FAILED_LOG_IN, "superuser0", None)
    assert (unknown.action, unknown.object_repr) == (Action.FAILED_LOG_IN, "")
    assert "hunter2" not in str(vars(unknown)), "it may be a password, typed into the wrong place"
    assert (good.action, good.actor_name) == (Action.LOG_IN, "superuser0")


def test_whoever_goes_on_guessing_does_not_fill_the_trail(client: Client, make_user: MakeUser) -> None:
    make_user("superuser")
    for number in range(9):
        for username in ("superuser0", f"guess{number}"):
            client.post(reverse("admin:login"), {"username": username, "password": "wrong"})
    assert len(entries(action=Action.FAILED_LOG_IN, object_repr="superuser0")) == 5, "it is locked then"
    assert len(entries(action=Action.FAILED_LOG_IN, object_repr="")) == 1
