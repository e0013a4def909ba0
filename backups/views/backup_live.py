"""One backup as it runs, for pages that follow it in place: see `backups/templatetags/live.py`."""

import uuid

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe
from django_htmx.http import HttpResponseClientRefresh

from backups.log_tail import place_of
from backups.templatetags.live import backup_state
from backups.views.access import UserRequest, page, visible_backup


@require_safe
@page("backups.view_backup", "backups.view_job")
def live(request: UserRequest, pk: uuid.UUID) -> HttpResponse:
    """What is new (`?after=` is the last log entry that the page has); 204 if that is nothing.

    When the backup has ended the page is told to load itself anew, with what came of it.
    """
    subject = visible_backup(request, pk)
    if not subject.is_active:
        return HttpResponseClientRefresh()
    state = backup_state(subject, place_of(request.GET.get("after", "")))
    if request.GET.get("seen") == state["seen"]:
        return HttpResponse(status=204)
    return render(request, "pages/_backup_news.html", state)
