"""Lists that grow without end: every row once, at the same cost however far down."""

import base64
import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from rest_framework.test import APIClient

from backups.models import Backup, Job, JobLog
from tests.api.conftest import MakeClient, add_backup, add_device, wrong_fields

pytestmark = pytest.mark.django_db
NOON = datetime.fromisoformat("2026-01-01T12:00:00Z")


def add_twins(number: int) -> list[str]:
    """So many backups of one time, as those of one job are, between an older and a newer one; newest first."""
    device = add_device()
    job = Job.objects.create(trigger="api")
    details: dict[str, Any] = {"device": device, "job": job, "status": "failed", "failure_reason": "timeout"}
    twins = Backup.objects.bulk_create(Backup(**details, created_at=NOON) for _ in range(number))
    ids = sorted((str(backup.pk) for backup in twins), reverse=True)
    older = add_backup(device, created_at=NOON - timedelta(days=1), job=job)
    newer = add_backup(device, created_at=NOON + timedelta(days=1), job=job)
    return [str(newer.pk), *ids, str(older.pk)]


def pages(client: APIClient, url: str, link: str = "next") -> Iterator[list[str]]:
    """The ids on each page, following the links."""
    following: str | None = url
    while following:
        page = client.get(following).json()
        yield [row["id"] for row in page["results"]]
        following = page[link]


def test_every_row_comes_once_also_among_many_of_one_time(root: APIClient) -> None:
    wanted = add_twins(1200)
    found = [pk for page in pages(root, "/api/backups?page_size=500") for pk in page]
    assert found == wanted


@pytest.mark.parametrize("size", [1, 2, 3, 7])
def test_the_way_back_shows_the_same_pages(root: APIClient, size: int) -> None:
    wanted = add_twins(5)
    url = f"/api/backups?page_size={size}"
    forth = list(pages(root, url))
    assert [pk for page in forth for pk in page] == wanted
    last = url
    while following := root.get(last).json()["next"]:
        last = following
    back = list(pages(root, last, "previous"))
    assert [pk for page in reversed(back) for pk in page] == wanted
    assert not root.get(last).json()["next"]


def test_the_oldest_come_first_when_they_are_asked_for(root: APIClient) -> None:
    wanted = add_twins(4)
    assert [pk for page in pages(root, "/api/backups?page_size=2&ordering=created_at") for pk in page] == wanted[::-1]


def test_filters_and_search_go_with_the_cursor(root: APIClient) -> None:
    wanted = add_twins(5)[1:-1]
    url = "/api/backups?page_size=2&status=failed&search=core1"
    assert [pk for page in pages(root, url) for pk in page] == wanted


def test_rows_that_come_meanwhile_do_not_move_the_pages(root: APIClient) -> None:
    wanted = add_twins(4)
    first = root.get("/api/backups?page_size=3").json()
    add_backup(Backup.objects.first().device, created_at=timezone.now())  # type: ignore[union-attr]
    second = root.get(first["next"]).json()
    assert [row["id"] for row in first["results"] + second["results"]] == wanted


def test_a_row_that_was_deleted_meanwhile_does_not_lose_the_place(root: APIClient) -> None:
    wanted = add_twins(4)
    first = root.get("/api/backups?page_size=3").json()
    Backup.objects.filter(pk=first["results"][-1]["id"]).delete()
    assert [row["id"] for row in root.get(first["next"]).json()["results"]] == wanted[3:]


def test_a_log_is_read_page_by_page(root: APIClient) -> None:
    job = Job.objects.create(trigger="api")
    JobLog.objects.bulk_create(JobLog(job=job, event="command", message=str(number)) for number in range(7))
    url = f"/api/jobs/{job.pk}/log?page_size=3"
    assert [len(page) for page in pages(root, url)] == [3, 3, 1]
    newest = root.get(f"{url}&ordering=-id").json()["results"]
    assert [entry["message"] for entry in newest] == ["6", "5", "4"]
    assert [entry["message"] for entry in root.get(f"{url}&search=5").json()["results"]] == ["5"]


def test_the_backups_of_a_job_come_as_workers_take_them(root: APIClient) -> None:
    job = Job.objects.create(trigger="api")
    for position in (2, 0, 1, 4, 3):
        add_backup(add_device(f"core{position}"), job=job, position=position)
    url = f"/api/jobs/{job.pk}/backups?page_size=2"
    wanted = [str(pk) for pk in job.backups.order_by("position").values_list("pk", flat=True)]
    assert [pk for page in pages(root, url) for pk in page] == wanted


def cursor(*parts: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(list(parts)).encode()).decode()


@pytest.mark.parametrize(
    "text",
    [
        "x",
        "é",
        "%00",
        cursor(),
        cursor("after"),
        cursor("after", "2026-01-01"),
        cursor("sideways", "2026-01-01T00:00:00Z", "00000000-0000-4000-8000-000000000000"),
        cursor("after", "yesterday", "00000000-0000-4000-8000-000000000000"),
        cursor("after", "2026-01-01T00:00:00Z", "1"),
        cursor("after", None, None),
        cursor("after", 1, 2),
        cursor("after", ["a"], {"b": 1}),
        cursor("after", "2026-01-01T00:00:00Z", "00000000-0000-4000-8000-000000000000", "more"),
        base64.urlsafe_b64encode(b"[" * 5000).decode(),
        base64.urlsafe_b64encode(b'{"a": 1}').decode(),
        "A" * 4000,
    ],
)
def test_a_cursor_of_ones_own_making_is_a_400(root: APIClient, text: str) -> None:
    assert wrong_fields(root.get(f"/api/backups?cursor={text}")) == ["cursor"]


@pytest.mark.parametrize("number", ["-1", "9" * 30])
def test_a_cursor_beyond_all_numbers_is_no_traceback(root: APIClient, number: str) -> None:
    url = f"/api/jobs/{Job.objects.create(trigger='api').pk}/log?cursor={cursor('after', number)}"
    assert root.get(url).status_code in (200, 400)


@pytest.mark.parametrize("text", ["id", "-hostname", "created_at,id", "-"])
def test_an_order_that_no_index_has_is_a_400(root: APIClient, text: str) -> None:
    assert wrong_fields(root.get(f"/api/backups?ordering={text}")) == ["ordering"]


def plan_of(client: APIClient, url: str, table: str) -> str:
    """How the database finds the rows of a page."""
    with CaptureQueriesContext(connection) as queries:
        assert client.get(url).status_code == 200
    (statement,) = [row["sql"] for row in queries if f'FROM "{table}"' in row["sql"] and "LIMIT" in row["sql"]]
    with connection.cursor() as asked:
        if connection.vendor == "sqlite":
            asked.execute(f"EXPLAIN QUERY PLAN {statement}")
        else:
            asked.execute("SET LOCAL enable_seqscan = off")  # a table of a few rows is read faster without an index
            asked.execute(f"EXPLAIN {statement}")
        return "\n".join(str(row) for row in asked.fetchall())


@pytest.mark.parametrize("ordering", ["-created_at", "created_at"])
def test_an_index_has_the_backups_in_order(root: APIClient, ordering: str) -> None:
    add_twins(5)
    page = root.get(f"/api/backups?page_size=2&ordering={ordering}").json()
    plan = plan_of(root, page["next"], "backups_backup")
    assert "backup_newest" in plan
    assert "TEMP B-TREE" not in plan
    assert "Sort" not in plan


def test_an_index_has_the_log_in_order(root: APIClient) -> None:
    job = Job.objects.create(trigger="api")
    JobLog.objects.bulk_create(JobLog(job=job, event="command", message=str(number)) for number in range(5))
    page = root.get(f"/api/jobs/{job.pk}/log?page_size=2").json()
    plan = plan_of(root, page["next"], "backups_joblog")
    assert "joblog_job" in plan or "joblog_pkey" in plan
    assert "TEMP B-TREE" not in plan


@pytest.mark.parametrize(
    "path", ["devices", "tags", "platforms", "gateways", "credentials", "host-keys", "backups", "jobs"]
)
def test_a_parameter_that_a_list_does_not_know_is_named(root: APIClient, path: str) -> None:
    answer = root.get(f"/api/{path}?page_size=2&statuss=failed&x=%00")
    assert (answer.status_code, wrong_fields(answer)) == (400, ["statuss", "x"])
    for order in ("password", "-nothing", "name,,-", "x" * 3000):
        assert wrong_fields(root.get(f"/api/{path}?ordering={order}")) == ["ordering"]


@pytest.mark.parametrize("end", ["", "/content", "/diff"])
def test_filters_of_lists_do_not_hide_a_single_backup(root: APIClient, end: str) -> None:
    device = add_device()
    add_backup(device)
    backup = add_backup(device, content=b"hostname core2\n")
    assert root.get(f"/api/backups/{backup.pk}{end}?status=failed&search=nothing").status_code == 200


ORDERS = {
    "devices": ("hostname", "last_success_at"),
    "tags": ("name",),
    "platforms": ("slug", "driver"),
    "gateways": ("name", "created_at"),
    "credentials": ("name", "updated_at"),
    "host-keys": ("first_seen_at", "decided_at"),
    "jobs": ("created_at", "status"),
    "credentials/statistics": ("accepted", "last_used_at"),
    "tags/statistics": ("rejected", "name"),
}


@pytest.mark.parametrize("path", ORDERS)
def test_each_list_is_ordered_and_searched(client_with: MakeClient, path: str) -> None:
    app_models = ("devices.view_device", "devices.view_tag", "devices.view_platform", "devices.view_gateway")
    client = client_with(*app_models, "devices.view_hostkey", "credentials.view_credential", "backups.view_job")
    for field in ORDERS[path]:
        for order in (field, f"-{field}"):
            assert client.get(f"/api/{path}?ordering={order}").status_code == 200
    assert client.get(f"/api/{path}?search=there+is+no+such+thing").json()["results"] == []


def test_a_search_for_more_words_than_a_database_takes_is_refused(root: APIClient) -> None:
    assert root.get("/api/devices", {"search": "a " * 50}).status_code == 200
    answer = root.get("/api/devices", {"search": "a " * 1900})
    assert (answer.status_code, wrong_fields(answer)) == (400, ["search"])
