"""Are the stored files still what was stored?"""

from collections.abc import Iterator

from backups import storage
from backups.exceptions import BackupError
from backups.models import Backup, BackupQuerySet


def stored() -> BackupQuerySet:
    """Backups with a file, those that share one side by side."""
    return Backup.objects.exclude(file_path="").order_by("file_path", "created_at")


def verify(backups: BackupQuerySet) -> Iterator[tuple[Backup, str]]:
    """Read each backup's file; yields every backup with what is wrong with it, "" if nothing. Memory stays flat."""
    last_path, last_hash, problem = "", "", ""
    for backup in backups.select_related("device").iterator(chunk_size=500):
        if (backup.file_path, backup.content_hash) != (last_path, last_hash):
            last_path, last_hash, problem = backup.file_path, backup.content_hash, _problem(backup)
        yield backup, problem


def _problem(backup: Backup) -> str:
    try:
        storage.read(backup)
    except BackupError as error:
        return str(error)
    return ""
