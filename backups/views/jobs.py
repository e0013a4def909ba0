"""The page of a job, as it runs and after, and its buttons."""

import uuid
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from backups.exceptions import RequestRefused
from backups.log_tail import place_of
from backups.models import Job
from backups.retrying import retry_job
from backups.services import cancel_job
from backups.views.access import UserRequest, page
from backups.views.devices import tell
from backups.views.job_state import job_rows, job_state


@require_safe
@page("backups.view_job")
def job(request: UserRequest, pk: uuid.UUID) -> HttpResponse:
    """A job: how far it is, its backups and its log. It stays up to date by itself; with `?renew=no` it does not."""
    context = job_context(request, visible_job(request, pk))
    context["live"] = not context["over"] and request.GET.get("renew") != "no"
    return render(request, "pages/job.html", context)


@require_safe
@page("backups.view_job")
def live(request: UserRequest, pk: uuid.UUID) -> HttpResponse:
    """What is new for the page of a job (`?after=` is the last log entry it has); 204 if that is nothing."""
    subject, query = visible_job(request, pk), request.GET.copy()
    known = {name: str(query.pop(name, [""])[-1]) for name in ("after", "seen", "said")}
    request.GET = query  # type: ignore[assignment]  # what is left is the page's own, and so are the links in it
    state = job_state(request, subject, place_of(known["after"]))
    if known["seen"] == state["seen"]:
        return HttpResponse(status=204)
    state |= job_rows(request, subject, state["choice"], state["tally"])
    say = known["said"] != str(state["tally"].tenths) or state["over"]
    return render(request, "pages/_job_news.html", state | {"live": not state["over"], "say": say})


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


@require_POST
@page("backups.view_job", "backups.run_backup")
def retry(request: UserRequest, pk: uuid.UUID) -> HttpResponse:
    """The button "Retry failed": on to the new job."""
    subject = visible_job(request, pk)
    try:
        asked = retry_job(subject, user=request.user, trigger=Job.Trigger.PAGE)
    except (RequestRefused, PermissionDenied) as error:
        messages.error(request, str(error))
        return redirect("pages:job", pk=subject.pk)
    tell(request, asked)
    return redirect("pages:job", pk=asked.job.pk)


def visible_job(request: HttpRequest, pk: uuid.UUID) -> Job:
    """A job that the user sees; anything else is 404."""
    jobs = Job.objects.visible_to(request.user).select_related("requested_by", "cancelled_by")
    return get_object_or_404(jobs, pk=pk)


def job_context(request: HttpRequest, subject: Job) -> dict[str, Any]:
    """What the pages of a job show, of the devices that the user sees."""
    state = job_state(request, subject)
    return state | job_rows(request, subject, state["choice"], state["tally"])
