"""Gateways in the console, and on the pages of devices and backups."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.test import Client
from django.urls import reverse

from credentials.models import Credential
from devices.models import Device, Gateway, Tag
from netraven.lab import Lab, LabGateway
from tests.pages.conftest import Network, make_backup, make_network

Login = Callable[..., Client]
LIST = "admin:devices_gateway_changelist"
SENTENCE = "The gateway jump1 rejected the log-in as “jump”."


@pytest.fixture
def root(login: Login) -> Client:
    return login("superuser")


def make_gateway(name: str = "jump1", **fields: Any) -> Gateway:
    credential = Credential.objects.create(name=f"login of {name}", username="jump", password="s3cret-of-the-gateway")
    return Gateway.objects.create(**({"name": name, "address": "192.0.2.9", "credential": credential} | fields))


@pytest.fixture
def gateway(network: Network) -> Gateway:
    """The way to the network's device, whose last backup failed because of it."""
    gateway = make_gateway()
    backup = make_backup(
        network.job,
        network.device,
        minutes_ago=1,
        status="failed",
        failure_reason="gateway",
        error=SENTENCE,
        gateway=gateway,
    )
    Device.objects.filter(pk=network.device.pk).update(
        gateway=gateway, last_status="failed", last_failure_reason="gateway", last_attempt_at=backup.finished_at
    )
    return gateway


def page(client: Client, name: str, *args: object, **query: str) -> str:
    answer = client.get(reverse(name, args=args), query)
    assert answer.status_code == 200
    return answer.content.decode()


def test_the_list_tells_what_is_behind_a_gateway_and_what_fails_there(root: Client, gateway: Gateway) -> None:
    tag = Tag.objects.create(name="core", gateway=gateway)
    second = make_network("core2").device
    second.tags.add(tag)
    text = page(root, LIST)
    assert '<td class="field-device_count">2</td>' in text
    assert f'?gateway={gateway.pk}&amp;reason=gateway">1 device</a>, last' in text
    assert "not seen yet" in text
    assert "s3cret" not in text


def test_the_list_takes_as_many_queries_for_thirty_as_for_one(
    root: Client, gateway: Gateway, django_assert_max_num_queries: Any
) -> None:
    for number in range(30):
        device = make_network(f"more{number}").device
        Device.objects.filter(pk=device.pk).update(gateway=make_gateway(f"jump-{number}"))
    with django_assert_max_num_queries(9):
        page(root, LIST)


def test_an_empty_list_says_what_to_do(root: Client) -> None:
    assert "Add the first one" in page(root, LIST)


def test_the_page_of_a_gateway_tells_its_key_and_its_last_failure(
    root: Client, gateway: Gateway, network: Network
) -> None:
    gateway.host_keys.create(kind="ssh", text="ssh-rsa AA==", fingerprint="the-known-one", state="trusted")
    offered = gateway.host_keys.create(kind="ssh", text="ssh-rsa AQ==", fingerprint="the-new-one", state="offered")
    text = page(root, "admin:devices_gateway_change", gateway.pk)
    for words in (SENTENCE, "the-known-one", "the-new-one", f"{reverse('pages:host-keys')}?key={offered.pk}"):
        assert words in text
    assert "s3cret" not in text
    assert "another one waits for a decision" in page(root, LIST)


def test_the_failure_of_a_device_that_the_user_does_not_see_is_not_told(
    login: Login, gateway: Gateway, network: Network
) -> None:
    tag = Tag.objects.create(name="restricted")
    tag.groups.add(Group.objects.create(name="others"))
    network.device.tags.add(tag)
    client = login("nobody", "devices.view_gateway", staff=True)
    text = page(client, "admin:devices_gateway_change", gateway.pk)
    assert SENTENCE not in text
    assert "core1" not in text


def test_devices_are_narrowed_to_those_behind_a_gateway(root: Client, gateway: Gateway) -> None:
    straight, tagged = make_network("straight").device, make_network("tagged").device
    tagged.tags.add(Tag.objects.create(name="core", gateway=gateway))
    text = page(root, "admin:devices_device_changelist", gateway=str(gateway.pk))
    assert ">core1</a>" in text
    assert ">tagged</a>" in text
    assert f">{straight.hostname}</a>" not in text
    assert ">straight</a>" in page(root, "admin:devices_device_changelist", gateway="nonsense")


def test_the_page_of_a_device_and_of_its_backup_tell_the_way(root: Client, gateway: Gateway, network: Network) -> None:
    assert reverse("admin:devices_gateway_change", args=[gateway.pk]) in page(root, "pages:device", network.device.pk)
    Device.objects.update(gateway=None)
    assert "jump1" not in page(root, "pages:device", network.device.pk).partition('<h2 id="attempts">')[0]
    network.device.tags.add(Tag.objects.create(name="core", gateway=gateway))
    assert "by its tags" in page(root, "pages:device", network.device.pk)
    failed = network.device.backups.get(gateway=gateway)
    assert "<dt>Gateway</dt><dd>jump1</dd>" in page(root, "pages:backup", failed.pk)


def test_who_may_not_see_gateways_cannot_choose_one(login: Login, gateway: Gateway, network: Network) -> None:
    other = make_gateway("jump2")
    client = login("operator", "devices.change_device", staff=True)
    form = {"hostname": "core1", "address": "192.0.2.1", "platform": network.device.platform_id, "gateway": other.pk}
    client.post(reverse("admin:devices_device_change", args=[network.device.pk]), form)
    network.device.refresh_from_db()
    assert network.device.gateway == gateway
    assert "jump2" not in page(client, "admin:devices_device_changelist")


@pytest.mark.parametrize("way", ["delete", "action"])
def test_a_gateway_in_use_is_not_deleted_and_no_device_is_named(login: Login, gateway: Gateway, way: str) -> None:
    client = login("nobody", "devices.view_gateway", "devices.delete_gateway", staff=True)
    if way == "delete":
        answer = client.post(reverse("admin:devices_gateway_delete", args=[gateway.pk]), {"post": "yes"})
    else:
        form = {"action": "delete_selected", "_selected_action": str(gateway.pk), "post": "yes"}
        answer = client.post(reverse(LIST), form)
    assert "give them another way first" in answer.content.decode()
    assert "core1" not in answer.content.decode()
    assert Gateway.objects.exists()


def test_the_button_logs_in_now(root: Client, login: Login, lab: Lab) -> None:
    jump_host: LabGateway = lab.add_gateway()
    credential = Credential.objects.create(name="jump", username=jump_host.username, password=jump_host.password)
    gateway = make_gateway(address=jump_host.address, port=jump_host.port, credential=credential)
    button = reverse("admin:devices_gateway_test", args=[gateway.pk])
    assert button in page(root, "admin:devices_gateway_change", gateway.pk)
    assert "The gateway jump1 let NetRaven in." in root.post(button, follow=True).content.decode()
    assert root.get(button).status_code == 405
    viewer = login("nobody", "devices.view_gateway", staff=True)
    assert button not in page(viewer, "admin:devices_gateway_change", gateway.pk)
    assert viewer.post(button).status_code == 403
    assert jump_host.logins == 1


def test_the_page_to_add_one_has_no_button_and_no_facts(root: Client, login: Login) -> None:
    text = page(root, "admin:devices_gateway_add")
    assert "log in now" not in text
