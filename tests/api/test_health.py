"""Whether NetRaven works, and who one is."""

from datetime import timedelta

import pytest
from django.db import OperationalError, connection
from django.utils import timezone
from rest_framework.test import APIClient

from backups import heartbeat
from backups.models import WorkerProcess
from tests.api.conftest import MakeClient, MakeUser, client_of, problem_of

pytestmark = pytest.mark.django_db


def test_all_is_well_when_a_worker_was_seen() -> None:
    heartbeat.beat()
    answer = APIClient().get("/api/health")
    assert (answer.status_code, answer.json()) == (
        200,
        {"status": "ok", "database": True, "task_queue": True, "workers": 1},
    )


def test_without_a_worker_nobody_makes_backups() -> None:
    heartbeat.beat()
    WorkerProcess.objects.update(last_seen_at=timezone.now() - timedelta(minutes=4))
    document = problem_of_checks(APIClient().get("/api/health"))
    assert document["detail"] == "Missing: workers."
    assert document["checks"] == {"database": True, "task_queue": True, "workers": 0}


def test_a_database_that_is_away_is_told_without_its_words() -> None:
    def refuse(*_: object) -> None:
        raise OperationalError("connection to server at 10.0.0.5 failed: password s3cret")

    with connection.execute_wrapper(refuse):
        answer = APIClient().get("/api/health")
    document = problem_of_checks(answer)
    assert document["checks"] == {"database": False, "task_queue": False, "workers": 0}
    assert b"s3cret" not in answer.content


def problem_of_checks(answer: object) -> dict[str, object]:
    """A problem document with one member more."""
    document: dict[str, object] = answer.json()  # type: ignore[attr-defined]
    assert (document["status"], document["type"]) == (503, "/problems/unavailable")
    return document


def test_a_wrong_token_does_not_make_a_monitor_fail() -> None:
    heartbeat.beat()
    assert APIClient(HTTP_AUTHORIZATION="Bearer 0").get("/api/health").status_code == 200


def test_a_user_sees_who_they_are_and_what_they_may(client_with: MakeClient) -> None:
    shown = client_with("backups.run_backup", "devices.view_device", email="a@example.net").get("/api/me").json()
    assert shown["permissions"] == ["backups.run_backup", "devices.view_device"]
    assert (shown["username"], shown["email"], shown["is_superuser"], shown["groups"]) == (
        "user0",
        "a@example.net",
        False,
        [],
    )
    assert "password" not in shown


def test_a_superuser_has_all_permissions(make_user: MakeUser) -> None:
    shown = client_of(make_user("root", is_superuser=True)).get("/api/me").json()
    assert shown["is_superuser"]
    assert len(shown["permissions"]) > 40
    assert problem_of(APIClient().get("/api/me"))["status"] == 401
