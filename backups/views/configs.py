"""Pages of one backup: its record, its configuration, and what changed against another.

Those who see secrets get them, unless they ask for `?masked=1`; the others get markers in their place.
"""

import uuid
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_http_methods, require_safe

from backups import secrecy
from backups.diff import Hunk, as_patch, count, unified
from backups.exceptions import BackupError, CorruptBackup, RequestRefused
from backups.fingerprint import split_lines
from backups.models import Backup
from backups.services import accept_backup
from backups.views.access import UserRequest, page, visible_backup
from netraven.audit.trail import Action, note_reading

LINES_SHOWN = 20_000  # of a configuration; its download has all
DIFF_LINES_SHOWN = 5_000  # of a diff; its patch has all

READER = ("backups.view_backup", "backups.view_config")


@require_safe
@page("backups.view_backup")
def backup(request: UserRequest, pk: uuid.UUID) -> HttpResponse:
    """One backup: what is recorded about it, and, for those who may read it, the configuration."""
    subject = visible_backup(request, pk)
    context: dict[str, Any] = {"backup": subject, "previous": Backup.objects.good_before(subject)}
    status = 200
    if subject.file_path and request.user.has_perm("backups.view_config"):
        try:
            lines = split_lines(secrecy.read_text(subject, masked=is_masked(request)).rstrip("\r\n"))
        except BackupError as error:
            context["problem"], status = str(error), status_of(error)
        else:
            context |= {"lines": lines[:LINES_SHOWN], "line_count": len(lines), "hidden": len(lines) > LINES_SHOWN}
            context["masked"] = is_masked(request)
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
        content = secrecy.read_content(subject, masked=masked)
    except BackupError as error:
        return _problem(request, subject, error)
    note_reading(Action.DOWNLOAD_CONFIG, subject, masked=masked)
    response = HttpResponse(content, content_type="text/plain; charset=utf-8")
    name = secrecy.download_name(subject, masked=masked)
    response["X-NetRaven-Masked"] = "true" if masked else "false"
    response["Content-Disposition"] = content_disposition_header(as_attachment=True, filename=name) or "attachment"
    return response


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


@require_safe
@page(*READER)
def diff_with_previous(request: UserRequest, pk: uuid.UUID) -> HttpResponse:
    """On to the diff of a backup with the good one before it."""
    subject = visible_backup(request, pk)
    previous = Backup.objects.good_before(subject)
    if previous is None or not subject.file_path:
        messages.info(request, "There is no earlier configuration to compare with.")
        return redirect("pages:backup", pk=subject.pk)
    return redirect("pages:diff", previous.pk, subject.pk)


@require_safe
@page(*READER)
def diff(request: UserRequest, old_pk: uuid.UUID, new_pk: uuid.UUID) -> HttpResponse:
    """What changed from one backup to another; `?volatile=1` counts every line, `?format=patch` is plain text."""
    old, new, masked = visible_backup(request, old_pk), visible_backup(request, new_pk), is_masked(request)
    if not old.file_path or not new.file_path:
        raise Http404("One of these backups has no configuration.")
    try:
        before, after = (secrecy.read_text(side, masked=masked) for side in (old, new))
    except BackupError as error:
        return _problem(request, new, error)
    note_reading(Action.COMPARE_CONFIGS, old, new, masked=masked)
    every_line = request.GET.get("volatile") == "1"
    patterns = "" if every_line else _volatile_patterns(old, new)
    if request.GET.get("format") == "patch":
        patch = as_patch(before, after, patterns, _name_in_patch(old), _name_in_patch(new))
        headers = {"X-NetRaven-Masked": "true" if masked else "false"}
        return HttpResponse(patch, content_type="text/plain; charset=utf-8", headers=headers)
    hunks = unified(before, after, patterns)
    context = {"old": old, "new": new, "every_line": every_line, "same_bytes": old.content_hash == new.content_hash}
    return render(request, "pages/diff.html", context | {"masked": masked} | _shown(hunks))


def is_masked(request: UserRequest) -> bool:
    """Whether secrets are masked: for those who may not see them, and for those who ask for it."""
    return not secrecy.sees_secrets(request.user) or request.GET.get("masked") == "1"


def status_of(error: BackupError) -> int:
    """409 when the stored file is not what was stored, 503 when the storage would not read."""
    return 409 if isinstance(error, CorruptBackup) else 503


def _problem(request: UserRequest, subject: Backup, error: BackupError) -> HttpResponse:
    context = {"backup": subject, "problem": str(error)}
    return render(request, "pages/problem.html", context, status=status_of(error))


def _shown(hunks: list[Hunk]) -> dict[str, Any]:
    """The first hunks, as far as a page holds them, and the sums over all."""
    added, removed = count(hunks)
    room, shown = DIFF_LINES_SHOWN, list[Hunk]()
    for hunk in hunks:
        if shown and len(hunk.lines) > room:
            break
        room -= len(hunk.lines)
        shown.append(hunk)
    parts = [(hunk, hunk.lines[:DIFF_LINES_SHOWN]) for hunk in shown]
    return {
        "hunks": parts,
        "cut": sum(len(lines) for _, lines in parts) < sum(len(hunk.lines) for hunk in hunks),
        "exact": all(hunk.exact for hunk in hunks),
        "added": added,
        "removed": removed,
    }


def _volatile_patterns(*backups: Backup) -> str:
    return "\n".join(dict.fromkeys(backup.device.platform.volatile_patterns for backup in backups))


def _name_in_patch(backup: Backup) -> str:
    return f"{backup.device.hostname}\t{backup.finished_at:%Y-%m-%d %H:%M:%S} +0000"
