"""Asking for backups by the API, and reading what came of them."""

import hashlib
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from django.contrib.auth.models import Group, User
from django.core.files.storage import FileSystemStorage
from rest_framework.test import APIClient

from backups.models import Backup, Job
from backups.storage import config_storage
from devices.models import Tag
from tests.api.conftest import CONFIG, MakeClient, add_backup, add_credential, add_device, wrong_fields
from tests.conftest import QueuedTasks

pytestmark = pytest.mark.django_db
Commit = Callable[..., AbstractContextManager[object]]


def test_a_request_returns_at_once_and_leaves_the_work_to_a_worker(
    client_with: MakeClient, queued_tasks: QueuedTasks, django_capture_on_commit_callbacks: Commit
) -> None:
    device = add_device(credential=add_credential())
    with django_capture_on_commit_callbacks(execute=True):
        response = client_with("backups.run_backup").post(f"/api/devices/{device.pk}/backup")
    assert response.status_code == 202
    backup = Backup.objects.get()
    assert response.json() == {
        "job_id": str(backup.job_id),
        "backup_id": str(backup.pk),
        "device_id": str(device.pk),
        "status": "pending",
        "already_active": False,
        "brought_forward": False,
        "url": f"/api/jobs/{backup.job_id}",
    }
    assert response["Location"] == f"/api/jobs/{backup.job_id}"
    assert response["Retry-After"] == "2"
    assert (backup.status, backup.job.trigger, backup.job.requested_by) == ("pending", "api", User.objects.get())
    (task,) = queued_tasks()
    assert (task["func"], task["args"], task["kwargs"]) == ("backups.tasks.work", (), {})


def test_the_queue_never_holds_a_secret(
    root: APIClient, queued_tasks: QueuedTasks, django_capture_on_commit_callbacks: Commit
) -> None:
    device = add_device(credential=add_credential())
    with django_capture_on_commit_callbacks(execute=True):
        root.post(f"/api/devices/{device.pk}/backup")
    assert "s3cret" not in str(queued_tasks())


def test_comments_are_kept(root: APIClient) -> None:
    root.post(f"/api/devices/{add_device().pk}/backup", {"comments": "before the upgrade"})
    assert Backup.objects.get().comments == "before the upgrade"


@pytest.mark.parametrize("body", [{"comments": ["a"]}, {"comments": "x" * 1001}, {"comments": None}, [], "text"])
def test_a_wrong_body_asks_for_no_backup(root: APIClient, body: object) -> None:
    assert root.post(f"/api/devices/{add_device().pk}/backup", body).status_code == 400
    assert not Backup.objects.exists()


def test_asking_again_gives_the_backup_in_progress(root: APIClient) -> None:
    url = f"/api/devices/{add_device().pk}/backup"
    first, second = root.post(url), root.post(url)
    assert second.status_code == 202
    assert second.json() == first.json() | {"already_active": True}
    assert (Backup.objects.count(), Job.objects.count()) == (1, 1)


def test_a_disabled_device_is_a_conflict(root: APIClient) -> None:
    response = root.post(f"/api/devices/{add_device(enabled=False).pk}/backup")
    assert response.status_code == 409
    assert "disabled" in response.json()["detail"]
    assert not Job.objects.exists()


@pytest.mark.parametrize("key", ["00000000-0000-4000-8000-000000000000", "nothing", "1", "%00", "%F0%9F%92%A9"])
def test_an_unknown_device_is_not_found(root: APIClient, key: str) -> None:
    for answer in (root.post(f"/api/devices/{key}/backup"), root.get(f"/api/devices/{key}/backups")):
        assert answer.status_code == 404
        assert "detail" in answer.json()


def test_a_device_s_backups_come_newest_first(root: APIClient) -> None:
    device = add_device()
    backups = [add_backup(device), add_backup(device, "failed"), add_backup(device)]
    add_backup(add_device("core2"))
    page = root.get(f"/api/devices/{device.pk}/backups").json()
    assert [row["id"] for row in page["results"]] == [str(backup.pk) for backup in reversed(backups)]
    assert (page["next"], page["previous"]) == (None, None)


def test_a_backup_shows_what_is_known_of_it(root: APIClient) -> None:
    backup = add_backup(add_device(), serial_number="FX1", comments="nightly")
    shown = root.get(f"/api/backups/{backup.pk}").json()
    wanted = {
        "id": str(backup.pk),
        "job": str(backup.job_id),
        "device": str(backup.device_id),
        "hostname": "core1",
        "status": "completed",
        "version": 1,
        "changed": True,
        "file_path": backup.file_path,
        "file_size": len(CONFIG),
        "content_hash": hashlib.sha256(CONFIG).hexdigest(),
        "serial_number": "FX1",
        "comments": "nightly",
        "accepted_by": None,
    }
    assert {name: shown[name] for name in wanted} == wanted


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("status=failed", {"bad"}),
        ("failure_reason=timeout", {"bad"}),
        ("failure_reason=storage", set()),
        ("changed=false", {"same"}),
        ("changed=true", {"good"}),
        ("created_after=2026-01-02T00:00:00Z&created_before=2026-01-03T00:00:00Z", {"same"}),
        ("created_after=2026-01-02T01:00:00%2B02:00&created_before=2026-01-02T00:00:00Z", set()),
        ("status=failed&changed=true", set()),
        ("tag=core&platform=ios", {"good", "same", "bad"}),
        ("tag=edge", set()),
        ("platform=eos", set()),
        ("search=nig", set()),
        ("search=goo", {"good"}),
    ],
)
def test_backups_are_narrowed(root: APIClient, query: str, found: set[str]) -> None:
    device = add_device()
    device.tags.add(Tag.objects.create(name="core"))
    add_backup(device, comments="good", created_at="2026-01-01T12:00:00Z")
    add_backup(device, comments="same", changed=False, created_at="2026-01-02T12:00:00Z")
    add_backup(device, "failed", comments="bad", created_at="2026-01-03T12:00:00Z")
    assert {row["comments"] for row in root.get(f"/api/backups?{query}").json()["results"]} == found
    assert {row["comments"] for row in root.get(f"/api/devices/{device.pk}/backups?{query}").json()["results"]} == found


@pytest.mark.parametrize(
    "query",
    [
        "status=lost",
        "device=1",
        "failure_reason=none",
        "changed=perhaps",
        "created_after=yesterday",
        "page=0",
        "page=x",
        "page=" + "9" * 5000,
        "page_size=-1",
        "device=%00",
        "status=%00",
    ],
)
def test_a_wrong_filter_is_a_400_and_not_all_rows(root: APIClient, query: str) -> None:
    add_backup(add_device())
    response = root.get(f"/api/backups?{query}")
    assert response.status_code == 400
    assert set(wrong_fields(response)) <= {query.split("=")[0], "detail"}


@pytest.mark.parametrize("time", ["0001-01-01T00:00:00%2B14:00", "9999-12-31T23:59:59-14:00"])
def test_a_time_at_the_end_of_the_calendar_is_no_traceback(root: APIClient, time: str) -> None:
    response = root.get(f"/api/backups?created_after={time}")
    assert response.status_code in (200, 400)  # PostgreSQL reckons with years before 1, SQLite does not
    assert isinstance(response.json(), dict)


def test_content_is_the_exact_bytes(client_with: MakeClient) -> None:
    content = "a\r\nb\n\n  é\u2028\x0c".encode() + b"\xed\xa0\x80 \n"
    backup = add_backup(add_device(), content=content)
    client = client_with("backups.view_config", "backups.view_secrets")
    response = client.get(f"/api/backups/{backup.pk}/content", HTTP_ACCEPT="text/plain")
    assert response.status_code == 200
    assert response.content == content
    assert response["Content-Type"] == "text/plain; charset=utf-8"
    assert response["ETag"] == f'"{hashlib.sha256(content).hexdigest()}"'
    assert response["X-Content-Type-Options"] == "nosniff"
    assert "private" in response["Cache-Control"]
    assert "Content-Disposition" not in response


def test_content_is_downloaded_under_its_file_name(root: APIClient) -> None:
    backup = add_backup(add_device())
    response = root.get(f"/api/backups/{backup.pk}/content?download=1")
    name = backup.file_path.rpartition("/")[2]
    assert response["Content-Disposition"] == f'attachment; filename="{name}"'
    assert response.content == CONFIG


@pytest.mark.parametrize("header", ['"{hash}"', '"x", "{hash}"', 'W/"{hash}"', "*"])
def test_content_that_the_client_has_is_not_sent_again(root: APIClient, header: str) -> None:
    backup = add_backup(add_device())
    known = header.format(hash=backup.content_hash)
    response = root.get(f"/api/backups/{backup.pk}/content", HTTP_IF_NONE_MATCH=known)
    assert (response.status_code, response.content) == (304, b"")
    assert response["ETag"] == f'"{backup.content_hash}"'


def test_other_content_than_the_client_has_is_sent(root: APIClient) -> None:
    backup = add_backup(add_device())
    response = root.get(f"/api/backups/{backup.pk}/content", HTTP_IF_NONE_MATCH='"0000"')
    assert (response.status_code, response.content) == (200, CONFIG)


def stored_file(backup: Backup) -> str:
    files = config_storage()
    assert isinstance(files, FileSystemStorage)
    return files.path(backup.file_path)


def test_a_changed_file_is_a_conflict_and_its_bytes_stay_inside(root: APIClient) -> None:
    backup = add_backup(add_device())
    with open(stored_file(backup), "ab") as file:
        file.write(b"username intruder\n")
    response = root.get(f"/api/backups/{backup.pk}/content", HTTP_ACCEPT="text/plain")
    assert response.status_code == 409
    assert "SHA-256" in response.json()["detail"]
    assert b"intruder" not in response.content


def test_a_missing_file_is_a_conflict(root: APIClient) -> None:
    backup = add_backup(add_device())
    config_storage().delete(backup.file_path)
    response = root.get(f"/api/backups/{backup.pk}/content")
    assert response.status_code == 409
    assert "missing" in response.json()["detail"]


def test_a_storage_that_will_not_read_is_unavailable(root: APIClient) -> None:
    backup = add_backup(add_device())
    file = Path(stored_file(backup))
    file.unlink()
    file.mkdir()
    response = root.get(f"/api/backups/{backup.pk}/content")
    assert response.status_code == 503
    assert "cannot be read" in response.json()["detail"]


def test_the_headers_of_content_come_without_it(root: APIClient) -> None:
    backup = add_backup(add_device())
    response = root.head(f"/api/backups/{backup.pk}/content")
    assert (response.status_code, response["ETag"]) == (200, f'"{backup.content_hash}"')
    assert response["Content-Length"] == str(len(CONFIG))


@pytest.mark.parametrize(("status", "sentence"), [("pending", "is pending"), ("failed", "failed (timed out)")])
def test_no_content_is_a_404_that_says_why(root: APIClient, status: str, sentence: str) -> None:
    response = root.get(f"/api/backups/{add_backup(add_device(), status).pk}/content")
    assert response.status_code == 404
    assert sentence in response.json()["detail"]


def test_an_incomplete_configuration_is_read_and_accepted(client_with: MakeClient) -> None:
    backup = add_backup(add_device(), "failed", b"half of it\n", failure_reason="incomplete")
    client = client_with("backups.view_config", "backups.accept_backup")
    assert client.get(f"/api/backups/{backup.pk}/content").content == b"half of it\n"
    response = client.post(f"/api/backups/{backup.pk}/accept")
    assert response.status_code == 200
    shown = response.json()
    assert (shown["status"], shown["failure_reason"], shown["version"]) == ("completed", "", 1)
    assert shown["accepted_by"] == User.objects.get().username
    again = client.post(f"/api/backups/{backup.pk}/accept")
    assert again.status_code == 409
    assert "accepted" in again.json()["detail"]


def test_accepting_needs_to_read_what_is_accepted(client_with: MakeClient) -> None:
    backup = add_backup(add_device(), "failed", b"half of it\n", failure_reason="incomplete")
    assert client_with("backups.accept_backup").post(f"/api/backups/{backup.pk}/accept").status_code == 403


def test_backups_of_others_devices_do_not_exist(client_with: MakeClient) -> None:
    theirs = Tag.objects.create(name="theirs")
    theirs.groups.add(Group.objects.create(name="others"))
    device = add_device()
    device.tags.add(theirs)
    backup = add_backup(device, "failed", b"half of it\n", failure_reason="incomplete")
    client = client_with("backups.view_backup", "backups.view_config", "backups.accept_backup")
    assert client.get("/api/backups").json()["results"] == []
    url = f"/api/backups/{backup.pk}"
    answers = [client.get(url), client.get(f"{url}/content"), client.post(f"{url}/accept")]
    assert [answer.status_code for answer in answers] == [404] * 3


def test_a_diff_is_a_patch_from_the_good_backup_before(client_with: MakeClient) -> None:
    device = add_device()
    first = add_backup(device, content=b"! Last configuration change at 1\nhostname core1\nend\n")
    add_backup(device, "failed", b"half", failure_reason="incomplete")
    last = add_backup(device, content=b"! Last configuration change at 2\nhostname core2\nend\n")
    response = client_with("backups.view_config").get(f"/api/backups/{last.pk}/diff", HTTP_ACCEPT="text/plain")
    assert response.status_code == 200
    assert response["Content-Type"] == "text/plain; charset=utf-8"
    lines = response.content.decode().splitlines()
    assert lines[:2] == [f"--- {first.file_path}", f"+++ {last.file_path}"]
    assert [line for line in lines[3:] if line[0] in "+-"] == ["-hostname core1", "+hostname core2"]


def test_a_diff_against_a_chosen_backup(root: APIClient) -> None:
    device = add_device()
    first, _, last = (add_backup(device, content=f"hostname {name}\nend\n".encode()) for name in ("a", "b", "a"))
    assert root.get(f"/api/backups/{last.pk}/diff?against={first.pk}").content == b""
    assert b"-hostname b" in root.get(f"/api/backups/{last.pk}/diff").content


@pytest.mark.parametrize(
    ("query", "code"), [("", 404), ("?against=1", 400), ("?against=00000000-0000-4000-8000-000000000000", 404)]
)
def test_nothing_to_compare_with_is_an_answer(root: APIClient, query: str, code: int) -> None:
    response = root.get(f"/api/backups/{add_backup(add_device()).pk}/diff{query}")
    assert response.status_code == code
    assert set(wrong_fields(response)) <= {"detail", "against"}


def test_a_diff_with_a_changed_file_is_a_conflict(root: APIClient) -> None:
    device = add_device()
    first = add_backup(device)
    with open(stored_file(first), "ab") as file:
        file.write(b"username intruder\n")
    response = root.get(f"/api/backups/{add_backup(device, content=b'end').pk}/diff")
    assert response.status_code == 409
    assert b"intruder" not in response.content


def test_a_diff_with_others_backups_is_not_found(client_with: MakeClient) -> None:
    theirs = Tag.objects.create(name="theirs")
    theirs.groups.add(Group.objects.create(name="others"))
    hidden = add_device("hidden")
    hidden.tags.add(theirs)
    url = f"/api/backups/{add_backup(add_device()).pk}/diff?against={add_backup(hidden).pk}"
    assert client_with("backups.view_config").get(url).status_code == 404
