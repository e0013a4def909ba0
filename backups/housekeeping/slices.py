"""Housekeeping as system tasks: a slice of a few minutes, then the next one, so that backups get their turn between."""

import time
from collections.abc import Callable

from django_q.tasks import async_task

from backups.housekeeping.logs import LogPruning
from backups.housekeeping.orphans import Orphans
from backups.housekeeping.retention import Retention
from backups.housekeeping.runs import STATE, Lost, Run, UnderWay, begin, bury, is_stale, swap, under_way
from backups.housekeeping.steps import Chore
from backups.housekeeping.verification import Verification
from backups.models import Job

SLICE = 240.0  # seconds; a task of the queue may take longer than a worker's shift, see Q_CLUSTER["timeout"]
MOST_DEATHS = 3  # processes that may die over one step of a run before it is given up
GO_ON = "backups.tasks.go_on_with_housekeeping"

CHORES: dict[str, Callable[[], Chore]] = {
    Job.Type.RETENTION: Retention,
    Job.Type.LOG_PRUNING: LogPruning,
    Job.Type.ORPHANS: Orphans,
    Job.Type.VERIFICATION: Verification,
}


def start(job_type: Job.Type) -> dict[str, int]:
    """Begin a run of this kind, if there is anything to do and none is under way, and do its first slice."""
    chore = CHORES[job_type]()
    if chore.idle():
        return {}
    try:
        begin(chore, Job.Trigger.SYSTEM)
    except UnderWay:
        return {}
    return go_on()


def go_on(seconds: float = SLICE) -> dict[str, int]:
    """Work on the runs that nobody works on, for so long; wake a worker to go on if any is left."""
    until, ended = time.monotonic() + seconds, 0
    for job in _free():
        ended += _work_on(job, until)
        if time.monotonic() > until:
            break
    if left := len(_free()):
        async_task(GO_ON)
    return {"ended": ended, "left": left}


def revive() -> dict[str, int]:
    """Find the runs whose process has died, or whose task was lost, and have them taken up; end those of commands."""
    revived = sum(_revive(job) for job in under_way() if is_stale(job))
    if revived:
        async_task(GO_ON)
    return {"revived": revived}


def _free() -> list[Job]:
    return [job for job in under_way() if job.trigger == Job.Trigger.SYSTEM and not job.metadata[STATE]["holder"]]


def _work_on(job: Job, until: float) -> bool:
    """True if the run ended."""
    run = Run.claim(job, CHORES[job.job_type]())
    try:
        return run is not None and run.work(until)
    except Lost:
        return False


def _revive(job: Job) -> bool:
    """True if a worker is to go on with it; it is free for others then, and its old holder, should it live, is not."""
    state = job.metadata[STATE]
    deaths = state["deaths"] + bool(state["holder"])
    if job.trigger == Job.Trigger.SYSTEM and deaths < MOST_DEATHS:
        return swap(job, {"holder": "", "deaths": deaths})
    bury(job, CHORES[job.job_type]())
    return False
