"""Deletes old log entries, and the records that are nothing without them; and old entries of the audit trail."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, ClassVar

from django.conf import settings
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from backups.housekeeping.steps import BATCH, Counts, Cursor, Step
from backups.models import Backup, Delivery, IdempotentAnswer, Job, JobLog, LoginAttempt, WorkerProcess
from netraven.audit.models import AuditEntry

WORKER_GONE = timedelta(days=1)  # a worker process that gave no sign of life for so long
ENTRIES, TESTS, JOBS, DELIVERIES, AUDIT, ANSWERS, WORKERS = PHASES = (
    *("entries", "tests", "jobs", "deliveries", "audit", "answers", "workers"),
)
NAMES = {
    "entries": "log entries",
    "tests": "log-in tests",
    "jobs": "jobs",
    "deliveries": "notifications",
    "audit": "entries of the audit trail",
    "answers": "answers kept for repeated requests",
    "workers": "records of worker processes",
}
ALWAYS = (ANSWERS, WORKERS)  # they have a life of their own, whatever the days that logs are kept


@dataclass(frozen=True)
class LogPruning:
    """One run over log entries, log-in tests, notifications, jobs without backups, kept answers, worker processes."""

    job_type: ClassVar[Job.Type] = Job.Type.LOG_PRUNING

    days: int = field(default_factory=lambda: settings.NETRAVEN["KEEP_LOG_DAYS"])
    audit_days: int = field(default_factory=lambda: settings.NETRAVEN["KEEP_AUDIT_DAYS"])
    dry_run: bool = False
    now: datetime = field(default_factory=timezone.now)

    def idle(self) -> str:
        """Worker processes come and go in any case."""
        return ""

    def about(self) -> str:
        """How long they are kept."""
        logs, audit = (f"for {days} days" if days else "for ever" for days in (self.days, self.audit_days))
        return (
            "Log pruning: log entries, log-in tests, notifications and jobs without backups are kept "
            f"{logs}, the audit trail {audit}"
        )

    def total(self) -> int | None:
        """Counting a log takes as long as going through it."""
        return None

    def summary(self, counts: Counts) -> str:
        """What was deleted."""
        numbers = [f"{counts.get(phase, 0)} {NAMES[phase]}" for phase in PHASES]
        return f"{', '.join(numbers[:-1])} and {numbers[-1]} {'would be ' if self.dry_run else ''}deleted."

    def steps(self, cursor: Cursor) -> Iterator[Step]:
        """The cursor is what is gone through, and the last row of it."""
        phase, after = cursor or [ENTRIES, ""]
        for name in PHASES[PHASES.index(phase) :]:
            if (self.audit_days if name == AUDIT else self.days) or name in ALWAYS:
                yield from self._prune(name, after)
            after = ""

    def _prune(self, phase: str, after: str) -> Iterator[Step]:
        """So many rows at a time, in order of their keys; each of them, or those that are old, are deleted."""
        rows = self._candidates()[phase].order_by("pk")
        while batch := list(rows.filter(pk__gt=after)[:BATCH] if after else rows[:BATCH]):
            after = str(batch[-1].pk)
            old = [row for row in batch if phase != ENTRIES or self._is_old(row)]
            if not self.dry_run:
                rows.model._default_manager.filter(pk__in=[row.pk for row in old]).delete()
            yield Step(
                cursor=[phase, after],
                counts={phase: len(old)},
                deleted=[f"{phase} {row.pk}" for row in old] if self.dry_run else [],
            )
            if phase == ENTRIES and all(row.time >= self._limit for row in batch):
                return  # they are numbered as they come: the rest is younger still

    def _candidates(self) -> dict[str, QuerySet[Any]]:
        backups = Backup.objects.filter(job=OuterRef("pk"))
        return {
            # No index has them in order of time, and none is worth its price: their keys have
            ENTRIES: JobLog.objects.select_related("job").only("time", "job__status"),
            TESTS: LoginAttempt.objects.filter(backup=None, time__lt=self._limit).only("pk"),
            # Those of housekeeping, and those whose backups retention has deleted
            JOBS: Job.objects.filter(created_at__lt=self._limit)
            .exclude(status__in=Job.ACTIVE)
            .exclude(Exists(backups))
            .only("pk"),
            DELIVERIES: Delivery.objects.filter(created_at__lt=self._limit)
            .exclude(status=Delivery.Status.PENDING)
            .only("pk"),
            AUDIT: AuditEntry.objects.filter(timestamp__lt=self.now - timedelta(days=self.audit_days)).only("pk"),
            ANSWERS: IdempotentAnswer.objects.filter(created_at__lt=self.now - IdempotentAnswer.LIFE).only("pk"),
            WORKERS: WorkerProcess.objects.filter(last_seen_at__lt=self.now - WORKER_GONE).only("pk"),
        }

    @property
    def _limit(self) -> datetime:
        return self.now - timedelta(days=self.days)

    def _is_old(self, entry: JobLog) -> bool:
        return entry.time < self._limit and entry.job.status not in Job.ACTIVE
