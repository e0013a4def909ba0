"""The commands of housekeeping, for a person and for a script."""

import io
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.core.management import CommandError, call_command
from pytest_django import Settings

from backups.housekeeping.runs import Run, begin
from backups.housekeeping.verification import Verification
from backups.models import Backup, Job
from tests.backups.housekeeping.conftest import FragileStorage, History, days, set_age, stored_files

pytestmark = pytest.mark.django_db


def run(*arguments: str) -> tuple[list[str], str]:
    """Lines on stdout, and what is on stderr. Raises CommandError."""
    out, err = io.StringIO(), io.StringIO()
    call_command(*arguments, stdout=out, stderr=err)
    return out.getvalue().splitlines(), err.getvalue()


def refused(*arguments: str) -> CommandError:
    with pytest.raises(CommandError) as caught:
        run(*arguments)
    return caught.value


@pytest.fixture
def keep_last(settings: Settings) -> Any:
    """Keep the last so many of each device."""

    def keep(number: int) -> None:
        settings.NETRAVEN = django_settings.NETRAVEN | {"KEEP_LAST": number}

    return keep


def test_prune_backups_says_what_it_deleted_in_one_line(history: History, keep_last: Any) -> None:
    keep_last(2)
    for age in (4, 3, 2, 1):
        history.changed(days(age))
    lines, bar = run("prune_backups")
    (line,) = lines
    assert line.startswith("4 backups looked at, 2 deleted with 2 files (")
    assert "Pruning backups" in bar
    assert "4/4" in bar
    assert Job.objects.get(job_type="retention").trigger == "command"


def test_a_dry_run_names_what_a_run_deletes_and_leaves_no_trace(history: History, keep_last: Any, disk: Path) -> None:
    keep_last(1)
    old, failed = history.changed(days(3)), history.failed(days(2))
    history.changed(days(1))
    history.failed(days(1))
    files = stored_files(disk)
    lines, _ = run("prune_backups", "--dry-run")
    name = history.device.hostname
    assert lines[:-1] == [
        f"{name} {old.created_at:%Y-%m-%d %H:%M:%S} completed {old.pk}",
        f"{name} {failed.created_at:%Y-%m-%d %H:%M:%S} failed {failed.pk}",
    ]
    assert lines[-1].startswith("4 backups looked at, 2 would be deleted with 1 files (")
    assert (Backup.objects.count(), stored_files(disk)) == (4, files)
    assert not Job.objects.filter(job_type="retention").exists()


def test_prune_backups_of_one_device(history: History, keep_last: Any) -> None:
    keep_last(1)
    for other in (history, History()):
        other.changed(days(2))
        other.changed(days(1))
    lines, _ = run("prune_backups", "--device", history.device.hostname)
    assert lines[0].startswith("2 backups looked at, 1 deleted")
    assert str(refused("prune_backups", "--device", "nowhere")) == "No such device: nowhere"


def test_without_a_policy_prune_backups_does_nothing_and_says_so(history: History) -> None:
    history.changed(days(2))
    lines, _ = run("prune_backups")
    assert lines == [
        "Every backup is kept for ever: NETRAVEN_KEEP_LAST, NETRAVEN_KEEP_DAILY and NETRAVEN_KEEP_WEEKLY are 0."
    ]
    assert not Job.objects.filter(job_type="retention").exists()


def test_what_goes_wrong_is_named_and_is_exit_code_1(history: History, keep_last: Any) -> None:
    keep_last(1)
    history.changed(days(2))
    history.changed(days(1))
    FragileStorage.forbidden = True
    out = io.StringIO()
    with pytest.raises(CommandError) as caught:
        call_command("prune_backups", stdout=out, stderr=io.StringIO())
    assert caught.value.returncode == 1
    assert str(caught.value).startswith("2 backups looked at, 1 deleted with 0 files")
    assert out.getvalue() == f"A file in configs/{history.device.pk} cannot be deleted: Operation not permitted.\n"


def test_verify_backups_can_leave_no_trace(history: History, disk: Path) -> None:
    backup = history.changed(days(1))
    assert run("verify_backups", "--dry-run")[0] == ["1 backups verified, none damaged."]
    (disk / backup.file_path).unlink()
    assert str(refused("verify_backups", "--dry-run")) == "1 of 1 backups are damaged."
    assert not Job.objects.filter(job_type="verification").exists()
    assert not backup.log.exists()
    refused("verify_backups", "--device", history.device.hostname)
    assert backup.log.get().level == "error"


def test_a_second_run_of_a_kind_is_refused(history: History) -> None:
    Run.claim(begin(Verification(), Job.Trigger.SYSTEM), Verification())
    error = refused("verify_backups")
    assert str(error) == "Verification is under way already. Wait until it has ended, or look with --dry-run."
    assert error.returncode == 1
    assert run("verify_backups", "--dry-run")[0] == ["0 backups verified, none damaged."]
    assert run("prune_logs")[0][0].endswith("deleted.")


class InterruptedStorage(FragileStorage):
    """Somebody presses Ctrl-C while a file is read."""

    def _open(self, name: str, mode: str = "rb") -> Any:
        raise KeyboardInterrupt


def test_an_interrupted_run_is_ended(history: History, disk: Path, settings: Settings) -> None:
    history.changed(days(1))
    backend = {"BACKEND": f"{__name__}.InterruptedStorage", "OPTIONS": {"location": str(disk)}}
    settings.STORAGES = settings.STORAGES | {"configs": backend}
    error = refused("verify_backups")
    assert (str(error), error.returncode) == ("Interrupted.", 130)
    job = Job.objects.get(job_type="verification")
    assert (job.status, job.log.latest("id").message) == ("failed", "Interrupted.")


def test_find_orphans_names_them_and_deletes_them(history: History, disk: Path) -> None:
    kept = history.changed(days(1)).file_path
    going = History().changed(days(40)).file_path
    Backup.objects.filter(file_path=going).delete()
    lines, _ = run("find_orphans", "--dry-run")
    assert lines[0] == going
    assert lines[1].startswith("2 files looked at, orphans: 1 would be deleted")
    assert run("find_orphans", "--older-than", "60")[0][0].endswith("1 more are younger than 60 days.")
    run("find_orphans")
    assert stored_files(disk) == {kept}


@pytest.mark.parametrize("value", ["0", "-1", "x", "1.5", "99999999999"])
def test_find_orphans_never_looks_at_files_of_today(db: None, disk: Path, value: str) -> None:
    assert "give a whole number of days, at least 1" in str(refused("find_orphans", "--older-than", value))


def test_find_orphans_has_to_be_told_that_the_database_is_right(history: History, disk: Path) -> None:
    for _ in range(21):
        set_age(history.changed(days(40)).file_path, days(40))
    Backup.objects.all().delete()
    assert "21 of 21 files belong to no backup" in str(refused("find_orphans"))
    assert len(stored_files(disk)) == 21
    assert "21 of 21 deleted" in run("find_orphans", "--believe-the-database")[0][0]


def test_prune_logs_names_what_it_would_delete(history: History) -> None:
    job = Job.objects.create(trigger="api", status="completed", created_at=history.failed(days(100)).created_at)
    lines, _ = run("prune_logs", "--dry-run")
    assert lines == [
        f"jobs {job.pk}",
        "0 log entries, 0 log-in tests, 1 jobs, 0 notifications, 0 entries of the audit trail, 0 answers kept for "
        "repeated requests and 0 records of worker processes would be deleted.",
    ]
    assert Job.objects.filter(pk=job.pk).exists()
    run("prune_logs")
    assert not Job.objects.filter(pk=job.pk).exists()
