"""`manage.py check_workers`: what a monitor hears."""

import re
import socket
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from backups.models import Backup, Job, WorkerProcess
from credentials.models import Credential
from devices.models import Device, Gateway, Platform, Tag
from tests.system.installation import environment_of, run_manage

pytestmark = pytest.mark.django_db

Check = Callable[..., tuple[int, str]]


@pytest.fixture
def check(capsys: pytest.CaptureFixture[str]) -> Check:
    """Exit status and the line."""

    def run(*options: str) -> tuple[int, str]:
        with pytest.raises(SystemExit) as ended:
            call_command("check_workers", *options)
        (line,) = capsys.readouterr().out.splitlines()
        return int(str(ended.value.code)), line

    return run


@pytest.fixture
def worker() -> WorkerProcess:
    return WorkerProcess.objects.create(name="backup1:4711", host="backup1", threads=25)


def add_backup(status: str, age: float = 0, lease: float | None = None, **fields: Any) -> Backup:
    """Of a new device; `age` and `lease` in seconds."""
    device = Device.objects.create(
        hostname=f"d{Device.objects.count()}", address="192.0.2.1", platform=Platform.objects.get(slug="ios")
    )
    now = timezone.now()
    times = {"created_at": now - timedelta(seconds=age)}
    if lease is not None:
        times["lease_expires_at"] = now + timedelta(seconds=lease)
    job = Job.objects.create(trigger=Job.Trigger.API)
    return Backup.objects.create(job=job, device=device, status=status, **times, **fields)


def test_all_is_well(check: Check, worker: WorkerProcess) -> None:
    add_backup("pending", age=5)
    add_backup("running", age=50, lease=30)
    status, line = check()
    assert status == 0
    assert line.startswith("NETRAVEN OK: 1 processes alive, 1 backups running, 1 pending, the oldest for 5 s, 0 leases")
    assert line.endswith(" | alive=1 busy=1 threads=25 pending=1 oldest=5s expired=0")


def test_no_worker_at_all_is_critical(check: Check) -> None:
    status, line = check()
    assert (status, line.split(";")[0]) == (2, "NETRAVEN CRITICAL: no worker was seen for 180 s")


def test_a_silent_worker_does_not_count(check: Check, worker: WorkerProcess) -> None:
    WorkerProcess.objects.update(last_seen_at=timezone.now() - timedelta(seconds=200))
    assert check()[0] == 2
    assert check("--max-silence", "240")[0] == 0


@pytest.mark.parametrize(("age", "status"), [(100, 0), (130, 1), (310, 2)])
def test_backups_that_wait_beside_idle_threads_are_a_problem(
    check: Check, worker: WorkerProcess, age: int, status: int
) -> None:
    add_backup("pending", age=age)
    found, line = check()
    assert found == status
    assert ("backups wait though threads are idle" in line) == bool(status)


def test_the_limits_are_options(check: Check, worker: WorkerProcess) -> None:
    add_backup("pending", age=20)
    assert check("--warn-wait", "10")[0] == 1
    assert check("--max-wait", "15")[0] == 2


def test_more_work_than_threads_is_a_warning(check: Check, worker: WorkerProcess) -> None:
    WorkerProcess.objects.update(threads=2)
    for _ in range(2):
        add_backup("running", lease=30)
    add_backup("pending", age=1000)
    status, line = check()
    assert (status, line.split(";")[0]) == (1, "NETRAVEN WARNING: there is more to do than the workers can")


def test_what_a_full_gateway_or_tag_holds_back_is_no_problem(check: Check, worker: WorkerProcess) -> None:
    credential = Credential.objects.create(name="jump", username="jump")
    gateway = Gateway.objects.create(name="g", address="192.0.2.9", credential=credential, max_sessions=1)
    tag = Tag.objects.create(name="t", max_sessions=1)
    add_backup("running", lease=30, gateway=gateway)
    tag.devices.add(add_backup("running", lease=30).device)
    add_backup("pending", age=1000, gateway=gateway)
    tag.devices.add(add_backup("pending", age=1000).device)
    status, line = check()
    assert (status, "oldest=1000s" in line) == (0, True)
    Tag.objects.update(max_sessions=2)
    assert check()[0] == 2
    Tag.objects.update(max_sessions=None)
    assert check()[0] == 2, "a tag without a cap holds nothing back"


@pytest.mark.parametrize(("overdue", "status"), [(20, 1), (130, 2)])
def test_expired_leases_are_told(check: Check, worker: WorkerProcess, overdue: int, status: int) -> None:
    add_backup("running", lease=-overdue)
    found, line = check()
    assert (found, "1 leases expired" in line) == (status, True)


def test_a_check_is_cheap(check: Check, worker: WorkerProcess) -> None:
    for _ in range(20):
        add_backup("pending")
    with CaptureQueriesContext(connection) as asked:
        check()
    assert len(asked) <= 5


def test_a_database_that_is_away_is_unknown_in_one_line(tmp_path: Any) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # bound, but nobody listens
        url = f"postgres://u:secret@127.0.0.1:{nobody.getsockname()[1]}/netraven"
        done = run_manage(environment_of(tmp_path, url), "check_workers")
    assert (done.returncode, done.stderr) == (3, "")
    assert done.stdout == "NETRAVEN UNKNOWN: the database cannot be asked (OperationalError)\n"


def test_a_database_without_tables_is_unknown(tmp_path: Any) -> None:
    done = run_manage(environment_of(tmp_path, f"sqlite:///{tmp_path / 'empty.sqlite3'}"), "check_workers")
    assert (done.returncode, done.stderr) == (3, "")
    assert re.fullmatch(r"NETRAVEN UNKNOWN: .*\n", done.stdout)
