"""Pages of what changed between two backups, of one device or of two."""

import uuid
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from backups import secrecy
from backups.diff import compare, count
from backups.exceptions import BackupError
from backups.models import Backup
from backups.patches import as_patch
from backups.views.access import UserRequest, page, visible_backup
from backups.views.configs import READER, attachment, problem
from backups.views.diff_parts import parts_of
from backups.views.reading import is_masked, read_bytes, read_text
from devices.text import decode, encode
from netraven.audit.trail import Action, note_reading

SPLIT, UNIFIED = "split", "unified"
CHANGES_LISTED = 50


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
    """What changed from one backup to another.

    `?volatile=1` counts every line, `?view=split` or `unified` is remembered, `?lines=all` and `?open=` show
    unchanged lines, `?secrets=1` shows secrets, `?format=patch` is a file to download.
    """
    old, new = visible_backup(request, old_pk), visible_backup(request, new_pk)
    if not old.file_path or not new.file_path:
        raise Http404("One of these backups has no configuration.")
    every_line = request.GET.get("volatile") == "1"
    patterns = "" if every_line else _volatile_patterns(old, new)
    try:
        if request.GET.get("format") == "patch":
            return _patch(request, old, new, patterns)
        found = compare(read_text(request, old), read_text(request, new), patterns)
    except BackupError as error:
        return problem(request, new, error)
    note_reading(Action.COMPARE_CONFIGS, old, new, masked=is_masked(request))
    view = _remembered_view(request)
    parts, cut = parts_of(found, opened=_opened(request), split=view == SPLIT)
    added, removed = count(found.hunks)
    context: dict[str, Any] = {"old": old, "new": new, "added": added, "removed": removed, "exact": found.exact}
    context |= {"parts": parts, "cut": cut, "split": view == SPLIT, "every_line": every_line}
    context |= {"changes": [part for part in parts if part.hunk][:CHANGES_LISTED], "all_count": len(found.hunks)}
    context |= {"same_bytes": old.content_hash == new.content_hash, "masked": is_masked(request)}
    context["all_shown"] = all(not part.hidden for part in parts)
    return render(request, "pages/diff.html", context)


def _patch(request: UserRequest, old: Backup, new: Backup, patterns: str) -> HttpResponse:
    """As a file that `patch` applies to the download of the old one, masked or not like this."""
    masked = is_masked(request)
    before, after = (decode(read_bytes(request, side)) for side in (old, new))
    note_reading(Action.COMPARE_CONFIGS, old, new, masked=masked)
    patch = as_patch(before, after, patterns, _name_in_patch(old, masked), _name_in_patch(new, masked))
    name = secrecy.download_name(new, masked=masked).removesuffix(".txt")
    return attachment(encode(patch), f"{name}.patch", masked=masked)


def _remembered_view(request: UserRequest) -> str:
    """What was asked for, or else what was asked for last."""
    asked = request.GET.get("view")
    if asked in (SPLIT, UNIFIED) and asked != request.session.get("diff_view", UNIFIED):
        request.session["diff_view"] = asked
    return str(request.session.get("diff_view", UNIFIED))


def _opened(request: UserRequest) -> set[int] | None:
    """The gaps whose lines are shown; None for all."""
    if request.GET.get("lines") == "all":
        return None
    return {int(number) for number in request.GET.getlist("open") if number.isascii() and number.isdigit()}


def _volatile_patterns(*backups: Backup) -> str:
    return "\n".join(dict.fromkeys(backup.device.platform.volatile_patterns for backup in backups))


def _name_in_patch(backup: Backup, masked: bool) -> str:
    moment = backup.finished_at or backup.created_at
    return f"{secrecy.download_name(backup, masked=masked)}\t{moment:%Y-%m-%d %H:%M:%S} +0000"
