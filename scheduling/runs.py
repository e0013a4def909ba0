"""A run of a schedule: its backups are asked for, and its history tells what came of that."""

from datetime import datetime, timedelta

from django.db.models import Subquery

from backups.exceptions import RequestRefused
from backups.models import Job
from backups.services import BackupRequest, request_backups
from backups.spread import Spread
from scheduling.models import Schedule, ScheduleRun
from scheduling.targets import Targets

KEPT = 1000  # runs in the history of a schedule: a week of quarter-hours, three years of days
Cause, Outcome = ScheduleRun.Cause, ScheduleRun.Outcome


def start_run(
    schedule: Schedule, cause: ScheduleRun.Cause, due_at: datetime, now: datetime, *, by: str = "", note: str = ""
) -> ScheduleRun:
    """Ask for the backups of its devices, and record that; in a transaction of the caller's, so that both are or none.

    `by` is who asked for a run by hand; `note` is a sentence for the history.
    """
    before = active_job_of(schedule)
    if before and schedule.overlap == Schedule.Overlap.SKIP and cause != Cause.MANUAL:
        return record_run(schedule, cause, due_at, Outcome.OVERLAPPED, note, "The one before was not done.", job=before)
    about = {"schedule": {"id": str(schedule.pk), "name": schedule.name}} | ({"run_by": by} if by else {})
    try:
        request = request_backups(
            Targets.of(schedule).find(),
            user=None,
            trigger=Job.Trigger.SCHEDULE,
            comments=schedule.comments,
            metadata=about,
            spread=_spread_of(schedule, cause, due_at, now),
        )
    except RequestRefused:
        return record_run(schedule, cause, due_at, Outcome.EMPTY, note, "No enabled device matches.")
    joined = before or not request.made
    limit = timedelta(minutes=schedule.max_run_minutes) if schedule.max_run_minutes and request.made else None
    return record_run(
        schedule,
        cause,
        due_at,
        Outcome.JOINED if joined else Outcome.STARTED,
        note,
        f"Asked for by {by}." if by else "",
        _describe(request),
        job=request.job,
        cancel_at=now + limit if limit else None,
    )


def record_run(
    schedule: Schedule,
    cause: ScheduleRun.Cause,
    due_at: datetime,
    outcome: ScheduleRun.Outcome,
    *sentences: str,
    job: Job | None = None,
    cancel_at: datetime | None = None,
) -> ScheduleRun:
    """A row of its history; the oldest rows make room."""
    run = ScheduleRun.objects.create(
        schedule=schedule,
        due_at=due_at,
        cause=cause,
        outcome=outcome,
        message=" ".join(filter(None, sentences)),
        job=job,
        cancel_at=cancel_at,
    )
    history = ScheduleRun.objects.filter(schedule=schedule)
    oldest_kept = history.order_by("-due_at").values("due_at")[KEPT - 1 : KEPT]
    history.filter(due_at__lt=Subquery(oldest_kept), cancel_at=None).delete()
    return run


def active_job_of(schedule: Schedule) -> Job | None:
    """The job of one of its runs that has not ended yet, the newest one."""
    active = Job.objects.filter(schedule_runs__schedule=schedule, status__in=Job.ACTIVE)
    return active.order_by("-created_at").first()


def _spread_of(schedule: Schedule, cause: ScheduleRun.Cause, due_at: datetime, now: datetime) -> Spread | None:
    """From the due time on, or from now if that was missed; who asks by hand wants it now."""
    if cause == Cause.MANUAL or not schedule.spread_minutes:
        return None
    first = now if cause == Cause.CATCH_UP else due_at
    return Spread(first, timedelta(minutes=schedule.spread_minutes), str(schedule.pk))


def _describe(request: BackupRequest) -> str:
    """What is not as usual about its devices."""
    if not request.active_ids:
        return ""
    number = len(request.active_ids)
    devices = "1 device was" if number == 1 else f"{number} devices were"
    sooner = (
        f" {request.brought_forward} of them waited for a later time, and need not." if request.brought_forward else ""
    )
    return f"{devices} being backed up already, and not asked twice.{sooner}"
