"""Reading stored files to see whether they are still what was stored."""

import structlog

from backups import storage
from backups.exceptions import CorruptBackup, StorageFailed
from backups.housekeeping.steps import Stopped
from backups.models import Backup

logger = structlog.get_logger("netraven.backups")

PATIENCE = 10  # files that cannot be read, one after the other: then it is the storage that is away


class FileCheck:
    """Reads one file after the other. A storage that is away makes no backup a damaged one: it stops the run."""

    def __init__(self) -> None:
        self._unreadable = 0

    def problem(self, backup: Backup) -> str:
        """What is wrong with the file of a backup; empty if nothing. Raises Stopped."""
        try:
            storage.read(backup)
        except StorageFailed as error:
            self._unreadable += 1
            if self._unreadable < PATIENCE:
                return str(error)
            logger.warning("Stored files cannot be read", problem=str(error))
            raise Stopped(f"The storage is away: {PATIENCE} files in a row could not be read.") from error
        except CorruptBackup as error:
            self._unreadable = 0
            return str(error)
        self._unreadable = 0
        return ""
