"""The page of all jobs."""

from datetime import UTC, date, datetime, time, timedelta

from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.dateparse import parse_date
from django.views.decorators.http import require_safe

from backups.models import Job, JobQuerySet
from backups.tallies import tallies_of
from backups.views.access import ROWS, UserRequest, page
from backups.views.keyset import newest_first

SYSTEM = "netraven"  # who asked for what no person asked for
FILTERS = ("status", "trigger", "who", "since", "until")


@require_safe
@page("backups.view_job")
def jobs(request: UserRequest) -> HttpResponse:
    """Jobs, newest first; `?status=`, `?trigger=`, `?who=`, `?since=` and `?until=` (days, UTC) narrow them."""
    chosen = {name: request.GET.get(name, "").replace("\x00", "").strip()[:200] for name in FILTERS}
    found = _narrow(Job.objects.visible_to(request.user), chosen)
    shown = newest_first(request, found.select_related("requested_by"), ROWS)
    tallies = tallies_of(shown.rows, request.user)
    context = {
        "page": shown,
        "rows": [(job, tallies.get(job.pk)) for job in shown.rows],
        "chosen": chosen,
        "filtered": any(chosen.values()),
        "statuses": Job.Status.choices,
        "triggers": Job.Trigger.choices,
    }
    return render(request, "pages/jobs.html", context)


def _narrow(jobs: JobQuerySet, chosen: dict[str, str]) -> JobQuerySet:
    """What is no status, trigger or day narrows nothing."""
    if chosen["status"] in Job.Status.values:
        jobs = jobs.filter(status=chosen["status"])
    if chosen["trigger"] in Job.Trigger.values:
        jobs = jobs.filter(trigger=chosen["trigger"])
    if who := chosen["who"]:
        by_name = Q(requested_by__username__iexact=who)
        jobs = jobs.filter(by_name | Q(requested_by=None) if who.lower() == SYSTEM else by_name)
    if since := _day(chosen["since"]):
        jobs = jobs.filter(created_at__gte=_midnight(since))
    if (until := _day(chosen["until"])) and until < date.max:
        jobs = jobs.filter(created_at__lt=_midnight(until + timedelta(days=1)))
    return jobs


def _day(text: str) -> date | None:
    try:
        return parse_date(text)
    except ValueError:
        return None


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, UTC)
