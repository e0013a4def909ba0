"""What came of the runs of schedules, as far as somebody may see it."""

import uuid
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from django.contrib.auth.models import User
from django.db.models import OuterRef, Subquery

from backups.models import Backup, Job, progress_of
from backups.models.job import Progress
from scheduling.models import Schedule, ScheduleRun

SHOWN = 20  # of a schedule's runs, the newest


@dataclass(frozen=True)
class PastRun:
    """A run, its job if the user sees that, and how many of its backups that they see are in each status."""

    run: ScheduleRun
    job: Job | None = None
    progress: Progress = field(default_factory=dict)

    @property
    def started(self) -> bool:
        """Whether backups were asked for: then their job says how it went."""
        return self.run.outcome in (ScheduleRun.Outcome.STARTED, ScheduleRun.Outcome.JOINED)

    @property
    def open(self) -> int:
        """How many of its backups have not ended."""
        return self.progress.get("pending", 0) + self.progress.get("running", 0)


def past_runs(runs: Iterable[ScheduleRun], user: User) -> list[PastRun]:
    """The same runs with their jobs; two queries, however many there are."""
    runs = list(runs)
    jobs = Job.objects.visible_to(user).in_bulk([run.job_id for run in runs if run.job_id])
    progress = progress_of(list(jobs.values()), Backup.objects.visible_to(user)) if jobs else {}
    found = []
    for run in runs:
        job = jobs.get(run.job_id) if run.job_id else None
        found.append(PastRun(run, job, progress[job.pk]) if job else PastRun(run))
    return found


def newest_runs(schedule: Schedule, user: User) -> list[PastRun]:
    """Of one schedule."""
    return past_runs(ScheduleRun.objects.filter(schedule=schedule)[:SHOWN], user)


def last_runs(schedules: Collection[Schedule]) -> dict[uuid.UUID, ScheduleRun]:
    """The newest run by the id of its schedule; those that never ran are left out. Two queries."""
    newest = ScheduleRun.objects.filter(schedule=OuterRef("pk")).order_by("-due_at", "-created_at").values("pk")[:1]
    rows = Schedule.objects.filter(pk__in=[schedule.pk for schedule in schedules]).order_by()
    ids = [pk for pk in rows.annotate(newest=Subquery(newest)).values_list("newest", flat=True) if pk]
    return {run.schedule_id: run for run in ScheduleRun.objects.filter(pk__in=ids)}
