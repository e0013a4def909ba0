"""Damaged files are found, told where people look, and forgotten when they are whole again."""

from pathlib import Path

import pytest
from django.core.files.base import File
from django.db import connection
from django.test.utils import CaptureQueriesContext

from backups.damage import with_damage
from backups.housekeeping import verification as module
from backups.housekeeping.verification import Verification
from backups.models import Backup, Job, JobLog
from backups.storage import ConfigFileStorage
from tests.backups.housekeeping.conftest import History, carry_out, counts_of, days


def damage_of(backup: Backup) -> str:
    return getattr(with_damage(Backup.objects.filter(pk=backup.pk)).get(), "damage", None) or ""


def test_a_damaged_file_is_told_at_its_backups_and_fails_the_job(history: History, disk: Path) -> None:
    whole, damaged = history.changed(days(3)), history.changed(days(2))
    shares = history.unchanged(days(1))
    (disk / damaged.file_path).write_text("hostname other\nend\n")
    run = carry_out(Verification())
    job = Job.objects.get(pk=run.job.pk)
    assert (job.status, job.metadata) == ("failed", {"examined": 3, "problems": 2})
    assert run.result == "2 of 3 backups are damaged."
    assert set(job.log.filter(level="error").exclude(backup=None).values_list("backup", flat=True)) == {
        damaged.pk,
        shares.pk,
    }
    assert damage_of(whole) == ""
    assert "SHA-256 differs" in damage_of(damaged)
    assert "SHA-256 differs" in damage_of(shares)


def test_a_file_that_was_brought_back_is_no_longer_called_damaged(history: History, disk: Path) -> None:
    backup = history.changed(days(3))
    file = disk / backup.file_path
    content = file.read_bytes()
    file.unlink()
    carry_out(Verification())
    assert "is missing" in damage_of(backup)
    file.write_bytes(content)
    run = carry_out(Verification())
    assert not run.failed
    assert damage_of(backup) == ""
    assert backup.log.latest("id").message == "Its file is intact again."
    entries = JobLog.objects.filter(backup=backup).count()
    carry_out(Verification())
    assert JobLog.objects.filter(backup=backup).count() == entries, "once is enough"


def test_incomplete_ones_are_verified_too(history: History, disk: Path) -> None:
    kept_aside = history.incomplete(days(1))
    (disk / kept_aside.file_path).unlink()
    assert carry_out(Verification()).result == "1 of 1 backups are damaged."


class CountingStorage(ConfigFileStorage):
    opened = 0

    def open(self, name: str, mode: str = "rb") -> "File[bytes]":
        CountingStorage.opened += 1
        return super().open(name, mode)


def test_a_file_that_many_share_is_read_once(history: History, disk: Path, settings: object) -> None:
    history.changed(days(300))
    for age in range(250):
        history.unchanged(days(age))
    backend = {"BACKEND": f"{__name__}.CountingStorage", "OPTIONS": {"location": str(disk)}}
    settings.STORAGES = settings.STORAGES | {"configs": backend}  # type: ignore[attr-defined]
    assert carry_out(Verification()).result == "251 backups verified, none damaged."
    assert CountingStorage.opened == 1


def test_a_run_that_goes_on_looks_at_every_backup_once(
    history: History, disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "FILES", 3)
    for device in (history, History(), History()):
        for age in range(4):
            device.unchanged(days(age))
    cursor, examined = list[str](), 0
    while step := next(iter(Verification().steps(cursor)), None):
        cursor = step.cursor
        examined += step.counts["examined"]
    assert examined == 12


def test_one_that_retention_deletes_meanwhile_is_not_called_damaged(history: History, disk: Path) -> None:
    going, staying = sorted((history.changed(days(3)), history.changed(days(2))), key=lambda b: b.file_path)

    class BesideRetention(Verification):
        """The rows have been read; then one goes, with its file."""

        def _after(self, cursor):  # type: ignore[no-untyped-def]
            rows = list(super()._after(cursor))
            Backup.objects.filter(pk=going.pk).delete()
            (disk / going.file_path).unlink(missing_ok=True)
            return rows

    run = carry_out(BesideRetention())
    assert not run.failed
    assert counts_of(run)["examined"] == 2
    assert Backup.objects.get() == staying


def test_a_storage_that_is_away_calls_no_backup_damaged(history: History, disk: Path) -> None:
    backups = [history.changed(days(age)) for age in range(12)]
    for backup in backups:
        (disk / backup.file_path).unlink()
        (disk / backup.file_path).mkdir()
    run = carry_out(Verification())
    assert run.result == "The storage is away: 10 files in a row could not be read."
    assert run.failed
    assert not any(map(damage_of, backups))


def test_a_step_takes_the_same_number_of_statements_whatever_it_reads(history: History, disk: Path) -> None:
    def statements() -> int:
        with CaptureQueriesContext(connection) as queries:
            next(iter(Verification().steps([])))
        return len(queries)

    history.changed(days(50))
    few = statements()
    for age in range(40):
        history.changed(days(age))
    assert statements() == few == 2
