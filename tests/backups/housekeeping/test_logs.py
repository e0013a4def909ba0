"""What is pruned from the log, and what is not."""

from datetime import timedelta

import pytest
from django.conf import settings as django_settings
from django.contrib.auth.models import User
from django.db.models import Model
from django.utils import timezone
from pytest_django import Settings

from backups.housekeeping.logs import LogPruning
from backups.housekeeping.retention import Retention
from backups.models import Backup, IdempotentAnswer, Job, JobLog, LoginAttempt, WorkerProcess
from credentials.models import Credential
from netraven.audit.models import AuditEntry
from tests.backups.housekeeping.conftest import History, ago, carry_out, counts_of, days, rehearse
from tests.backups.housekeeping.test_retention import LAST_ONE


def add_entry(job: Job, age: timedelta, backup: Backup | None = None) -> JobLog:
    return JobLog.objects.create(job=job, backup=backup, time=ago(age), event="connect", message="Connected")


def left(model: type[Model], but: Job | None = None) -> set[object]:
    """All rows, without those of the run itself."""
    rows = set(model._default_manager.values_list("pk", flat=True))
    return rows - ({but.pk} if but else set())


def test_old_entries_go_and_young_ones_stay(history: History) -> None:
    good = history.changed(days(200))
    old = [add_entry(good.job, days(age), good) for age in (200, 91, 90.1)]
    young = [add_entry(good.job, days(age), good) for age in (89.9, 1)]
    run = carry_out(LogPruning(90))
    assert {entry.pk for entry in young} == left(JobLog) - set(run.job.log.values_list("pk", flat=True))
    assert counts_of(run) == {"entries": len(old)}
    assert Job.objects.filter(pk=good.job_id).exists(), "a job with backups stays"


def test_entries_of_a_job_that_is_under_way_stay(history: History) -> None:
    running = history.running(days(200))
    entry = add_entry(running.job, days(200), running)
    carry_out(LogPruning(90))
    assert JobLog.objects.filter(pk=entry.pk).exists()


def test_an_old_entry_behind_young_ones_is_found_when_they_are_old(history: History, db: None) -> None:
    job = history.changed(days(200)).job
    young, late = add_entry(job, days(30)), add_entry(job, days(100))
    carry_out(LogPruning(90))
    assert left(JobLog) >= {young.pk}
    carry_out(LogPruning(20))
    assert not left(JobLog) & {young.pk, late.pk}


def test_nothing_is_pruned_if_logs_are_kept_for_ever(history: History) -> None:
    add_entry(history.changed(days(9000)).job, days(9000))
    before = left(JobLog)
    carry_out(LogPruning(0))
    assert left(JobLog) >= before
    told, lines = rehearse(LogPruning(0, dry_run=True))
    assert (told, lines) == ({}, [])


def test_jobs_without_backups_go_when_they_are_old(history: History) -> None:
    emptied, kept = history.changed(days(200)).job, history.changed(days(100)).job
    carry_out(Retention(LAST_ONE))
    old_run = Job.objects.get(job_type="retention")
    Job.objects.filter(pk=old_run.pk).update(created_at=ago(days(91)))
    young = Job.objects.create(trigger="api", status="completed", created_at=ago(days(89)))
    waiting = Job.objects.create(trigger="api", created_at=ago(days(500)))
    run = carry_out(LogPruning(90))
    assert left(Job, but=run.job) == {kept.pk, young.pk, waiting.pk}
    assert counts_of(run)["jobs"] == 2
    assert emptied.pk not in left(Job)


def test_old_log_in_tests_go_and_those_of_backups_stay(history: History) -> None:
    credential = Credential.objects.create(name="lab", username="netraven")
    of_backup = history.changed(days(200))

    def attempt(age: float, backup: Backup | None = None) -> int:
        return LoginAttempt.objects.create(
            credential=credential, device=history.device, backup=backup, accepted=True, time=ago(days(age))
        ).pk

    old, young, with_backup = attempt(91), attempt(89), attempt(200, of_backup)
    run = carry_out(LogPruning(90))
    assert left(LoginAttempt) == {young, with_backup}
    assert counts_of(run)["tests"] == 1
    assert old not in left(LoginAttempt)


@pytest.mark.parametrize("log_days", [0, 90])
def test_worker_processes_that_are_gone_for_a_day_go(db: None, log_days: int) -> None:
    for name, age in (("gone:1", 1.2), ("quiet:2", 0.8), ("here:3", 0)):
        WorkerProcess.objects.create(name=name, host="h", last_seen_at=ago(days(age)))
    carry_out(LogPruning(log_days))
    assert left(WorkerProcess) == {"quiet:2", "here:3"}


def test_a_dry_run_tells_exactly_what_a_run_deletes(history: History) -> None:
    credential = Credential.objects.create(name="lab", username="netraven")
    for age in range(1, 400, 3):
        backup = history.changed(days(age + 0.5)) if age % 5 == 0 else None
        job = backup.job if backup else Job.objects.create(trigger="api", status="failed", created_at=ago(days(age)))
        add_entry(job, days(age), backup)
        tests = {"device": history.device, "accepted": False, "time": ago(days(age))}
        LoginAttempt.objects.create(credential=credential, **tests)
        WorkerProcess.objects.create(name=f"w:{age}", host="h", last_seen_at=ago(days(age)))
    models: dict[str, type[Model]] = {"entries": JobLog, "tests": LoginAttempt, "jobs": Job, "workers": WorkerProcess}
    now = timezone.now()
    before = {f"{name} {pk}" for name, model in models.items() for pk in left(model)}
    told, lines = rehearse(LogPruning(90, dry_run=True, now=now))
    run = carry_out(LogPruning(90, now=now))
    after = {f"{name} {pk}" for name, model in models.items() for pk in left(model)}
    assert set(lines) == before - after
    assert len(lines) == len(set(lines))
    assert counts_of(run) == told
    assert all(told.values())


def test_the_days_come_from_the_settings(settings: Settings) -> None:
    settings.NETRAVEN = django_settings.NETRAVEN | {"KEEP_LOG_DAYS": 7, "KEEP_AUDIT_DAYS": 0}
    assert (LogPruning().days, LogPruning().audit_days) == (7, 0)
    assert LogPruning().about().endswith("kept for 7 days, the audit trail for ever")


def test_the_audit_trail_has_days_of_its_own(db: None) -> None:
    for age in (400, 366, 364, 1):
        AuditEntry.objects.create(action=AuditEntry.Action.LOG_IN, timestamp=ago(days(age)))
    for keep, count in ((0, 4), (365, 2)):
        run = carry_out(LogPruning(0, audit_days=keep))
        assert (AuditEntry.objects.count(), counts_of(run).get("audit", 0)) == (count, 4 - count)


def test_answers_to_repeated_requests_are_kept_for_a_day_however_long_logs_are(history: History) -> None:
    user = User.objects.create_user("anna")
    for key, age in (("old", timedelta(hours=25)), ("young", timedelta(hours=23))):
        IdempotentAnswer.objects.create(user=user, key=key, created_at=ago(age))
    run = carry_out(LogPruning(0))
    assert list(IdempotentAnswer.objects.values_list("key", flat=True)) == ["young"]
    assert counts_of(run) == {"answers": 1}
