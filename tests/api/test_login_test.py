"""Trying a credential on a device by the API: POST /api/credentials/{id}/test"""

import uuid
from typing import Any

import pytest
from django.contrib.auth.models import Group

from backups.models import Backup, LoginAttempt
from credentials.models import Credential
from devices.models import Device, Tag
from netraven.lab import Fault
from tests.api.conftest import MakeClient, wrong_fields
from tests.conftest import MakeDevice

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)
PERMISSIONS = ("credentials.view_credential", "backups.run_backup")


def hide(device: Device) -> None:
    tag = Tag.objects.create(name="theirs")
    tag.groups.add(Group.objects.create(name="others"))
    device.tags.add(tag)


@pytest.mark.parametrize(
    ("fault", "result", "recorded"),
    [(Fault.NONE, "accepted", 1), (Fault.WRONG_PASSWORD, "rejected", 1), (Fault.REFUSES, "unreachable", 0)],
)
def test_the_answer_is_what_the_device_said(
    make_device: MakeDevice, client_with: MakeClient, fault: Fault, result: str, recorded: int
) -> None:
    device, credential = make_device("ios", fault), Credential.objects.get()
    client = client_with(*PERMISSIONS)
    answer = client.post(f"/api/credentials/{credential.pk}/test", {"device": str(device.pk)})
    assert answer.status_code == 200
    body = answer.json()
    assert (body["result"], list(body)) == (result, ["result", "message", "seconds"])
    assert device.hostname in body["message"]
    assert LoginAttempt.objects.filter(tested_by__isnull=False, backup=None).count() == recorded
    assert not Backup.objects.exists()


def test_the_sixth_test_in_a_minute_is_too_many(make_device: MakeDevice, client_with: MakeClient) -> None:
    device, credential = make_device("ios", Fault.REFUSES), Credential.objects.get()
    client, url = client_with(*PERMISSIONS), f"/api/credentials/{credential.pk}/test"
    answers = [client.post(url, {"device": str(device.pk)}) for _ in range(6)]
    assert [answer.status_code for answer in answers] == [200] * 5 + [429]
    assert answers[-1]["Retry-After"] == "60"
    assert "5 tests" in answers[-1].json()["detail"]


@pytest.mark.parametrize("missing", PERMISSIONS)
def test_both_permissions_are_needed(
    make_device: MakeDevice, client_with: MakeClient, simulated: Any, missing: str
) -> None:
    device, credential = make_device("ios"), Credential.objects.get()
    client = client_with(*(set(PERMISSIONS) - {missing}))
    answer = client.post(f"/api/credentials/{credential.pk}/test", {"device": str(device.pk)})
    assert (answer.status_code, simulated(device).logins) == (403, 0)


def test_unknown_and_hidden_devices_are_the_same(make_device: MakeDevice, client_with: MakeClient) -> None:
    device, credential = make_device("ios"), Credential.objects.get()
    hide(device)
    client, url = client_with(*PERMISSIONS), f"/api/credentials/{credential.pk}/test"
    for value in (str(device.pk), str(uuid.uuid4())):
        answer = client.post(url, {"device": value})
        assert answer.status_code == 400
        assert answer.json()["errors"] == {"device": [f'Invalid pk "{value}" - object does not exist.']}
    for body in ({}, {"device": None}, {"device": "no id"}, {"device": [1]}):
        assert wrong_fields(client.post(url, body)) == ["device"]
    assert client.post(f"/api/credentials/{uuid.uuid4()}/test", {"device": str(device.pk)}).status_code == 404
