"""Notification channels and deliveries in the console."""

import ipaddress
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from backups.models import Channel, Delivery, DeliveryItem
from devices.models import Tag
from tests.backups.notifications.conftest import SECRET, Receiver
from tests.pages.conftest import Network

Login = Callable[..., Client]
LIST, DELIVERIES = "admin:backups_channel_changelist", "admin:backups_delivery_changelist"
FORM = {
    "name": "chat",
    "kind": "webhook",
    "enabled": "on",
    "url": "https://chat.example.net/hook",
    "secret": SECRET,
    "on_failed": "on",
    "mode": "job",
    "digest_time": "07:00",
    "time_zone": "UTC",
}


@pytest.fixture
def root(login: Login) -> Client:
    return login("superuser")


@pytest.fixture
def receiver(settings: Settings) -> Iterator[Receiver]:
    settings.NETRAVEN = settings.NETRAVEN | {"WEBHOOK_ALLOW": [ipaddress.ip_network("127.0.0.0/8")]}
    server = Receiver()
    yield server
    server.close()


def make_channel(**fields: Any) -> Channel:
    details = {"name": "chat", "kind": "webhook", "url": "https://127.0.0.1/hook", "secret": SECRET} | fields
    return Channel.objects.create(**details)


def page(client: Client, name: str, *args: object, **query: str) -> str:
    answer = client.get(reverse(name, args=args), query)
    assert answer.status_code == 200
    return answer.content.decode()


def test_empty_lists_say_what_to_do(root: Client) -> None:
    assert "Add the first one" in page(root, LIST)
    assert "Nothing has been sent yet." in page(root, DELIVERIES)


def test_a_channel_is_made_in_the_console_and_its_secret_never_shown(root: Client, login: Login) -> None:
    tag = Tag.objects.create(name="core")
    assert root.post(reverse("admin:backups_channel_add"), FORM | {"tags": [tag.pk]}).status_code == 302
    channel = Channel.objects.get()
    assert (channel.secret, channel.wanted, list(channel.tags.all())) == (SECRET, ["failed"], [tag])
    change = reverse("admin:backups_channel_change", args=[channel.pk])
    assert root.post(change, FORM | {"secret": "", "name": "chat2"}).status_code == 302
    channel.refresh_from_db()
    assert (channel.name, channel.secret, channel.tags.count()) == ("chat2", SECRET, 0)
    wrong = root.post(change, FORM | {"secret": "short", "url": "http://10.0.0.1/"}).content.decode()
    assert "Use https" in wrong
    assert "at least 24 bytes" in wrong
    viewer = login("nobody", "backups.view_channel", staff=True)
    for client in (root, viewer):
        for text in (page(client, "admin:backups_channel_change", channel.pk), page(client, LIST)):
            assert SECRET not in text
            assert "gAAAA" not in text


def test_the_button_sends_a_test_message_and_tells_what_came_of_it(
    root: Client, login: Login, receiver: Receiver
) -> None:
    channel = make_channel(url=receiver.url("/503"))
    button = reverse("admin:backups_channel_test", args=[channel.pk])
    assert button in page(root, "admin:backups_channel_change", channel.pk)
    assert "The test message was not delivered. HTTP 503" in root.post(button, follow=True).content.decode()
    assert "A test was sent a moment ago." in root.post(button, follow=True).content.decode()
    Delivery.objects.all().delete()
    Channel.objects.update(url=receiver.url("/204"))
    assert "The test message was sent." in root.post(button, follow=True).content.decode()
    assert root.get(button).status_code == 405
    viewer = login("nobody", "backups.view_channel", staff=True)
    assert button not in page(viewer, "admin:backups_channel_change", channel.pk)
    assert viewer.post(button).status_code == 403
    assert len(receiver.posted) == 2


def test_a_channel_that_was_switched_off_says_why(root: Client) -> None:
    channel = make_channel(enabled=False, disabled_reason="Its receiver answered HTTP 410.")
    for text in (page(root, LIST), page(root, "admin:backups_channel_change", channel.pk)):
        assert "Its receiver answered HTTP 410." in text
    form = FORM | {"secret": ""}
    assert root.post(reverse("admin:backups_channel_change", args=[channel.pk]), form).status_code == 302
    channel.refresh_from_db()
    assert (channel.enabled, channel.disabled_reason) == (True, "")


def test_nobody_sets_up_a_channel_for_devices_that_they_do_not_see(login: Login, network: Network) -> None:
    hidden = Tag.objects.create(name="restricted")
    hidden.groups.add(Group.objects.create(name="others"))
    network.device.tags.add(hidden)
    client = login("reader", "backups.add_channel", "backups.view_channel", staff=True)
    answer = client.post(reverse("admin:backups_channel_add"), FORM | {"with_diff": "on"})
    assert "devices that you do not see" in answer.content.decode()
    assert not Channel.objects.exists()


def test_deliveries_tell_why_they_failed_and_are_sent_again(root: Client, login: Login, network: Network) -> None:
    delivery = Delivery.objects.create(channel=make_channel(), status="failed", answer="HTTP 500", attempts=5)
    DeliveryItem.objects.create(
        delivery=delivery,
        kind="failed",
        device=network.device,
        backup=network.failed,
        reason="timeout",
        at=timezone.now(),
    )
    listed = page(root, DELIVERIES)
    assert "HTTP 500" in listed
    assert "1 failed" in listed
    one = page(root, "admin:backups_delivery_change", delivery.pk)
    assert "Failed: Timed out" in one
    assert reverse("pages:backup", args=[network.failed.pk]) in one
    again = reverse("admin:backups_delivery_again", args=[delivery.pk])
    viewer = login("nobody", "backups.view_delivery", staff=True)
    assert again not in page(viewer, "admin:backups_delivery_change", delivery.pk)
    assert viewer.post(again).status_code == 403
    assert "It is sent within seconds." in root.post(again, follow=True).content.decode()
    copy = Delivery.objects.exclude(pk=delivery.pk).get()
    assert (copy.status, copy.items.get().device) == ("pending", network.device)
    hidden = Tag.objects.create(name="restricted")
    hidden.groups.add(Group.objects.create(name="others"))
    network.device.tags.add(hidden)
    assert "core1" not in page(viewer, DELIVERIES)
    assert viewer.get(reverse("admin:backups_delivery_change", args=[delivery.pk])).status_code == 302


def test_lists_take_as_many_queries_for_thirty_as_for_one(
    root: Client, network: Network, django_assert_max_num_queries: Any
) -> None:
    for number in range(30):
        delivery = Delivery.objects.create(channel=make_channel(name=f"chat{number}"), status="sent")
        DeliveryItem.objects.create(delivery=delivery, kind="failed", device=network.device, at=timezone.now())
    for name in (LIST, DELIVERIES):
        with django_assert_max_num_queries(10):
            page(root, name)


def test_deleting_a_channel_names_no_device(root: Client, network: Network) -> None:
    channel = make_channel()
    delivery = Delivery.objects.create(channel=channel, status="sent")
    DeliveryItem.objects.create(delivery=delivery, kind="failed", device=network.device, at=timezone.now())
    delete = reverse("admin:backups_channel_delete", args=[channel.pk])
    assert "core1" not in root.get(delete).content.decode()
    assert root.post(delete, {"post": "yes"}).status_code == 302
    assert not DeliveryItem.objects.exists()
