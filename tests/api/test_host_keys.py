"""Host keys by the API."""

import uuid
from typing import Any

import pytest
from django.contrib.auth.models import Group
from rest_framework.test import APIClient

from credentials.models import Credential
from devices.models import Device, Gateway, HostKey, Tag
from tests.api.conftest import MakeClient, add_device, wrong_fields
from tests.devices.test_host_keys import decisions, offer

pytestmark = pytest.mark.django_db
DECIDE = ("devices.view_hostkey", "devices.accept_hostkey")


def add_gateway() -> Gateway:
    return Gateway.objects.create(
        name="jump1", address="192.0.2.2", credential=Credential.objects.create(name="jump", username="jump")
    )


def listed(client: APIClient, **query: str) -> list[dict[str, Any]]:
    response = client.get("/api/host-keys", query)
    assert response.status_code == 200, response.content
    rows: list[dict[str, Any]] = response.json()["results"]
    return rows


def restrict(device: Device) -> None:
    """From now on only a group that nobody is in sees it."""
    tag = Tag.objects.create(name="restricted")
    tag.groups.add(Group.objects.create(name="others"))
    device.tags.add(tag)


def test_a_changed_key_is_shown_beside_the_known_one(client_with: MakeClient) -> None:
    device = add_device()
    offered = offer(device)
    known = device.host_keys.get(state="trusted")
    (row,) = listed(client_with("devices.view_hostkey"), state="offered")
    assert row == client_with("devices.view_hostkey").get(f"/api/host-keys/{offered.pk}").json()
    assert (row["device"], row["gateway"], row["owner"]) == (str(device.pk), None, "core1")
    assert (row["fingerprint"], row["known_fingerprint"]) == (offered.fingerprint, known.fingerprint)
    assert (row["kind"], row["text"], row["decided_by"]) == ("ssh", offered.text, None)


def test_keys_are_narrowed_to_a_state_a_kind_a_device_or_a_gateway(root: APIClient) -> None:
    device, gateway = add_device(), add_gateway()
    offer(device)
    offer(gateway)
    assert len(listed(root)) == 4
    assert {row["owner"] for row in listed(root, gateway=str(gateway.pk))} == {"jump1"}
    assert {row["owner"] for row in listed(root, device=str(device.pk))} == {"core1"}
    assert {row["state"] for row in listed(root, state="trusted")} == {"trusted"}
    assert listed(root, kind="tls") == []
    for wrong in ({"state": "maybe"}, {"kind": "fax"}, {"device": "core1"}, {"gateway": "1"}):
        response = root.get("/api/host-keys", wrong)
        assert (response.status_code, wrong_fields(response)) == (400, list(wrong))


def test_accepting_says_who_did_it_and_is_audited(client_with: MakeClient) -> None:
    offered = offer(add_device())
    client = client_with(*DECIDE)
    row = client.post(f"/api/host-keys/{offered.pk}/accept").json()
    assert (row["state"], row["known_fingerprint"]) == ("trusted", offered.fingerprint)
    assert row["decided_by"] == decisions()[0].actor_name
    assert row["decided_at"]
    again = client.post(f"/api/host-keys/{offered.pk}/accept")
    assert (again.status_code, again.json()) == (200, row)


def test_dismissing_leaves_the_known_key_trusted(client_with: MakeClient) -> None:
    offered = offer(add_device())
    row = client_with(*DECIDE).post(f"/api/host-keys/{offered.pk}/dismiss").json()
    assert row["state"] == "dismissed"
    assert row["known_fingerprint"] == HostKey.objects.get(state="trusted").fingerprint


@pytest.mark.parametrize(
    ("decision", "state"),
    [("accept", "retired"), ("accept", "dismissed"), ("dismiss", "trusted"), ("dismiss", "retired")],
)
def test_a_key_that_does_not_wait_is_a_409(client_with: MakeClient, decision: str, state: str) -> None:
    offered = offer(add_device())
    HostKey.objects.filter(state="trusted").update(state="retired")
    HostKey.objects.filter(pk=offered.pk).update(state=state)
    response = client_with(*DECIDE).post(f"/api/host-keys/{offered.pk}/{decision}")
    assert response.status_code == 409
    assert "not offered any more" in response.json()["detail"]
    assert HostKey.objects.get(pk=offered.pk).state == state


def test_keys_of_devices_that_a_user_does_not_see_are_not_found(client_with: MakeClient) -> None:
    device = add_device()
    offered = offer(device)
    restrict(device)
    client = client_with(*DECIDE)
    assert listed(client) == []
    assert client.get(f"/api/host-keys/{offered.pk}").status_code == 404
    for decision in ("accept", "dismiss"):
        assert client.post(f"/api/host-keys/{offered.pk}/{decision}").status_code == 404
        assert client.post(f"/api/host-keys/{uuid.uuid4()}/{decision}").status_code == 404
    assert HostKey.objects.get(pk=offered.pk).state == "offered"


def test_nobody_enters_changes_or_deletes_a_key(root: APIClient) -> None:
    offered = offer(add_device())
    assert root.post("/api/host-keys", {"text": "ssh-rsa AA=="}).status_code == 405
    for method in (root.put, root.patch, root.delete):
        assert method(f"/api/host-keys/{offered.pk}", {"state": "trusted"}).status_code == 405
    assert HostKey.objects.count() == 2


def test_a_long_list_costs_no_more_queries(root: APIClient, django_assert_max_num_queries: Any) -> None:
    for number in range(30):
        offer(add_device(f"d{number}"))
    with django_assert_max_num_queries(5):
        assert len(listed(root)) == 50
