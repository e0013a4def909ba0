"""Stored configurations, and what changed between two, as HTTP responses in text/plain.

Those who see secrets get them, unless they ask for `?masked=true`; the others get markers in their place.
`X-NetRaven-Masked` says which it was.
"""

from uuid import UUID

from django.http import HttpResponse, HttpResponseBase
from django.utils.http import content_disposition_header
from rest_framework import status
from rest_framework.exceptions import NotFound, PermissionDenied, ValidationError
from rest_framework.request import Request

from backups import secrecy
from backups.fingerprint import content_hash
from backups.models import Backup, BackupQuerySet
from backups.patches import as_patch
from netraven.audit.trail import Action, note_reading
from netraven.permissions import signed_in_user
from netraven.preconditions import client_has

TEXT = "text/plain; charset=utf-8"


def content_response(request: Request, backup: Backup) -> HttpResponseBase:
    """The exact bytes, or masked ones; 304 when the client has them; with `?download=1` as a file.

    Raises NotFound if there are none, CorruptBackup or StorageFailed if they are not what was stored, ValidationError,
    PermissionDenied.
    """
    _refuse_without_content(backup)
    masked = is_masked(request)
    content = secrecy.read_content(backup, masked=True) if masked else None
    etag = f'"{backup.content_hash}"' if content is None else f'"{content_hash(content)}-masked"'
    headers = _headers(masked) | {"ETag": etag}
    if client_has(request, etag):
        return HttpResponse(status=status.HTTP_304_NOT_MODIFIED, headers=headers)
    is_download = request.query_params.get("download") == "1"
    if is_download:
        name = secrecy.download_name(backup, masked=masked)
        headers["Content-Disposition"] = str(content_disposition_header(as_attachment=True, filename=name))
    if content is None:
        content = secrecy.read_content(backup, masked=False)
    note_reading(Action.DOWNLOAD_CONFIG if is_download else Action.READ_CONFIG, backup, masked=masked)
    return HttpResponse(content, content_type=TEXT, headers=headers)


def diff_response(request: Request, backup: Backup, visible: BackupQuerySet) -> HttpResponseBase:
    """A patch from `?with=<id>` of any device, else from the good backup before; empty if only volatile lines changed.

    Of masked texts, where a secret that changed is a line that changed.
    Raises ValidationError, PermissionDenied, NotFound, CorruptBackup, StorageFailed.
    """
    _refuse_without_content(backup)
    masked = is_masked(request)
    old = _against(request, backup, visible.select_related("device__platform"))
    _refuse_without_content(old)
    volatile = "\n".join(dict.fromkeys(side.device.platform.volatile_patterns for side in (old, backup)))
    before, after = (secrecy.read_text(side, masked=masked) for side in (old, backup))
    note_reading(Action.COMPARE_CONFIGS, old, backup, masked=masked)
    patch = as_patch(before, after, volatile, old.file_path, backup.file_path)
    return HttpResponse(patch, content_type=TEXT, headers=_headers(masked))


def is_masked(request: Request) -> bool:
    """What the client asked for with `?masked=`, or else what the user may have."""
    may_see = secrecy.sees_secrets(signed_in_user(request))
    asked = request.query_params.get("masked", "false" if may_see else "true")
    if asked not in ("true", "false"):
        raise ValidationError({"masked": ["Give true or false."]})
    if asked == "false" and not may_see:
        raise PermissionDenied("You may not read secrets: ask without masked=false.")
    return asked == "true"


def _headers(masked: bool) -> dict[str, str]:
    return {"Cache-Control": "private, no-cache", "X-NetRaven-Masked": "true" if masked else "false"}


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
