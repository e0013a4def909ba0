"""Whatever comes in, what goes out is JSON, and never a traceback."""

import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import time, timedelta
from typing import Any, cast

import pytest
from django.core.cache import cache
from django.core.paginator import Paginator
from django.db import DataError, IntegrityError, OperationalError
from django.utils.timezone import now
from pytest_django import Settings
from rest_framework.test import APIClient

from backups.models import Backup, Channel, Delivery, Job
from devices.models import Device, Gateway, Platform, Tag
from netraven import pagination
from netraven.exception_handler import handle_exception
from netraven.pagination import BoundedPaginator
from scheduling.models import Schedule
from scheduling.services import save_schedule
from tests.api.conftest import MakeClient, add_backup, add_credential, add_device, problem_of
from tests.api.test_access import PREPARE, VIEW_PERMISSIONS, path_of, routes

pytestmark = pytest.mark.django_db
NOWHERE = "00000000-0000-4000-8000-000000000000"
WRITES = [(name, method, pattern) for name, method, pattern in routes() if method in ("post", "put", "patch")]
READS = [(name, pattern) for name, method, pattern in routes() if method == "get"]
ONE = (
    *("-detail", "-content", "-diff", "-export", "-statistics"),
    *("api-tag-credential", "api-schema", "api-me", "api-health"),
    *("-schedule-preview", "-schedule-week"),
    "api-search",  # reads files; its own tests count
)
LISTS = [pattern for name, pattern in READS if not name.endswith(ONE)]


Budget = Callable[[int], AbstractContextManager[Any]]


def send(client: APIClient, method: str, url: str, body: bytes, content_type: str = "application/json") -> Any:
    """Any bytes as the body; the stubs want text."""
    return cast(Any, client).generic(method, url, body, content_type=content_type)


@pytest.mark.parametrize("method", ["get", "post", "put", "patch", "delete", "options"])
@pytest.mark.parametrize(
    "path", ["/api/", "/api/nothing", "/api/nothing/", "/api/devices/a/b/c", "/api/devices//backup"]
)
def test_an_unknown_path_is_not_found(method: str, path: str) -> None:
    response = getattr(APIClient(), method)(path)
    assert response.status_code == 404
    problem_of(response)


@pytest.mark.parametrize(("name", "pattern"), READS)
def test_an_unknown_or_malformed_id_is_not_found(root: APIClient, name: str, pattern: str) -> None:
    if "(?P" in pattern:
        for key in (NOWHERE, "1", "x" * 300, "%00", "%ED%A0%80"):
            response = root.get(path_of(pattern, key))
            assert response.status_code == 404
            problem_of(response)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (IntegrityError("UNIQUE constraint failed: devices_device.hostname"), 409),
        (OperationalError("server closed the connection"), 503),
        (DataError("value out of range"), 400),
    ],
)
def test_what_the_database_says_is_an_answer_without_its_words(error: Exception, code: int) -> None:
    response = handle_exception(error, {})
    assert response is not None
    assert response.status_code == code
    assert str(error) not in str(response.data)


def test_a_mistake_of_our_own_is_not_hidden() -> None:
    assert handle_exception(KeyError("a"), {}) is None


def test_a_wrong_method_is_named(root: APIClient) -> None:
    response = root.post("/api/backups", {})
    assert response.status_code == 405
    assert "GET" in response["Allow"]
    problem_of(response)
    assert root.delete(f"/api/backups/{NOWHERE}").status_code == 405
    assert root.get(f"/api/devices/{NOWHERE}/backup").status_code == 405
    assert root.get("/api/auth/token").status_code == 405


BODIES = {
    "not JSON": b'{"a":',
    "NUL": b'{"name": "a\\u0000b", "hostname": "a\\u0000b", "comments": "\\u0000", "username": "\\u0000"}',
    "NUL in a key": b'{"\\u0000": 1}',
    "NUL deep inside": b'{"optional_args": {"transport": ["\\\\\\u0000"]}}',
    "lone surrogate": b'{"name": "\\ud800", "platform": "\\udfff", "comments": "\\ud800"}',
    "not UTF-8": b'{"name": "\xff"}',
    "NaN": b'{"port": NaN}',
    "infinite": b'{"optional_args": {"port": 1e999}}',
    "endless number": b'{"port": ' + b"9" * 5000 + b"}",
    "nested deeply": b"[" * 100_000,
    "list": b"[]",
    "text": b'"text"',
    "number": b"1",
}


WITHOUT_BODY = {
    "api-gateway-test",
    "api-device-check",
    "api-job-cancel",
    "api-job-retry",
    "api-backup-accept",
    "api-hostkey-accept",
    "api-hostkey-dismiss",
    "api-schedule-run",
    "api-schedule-duplicate",
    "api-channel-test",
    "api-delivery-resend",
}


@pytest.mark.parametrize(("name", "method", "pattern"), [row for row in WRITES if row[0] not in WITHOUT_BODY])
def test_a_body_that_cannot_be_stored_is_a_400(root: APIClient, name: str, method: str, pattern: str) -> None:
    kind = name.removeprefix("api-")
    prepare = PREPARE[kind] if kind in PREPARE else PREPARE[kind.split("-")[0]]
    key, _ = prepare()
    for what, body in BODIES.items():
        cache.clear()  # of throttles
        response = send(root, method.upper(), path_of(pattern, key), body)
        assert response.status_code == 400, (what, response.content)
        assert problem_of(response)["type"] in ("/problems/malformed", "/problems/validation")


def test_a_backslash_before_u0000_is_no_nul(root: APIClient) -> None:
    assert root.post("/api/tags", {"name": r"a\u0000"}).status_code == 201


def test_another_content_type_is_refused(root: APIClient) -> None:
    url = f"/api/devices/{add_device().pk}/backup"
    for content_type in ("text/plain", "application/x-www-form-urlencoded", "nonsense"):
        response = send(root, "POST", url, b"comments=a", content_type)
        assert response.status_code == 415
        problem_of(response)
    assert not Backup.objects.exists()


@pytest.mark.parametrize("charset", ["utf-16", "ascii", "x"])
def test_a_strange_charset_is_no_traceback(root: APIClient, charset: str) -> None:
    content_type = f"application/json; charset={charset}"
    response = send(root, "POST", "/api/tags?x=%ff", b'{"name": "core"}', content_type)
    assert response.status_code in (201, 400)
    assert send(root, "GET", "/api/tags?name=%ff", b"{}", content_type).status_code in (200, 400)


def test_a_huge_body_is_refused(root: APIClient, settings: Settings) -> None:
    body = json.dumps({"name": "x" * settings.DATA_UPLOAD_MAX_MEMORY_SIZE})
    response = send(root, "POST", "/api/tags", body.encode())
    assert response.status_code == 413
    problem_of(response)


def test_too_many_parameters_are_refused(root: APIClient, settings: Settings) -> None:
    response = root.get("/api/tags?" + "a&" * (settings.DATA_UPLOAD_MAX_NUMBER_FIELDS + 1))
    assert response.status_code == 400
    problem_of(response)


@pytest.mark.parametrize("accept", ["text/html", "application/xml", "nonsense", "*/*;q=x"])
def test_the_answer_is_json_whatever_is_accepted(root: APIClient, accept: str) -> None:
    assert root.get("/api/tags", HTTP_ACCEPT=accept).json()["count"] == 0


@pytest.mark.parametrize("text", ["%00", "%ED%A0%80", "9" * 400])
@pytest.mark.parametrize("pattern", LISTS)
def test_no_query_is_a_traceback(root: APIClient, pattern: str, text: str) -> None:
    backup = add_backup(add_device())
    url = path_of(pattern, str(backup.job_id if pattern.startswith("^jobs") else backup.device_id))
    names = [
        *("page", "page_size", "search", "ordering", "name", "username", "hostname", "address", "platform", "tag"),
        *("credential", "enabled", "last_status", "last_failure_reason", "status", "device", "job", "failure_reason"),
        *("changed", "created_after", "created_before", "trigger", "after", "backup", "level", "format", "download"),
        *("state", "kind", "gateway", "stale", "reason", "schedule_type", "due_after", "due_before", "cause"),
        "outcome",
    ]
    for name in names:
        response = root.get(f"{url}?{name}={text}")
        assert response.status_code in (200, 400, 404), name
        assert isinstance(response.json(), dict)


def test_no_redirect_whatever_the_slash(root: APIClient) -> None:
    url = f"/api/devices/{add_device().pk}"
    for path in ("/api/devices", "/api/jobs", "/api/backups", "/api/tags", url, f"{url}/backups"):
        assert (root.get(path).status_code, root.get(f"{path}/").status_code) == (200, 200)
    root.post(f"{url}/backup/", {"comments": "with a slash"})
    assert Backup.objects.get().comments == "with a slash"


def add_rows(start: int, stop: int) -> None:
    """So many of everything; the first device and the first job get so many backups and log entries too."""
    for number in range(start, stop):
        device = add_device(f"core{number}")
        device.tags.add(Tag.objects.create(name=f"tag{number}", max_age_hours=1))
        Tag.objects.get(name="tag0").tag_credentials.create(credential=add_credential(f"credential {number}"))
        channel = Channel.objects.create(name=f"noc {number}", addresses="noc@example.net")
        channel.tags.set(device.tags.all())
        delivery = Delivery.objects.create(channel=channel, status="failed")
        delivery.items.create(kind="failed", device=device, at=now())
        device.host_keys.create(kind="ssh", text="ssh-rsa AA==", fingerprint="x", state="offered")
        Gateway.objects.create(name=f"jump{number}", address="192.0.2.9", credential=add_credential(f"jump {number}"))
        Platform.objects.create(slug=f"p{number}", name=f"P{number}", driver="ios", default_port=22)
        add_backup(device, job=Job.objects.create(trigger="api", metadata={"first_devices": [f"core{number}"]}))
        job = Job.objects.earliest("created_at")
        backup = add_backup(Device.objects.get(hostname="core0"), job=job)
        job.log.create(event="command", message="a", backup=backup)
        add_backup(device, "failed")
        schedule = save_schedule(Schedule(name=f"nightly {number:03}", time=time(2, 30), all_devices=True))
        schedule.tags.set(Tag.objects.all())
        for each in (schedule, Schedule.objects.get(name="nightly 000")):
            each.runs.create(due_at=now() + timedelta(minutes=number), outcome="started", job=backup.job)
    Device.objects.update(last_status="failed", created_at=now() - timedelta(hours=2))


@pytest.mark.parametrize("pattern", [pattern for pattern in LISTS if pattern != "^tokens/?$"])  # has one row
def test_a_list_takes_as_many_queries_for_thirty_rows_as_for_three(
    client_with: MakeClient, django_assert_max_num_queries: Budget, pattern: str
) -> None:
    viewer = client_with(*VIEW_PERMISSIONS)
    add_rows(0, 3)
    firsts = {
        "jobs": Job.objects.earliest("created_at"),
        "tags": Tag.objects.get(name="tag0"),
        "schedules": Schedule.objects.get(name="nightly 000"),
    }
    url = path_of(pattern, str(firsts.get(pattern.strip("^").split("/")[0], Device.objects.get(hostname="core0")).pk))
    with django_assert_max_num_queries(25 if "schedules" in pattern else 12) as few:
        assert len(viewer.get(url).json()["results"]) >= 3
    add_rows(3, 30)
    with django_assert_max_num_queries(len(few)):
        assert len(viewer.get(f"{url}?page_size=500").json()["results"]) >= 30


def test_counting_stops_at_its_limit(root: APIClient, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(4):
        add_device(f"core{number}")
    assert issubclass(BoundedPaginator, Paginator)
    monkeypatch.setattr(pagination, "COUNT_LIMIT", 3)
    page = root.get("/api/devices?page_size=2").json()
    assert (page["count"], len(page["results"])) == (3, 2)


def test_pages_hold_fifty_rows_and_at_most_five_hundred(root: APIClient) -> None:
    Tag.objects.bulk_create(Tag(name=f"tag{number:03}") for number in range(501))
    page = root.get("/api/tags").json()
    assert (page["count"], len(page["results"])) == (501, 50)
    assert len(root.get("/api/tags?page_size=1000").json()["results"]) == 500
    following = root.get(page["next"]).json()
    assert following["results"][0]["name"] == "tag050"
    assert following["previous"]
