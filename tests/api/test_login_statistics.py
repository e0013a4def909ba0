"""How log-ins fared, by the API: /api/credentials/{id}/statistics and /api/tags/{id}/statistics"""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.utils import timezone
from rest_framework.test import APIClient

from backups.models import LoginAttempt
from credentials.models import Credential
from devices.models import Device, Tag
from tests.api.conftest import MakeClient, add_credential, add_device
from tests.backups.conftest import make_unreadable

pytestmark = pytest.mark.django_db


def hide(device: Device) -> None:
    tag = Tag.objects.create(name="theirs")
    tag.groups.add(Group.objects.create(name="others"))
    device.tags.add(tag)


def add_attempt(device: Device, credential: Credential, accepted: bool, **fields: Any) -> LoginAttempt:
    return LoginAttempt.objects.create(device=device, credential=credential, accepted=accepted, **fields)


def test_a_credential_tells_how_it_fared(root: APIClient) -> None:
    device, credential = add_device(), add_credential()
    for accepted, days in ((True, 1), (True, 2), (False, 3), (False, 31)):
        add_attempt(device, credential, accepted, time=timezone.now() - timedelta(days=days))
    newest = LoginAttempt.objects.latest("time")
    expected = {
        "id": str(credential.pk),
        "name": credential.name,
        "days": 30,
        "accepted": 2,
        "rejected": 1,
        "last_used_at": newest.time.isoformat().replace("+00:00", "Z"),
        "last_used_on": {"id": str(device.pk), "hostname": "core1"},
    }
    assert root.get(f"/api/credentials/{credential.pk}/statistics").json() == expected
    assert root.get("/api/credentials/statistics").json()["results"] == [expected]


def test_a_tag_tells_how_what_it_offered_fared(root: APIClient) -> None:
    tag, device, credential = Tag.objects.create(name="branch"), add_device(), add_credential()
    add_attempt(device, credential, True, tag=tag)
    add_attempt(device, credential, False)
    shown = root.get(f"/api/tags/{tag.pk}/statistics").json()
    assert (shown["name"], shown["accepted"], shown["rejected"]) == ("branch", 1, 0)
    assert root.get("/api/tags/statistics").json()["results"] == [shown]


def test_what_was_never_used_has_no_last_use(root: APIClient) -> None:
    credential = add_credential()
    shown = root.get(f"/api/credentials/{credential.pk}/statistics").json()
    assert (shown["accepted"], shown["rejected"], shown["last_used_at"], shown["last_used_on"]) == (
        0,
        0,
        None,
        None,
    )


def test_a_device_that_the_user_does_not_see_is_not_named(client_with: MakeClient) -> None:
    device, credential = add_device(), add_credential()
    hide(device)
    add_attempt(device, credential, True)
    client = client_with("credentials.view_credential")
    for url in (f"/api/credentials/{credential.pk}/statistics", "/api/credentials/statistics"):
        answer = client.get(url)
        assert b"core1" not in answer.content
        assert str(device.pk).encode() not in answer.content
        shown = answer.json().get("results", [answer.json()])[0]
        assert (shown["accepted"], shown["last_used_on"]) == (1, None)
        assert shown["last_used_at"]


@pytest.mark.parametrize("path", ["credentials", "tags"])
def test_lists_cost_no_more_queries_for_more_rows(
    root: APIClient, path: str, django_assert_max_num_queries: Any
) -> None:
    for number in range(30):
        tag, credential = Tag.objects.create(name=str(number)), add_credential(str(number))
        add_attempt(add_device(f"d{number}"), credential, True, tag=tag)
    with django_assert_max_num_queries(7):
        rows = root.get(f"/api/{path}/statistics").json()["results"]
    assert [row["accepted"] for row in rows] == [1] * 30
    assert all(row["last_used_on"]["hostname"] == f"d{row['name']}" for row in rows)


def test_a_credential_whose_key_is_missing_is_counted_too(root: APIClient) -> None:
    credential = add_credential()
    make_unreadable(credential)
    assert root.get(f"/api/credentials/{credential.pk}/statistics").status_code == 200
