"""The schedules whose time has come: run, made up for or skipped, each once, whoever and however many look for them.

A due time is claimed, the next one set, its backups asked for and its history written in one transaction: whoever is
killed in the middle has done nothing, and the next tick does it.
"""

from collections import Counter
from datetime import datetime, timedelta
from itertools import islice
from uuid import UUID

import structlog
from django.db import InterfaceError, OperationalError, connection, transaction
from django.utils import timezone

from backups.exceptions import RequestRefused
from backups.models import Backup, Job
from backups.services import cancel_job
from netraven.audit.acting import netraven_itself
from netraven.audit.trail import Action, note
from scheduling.models import Schedule, ScheduleRun
from scheduling.recurrence import Recurrence, next_run, occurrences
from scheduling.runs import record_run, start_run

MISSED_AFTER = timedelta(minutes=2)  # a due time that nobody noticed for so long was missed
MOST_COUNTED = 1000  # missed due times; there may be as many as minutes in a year

Cause, Outcome = ScheduleRun.Cause, ScheduleRun.Outcome
logger = structlog.get_logger("netraven.scheduling")


class Broken(Exception):
    """The schedule cannot run as it stands; str() is a sentence for the operator."""


@netraven_itself()
def tick(now: datetime | None = None) -> dict[str, int]:
    """Run what is due, and cancel what runs for too long; how many of each outcome.

    Nothing due takes two queries. Raises what the database raises when it is away: what was not done is still due.
    """
    now = now or timezone.now()
    counts = Counter(cancelled=_cancel_overlong(now))
    for pk, due in list(Schedule.objects.due(now).values_list("pk", "next_run_at")):
        if due:
            counts[str(_run(pk, due, now))] += 1
    return dict(+counts)


def _run(pk: UUID, due: datetime, now: datetime) -> str:
    """One schedule; whatever is wrong with it, the others have their turn."""
    try:
        with transaction.atomic():
            return _claim(pk, due, now)
    except (OperationalError, InterfaceError) as error:
        if not connection.is_usable():
            raise
        logger.warning("A schedule waits for the next tick", schedule=str(pk), error=type(error).__name__)
        return "postponed"
    except Broken as error:
        return _switch_off(pk, due, str(error))
    except Exception as error:
        logger.exception("A schedule could not be started", schedule=str(pk))
        return _switch_off(pk, due, f"{type(error).__name__} in NetRaven: see the log of the workers.")


def _claim(pk: UUID, due: datetime, now: datetime) -> str:
    """Take this due time, unless another cluster has it, or an edit has moved it."""
    free = Schedule.objects.select_for_update(skip_locked=True).filter(pk=pk, enabled=True, next_run_at=due)
    schedule = free.first()
    if schedule is None:
        return "taken"
    recurrence, late = _recurrence_of(schedule), now - due > MISSED_AFTER
    following = _following(recurrence, now if late else due)
    if not Schedule.objects.filter(pk=pk, enabled=True, next_run_at=due).update(next_run_at=following):
        return "taken"
    if _has_run(schedule, due):
        return "repeated"  # somebody has set a clock back
    if not late:
        return start_run(schedule, Cause.DUE, due, now).outcome
    note = _describe_missed(recurrence, due, now)
    if schedule.missed == Schedule.Missed.SKIP:
        return record_run(schedule, Cause.DUE, due, Outcome.MISSED, note).outcome
    return start_run(schedule, Cause.CATCH_UP, due, now, note=note).outcome


def _has_run(schedule: Schedule, due: datetime) -> bool:
    """Whether this due time is in its history already."""
    return schedule.runs.filter(due_at=due).exclude(cause=Cause.MANUAL).exists()


def _recurrence_of(schedule: Schedule) -> Recurrence:
    try:
        return schedule.recurrence
    except ValueError as error:
        raise Broken(str(error)) from None


def _following(recurrence: Recurrence, after: datetime) -> datetime | None:
    try:
        return next_run(recurrence, after)
    except ValueError as error:
        raise Broken(str(error)) from None


def _describe_missed(recurrence: Recurrence, due: datetime, now: datetime) -> str:
    missed = [due]
    for moment in islice(occurrences(recurrence, due), MOST_COUNTED):
        if moment > now:
            break
        missed.append(moment)
    if len(missed) == 1:
        return "Missed: nobody was there to start it."
    number = f"more than {MOST_COUNTED}" if len(missed) > MOST_COUNTED else f"{len(missed)}"
    last = "" if len(missed) > MOST_COUNTED else f", the last at {missed[-1]:%Y-%m-%d %H:%M} UTC"
    return f"Missed: nobody was there to start it. It stands for {number} due times{last}."


@transaction.atomic
def _switch_off(pk: UUID, due: datetime, reason: str) -> str:
    """A broken schedule says why, and is out of the way."""
    enabled = Schedule.objects.filter(pk=pk, enabled=True, next_run_at=due)
    if not enabled.update(enabled=False, next_run_at=None, disabled_reason=reason, updated_at=timezone.now()):
        return "taken"
    logger.warning("A schedule was disabled", schedule=str(pk), reason=reason)
    schedule = Schedule.objects.get(pk=pk)
    note(Action.UPDATE, schedule, changes={"enabled": [True, False], "disabled_reason": ["", reason]})
    if not _has_run(schedule, due):
        record_run(schedule, Cause.DUE, due, Outcome.BROKEN, reason)
    return Outcome.BROKEN


def _cancel_overlong(now: datetime) -> int:
    """Cancel the jobs whose maximum run time is over; how many had not ended."""
    overlong = ScheduleRun.objects.filter(cancel_at__lte=now).select_related("job", "schedule")
    return sum(_cancel(run) for run in overlong)


def _cancel(run: ScheduleRun) -> bool:
    """First the job, then the note: to cancel again does no harm."""
    message, left = run.message, _cut_short(run.job) if run.job else 0
    if left:
        ended = "1 backup had" if left == 1 else f"{left} backups had"
        limit = f"Cancelled: its maximum run time was over, and {ended} not ended."
        message = " ".join(filter(None, (message, limit)))
    waiting = ScheduleRun.objects.filter(pk=run.pk, cancel_at=run.cancel_at)
    return bool(waiting.update(cancel_at=None, message=message) and left)


def _cut_short(job: Job) -> int:
    """How many of its backups had not ended; none if it has ended, or was cancelled by somebody else."""
    left = Backup.objects.filter(job=job).active().count() if job.can_be_cancelled else 0
    try:
        return left if left and cancel_job(job, user=None) else 0
    except RequestRefused:  # it has just ended
        return 0
