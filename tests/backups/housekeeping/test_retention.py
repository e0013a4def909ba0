"""Retention beside people, damaged files and full disks."""

from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from backups import recording
from backups.housekeeping import retention as module
from backups.housekeeping.policy import Policy
from backups.housekeeping.retention import Retention
from backups.housekeeping.steps import BATCH, Finding
from backups.models import Backup, Job, JobLog, LoginAttempt
from credentials.models import Credential
from tests.backups.housekeeping.conftest import (
    FragileStorage,
    History,
    ago,
    carry_out,
    counts_of,
    days,
    stored_files,
)

LAST_ONE = Policy(1, 0, 0, timezone.get_default_timezone())


def left() -> set[Backup]:
    return set(Backup.objects.all())


def test_a_run_is_a_job_that_tells_what_it_did(history: History, disk: Path) -> None:
    old, new = history.changed(days(2)), history.changed(days(1))
    run = carry_out(Retention(LAST_ONE))
    assert left() == {new}
    assert stored_files(disk) == {new.file_path}
    job = Job.objects.get(pk=run.job.pk)
    assert (job.job_type, job.trigger, job.status, job.requested_by) == ("retention", "command", "completed", None)
    assert job.metadata == {"examined": 2, "deleted": 1, "files": 1, "bytes": old.file_size}
    assert job.started_at
    assert job.finished_at
    assert list(job.log.values_list("event", "level", "message")) == [
        ("upkeep", "info", f"Retention: of each device {LAST_ONE} are kept, and always the last good one"),
        ("upkeep", "info", f"2 backups looked at, 1 deleted with 1 files ({old.file_size} bytes)."),
    ]


def test_the_log_of_a_backup_and_its_log_ins_go_with_it(history: History) -> None:
    old, new = history.changed(days(2)), history.changed(days(1))
    credential = Credential.objects.create(name="lab", username="netraven")
    for backup in (old, new):
        JobLog.objects.create(job=backup.job, backup=backup, event="connect", message="Connected")
        LoginAttempt.objects.create(credential=credential, device=history.device, backup=backup, accepted=True)
    carry_out(Retention(LAST_ONE))
    assert [entry.backup for entry in JobLog.objects.filter(event="connect")] == [new]
    assert [attempt.backup for attempt in LoginAttempt.objects.all()] == [new]


def test_a_shared_file_stays_until_the_last_backup_that_shares_it_goes(history: History, disk: Path) -> None:
    first, shared = history.changed(days(5)), history.unchanged(days(4))
    carry_out(Retention(LAST_ONE))
    assert left() == {shared}
    assert stored_files(disk) == {first.file_path}
    new = history.changed(days(1))
    carry_out(Retention(LAST_ONE))
    assert left() == {new}
    assert stored_files(disk) == {new.file_path}


def test_one_device_alone_can_be_pruned(history: History) -> None:
    other = History()
    kept = {other.changed(days(2)), other.changed(days(1))}
    history.changed(days(2))
    kept.add(history.changed(days(1)))
    carry_out(Retention(LAST_ONE, history.device))
    assert left() == kept


@pytest.mark.parametrize("damage", ["missing", "changed"])
def test_nothing_of_a_device_goes_while_its_last_good_file_is_damaged(
    history: History, disk: Path, damage: str
) -> None:
    healthy = History()
    healthy.changed(days(3))
    kept = {healthy.changed(days(2)), history.changed(days(3)), history.changed(days(2))}
    newest = history.unchanged(days(1))
    kept.add(newest)
    file = disk / newest.file_path
    if damage == "missing":
        file.unlink()
    else:
        file.write_text("something else")
    run = carry_out(Retention(LAST_ONE))
    assert left() == kept
    assert run.failed
    job = Job.objects.get(pk=run.job.pk)
    assert (job.status, job.metadata["problems"], job.metadata["deleted"]) == ("failed", 1, 1)
    entry = job.log.get(backup=newest)
    assert entry.level == "error"
    assert entry.message.endswith("Older backups of the device are kept for that.")


def test_a_storage_that_is_away_stops_the_run(db: None, disk: Path) -> None:
    histories = [History() for _ in range(12)]
    for history in histories:
        history.changed(days(2))
        (disk / history.changed(days(1)).file_path).unlink()
        (disk / history.last_good.file_path).mkdir()  # type: ignore[union-attr]  # cannot be read as a file
    run = carry_out(Retention(LAST_ONE))
    assert run.result == "The storage is away: 10 files in a row could not be read."
    assert Job.objects.get(pk=run.job.pk).status == "failed"
    assert Backup.objects.count() == 24
    assert not JobLog.objects.exclude(backup=None).exists(), "no backup is called damaged for that"


def test_a_file_that_cannot_be_deleted_is_told_without_naming_the_device(history: History, disk: Path) -> None:
    old, new = history.changed(days(2)), history.changed(days(1))
    FragileStorage.forbidden = True
    run = carry_out(Retention(LAST_ONE))
    assert left() == {new}
    assert stored_files(disk) == {old.file_path, new.file_path}
    job = Job.objects.get(pk=run.job.pk)
    assert (job.status, job.metadata["files"], job.metadata["problems"]) == ("failed", 0, 1)
    (entry,) = job.log.filter(message__contains="cannot be deleted")
    assert entry.message == f"A file in configs/{history.device.pk} cannot be deleted: Operation not permitted."
    assert not job.log.filter(message__contains=history.device.hostname).exists()


def test_one_that_is_accepted_at_the_last_moment_stays(history: History) -> None:
    history.changed(days(9))
    waiting, newer = history.incomplete(days(8)), history.incomplete(days(7))
    history.failed(days(6))
    user = User.objects.create_superuser("root")
    (decided,) = [backup for backup, kept in Retention(LAST_ONE)._judge(Backup.Status.FAILED, "", print) if not kept]
    assert decided == waiting
    recording.accept(waiting, user)
    told: list[Finding] = []
    assert module._delete([decided], Backup.Status.FAILED, told.append)["deleted"] == 0
    waiting.refresh_from_db()
    assert waiting.status == "completed"
    assert newer in left()


def test_what_waits_to_be_accepted_is_kept_until_a_good_one_has_overtaken_it(history: History) -> None:
    history.changed(days(9))
    waiting, failed = history.incomplete(days(8)), history.failed(days(6))
    carry_out(Retention(LAST_ONE))
    assert {waiting, failed} <= left()
    history.changed(days(5))
    carry_out(Retention(LAST_ONE))
    assert waiting not in left()
    assert failed in left()


def test_a_clock_that_was_wrong_changes_nothing_about_which_is_the_last_good_one(history: History) -> None:
    ahead, later = history.changed(days(2)), history.changed(days(1))
    Backup.objects.filter(pk=ahead.pk).update(finished_at=ago(days(-1)))
    carry_out(Retention(LAST_ONE))
    assert left() == {ahead}
    assert later not in left()


def test_a_step_takes_as_many_statements_for_many_devices_as_for_one(db: None, disk: Path) -> None:
    def statements(rows: int) -> int:
        with CaptureQueriesContext(connection) as queries:
            (good, failed) = Retention(Policy(2, 0, 0, timezone.get_default_timezone())).steps([])
        assert (good.counts["examined"], failed.counts["examined"]) == (rows, rows)
        return len(queries)

    def add(devices: int) -> None:
        for _ in range(devices):
            history = History()
            history.changed(days(3))
            history.unchanged(days(2))
            history.failed(days(2))
            history.incomplete(days(1))

    add(1)
    few = statements(2)
    add(20)
    assert BATCH > 2 * 21
    assert statements(42) == few


def test_a_history_longer_than_what_is_read_at_once_is_pruned_to_the_policy(
    history: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "READ", 7)
    monkeypatch.setattr(module, "BATCH", 5)
    backups = [history.unchanged(days(age / 10)) for age in range(40, 0, -1)]
    same_moment = backups[-1].finished_at
    Backup.objects.filter(pk__in=[backup.pk for backup in backups[-9:]]).update(finished_at=same_moment)
    assert counts_of(carry_out(Retention(Policy(12, 0, 0, timezone.get_default_timezone()))))["examined"] == 40
    assert left() == set(backups[-12:])
