"""Notification channels and deliveries by the API."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.utils import timezone
from rest_framework.test import APIClient

from backups.models import Channel, Delivery, DeliveryItem
from devices.models import Device, Tag
from tests.api.conftest import MakeClient, add_device, wrong_fields

pytestmark = pytest.mark.django_db
SECRET = "whsec_" + "QUJD" * 10
HOOK: dict[str, Any] = {"name": "chat", "kind": "webhook", "url": "https://chat.example.net/hook", "secret": SECRET}
MAIL: dict[str, Any] = {"name": "noc", "kind": "email", "addresses": ["noc@example.net", "anna@example.net"]}
MANAGE = tuple(f"backups.{verb}_channel" for verb in ("view", "add", "change"))


def add_channel(**fields: Any) -> Channel:
    details = {"name": "chat", "kind": "webhook", "url": "https://127.0.0.1/hook", "secret": SECRET} | fields
    return Channel.objects.create(**details)


def restrict(device: Device) -> None:
    tag = Tag.objects.create(name="restricted")
    tag.groups.add(Group.objects.create(name="others"))
    device.tags.add(tag)


def test_a_channel_is_made_read_changed_and_deleted_and_its_secret_never_shown(root: APIClient) -> None:
    Tag.objects.create(name="core")
    made = root.post("/api/channels", HOOK | {"events": ["failed", "changed"], "tags": ["core"], "mode": "daily"})
    assert made.status_code == 201, made.content
    url = f"/api/channels/{made.json()['id']}"
    shown = root.get(url).json()
    assert shown["events"] == ["changed", "failed"]
    assert (shown["tags"], shown["has_secret"], shown["created_by"]) == (["core"], True, "root")
    assert "QUJD" not in str(shown)
    Tag.objects.all().delete()
    assert root.patch(url, {"every_failure": True}).json()["all_devices"] is False, "of none, rather than of all"
    changed = root.patch(url, {"digest_time": "06:30", "time_zone": "Europe/Berlin", "enabled": False})
    assert (changed.status_code, changed.json()["digest_time"]) == (200, "06:30:00")
    assert Channel.objects.get().secret == SECRET, "kept"
    assert root.put(url, MAIL | {"kind": "email"}).status_code == 200
    channel = Channel.objects.get()
    assert (channel.recipients, channel.url, channel.secret) == (MAIL["addresses"], "", "")
    assert root.delete(url).status_code == 204


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (HOOK | {"url": "https://169.254.169.254/latest"}, "url"),
        (HOOK | {"url": "https://u:p@chat.example.net/"}, "url"),
        (HOOK | {"url": "http://chat.example.net/"}, "url"),
        (HOOK | {"secret": "short"}, "secret"),
        (HOOK | {"secret": ""}, "secret"),
        (HOOK | {"events": []}, "events"),
        (HOOK | {"events": ["exploded"]}, "events"),
        (HOOK | {"mode": "weekly"}, "mode"),
        (HOOK | {"time_zone": "Mars/Olympus"}, "time_zone"),
        (HOOK | {"digest_time": "07:00+02:00"}, "digest_time"),
        (HOOK | {"tags": ["nowhere"]}, "tags"),
        (HOOK | {"enable": False}, "enable"),
        (HOOK | {"name": "a\nb"}, "name"),
        (MAIL | {"addresses": []}, "addresses"),
        (MAIL | {"addresses": ["noc@example.net\r\nBcc: eve@example.net"]}, "addresses"),
        (MAIL | {"addresses": ["noc"]}, "addresses"),
    ],
)
def test_a_wrong_value_is_a_400_that_names_the_field(root: APIClient, body: dict[str, Any], field: str) -> None:
    response = root.post("/api/channels", body)
    assert (response.status_code, wrong_fields(response)) == (400, [field]), response.content
    assert "QUJD" not in response.content.decode()
    assert not Channel.objects.exists()


def test_who_sets_up_a_channel_must_see_what_it_tells(client_with: MakeClient) -> None:
    restrict(add_device())
    core = Tag.objects.create(name="core")
    add_device("core2").tags.add(core)
    client = client_with(*MANAGE)
    everything = client.post("/api/channels", MAIL | {"with_diff": False})
    assert wrong_fields(everything) == ["tags"]
    assert wrong_fields(client.post("/api/channels", MAIL | {"tags": ["core"]})) == ["with_diff"]
    made = client.post("/api/channels", MAIL | {"tags": ["core"], "with_diff": False})
    assert made.status_code == 201, made.content
    reader = client_with(*MANAGE, "backups.view_config")
    url = f"/api/channels/{made.json()['id']}"
    assert reader.patch(url, {"with_diff": True}).status_code == 200
    assert wrong_fields(reader.patch(url, {"tags": []})) == ["tags"]
    core.devices.add(Device.objects.get(hostname="core1"))
    assert wrong_fields(reader.patch(url, {"addresses": ["eve@example.net"]})) == ["tags"], "as it is by now"


def test_switching_it_on_again_gives_a_channel_another_chance(root: APIClient) -> None:
    channel = add_channel(enabled=False, disabled_reason="It was gone.", failing_since=timezone.now())
    shown = root.patch(f"/api/channels/{channel.pk}", {"enabled": True, "url": "https://chat.example.net/"}).json()
    assert (shown["enabled"], shown["disabled_reason"], shown["failing_since"]) == (True, "", None)


def test_a_test_tells_what_came_of_it(root: APIClient) -> None:
    channel = add_channel()
    answer = root.post(f"/api/channels/{channel.pk}/test")
    assert answer.status_code == 200
    assert answer.json()["result"] == "failed"
    assert "NETRAVEN_WEBHOOK_ALLOW" in answer.json()["message"]
    delivery = root.get(f"/api/deliveries/{answer.json()['delivery']}").json()
    assert (delivery["test"], delivery["status"], delivery["answer"]) == (True, "failed", answer.json()["message"])
    assert root.post(f"/api/channels/{channel.pk}/test").status_code == 409, "a moment ago"


def test_deliveries_are_listed_with_few_queries_and_without_devices_that_one_does_not_see(
    root: APIClient, client_with: MakeClient, django_assert_max_num_queries: Any
) -> None:
    channel, hidden, seen = add_channel(), add_device("hidden1"), add_device("seen1")
    restrict(hidden)
    for number in range(30):
        delivery = Delivery.objects.create(
            channel=channel, status="sent", created_at=timezone.now() - timedelta(minutes=number)
        )
        devices = [seen, hidden] if number % 3 == 0 else [seen]
        DeliveryItem.objects.bulk_create(
            DeliveryItem(delivery=delivery, kind="failed", device=device, at=timezone.now()) for device in devices
        )
    with django_assert_max_num_queries(8):
        page = root.get("/api/deliveries?status=sent&page_size=20").json()
    assert [row["events"] for row in page["results"][:2]] == [{"failed": 2}, {"failed": 1}]
    assert len(root.get(page["next"]).json()["results"]) == 10
    viewer = client_with("backups.view_delivery")
    assert len(viewer.get("/api/deliveries").json()["results"]) == 20
    assert viewer.get(f"/api/deliveries/{page['results'][0]['id']}").status_code == 404
    assert root.get("/api/deliveries?status=failed").json()["results"] == []


def test_a_delivery_that_has_ended_is_sent_again_as_another_one(root: APIClient) -> None:
    delivery = Delivery.objects.create(channel=add_channel(), status="failed")
    DeliveryItem.objects.create(delivery=delivery, kind="failed", device=add_device(), at=timezone.now())
    copy = root.post(f"/api/deliveries/{delivery.pk}/resend")
    assert copy.status_code == 202
    assert copy.json()["id"] != str(delivery.pk)
    assert (copy.json()["status"], copy.json()["events"]) == ("pending", {"failed": 1})
    assert root.post(f"/api/deliveries/{copy.json()['id']}/resend").status_code == 409
