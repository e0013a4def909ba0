"""The API over HTTP, as a client program sees it."""

import pytest
import requests
from pytest_django.live_server_helper import LiveServer

from backups.models import Backup
from tests.api.conftest import CONFIG, PASSWORD, MakeUser, add_backup
from tests.conftest import QueuedTasks

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)


@pytest.fixture
def api(live_server: LiveServer, make_user: MakeUser) -> str:
    make_user("anna", is_superuser=True)
    return f"{live_server.url}/api"


@pytest.fixture
def session(api: str) -> requests.Session:
    answer = requests.post(f"{api}/auth/token", json={"username": "anna", "password": PASSWORD}, timeout=10)
    session = requests.Session()
    session.headers["Authorization"] = f"Bearer {answer.json()['token']}"
    return session


def test_a_client_adds_a_device_asks_for_a_backup_and_reads_it(
    api: str, session: requests.Session, queued_tasks: QueuedTasks
) -> None:
    new = {"hostname": "core1", "address": "192.0.2.1", "platform": "ios", "username": "backup", "password": "a"}
    device = session.post(f"{api}/devices", json=new, timeout=10).json()
    asked = session.post(f"{api}/devices/{device['id']}/backup", timeout=10)
    assert asked.status_code == 202
    assert len(queued_tasks()) == 1
    job = session.get(requests.compat.urljoin(asked.url, asked.headers["Location"]), timeout=10).json()
    assert (job["id"], job["status"], job["counts"]["pending"]) == (asked.json()["job_id"], "pending", 1)
    pending = Backup.objects.get()
    done = add_backup(pending.device, job=pending.job)
    listed = session.get(f"{api}/devices/{device['id']}/backups", timeout=10).json()
    assert [row["status"] for row in listed["results"]] == ["completed", "pending"]
    content = session.get(f"{api}/backups/{done.pk}/content", timeout=10)
    assert content.content == CONFIG
    known = {"If-None-Match": content.headers["ETag"]}
    assert session.get(f"{api}/backups/{done.pk}/content", headers=known, timeout=10).status_code == 304


def test_nothing_is_redirected_with_or_without_a_slash(api: str, session: requests.Session) -> None:
    for path in ("/tags", "/tags/"):
        answer = session.post(f"{api}{path}", json={"name": path}, timeout=10, allow_redirects=False)
        assert answer.status_code == 201


def test_a_request_without_a_token_is_told_what_to_bring(api: str) -> None:
    answer = requests.get(f"{api}/devices", timeout=10)
    assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, "Bearer")
    assert answer.headers["Content-Type"] == "application/problem+json"


def test_a_client_plans_backups_and_looks_back_at_them(
    api: str, session: requests.Session, queued_tasks: QueuedTasks
) -> None:
    session.post(f"{api}/tags", json={"name": "core"}, timeout=10)
    new = {"hostname": "core1", "address": "192.0.2.1", "platform": "ios", "tags": ["core"]}
    device = session.post(f"{api}/devices", json=new, timeout=10).json()
    plan = {"name": "nightly core", "time": "02:30", "time_zone": "Europe/Berlin", "tags": ["core"]}
    shown = session.post(f"{api}/schedules/preview", json=plan, timeout=10).json()
    assert (len(shown["runs"]), shown["device_count"]) == (10, 1)
    made = session.post(f"{api}/schedules", json=plan, timeout=10)
    assert made.status_code == 201
    url = requests.compat.urljoin(made.url, made.headers["Location"])
    assert session.get(url, timeout=10).json()["next_run_at"] == shown["runs"][0]["utc"]
    assert [row["hostname"] for row in session.get(f"{url}/devices", timeout=10).json()["results"]] == ["core1"]
    covering = session.get(f"{api}/devices/{device['id']}/schedules/", timeout=10).json()["results"]
    assert [row["name"] for row in covering] == ["nightly core"]
    asked = session.post(f"{url}/run", headers={"Idempotency-Key": "now"}, timeout=10)
    assert (asked.status_code, len(queued_tasks())) == (202, 1)
    job = session.get(requests.compat.urljoin(asked.url, asked.headers["Location"]), timeout=10).json()
    assert (job["trigger"], job["counts"]["pending"]) == ("schedule", 1)
    (run,) = session.get(f"{url}/jobs", timeout=10).json()["results"]
    assert (run["job"], run["cause"]) == (job["id"], "manual")
    assert session.post(f"{url}/toggle", json={"enabled": False}, timeout=10).json()["next_run_at"] is None
    assert session.get(f"{api}/schedules/week", timeout=10).json()["hours"] == []
    assert session.delete(url, timeout=10).status_code == 204
    assert session.get(url, timeout=10).status_code == 404
    assert session.get(f"{api}/jobs/{job['id']}", timeout=10).status_code == 200, "what it did stays"
