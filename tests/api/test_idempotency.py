"""A request that starts work, sent more than once."""

import threading
from datetime import timedelta
from typing import Any

import pytest
import requests
from django.utils import timezone
from knox.models import AuthToken
from pytest_django.live_server_helper import LiveServer
from rest_framework.test import APIClient

from backups.models import Backup, IdempotentAnswer, Job
from devices.models import Device
from tests.api.conftest import MakeClient, MakeUser, add_backup, add_device, problem_of, wrong_fields
from tests.conftest import QueuedTasks

KEY = "4c1f7a52-nightly"


@pytest.fixture
def device(db: None) -> Device:
    return add_device()


def ask(client: APIClient, url: str, body: Any = None, key: str = KEY) -> Any:
    return client.post(url, body or {}, HTTP_IDEMPOTENCY_KEY=key)


def test_the_same_request_gets_the_first_answer_again(root: APIClient, device: Device) -> None:
    url = f"/api/devices/{device.pk}/backup"
    first = ask(root, url, {"comments": "nightly"})
    Backup.objects.update(status="failed", failure_reason="timeout")  # without the key it would be a new job
    again = ask(root, url, {"comments": "nightly"})
    assert (again.status_code, again.json()) == (202, first.json())
    assert [again[name] for name in ("Location", "Retry-After")] == [first["Location"], "2"]
    assert ("Idempotency-Replayed" in first, again["Idempotency-Replayed"]) == (False, "true")
    assert Job.objects.count() == 1


@pytest.mark.parametrize("kind", ["one device", "many", "retry"])
def test_each_request_that_starts_work_knows_its_key(root: APIClient, device: Device, kind: str) -> None:
    failed = add_backup(device, "failed")
    url, body = {
        "one device": (f"/api/devices/{device.pk}/backup", {}),
        "many": ("/api/jobs", {"all": True}),
        "retry": (f"/api/jobs/{failed.job_id}/retry", {}),
    }[kind]
    first = ask(root, url, body)
    assert first.status_code == 202
    Backup.objects.update(status="failed", failure_reason="timeout")
    assert ask(root, f"{url}/", body).json() == first.json()
    assert Job.objects.count() == 2


@pytest.mark.parametrize("other", ["body", "path", "query"])
def test_another_request_with_the_same_key_is_refused(root: APIClient, device: Device, other: str) -> None:
    url = f"/api/devices/{device.pk}/backup"
    ask(root, url, {"comments": "a"})
    urls = {"body": url, "path": f"/api/devices/{add_device('core2').pk}/backup", "query": f"{url}?x=1"}
    answer = ask(root, urls[other], {"comments": "b" if other == "body" else "a"})
    assert (answer.status_code, problem_of(answer)["type"]) == (422, "/problems/idempotency-key-reused")
    assert Job.objects.count() == 1


def test_the_order_of_a_body_makes_no_other_request(root: APIClient, device: Device) -> None:
    for text in ('{"all": true, "comments": "a"}', '{"comments":"a","all":true}'):
        answer = root.generic("POST", "/api/jobs", text, content_type="application/json", HTTP_IDEMPOTENCY_KEY=KEY)
        assert answer.status_code == 202
    assert Job.objects.count() == 1


def test_each_user_has_keys_of_their_own(client_with: MakeClient, device: Device) -> None:
    url = f"/api/devices/{device.pk}/backup"
    ask(client_with("backups.run_backup"), url)
    Backup.objects.update(status="failed", failure_reason="timeout")
    ask(client_with("backups.run_backup"), url)
    assert Job.objects.count() == 2


def test_who_may_no_longer_ask_gets_no_kept_answer(client_with: MakeClient, device: Device) -> None:
    url, client = f"/api/devices/{device.pk}/backup", client_with("backups.run_backup")
    assert ask(client, url).status_code == 202
    IdempotentAnswer.objects.get().user.user_permissions.clear()
    assert ask(client, url).status_code == 403


def test_an_error_leaves_the_key_free(root: APIClient, device: Device) -> None:
    url = f"/api/devices/{device.pk}/backup"
    Device.objects.update(enabled=False)
    assert ask(root, url).status_code == 409
    Device.objects.update(enabled=True)
    assert ask(root, url).status_code == 202
    assert ask(root, url)["Idempotency-Replayed"] == "true"


@pytest.mark.parametrize(("hours", "jobs"), [(23.9, 1), (24.1, 2)])
def test_a_key_is_kept_for_a_day(root: APIClient, device: Device, hours: float, jobs: int) -> None:
    url = f"/api/devices/{device.pk}/backup"
    ask(root, url)
    Backup.objects.update(status="failed", failure_reason="timeout")
    IdempotentAnswer.objects.update(created_at=timezone.now() - timedelta(hours=hours))
    assert ask(root, url).status_code == 202
    assert Job.objects.count() == jobs


@pytest.mark.parametrize("key", ["", " ", "x" * 256, "a b", "é", "\x7f"])
def test_a_key_that_is_none_is_a_400(root: APIClient, device: Device, key: str) -> None:
    assert wrong_fields(ask(root, f"/api/devices/{device.pk}/backup", key=key)) == ["Idempotency-Key"]
    assert not Job.objects.exists()


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_of_many_that_come_at_once_one_makes_a_job(
    live_server: LiveServer, make_user: MakeUser, queued_tasks: QueuedTasks
) -> None:
    devices = [add_device(f"core{number}") for number in range(5)]
    _, token = AuthToken.objects.create(user=make_user("root", is_superuser=True))
    headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": KEY}
    ready, answers = threading.Barrier(6), []

    def send() -> None:
        ready.wait()
        body = {"devices": [str(device.pk) for device in devices]}
        answers.append(requests.post(f"{live_server.url}/api/jobs", json=body, headers=headers, timeout=60))

    threads = [threading.Thread(target=send) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [answer.status_code for answer in answers] == [202] * 6, [answer.text for answer in answers]
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert sum("Idempotency-Replayed" in answer.headers for answer in answers) == 5
    assert (Job.objects.count(), Backup.objects.count()) == (1, 5)
    assert len(queued_tasks()) == 1
