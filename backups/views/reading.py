"""Texts of configurations for pages: masked, unless somebody who may read secrets asks for `?secrets=1`."""

from backups import secrecy
from backups.exceptions import BackupError, CorruptBackup
from backups.models import Backup
from backups.views.access import UserRequest
from devices.text import decode_for_people


def is_masked(request: UserRequest) -> bool:
    """Whether this request gets markers in place of secrets."""
    return not (request.GET.get("secrets") == "1" and secrecy.sees_secrets(request.user))


def read_bytes(request: UserRequest, backup: Backup) -> bytes:
    """What is stored, masked or not. Raises CorruptBackup or StorageFailed."""
    return secrecy.read_content(backup, masked=is_masked(request))


def read_text(request: UserRequest, backup: Backup) -> str:
    """The same as text for people."""
    return decode_for_people(read_bytes(request, backup))


def status_of(error: BackupError) -> int:
    """409 when the stored file is not what was stored, 503 when the storage would not read."""
    return 409 if isinstance(error, CorruptBackup) else 503
