"""What a service manager, a load balancer and a monitor are told."""

import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.test import Client

from backups import heartbeat
from backups.models import WorkerProcess
from netraven.probes import checks, readiness
from netraven.probes.bounded import Bounded

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)


@pytest.fixture
def client() -> Client:
    """Asks by an address that is no allowed host."""
    return Client(headers={"host": "10.1.2.3:8000"})


@pytest.fixture
def silent_server() -> Iterator[int]:
    """A port that takes connections and never says anything."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


def checks_of(client: Client, query: str = "") -> tuple[int, dict[str, str]]:
    answer = client.get(f"/readyz{query}")
    document = answer.json()
    assert document["status"] == ("ok" if answer.status_code == 200 else "unavailable")
    return answer.status_code, document["checks"]


def test_a_process_that_answers_is_alive_whatever_else_is_away(client: Client, settings: Any) -> None:
    settings.SECURE_SSL_REDIRECT = True
    with connection.execute_wrapper(lambda *_: pytest.fail("the database was asked")):
        answer = client.get("/healthz")
    assert (answer.status_code, answer.content) == (200, b"ok\n")
    assert client.head("/healthz/").status_code == 200


def test_ready_is_who_can_do_everything(client: Client) -> None:
    assert checks_of(client)[0] == 503
    heartbeat.beat()
    assert checks_of(client) == (200, dict.fromkeys(readiness.NAMES, "ok"))


def test_without_workers_the_web_service_may_still_be_ready(client: Client) -> None:
    assert WorkerProcess.objects.count() == 0
    status, found = checks_of(client)
    assert (status, found.pop("workers")) == (503, "none was seen for 3 minutes")
    assert set(found.values()) == {"ok"}
    assert checks_of(client, "?exclude=workers") == (200, found)


def test_a_missing_migration_is_told(client: Client) -> None:
    heartbeat.beat()
    checks._migrated.clear()
    ((_, newest),) = MigrationLoader(connection).graph.leaf_nodes("backups")
    rename = "UPDATE django_migrations SET name = %s WHERE name = %s"
    with connection.cursor() as cursor:
        cursor.execute(rename, ["other", newest])
    try:
        status, found = checks_of(client)
    finally:
        with connection.cursor() as cursor:
            cursor.execute(rename, [newest, "other"])
    assert status == 503
    assert found["migrations"] == "not all are applied: run manage.py migrate"
    assert checks_of(client)[0] == 200, "and noticed when it is there"


def test_a_storage_that_cannot_be_written_is_told_without_its_place(
    client: Client, settings: Any, tmp_path: Path
) -> None:
    heartbeat.beat()
    (tmp_path / "file").write_text("in the way")
    options = {"location": str(tmp_path / "file" / "storage")}
    settings.STORAGES = settings.STORAGES | {"configs": settings.STORAGES["configs"] | {"OPTIONS": options}}
    status, found = checks_of(client)
    assert (status, found["storage"]) == (503, "cannot be written")


def test_a_redis_that_hangs_costs_the_probe_its_limit_and_no_more(settings: Any, silent_server: int) -> None:
    heartbeat.beat()
    redis = f"redis://127.0.0.1:{silent_server}/0?socket_timeout=2"
    backend = "django.core.cache.backends.redis.RedisCache"
    settings.CACHES = {"default": {"BACKEND": backend, "LOCATION": redis}}
    began = time.monotonic()
    found = readiness.look(limit=0.5)
    assert time.monotonic() - began < 1.5
    assert found["cache"] == "no answer in 0.5 s"
    assert found["database"] == found["workers"] == found["storage"] == ""


def test_what_hangs_is_asked_once_however_many_want_to_know() -> None:
    asked, let_go = [], threading.Event()

    def hang() -> str:
        asked.append(threading.current_thread())
        let_go.wait(10)
        return "at last"

    question = Bounded(hang)
    for _ in range(5):
        with pytest.raises(TimeoutError):
            question.begin().result(0.02)
    last = question.begin()
    let_go.set()
    assert (last.result(5), len(asked)) == ("at last", 1)
