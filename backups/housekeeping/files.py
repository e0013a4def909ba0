"""The one place where stored configurations are deleted: only files that no record refers to.

Why that is safe beside workers, which never wait for housekeeping:

- A worker refers to a file that it has not just written only by sharing the last good one's (`pipeline._store`). It
  read which one that is after it claimed its backup, up to a deadline ago. But while a backup of a device is active,
  the device's last good one cannot change: no other backup of it can be active, a worker that lost its claim records
  nothing, and `recording.accept` refuses. And the last good one's row is never deleted (policy.py). So whatever file
  a worker is about to share has a row that refers to it, from before it was read until after it is recorded.
- `recording.accept` makes a failed backup the last good one, with the file that its row has already. Retention deletes
  rows under a lock and only while they are in the state that it decided upon: either the row is accepted and stays, or
  it is gone and cannot be accepted.
- A worker writes the file first and the row second. Such a new file has no row for a moment, but retention deletes only
  files whose rows it has deleted itself, and the search for orphans only old ones. Files are never written over: a path
  that was free to take is never one that is being deleted.
- The rows are gone, committed, before their file is. A run that is killed in between leaves a file without a row, which
  the search for orphans finds; the other way round there would be a row without its file.
"""

import structlog

from backups import storage
from backups.exceptions import StorageFailed
from backups.housekeeping.steps import Counts, Finding
from backups.models import Backup

logger = structlog.get_logger("netraven.backups")


def delete_unreferenced(sizes: dict[str, int]) -> tuple[Counts, list[Finding]]:
    """Delete those of these files, given with their bytes, that no backup refers to; asked for each right before."""
    counts, findings = {"files": 0, "bytes": 0}, list[Finding]()
    for path, size in sizes.items():
        if Backup.objects.filter(file_path=path).exists():
            continue
        try:
            storage.delete(path)
        except StorageFailed as error:
            logger.warning("A file cannot be deleted", path=path)
            findings.append(Finding(str(error)))
            continue
        counts["files"] += 1
        counts["bytes"] += size
    return counts, findings


def unreferenced(paths: list[str]) -> list[str]:
    """Those of these files that no backup refers to now, in one query."""
    known = set(Backup.objects.filter(file_path__in=paths).values_list("file_path", flat=True))
    return [path for path in paths if path not in known]
