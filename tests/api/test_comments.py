"""The one thing that may be changed of a backup."""

from typing import Any

import pytest
from rest_framework.test import APIClient

from backups.models import Backup
from tests.api.conftest import MakeClient, add_backup, add_device, wrong_fields

pytestmark = pytest.mark.django_db


def test_comments_are_changed_and_nothing_else(client_with: MakeClient) -> None:
    backup = add_backup(add_device(), comments="nightly")
    client = client_with("backups.change_backup")
    answer = client.patch(f"/api/backups/{backup.pk}", {"comments": "before the upgrade"})
    assert (answer.status_code, answer.json()["comments"]) == (200, "before the upgrade")
    assert client.patch(f"/api/backups/{backup.pk}", {"comments": ""}).json()["comments"] == ""
    changed = Backup.objects.get()
    assert [getattr(changed, name) for name in ("status", "content_hash", "finished_at")] == [
        getattr(backup, name) for name in ("status", "content_hash", "finished_at")
    ]


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({}, ["comments"]),
        ({"comments": None}, ["comments"]),
        ({"comments": ["a"]}, ["comments"]),
        ({"comments": "x" * 1001}, ["comments"]),
        ({"comments": "a", "status": "completed"}, ["status"]),
        ({"content_hash": "0", "version": 2}, ["content_hash", "version"]),
        ([], ["detail"]),
    ],
)
def test_anything_else_is_refused_by_name(root: APIClient, body: Any, fields: list[str]) -> None:
    backup = add_backup(add_device(), comments="nightly")
    assert wrong_fields(root.patch(f"/api/backups/{backup.pk}", body)) == fields
    assert Backup.objects.get().comments == "nightly"


def test_a_backup_is_neither_replaced_nor_deleted(root: APIClient) -> None:
    url = f"/api/backups/{add_backup(add_device()).pk}"
    assert [root.put(url, {"comments": "a"}).status_code, root.delete(url).status_code] == [405, 405]


def test_backups_of_two_devices_are_compared(root: APIClient) -> None:
    one = add_backup(add_device("core1"), content=b"hostname core1\nend\n")
    other = add_backup(add_device("core2"), content=b"hostname core2\nend\n")
    patch = root.get(f"/api/backups/{other.pk}/diff?with={one.pk}").content.decode()
    assert "-hostname core1" in patch
    assert "+hostname core2" in patch
    assert wrong_fields(root.get(f"/api/backups/{other.pk}/diff?with=1")) == ["with"]
