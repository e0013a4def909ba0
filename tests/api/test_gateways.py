"""Gateways by the API, and who may send devices through them."""

from typing import Any

import pytest
from rest_framework.test import APIClient

from credentials.models import Credential
from devices.models import Device, Gateway, Tag
from netraven.lab import GatewayFault, Lab, LabGateway
from tests.api.conftest import MakeClient, add_backup, add_credential, add_device, wrong_fields

pytestmark = pytest.mark.django_db
EDIT = ("devices.view_device", "devices.change_device", "devices.add_device")


def add_gateway(name: str = "jump1", **fields: Any) -> Gateway:
    """A gateway that nothing connects to."""
    details = {"address": "192.0.2.9", "credential": add_credential(f"login of {name}")} | fields
    return Gateway.objects.create(name=name, **details)


def url_of(row: Device | Tag | Gateway) -> str:
    return f"/api/{type(row).__name__.lower()}s/{row.pk}"


def test_a_gateway_is_made_read_changed_and_deleted(root: APIClient) -> None:
    credential = add_credential()
    new = {"name": "jump1", "address": "jump.example.net", "port": 2222, "credential": str(credential.pk)}
    made = root.post("/api/gateways", new)
    assert made.status_code == 201
    assert {name: made.json()[name] for name in new} == new
    assert made.json()["max_sessions"] == 50
    url = f"/api/gateways/{made.json()['id']}"
    assert root.patch(url, {"max_sessions": 7, "description": "Branch"}).status_code == 200
    assert (root.get(url).json()["max_sessions"], root.get(url).json()["port"]) == (7, 2222)
    assert root.delete(url).status_code == 204
    assert not Gateway.objects.exists()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", "jump0"),
        ("name", ""),
        ("address", "169.254.169.254"),
        ("address", "two words"),
        ("port", 0),
        ("port", 65536),
        ("credential", None),
        ("credential", "00000000-0000-4000-8000-000000000000"),
        ("max_sessions", 0),
    ],
)
def test_a_wrong_value_is_a_400_that_names_the_field(root: APIClient, field: str, value: object) -> None:
    add_gateway("jump0")
    new = {"name": "jump1", "address": "192.0.2.9", "credential": str(add_credential().pk)}
    response = root.post("/api/gateways", new | {field: value})
    assert (response.status_code, wrong_fields(response)) == (400, [field])
    assert Gateway.objects.count() == 1


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("", ["alpha", "beta", "gamma"]),
        ("?name=beta", ["beta"]),
        ("?address=192.0.2.1", ["alpha"]),
        ("?search=192.0.2", ["alpha", "beta", "gamma"]),
        ("?ordering=-name", ["gamma", "beta", "alpha"]),
        ("?ordering=-address", ["gamma", "beta", "alpha"]),
    ],
)
def test_gateways_are_narrowed_and_ordered(root: APIClient, query: str, names: list[str]) -> None:
    for number, name in enumerate(("alpha", "beta", "gamma"), start=1):
        add_gateway(name, address=f"192.0.2.{number}")
    assert [row["name"] for row in root.get(f"/api/gateways{query}").json()["results"]] == names


def test_choosing_the_credential_of_a_gateway_takes_the_right_to_see_credentials(client_with: MakeClient) -> None:
    gateway, other = add_gateway(), add_credential("another")
    client = client_with("devices.view_gateway", "devices.change_gateway")
    assert client.patch(url_of(gateway), {"credential": str(other.pk)}).status_code == 403
    same = {"credential": str(gateway.credential_id), "description": "edited"}
    assert client.patch(url_of(gateway), same).status_code == 200


def test_a_gateway_in_use_is_kept(root: APIClient) -> None:
    gateway = add_gateway()
    add_device(gateway=gateway)
    response = root.delete(url_of(gateway))
    assert response.status_code == 409
    assert "go through this gateway" in response.json()["detail"]
    assert Gateway.objects.exists()


def test_a_credential_that_a_gateway_has_is_kept(root: APIClient) -> None:
    gateway = add_gateway()
    response = root.delete(f"/api/credentials/{gateway.credential_id}")
    assert response.status_code == 409
    assert "gateway" in response.json()["detail"]
    assert Credential.objects.exists()


def test_devices_and_tags_name_their_gateways(root: APIClient) -> None:
    own, of_tag = add_gateway("own"), add_gateway("of-tag")
    tag = root.post("/api/tags", {"name": "branch", "gateway": of_tag.name})
    assert (tag.status_code, tag.json()["gateway"]) == (201, "of-tag")
    new = {"hostname": "core1", "address": "192.0.2.1", "platform": "ios", "tags": ["branch"]}
    device = root.post("/api/devices", new).json()
    assert (device["gateway"], device["effective_gateway"]) == (None, "of-tag")
    url = f"/api/devices/{device['id']}"
    device = root.patch(url, {"gateway": own.name}).json()
    assert (device["gateway"], device["effective_gateway"]) == ("own", "own")
    device = root.patch(url, {"gateway": None}).json()
    assert (device["gateway"], device["effective_gateway"]) == (None, "of-tag")
    device = root.patch(url, {"tags": []}).json()
    assert (device["gateway"], device["effective_gateway"]) == (None, None)
    assert root.patch(url, {"gateway": "nowhere"}).json()["errors"] == {
        "gateway": ["Object with name=nowhere does not exist."]
    }


def test_the_first_tag_by_name_leads_the_way_in_lists_and_filters_alike(root: APIClient) -> None:
    device, other = add_device(), add_device("core2")
    for name in ("zulu", "alpha", "mike"):
        gateway = None if name == "alpha" else add_gateway(f"jump-{name}")
        device.tags.add(Tag.objects.create(name=name, gateway=gateway))
    Device.objects.filter(pk=other.pk).update(gateway=Gateway.objects.get(name="jump-zulu"))
    listed = {row["hostname"]: row["effective_gateway"] for row in root.get("/api/devices").json()["results"]}
    assert listed == {"core1": "jump-mike", "core2": "jump-zulu"}
    for name, hostnames in (("jump-mike", ["core1"]), ("jump-zulu", ["core2"]), ("nowhere", [])):
        found = root.get(f"/api/devices?gateway={name}").json()["results"]
        assert [row["hostname"] for row in found] == hostnames
    assert {pk: row["devices"] for pk, row in Device.objects.all().behind_gateways().items()} == {
        Gateway.objects.get(name="jump-mike").pk: 1,
        Gateway.objects.get(name="jump-zulu").pk: 1,
    }


@pytest.mark.parametrize("model", ["device", "tag"])
def test_choosing_a_gateway_takes_the_right_to_see_gateways(client_with: MakeClient, model: str) -> None:
    before, after = add_gateway("before"), add_gateway("after")
    row = add_device(gateway=before) if model == "device" else Tag.objects.create(name="core", gateway=before)
    client = client_with(f"devices.view_{model}", f"devices.change_{model}")
    for change in (after.name, "nowhere", None):
        answer = client.patch(url_of(row), {"gateway": change})
        assert (answer.status_code, answer.json()["detail"]) == (403, "You may not choose gateways.")
    assert client.patch(url_of(row), {"gateway": before.name, "description": "edited"}).status_code == 200
    allowed = client_with(f"devices.view_{model}", f"devices.change_{model}", "devices.view_gateway")
    assert allowed.patch(url_of(row), {"gateway": after.name}).status_code == 200


def test_backups_tell_their_gateway_and_are_found_by_it(root: APIClient) -> None:
    gateway = add_gateway()
    add_backup(add_device("core1"))
    add_backup(add_device("core2"), gateway=gateway)
    rows = root.get("/api/backups?gateway=jump1").json()["results"]
    assert [(row["hostname"], row["gateway"]) for row in rows] == [("core2", "jump1")]


@pytest.fixture
def jump_host(lab: Lab) -> LabGateway:
    return lab.add_gateway()


@pytest.mark.parametrize(
    ("fault", "result", "words"),
    [
        (GatewayFault.NONE, "accepted", "let NetRaven in"),
        (GatewayFault.REJECTS, "gateway", "rejected the log-in as “jump”"),
        (GatewayFault.AWAY, "gateway", "refused the connection"),
    ],
)
def test_a_gateway_is_tried_now(
    root: APIClient, jump_host: LabGateway, fault: GatewayFault, result: str, words: str
) -> None:
    jump_host.fault = fault
    login = Credential.objects.create(name="jump", username=jump_host.username, password=jump_host.password)
    gateway = add_gateway(address=jump_host.address, port=jump_host.port, credential=login)
    answer = root.post(f"{url_of(gateway)}/test")
    assert answer.status_code == 200
    assert answer.json()["result"] == result
    assert words in answer.json()["message"]
    assert answer.json()["seconds"] < 5
    assert jump_host.password not in answer.content.decode()
    assert jump_host.logins == (fault is GatewayFault.NONE)


def test_trying_again_sends_the_log_in_again_for_a_person_asked(root: APIClient, jump_host: LabGateway) -> None:
    login = Credential.objects.create(name="jump", username=jump_host.username, password="wrong")
    gateway = add_gateway(address=jump_host.address, port=jump_host.port, credential=login)
    for _ in range(2):
        assert root.post(f"{url_of(gateway)}/test").json()["result"] == "gateway"
    assert jump_host.failed_logins == 2
