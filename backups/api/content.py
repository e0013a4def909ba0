"""A stored configuration as an HTTP response."""

from posixpath import basename

from django.http import HttpResponse, HttpResponseBase
from django.utils.http import content_disposition_header, parse_etags
from rest_framework import status
from rest_framework.exceptions import NotFound
from rest_framework.request import Request

from backups import storage
from backups.models import Backup


def content_response(request: Request, backup: Backup) -> HttpResponseBase:
    """The exact bytes; 304 when the client has them; with `?download=1` as a file.

    Raises NotFound if there are none, CorruptBackup or StorageFailed if they are not what was stored.
    """
    if not backup.file_path:
        raise NotFound(_why_there_is_none(backup))
    etag = f'"{backup.content_hash}"'
    known = parse_etags(request.headers.get("If-None-Match", ""))
    if "*" in known or etag in (tag.removeprefix("W/") for tag in known):
        return HttpResponse(status=status.HTTP_304_NOT_MODIFIED, headers={"ETag": etag})
    headers = {"ETag": etag, "Cache-Control": "private, no-cache"}
    if request.query_params.get("download") == "1":
        disposition = content_disposition_header(as_attachment=True, filename=basename(backup.file_path))
        headers["Content-Disposition"] = str(disposition)
    return HttpResponse(storage.read(backup), content_type="text/plain; charset=utf-8", headers=headers)


def _why_there_is_none(backup: Backup) -> str:
    if backup.is_active:
        return f"This backup is {backup.get_status_display().lower()}: there is no configuration yet."
    return f"This backup failed ({backup.get_failure_reason_display().lower()}): no configuration came of it."
