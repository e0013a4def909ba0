"""Stored configurations, and what changed between two, as HTTP responses in text/plain."""

from posixpath import basename
from uuid import UUID

from django.http import HttpResponse, HttpResponseBase
from django.utils.http import content_disposition_header
from rest_framework import status
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.request import Request

from backups import storage
from backups.diff import as_patch
from backups.models import Backup, BackupQuerySet
from netraven.preconditions import client_has

TEXT = "text/plain; charset=utf-8"


def content_response(request: Request, backup: Backup) -> HttpResponseBase:
    """The exact bytes; 304 when the client has them; with `?download=1` as a file.

    Raises NotFound if there are none, CorruptBackup or StorageFailed if they are not what was stored.
    """
    _refuse_without_content(backup)
    etag = f'"{backup.content_hash}"'
    if client_has(request, etag):
        return HttpResponse(status=status.HTTP_304_NOT_MODIFIED, headers={"ETag": etag})
    headers = {"ETag": etag, "Cache-Control": "private, no-cache"}
    if request.query_params.get("download") == "1":
        disposition = content_disposition_header(as_attachment=True, filename=basename(backup.file_path))
        headers["Content-Disposition"] = str(disposition)
    return HttpResponse(storage.read(backup), content_type=TEXT, headers=headers)


def diff_response(request: Request, backup: Backup, visible: BackupQuerySet) -> HttpResponseBase:
    """A patch from `?with=<id>` of any device, else from the good backup before; empty if only volatile lines changed.

    Raises ValidationError, NotFound, CorruptBackup, StorageFailed.
    """
    _refuse_without_content(backup)
    old = _against(request, backup, visible.select_related("device__platform"))
    _refuse_without_content(old)
    volatile = "\n".join(dict.fromkeys(side.device.platform.volatile_patterns for side in (old, backup)))
    patch = as_patch(storage.read_text(old), storage.read_text(backup), volatile, old.file_path, backup.file_path)
    return HttpResponse(patch, content_type=TEXT, headers={"Cache-Control": "private, no-cache"})


def _against(request: Request, backup: Backup, visible: BackupQuerySet) -> Backup:
    name = "against" if "against" in request.query_params else "with"
    if name in request.query_params:
        try:
            pk = UUID(request.query_params[name])
        except ValueError:
            raise ValidationError({name: ["Give the id of a backup."]}) from None
        if other := visible.filter(pk=pk).first():
            return other
        raise NotFound("There is no such backup to compare with.")
    if previous := visible.good_before(backup):
        return previous
    raise NotFound("There is no earlier good backup to compare with.")


def _refuse_without_content(backup: Backup) -> None:
    if backup.file_path:
        return
    if backup.is_active:
        why = f"is {backup.get_status_display().lower()}: there is no configuration yet."
    else:
        why = f"failed ({backup.get_failure_reason_display().lower()}): no configuration came of it."
    raise NotFound(f"The backup {backup.pk} {why}")
