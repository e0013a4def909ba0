"""Backups go through the gateway that a device or its tags name, and what goes wrong there is the gateway's fault."""

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from backups.models import Backup
from credentials.models import Credential
from devices.connection import close_gateways
from devices.gateway_test import try_gateway
from devices.gateways import gateway_id_of
from devices.models import Device, Gateway, HostKey, Tag
from netraven.lab import Lab, LabGateway
from tests.backups.conftest import BackUp
from tests.conftest import MakeDevice

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)


@pytest.fixture
def jump_host(lab: Lab) -> LabGateway:
    return lab.add_gateway()


def record(jump_host: LabGateway, **changed: str) -> Gateway:
    """The record of a simulated gateway; `changed` is what its credential says instead."""
    login = {"username": jump_host.username, "password": jump_host.password} | changed
    credential = Credential.objects.create(name=f"login of {jump_host.name}", **login)
    place = {"address": jump_host.address, "port": jump_host.port}
    return Gateway.objects.create(name=jump_host.name, credential=credential, **place)


def test_a_device_behind_a_gateway_is_backed_up_through_it(
    jump_host: LabGateway, make_device: MakeDevice, back_up: BackUp, lab: Lab
) -> None:
    gateway, device = record(jump_host), make_device("ios", gateway=jump_host.name)
    assert back_up(device).status == Backup.Status.FAILED, "the device takes no direct connection"
    Device.objects.update(gateway=gateway)
    backup = back_up(device)
    assert (backup.status, backup.gateway) == (Backup.Status.COMPLETED, gateway), backup.error
    assert (jump_host.logins, jump_host.failed_logins) == (1, 0)
    assert set(lab[device.hostname].client_ports) & jump_host.outgoing
    key = gateway.host_keys.get()
    assert (key.state, key.kind) == (HostKey.State.TRUSTED, HostKey.Kind.SSH)


def test_the_gateway_of_a_tag_leads_to_its_devices_unless_they_have_their_own(
    jump_host: LabGateway, lab: Lab, make_device: MakeDevice, back_up: BackUp
) -> None:
    own = lab.add_gateway()
    by_tag, by_own = record(jump_host), record(own)
    tag = Tag.objects.create(name="branch", gateway=by_tag)
    tagged, special = make_device("ios", gateway=jump_host.name), make_device("junos", gateway=own.name)
    tagged.tags.add(tag)
    special.tags.add(tag)
    Device.objects.filter(pk=special.pk).update(gateway=by_own)
    assert (gateway_id_of(tagged), gateway_id_of(special)) == (by_tag.pk, by_own.pk)
    assert [back_up(device).status for device in (tagged, special)] == [Backup.Status.COMPLETED] * 2
    assert (jump_host.logins, own.logins) == (1, 1)


def test_a_wrong_password_at_the_gateway_is_its_fault_and_tried_once(
    jump_host: LabGateway, make_device: MakeDevice, back_up: BackUp
) -> None:
    gateway = record(jump_host, password="wrong")
    devices = [make_device("ios", gateway=jump_host.name) for _ in range(3)]
    Device.objects.update(gateway=gateway)
    backups = [back_up(device) for device in devices]
    assert {backup.failure_reason for backup in backups} == {Backup.FailureReason.GATEWAY}
    assert all(jump_host.name in backup.error for backup in backups)
    assert jump_host.failed_logins == 1, "three devices behind it must not lock its account"


def test_another_key_of_a_gateway_is_refused_and_waits(
    jump_host: LabGateway, make_device: MakeDevice, back_up: BackUp
) -> None:
    gateway, device = record(jump_host), make_device("ios", gateway=jump_host.name)
    gateway.host_keys.create(kind="ssh", text="ssh-ed25519 AAAA", fingerprint="another", state="trusted")
    Device.objects.update(gateway=gateway)
    backup = back_up(device)
    assert (backup.status, backup.failure_reason) == (Backup.Status.FAILED, Backup.FailureReason.GATEWAY)
    assert f"The gateway {jump_host.name} shows another host key than before" in backup.error
    assert gateway.host_keys.filter(state=HostKey.State.OFFERED).count() == 1
    assert (jump_host.logins, jump_host.failed_logins) == (0, 0)


def test_a_gateway_is_tried_without_a_device(jump_host: LabGateway) -> None:
    gateway = record(jump_host)
    assert try_gateway(gateway).result == "accepted"
    assert gateway.host_keys.get().state == HostKey.State.TRUSTED
    gateway.credential.password = "wrong"
    gateway.credential.save()
    refused = try_gateway(gateway)
    assert (refused.result, jump_host.logins, jump_host.failed_logins) == ("gateway", 1, 1)
    assert jump_host.name in refused.message
    close_gateways()


def test_the_console_lists_gateways_with_what_is_behind_them(
    jump_host: LabGateway,
    make_device: MakeDevice,
    admin_client: Client,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    gateway = record(jump_host)
    tag = Tag.objects.create(name="branch", gateway=gateway)
    make_device("ios").tags.add(tag)
    Device.objects.filter(pk=make_device("junos").pk).update(gateway=gateway)
    with django_assert_max_num_queries(12):
        page = admin_client.get("/admin/devices/gateway/").content.decode()
    assert '<td class="field-device_count">2</td>' in page
    assert "not seen yet" in page
    assert jump_host.password not in page
    tested = admin_client.post(
        "/admin/devices/gateway/", {"action": "test_selected", "_selected_action": str(gateway.pk)}, follow=True
    )
    assert "let NetRaven in" in tested.content.decode()
    refused = admin_client.post(f"/admin/devices/gateway/{gateway.pk}/delete/", follow=True).content.decode()
    assert "give them another way first" in refused
    assert Gateway.objects.filter(pk=gateway.pk).exists()
