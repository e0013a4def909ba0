"""Pages of one backup: its record and its configuration, as text and as a download."""

import re
import uuid
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_http_methods, require_safe

from backups import secrecy
from backups.exceptions import BackupError, RequestRefused
from backups.models import Backup
from backups.services import accept_backup
from backups.views.access import UserRequest, page, visible_backup
from backups.views.config_listing import shown
from backups.views.reading import is_masked, read_bytes, read_text, status_of
from netraven.audit.trail import Action, note_reading

READER = ("backups.view_backup", "backups.view_config")


@require_safe
@page("backups.view_backup")
def backup(request: UserRequest, pk: uuid.UUID) -> HttpResponse:
    """One backup: what is recorded about it, and, for those who may read it, the configuration.

    `?secrets=1` shows secrets, `?fold=1` folds sections, `?blame=1` says which version brought each line, `?find=`
    looks for text, and `?line=` leads to a line.
    """
    subject = visible_backup(request, pk)
    if "line" in request.GET:
        return _go_to_line(request)
    context: dict[str, Any] = {"backup": subject, "previous": Backup.objects.good_before(subject)}
    status = 200
    if subject.file_path and request.user.has_perm("backups.view_config"):
        try:
            text = read_text(request, subject)
            context |= shown(request, subject, text) | {"masked": is_masked(request)}
        except BackupError as error:
            context["problem"], status = str(error), status_of(error)
        else:
            note_reading(Action.READ_CONFIG, subject, masked=is_masked(request))
    return render(request, "pages/backup.html", context, status=status)


@require_safe
@page(*READER)
def download(request: UserRequest, pk: uuid.UUID) -> HttpResponse:
    """The exact bytes, or masked ones, as a file whose name says so."""
    subject, masked = visible_backup(request, pk), is_masked(request)
    if not subject.file_path:
        raise Http404("This backup has no configuration.")
    try:
        content = read_bytes(request, subject)
    except BackupError as error:
        return problem(request, subject, error)
    note_reading(Action.DOWNLOAD_CONFIG, subject, masked=masked)
    return attachment(content, secrecy.download_name(subject, masked=masked), masked=masked)


@require_http_methods(["GET", "HEAD", "POST"])
@page(*READER, "backups.accept_backup")
def accept(request: UserRequest, pk: uuid.UUID) -> HttpResponse:
    """Ask whether an incomplete configuration is right, and take it as good."""
    subject = visible_backup(request, pk)
    if request.method != "POST":
        return render(
            request, "pages/accept.html", {"backup": subject, "previous": Backup.objects.good_before(subject)}
        )
    try:
        accept_backup(subject, user=request.user)
    except RequestRefused as error:
        messages.error(request, str(error))
    else:
        messages.success(request, f"Accepted: this is now the last good configuration of {subject.device.hostname}.")
    return redirect("pages:backup", pk=subject.pk)


def attachment(content: bytes, name: str, *, masked: bool) -> HttpResponse:
    """Text as a file to keep."""
    response = HttpResponse(content, content_type="text/plain; charset=utf-8")
    response["X-NetRaven-Masked"] = "true" if masked else "false"
    response["Content-Disposition"] = content_disposition_header(as_attachment=True, filename=name) or "attachment"
    return response


def problem(request: UserRequest, subject: Backup, error: BackupError) -> HttpResponse:
    """A stored file that cannot be shown."""
    context = {"backup": subject, "problem": str(error)}
    return render(request, "pages/problem.html", context, status=status_of(error))


def _go_to_line(request: UserRequest) -> HttpResponse:
    """A form cannot name an anchor, so it asks for one."""
    rest = [(name, value) for name, values in request.GET.lists() if name != "line" for value in values]
    query = f"?{urlencode(rest)}" if rest else ""
    number = re.fullmatch(r"\s*0*([1-9][0-9]{0,8})\s*", request.GET["line"], re.ASCII)
    return redirect(f"{request.path}{query}#{f'L{number[1]}' if number else 'configuration'}")
