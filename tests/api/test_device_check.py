"""Is a device there? Asked of the simulated network."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import Group
from rest_framework.test import APIClient

from credentials.models import Credential
from devices.models import Device, Gateway, HostKey, Tag
from netraven.lab import Lab, LabDevice
from tests.api.conftest import MakeClient, add_device, problem_of
from tests.conftest import MakeDevice

pytestmark = pytest.mark.django_db


def url_of(device: Device) -> str:
    return f"/api/devices/{device.pk}/check"


def test_a_device_that_listens_is_reachable_and_nobody_logs_in(
    make_device: MakeDevice, simulated: Callable[[Device], LabDevice], client_with: MakeClient
) -> None:
    device = make_device("ios")
    answer = client_with("devices.view_device", "backups.run_backup").post(url_of(device))
    assert answer.status_code == 200
    assert answer.json()["result"] == "reachable"
    assert answer.json()["message"] == f"{device.address} port {device.port} takes connections."
    assert answer.json()["seconds"] < 5
    assert simulated(device).logins == 0
    assert not HostKey.objects.exists()


def test_a_port_where_nothing_listens_is_unreachable(root: APIClient) -> None:
    answer = root.post(url_of(add_device(address="127.0.0.1", port=1))).json()
    assert (answer["result"], "nothing listens there" in answer["message"]) == ("unreachable", True)


def test_a_device_is_looked_for_through_its_gateway(make_device: MakeDevice, lab: Lab, root: APIClient) -> None:
    jump = lab.add_gateway()
    login = Credential.objects.create(name="jump", username=jump.username, password=jump.password)
    gateway = Gateway.objects.create(name="jump1", address=jump.address, port=jump.port, credential=login)
    device = make_device("ios")
    Device.objects.filter(pk=device.pk).update(gateway=gateway)
    answer = root.post(url_of(device)).json()
    assert (answer["result"], "through the gateway jump1" in answer["message"]) == ("reachable", True)
    Device.objects.filter(pk=device.pk).update(port=1)
    assert root.post(url_of(device)).json()["result"] == "unreachable"
    Gateway.objects.update(port=1)
    assert root.post(url_of(device)).json()["result"] == "gateway"


def test_the_sixth_check_in_a_minute_is_a_429(root: APIClient) -> None:
    device, other = add_device(address="127.0.0.1", port=1), add_device("core2", address="127.0.0.1", port=1)
    assert [root.post(url_of(device)).status_code for _ in range(5)] == [200] * 5
    refused = root.post(url_of(device))
    assert (refused.status_code, refused["Retry-After"]) == (429, "60")
    assert problem_of(refused)["type"] == "/problems/throttled"
    assert root.post(url_of(other)).status_code == 200


def test_a_device_of_others_does_not_exist(client_with: MakeClient) -> None:
    device = add_device()
    theirs = Tag.objects.create(name="theirs")
    theirs.groups.add(Group.objects.create(name="others"))
    device.tags.add(theirs)
    assert client_with("devices.view_device", "backups.run_backup").post(url_of(device)).status_code == 404


@pytest.mark.parametrize("permission", ["devices.view_device", "backups.run_backup"])
def test_one_permission_is_not_enough(client_with: MakeClient, permission: str) -> None:
    assert client_with(permission).post(url_of(add_device())).status_code == 403
