"""`manage.py list_stale`: what a monitor hears."""

import re
import socket
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from backups import staleness
from backups.models import Backup, Job
from devices.models import Device, Platform, Tag
from tests.system.installation import environment_of, run_manage

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)

Ask = Callable[..., tuple[int, list[str]]]


@pytest.fixture
def ask(capsys: pytest.CaptureFixture[str]) -> Ask:
    """Exit status and the lines."""

    def run(*options: str) -> tuple[int, list[str]]:
        with time_machine.travel(NOW, tick=False), pytest.raises(SystemExit) as ended:
            call_command("list_stale", *options)
        return int(str(ended.value.code)), capsys.readouterr().out.splitlines()

    return run


def add_device(hostname: str, *tags: str, good: float | None = None, error: str = "", **fields: Any) -> Device:
    """Recorded 100 hours ago, last backed up `good` hours ago; with an error, the last attempt timed out so."""
    success = None if good is None else NOW - timedelta(hours=good)
    if error:
        fields |= {"last_status": "failed", "last_failure_reason": "timeout"}
    device = Device.objects.create(
        hostname=hostname,
        address="192.0.2.1",
        platform=Platform.objects.get(slug="ios"),
        last_success_at=success,
        **fields,
    )
    Device.objects.filter(pk=device.pk).update(created_at=NOW - timedelta(hours=100))
    for name in tags:
        hours = int(name) if name.isdigit() else None
        device.tags.add(Tag.objects.get_or_create(name=name, defaults={"max_age_hours": hours})[0])
    if error:
        job = Job.objects.create(trigger=Job.Trigger.SCHEDULE, status="failed")
        Backup.objects.create(job=job, device=device, status="failed", failure_reason="timeout", error=error)
    return device


def test_nothing_stale_is_a_zero_and_one_line(ask: Ask) -> None:
    add_device("core1", "24", good=1)
    add_device("free", "branch", good=90)
    add_device("off", "24", good=90, enabled=False)
    line = "NETRAVEN OK: 0 of 1 devices with an objective are stale | stale=0 watched=1"
    assert ask() == (0, [line])


def test_stale_devices_are_a_one_and_a_line_each_the_longest_first(ask: Ask) -> None:
    add_device("core1", "24", "48", good=30, error="No answer\nwithin 60 s.\x1b[2J")
    add_device("never", "24")
    add_device("in-time", "24", good=1)
    assert ask() == (
        1,
        [
            "NETRAVEN WARNING: 2 of 3 devices with an objective are stale | stale=2 watched=3",
            "never: stale for 3 days (good backup within 24 h by 24), last good never; not tried since",
            "core1: stale for 6 hours (good backup within 24 h by 24), last good 2026-11-23 02:00 UTC; "
            "timed out: No answer within 60 s.␛[2J",
        ],
    )


@pytest.mark.parametrize(
    ("options", "status", "found"),
    [
        (["--tag", "branch"], 1, ["core1"]),
        (["--tag", "24"], 1, ["core2", "core1"]),
        (["--tag", "branch", "--tag", "rack"], 1, ["core2", "core1"]),
        (["--tag", "spare"], 0, []),
    ],
)
def test_some_devices_can_be_looked_at(ask: Ask, options: list[str], status: int, found: list[str]) -> None:
    add_device("core1", "24", "branch", good=30)
    add_device("core2", "24", "rack", good=40)
    add_device("core3", "48", "spare", good=30)
    code, lines = ask(*options)
    assert (code, [line.split(":")[0] for line in lines[1:]]) == (status, found)


def test_a_tag_that_is_none_is_neither_good_nor_bad_news() -> None:
    with pytest.raises(CommandError, match=r"^No such tag: nowhere$") as refused:
        call_command("list_stale", "--tag", "nowhere")
    assert refused.value.returncode == 3


def test_many_devices_take_as_many_queries_as_few(ask: Ask) -> None:
    counted = []
    for start, stop in ((0, 3), (3, 60)):
        for number in range(start, stop):
            add_device(f"core{number}", "24", "48", good=30, error="No answer.")
        with CaptureQueriesContext(connection) as asked:
            assert len(ask()[1]) == stop + 1
        counted.append(len(asked))
    assert counted[0] == counted[1] <= 6


def test_every_device_has_its_own_error_in_whatever_batches_they_are_read(
    ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(staleness, "BATCH", 2)
    for number in range(5):
        add_device(f"core{number}", "24", good=30 + number, error=f"Error {number}.")
    lines = ask()[1][1:]
    assert [(line[:5], line[-8:]) for line in lines] == [(f"core{n}", f"Error {n}.") for n in (4, 3, 2, 1, 0)]


def test_a_database_that_is_away_is_unknown_in_one_line(tmp_path: Any) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # bound, but nobody listens
        url = f"postgres://u:secret@127.0.0.1:{nobody.getsockname()[1]}/netraven"
        done = run_manage(environment_of(tmp_path, url), "list_stale")
    assert (done.returncode, done.stderr) == (3, "")
    assert done.stdout == "NETRAVEN UNKNOWN: the database cannot be asked (OperationalError)\n"


def test_a_monitor_sees_the_exit_status_of_the_process(tmp_path: Any) -> None:
    environment = environment_of(tmp_path, f"sqlite:///{tmp_path / 'netraven.sqlite3'}")
    assert run_manage(environment, "migrate", "-v0").returncode == 0
    assert run_manage(environment, "list_stale").returncode == 0
    made = (
        "from devices.models import *; t = Tag.objects.create(name='core', max_age_hours=1); "
        "d = Device.objects.create(hostname='core1', address='192.0.2.1', platform=Platform.objects.get(slug='ios')); "
        "d.tags.add(t); Device.objects.update(created_at='2026-01-01T00:00Z')"
    )
    assert run_manage(environment, "shell", "-v0", "-c", made).returncode == 0
    done = run_manage(environment, "list_stale", "--tag", "core")
    assert (done.returncode, done.stderr) == (1, "")
    assert re.fullmatch(r"NETRAVEN WARNING: 1 of 1 [^\n]*\ncore1: stale for [^\n]*; not tried since\n", done.stdout)
    missing = run_manage(environment, "list_stale", "--tag", "nowhere")
    assert (missing.returncode, missing.stdout, missing.stderr) == (3, "", "CommandError: No such tag: nowhere\n")
