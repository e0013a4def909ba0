"""The console's list of worker processes."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from backups.models import Backup, Job, WorkerProcess
from tests.conftest import QueuedTasks
from tests.pages.conftest import Network

Login = Callable[..., Client]
URL = "/admin/backups/workerprocess/"


def add_process(name: str, seconds_ago: float = 0, **fields: Any) -> WorkerProcess:
    seen = timezone.now() - timedelta(seconds=seconds_ago)
    return WorkerProcess.objects.create(name=name, host=name.split(":")[0], last_seen_at=seen, threads=25, **fields)


@pytest.fixture
def root(login: Login) -> Client:
    return login("superuser")


def page(client: Client) -> str:
    answer = client.get(URL)
    assert answer.status_code == 200
    return answer.content.decode()


def test_who_works_and_who_is_silent_can_be_seen(root: Client) -> None:
    add_process("backup1:11", 5, busy=7, completed=120, failed=3)
    add_process("backup1:12", 40)
    add_process("backup2:11", 400, busy=9)
    text = page(root)
    assert "7 of 25" in text
    assert "9 of 25" not in text, "it is not known to be busy any more"
    states = [text.index(word) for word in ("</span> Working", "</span> Idle", "</span> Silent")]
    assert states == sorted(states)
    assert "No worker was seen" not in text


def test_without_any_worker_the_page_says_how_to_start_one(root: Client) -> None:
    assert "manage.py run_workers" in page(root)
    add_process("backup1:11", 400)
    assert "manage.py run_workers" in page(root)
    add_process("backup1:12")
    assert "manage.py run_workers" not in page(root)


def test_the_queue_is_above_the_list(root: Client, network: Network, queued_tasks: QueuedTasks) -> None:
    job = Job.objects.create(trigger=Job.Trigger.API)
    Backup.objects.create(job=job, device=network.device, created_at=timezone.now() - timedelta(seconds=125))
    text = page(root)
    assert "<dt>Backups that wait</dt><dd>1</dd>" in text
    assert "<dt>The oldest waits for</dt><dd>2 min 5 s</dd>" in text
    assert "<dt>Tasks in the queue</dt><dd>0</dd>" in text
    assert queued_tasks() == []


def test_the_list_takes_the_same_queries_for_many_processes(root: Client, django_assert_max_num_queries: Any) -> None:
    for number in range(40):
        add_process(f"backup1:{number}")
    with django_assert_max_num_queries(12):
        root.get(URL)


def test_nothing_can_be_changed_there(root: Client) -> None:
    process = add_process("backup1:11")
    assert root.get(f"{URL}add/").status_code == 403
    change = reverse("admin:backups_workerprocess_change", args=[process.pk])
    assert root.post(change, {"host": "other"}).status_code == 403
    assert (
        root.post(reverse("admin:backups_workerprocess_delete", args=[process.pk]), {"post": "yes"}).status_code == 403
    )
    assert b'name="action"' not in root.get(URL).content


def test_only_who_may_see_workers_sees_them(login: Login) -> None:
    assert login("viewer", staff=True).get(URL).status_code == 403
    client = login("nobody", "backups.view_workerprocess", staff=True)
    assert client.get(URL).status_code == 200
    assert URL in client.get(reverse("admin:index")).content.decode()
