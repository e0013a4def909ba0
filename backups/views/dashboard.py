"""The first page: coverage, what happened lately, what runs, and what needs a person."""

from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from backups import overview
from backups.daily import count_days
from backups.first_steps import first_steps
from backups.models import Backup, Job, WorkerProcess, progress_of
from backups.monitoring import processes_seen
from backups.views.access import UserRequest, page, visible_devices
from backups.views.day_chart import DayChart
from backups.views.devices import READER
from devices.models import HostKey

JOBS_SHOWN = 5


@dataclass(frozen=True)
class RunningJob:
    """A job, and how many of its backups that the user sees have ended, of how many."""

    job: Job
    ended: int
    failed: int
    total: int


@require_safe
@page()
def dashboard(request: UserRequest) -> HttpResponse:
    """What an operator wants to know first; for who may not see devices, what they can do instead."""
    if not request.user.has_perms(READER):
        sees_devices = request.user.has_perm("devices.view_device")
        return redirect("pages:devices") if sees_devices else render(request, "pages/no_devices.html")
    visible, backups = visible_devices(request).select_related(None), Backup.objects.visible_to(request.user)
    steps = first_steps()
    context = running_jobs(request)
    if not all(step.done for step in steps):
        context |= {"steps": steps}
        if not backups.exists():
            return render(request, "pages/dashboard.html", context)
    stale = visible.stale().count()
    states = overview.count_states(visible)
    context |= {
        "coverage": overview.coverage(visible, states, stale),
        "states": states,
        "stale_count": stale,
        "results": overview.recent_results(backups),
        "changes": list(overview.recent_changes(backups)),
        "chart": DayChart(count_days(request.user)),
    }
    return render(request, "pages/dashboard.html", context | _needs(request))


@require_safe
@page(*READER)
def dashboard_jobs(request: UserRequest) -> HttpResponse:
    """The part of it that is live."""
    return render(request, "pages/_running_jobs.html", running_jobs(request))


def running_jobs(request: UserRequest) -> dict[str, Any]:
    """The newest jobs that have not ended, with how far they are; for who may see jobs."""
    if not request.user.has_perm("backups.view_job"):
        return {}
    active: QuerySet[Job] = Job.objects.visible_to(request.user).filter(status__in=Job.ACTIVE)
    newest = list(active.order_by("-created_at")[: JOBS_SHOWN + 1])
    shown = newest[:JOBS_SHOWN]
    progress = progress_of(shown, Backup.objects.visible_to(request.user))
    rows = [
        RunningJob(job, counts["completed"] + counts["failed"], counts["failed"], sum(counts.values()))
        for job in shown
        for counts in [progress[job.pk]]
    ]
    return {"jobs": rows, "jobs_total": active.count() if len(newest) > JOBS_SHOWN else len(rows)}


def _needs(request: UserRequest) -> dict[str, Any]:
    """What else needs a person, beside stale and failing devices."""
    waiting = Backup.objects.visible_to(request.user).awaiting_decision().count()
    keys = HostKey.objects.visible_to(request.user).offered()
    return {
        "waiting": waiting,
        "keys": keys.count() if request.user.has_perm("devices.view_hostkey") else 0,
        "nobody_works": not processes_seen(),
        "last_sign": WorkerProcess.objects.order_by("-last_seen_at").first(),
    }
