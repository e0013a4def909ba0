"""A tag for many devices at once."""

import uuid
from typing import Any

import pytest
from django.contrib.auth.models import Group
from rest_framework.test import APIClient

from devices.models import Device, Tag
from tests.api.conftest import MakeClient, add_device, wrong_fields

pytestmark = pytest.mark.django_db
MAY = ("devices.view_tag", "devices.view_device", "devices.change_device")


@pytest.fixture
def tag() -> Tag:
    """The tag `core`, which `core1` has and `core2` and `edge1` have not."""
    tag = Tag.objects.create(name="core")
    add_device("core1").tags.add(tag)
    for name in ("core2", "edge1"):
        add_device(name)
    return tag


def body(*hostnames: str) -> dict[str, list[str]]:
    return {"devices": [str(Device.objects.get(hostname=name).pk) for name in hostnames]}


def tagged() -> set[str]:
    return set(Device.objects.filter(tags__name="core").values_list("hostname", flat=True))


def test_a_tag_is_given_and_taken(client_with: MakeClient, tag: Tag) -> None:
    client, url = client_with(*MAY), f"/api/tags/{tag.pk}"
    assert client.post(f"{url}/assign", body("core1", "core2")).json() == {"changed": 1}
    assert tagged() == {"core1", "core2"}
    assert client.post(f"{url}/assign", body("core1", "core2")).json() == {"changed": 0}
    assert client.post(f"{url}/unassign", body("core1", "edge1")).json() == {"changed": 1}
    assert tagged() == {"core2"}


def test_a_changed_device_has_another_etag(root: APIClient, tag: Tag) -> None:
    device = f"/api/devices/{Device.objects.get(hostname='core2').pk}"
    before = root.get(device)["ETag"]
    root.post(f"/api/tags/{tag.pk}/assign", body("core2"))
    assert root.patch(device, {"description": "a"}, HTTP_IF_MATCH=before).status_code == 412


@pytest.mark.parametrize("wrong", [{}, {"devices": []}, {"devices": ["x"]}, {"devices": [str(uuid.uuid4())]}])
@pytest.mark.parametrize("action", ["assign", "unassign"])
def test_unknown_devices_are_named_and_nothing_is_changed(
    root: APIClient, tag: Tag, action: str, wrong: dict[str, Any]
) -> None:
    mixed = wrong | ({"devices": wrong["devices"] + body("core2")["devices"]} if wrong.get("devices") else {})
    assert wrong_fields(root.post(f"/api/tags/{tag.pk}/{action}", mixed)) == ["devices"]
    assert tagged() == {"core1"}


def test_devices_that_the_user_does_not_see_do_not_exist(client_with: MakeClient, tag: Tag) -> None:
    theirs = Tag.objects.create(name="theirs")
    theirs.groups.add(Group.objects.create(name="others"))
    Device.objects.get(hostname="core2").tags.add(theirs)
    assert wrong_fields(client_with(*MAY).post(f"/api/tags/{tag.pk}/assign", body("core2"))) == ["devices"]
    assert tagged() == {"core1"}


@pytest.mark.parametrize("missing", MAY)
def test_each_permission_is_needed(client_with: MakeClient, tag: Tag, missing: str) -> None:
    client = client_with(*(set(MAY) - {missing}))
    assert client.post(f"/api/tags/{tag.pk}/assign", body("core2")).status_code == 403
    assert tagged() == {"core1"}


def test_thousands_cost_a_bounded_number_of_queries(
    root: APIClient, tag: Tag, django_assert_max_num_queries: Any
) -> None:
    platform = Device.objects.all()[0].platform
    rows = [Device(hostname=f"d{number:04}", address="192.0.2.1", platform=platform) for number in range(2000)]
    ids = [str(device.pk) for device in Device.objects.bulk_create(rows)]
    with django_assert_max_num_queries(60):  # SQLite takes fifty rows of the audit trail at once
        assert root.post(f"/api/tags/{tag.pk}/assign", {"devices": ids}).json() == {"changed": 2000}
