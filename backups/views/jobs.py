"""The page of a job, as it runs and after, and the question whether to cancel it."""

import uuid
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Case, Q, QuerySet, When
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from backups.exceptions import RequestRefused
from backups.models import Backup, Job, JobLog, progress_of
from backups.services import cancel_job
from backups.views.access import UserRequest, page, page_of
from devices.models import visible_to

LOG_SHOWN = 500  # newest entries
# What housekeeping counts, as its jobs' metadata have it
TALLY = {
    "examined": "Looked at",
    "orphans": "Orphans found",
    "young": "Too young to delete",
    "deleted": "Backups deleted",
    "files": "Files deleted",
    "bytes": "Bytes freed",
    "entries": "Log entries deleted",
    "tests": "Log-in tests deleted",
    "jobs": "Jobs deleted",
    "workers": "Worker records deleted",
    "problems": "Problems",
}
# What went wrong first, then what is under way
_ORDER = Case(When(status="failed", then=0), When(status="running", then=1), When(status="pending", then=2), default=3)


@require_safe
@page("backups.view_job")
def job(request: UserRequest, pk: uuid.UUID) -> HttpResponse:
    """A job: how far it is, its backups and its log."""
    subject = visible_job(request, pk)
    renew = subject.is_active and request.GET.get("renew") != "no"
    return render(request, "pages/job.html", {"job": subject, "renew": renew} | job_context(request, subject))


@require_http_methods(["GET", "HEAD", "POST"])
@page("backups.view_job", "backups.run_backup")
def cancel(request: UserRequest, pk: uuid.UUID) -> HttpResponse:
    """Ask whether to cancel a job, and cancel it."""
    subject = visible_job(request, pk)
    if request.method != "POST":
        return render(request, "pages/cancel.html", {"job": subject, "progress": subject.progress()})
    try:
        subject = cancel_job(subject, user=request.user)
    except (RequestRefused, PermissionDenied) as error:
        messages.error(request, str(error))
    else:
        rest = " What runs is being cut." if subject.is_active else ""
        messages.success(request, f"{subject} is cancelled.{rest}")
    return redirect("pages:job", pk=subject.pk)


def visible_job(request: HttpRequest, pk: uuid.UUID) -> Job:
    """A job that the user sees; anything else is 404."""
    jobs = Job.objects.visible_to(request.user).select_related("requested_by", "cancelled_by")
    return get_object_or_404(jobs, pk=pk)


def job_context(request: HttpRequest, subject: Job) -> dict[str, Any]:
    """What the pages of a job show, of the devices that the user sees."""
    visible = Backup.objects.filter(job=subject).visible_to(request.user)
    progress = progress_of([subject], visible)[subject.pk]
    # Not only the job's own backups: a verification tells about those of all jobs
    mine = Q(backup__isnull=True) | visible_to(request.user, "backup__device")
    rows = visible.select_related("device__platform").defer("device__platform__secret_patterns")
    return {
        "counts": [(status, progress[status]) for status in ("completed", "failed", "running", "pending")],
        "total": sum(progress.values()),
        "ended": progress["completed"] + progress["failed"],
        "page": page_of(request, rows.order_by(_ORDER, "device__hostname")),
        "log": newest_entries(JobLog.objects.filter(mine, job=subject)),
        "log_shown": LOG_SHOWN,
        "tally": [(label, subject.metadata[key]) for key, label in TALLY.items() if key in subject.metadata],
    }


def newest_entries(log: QuerySet[JobLog]) -> list[JobLog]:
    """The newest entries of a log, oldest first, without those for programmers."""
    told = log.exclude(level=JobLog.Level.DEBUG).select_related("backup__device")
    return list(told.order_by("-id")[:LOG_SHOWN])[::-1]
