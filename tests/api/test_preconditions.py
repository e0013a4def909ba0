"""What the client has already, and what it has not seen yet."""

import threading
from typing import Any

import pytest
import requests
from knox.models import AuthToken
from pytest_django.live_server_helper import LiveServer
from rest_framework.test import APIClient

from backups.storage import config_storage
from devices.models import Device, Tag
from tests.api.conftest import MakeUser, add_backup, add_device, problem_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def url(db: None) -> str:
    return f"/api/devices/{add_device().pk}"


def test_a_device_that_the_client_has_is_not_sent_again(root: APIClient, url: str) -> None:
    etag = root.get(url)["ETag"]
    again = root.get(url, HTTP_IF_NONE_MATCH=etag)
    assert (again.status_code, again.content, again["ETag"]) == (304, b"", etag)
    Device.objects.update(last_status="failed")
    changed = root.get(url, HTTP_IF_NONE_MATCH=etag)
    assert (changed.status_code, changed.json()["last_status"]) == (200, "failed")
    assert changed["ETag"] != etag


def test_a_schedule_has_its_etag_too(root: APIClient) -> None:
    made = root.post("/api/schedules", {"name": "nightly", "time": "02:30", "all_devices": True})
    url = made["Location"]
    etag = root.get(url)["ETag"]
    assert root.get(url, HTTP_IF_NONE_MATCH=etag).status_code == 304
    theirs = root.patch(url, {"time": "03:30"}, HTTP_IF_MATCH=etag)
    assert (theirs.status_code, theirs["ETag"]) == (200, root.get(url)["ETag"])
    for answer in (
        root.patch(url, {"time": "04:30"}, HTTP_IF_MATCH=etag),
        root.put(url, made.json() | {"time": "04:30"}, HTTP_IF_MATCH=etag),
        root.delete(url, HTTP_IF_MATCH=etag),
    ):
        assert (answer.status_code, problem_of(answer)["type"]) == (412, "/problems/precondition-failed")
    assert root.get(url).json()["time"] == "03:30:00"
    assert root.delete(url, HTTP_IF_MATCH=theirs["ETag"]).status_code == 204


def test_configurations_that_the_client_has_are_not_even_read(root: APIClient) -> None:
    backup = add_backup(add_device())
    config_storage().delete(backup.file_path)
    content = f"/api/backups/{backup.pk}/content"
    assert root.get(content, HTTP_IF_NONE_MATCH=f'"{backup.content_hash}"').status_code == 304


@pytest.mark.parametrize("method", ["put", "patch", "delete"])
@pytest.mark.parametrize("meanwhile", ["description", "tags", "result of a backup"])
def test_a_change_of_what_has_changed_meanwhile_is_a_412(
    root: APIClient, url: str, method: str, meanwhile: str
) -> None:
    etag = root.get(url)["ETag"]
    if meanwhile == "description":
        root.patch(url, {"description": "theirs"})
    elif meanwhile == "tags":
        Device.objects.get().tags.add(Tag.objects.create(name="core"))
    else:
        Device.objects.update(last_status="failed")
    before = root.get(url).json()
    body = {"hostname": "core1", "address": "192.0.2.1", "platform": "ios", "description": "mine"}
    answer = getattr(root, method)(url, body, HTTP_IF_MATCH=etag)
    assert (answer.status_code, problem_of(answer)["type"]) == (412, "/problems/precondition-failed")
    assert root.get(url).json() == before


def test_a_change_of_what_was_read_is_made_and_names_what_comes_of_it(root: APIClient, url: str) -> None:
    Tag.objects.create(name="core")
    first = root.get(url)["ETag"]
    answer = root.patch(url, {"description": "mine", "tags": ["core"]}, HTTP_IF_MATCH=first)
    assert answer.status_code == 200
    assert answer["ETag"] == root.get(url)["ETag"] != first
    again = root.patch(url, {"description": "more"}, HTTP_IF_MATCH=answer["ETag"])
    assert again.status_code == 200
    assert root.delete(url, HTTP_IF_MATCH=again["ETag"]).status_code == 204


@pytest.mark.parametrize(("header", "code"), [("*", 200), ('W/"{etag}"', 412), ('"x", "{etag}"', 200), ('"x"', 412)])
def test_other_forms_of_the_header(root: APIClient, url: str, header: str, code: int) -> None:
    etag = root.get(url)["ETag"].strip('"')
    assert root.patch(url, {"description": "a"}, HTTP_IF_MATCH=header.format(etag=etag)).status_code == code


def test_a_device_that_is_not_there_is_still_not_found(root: APIClient) -> None:
    url = "/api/devices/00000000-0000-4000-8000-000000000000"
    assert root.patch(url, {}, HTTP_IF_MATCH='"x"').status_code == 404


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_of_two_changes_at_once_one_is_lost_to_nobody(live_server: LiveServer, make_user: MakeUser) -> None:
    _, token = AuthToken.objects.create(user=make_user("root", is_superuser=True))
    url = f"{live_server.url}/api/devices/{add_device().pk}"
    headers: dict[str, Any] = {"Authorization": f"Bearer {token}"}
    headers["If-Match"] = requests.get(url, headers=headers, timeout=30).headers["ETag"]
    ready, codes = threading.Barrier(4), []

    def change(text: str) -> None:
        ready.wait()
        codes.append(requests.patch(url, json={"description": text}, headers=headers, timeout=60).status_code)

    threads = [threading.Thread(target=change, args=(f"by {number}",)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(codes) == [200, 412, 412, 412]
