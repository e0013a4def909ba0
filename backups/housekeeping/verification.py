"""Are the stored files still what was stored?"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from django.db.models import Q

from backups.damage import damaged_among
from backups.housekeeping.checks import FileCheck
from backups.housekeeping.steps import Counts, Cursor, Finding, Step
from backups.models import Backup, BackupQuerySet, Job, JobLog
from devices.models import Device

FILES = 100  # rows per step, each perhaps with a file of its own: some seconds from an object store
INTACT_AGAIN = "Its file is intact again."


@dataclass(frozen=True)
class Verification:
    """One run over the files of all devices, or of one. It changes nothing, but what it finds goes into the log."""

    job_type: ClassVar[Job.Type] = Job.Type.VERIFICATION

    device: Device | None = None

    def idle(self) -> str:
        """There is always something to read."""
        return ""

    def about(self) -> str:
        """What is going to be done."""
        return "Verification: every stored configuration is read and compared with the SHA-256 in its record"

    def total(self) -> int:
        """Backups with a file."""
        return self._stored().count()

    def summary(self, counts: Counts) -> str:
        """How many are damaged."""
        examined, bad = counts.get("examined", 0), counts.get("problems", 0)
        return f"{bad} of {examined} backups are damaged." if bad else f"{examined} backups verified, none damaged."

    def steps(self, cursor: Cursor) -> Iterator[Step]:
        """The cursor is the file and the backup looked at last. A file that backups share is read once."""
        check, last, problem = FileCheck(), ("", ""), ""
        backups = list(self._after(cursor))
        while backups:
            findings = list[Finding]()
            damaged = damaged_among(backups)
            for backup in backups:
                file = backup.file_path, backup.content_hash
                if file != last:
                    last, problem = file, check.problem(backup)
                if problem and _still_there(backup):
                    findings.append(Finding(problem, backup))
                elif backup.pk in damaged:
                    findings.append(Finding(INTACT_AGAIN, backup, JobLog.Level.INFO))
            cursor = [backup.file_path, str(backup.pk)]
            yield Step(cursor=cursor, counts={"examined": len(backups)}, findings=findings, advance=len(backups))
            backups = list(self._after(cursor))

    def _stored(self) -> BackupQuerySet:
        stored = Backup.objects.exclude(file_path="")
        return stored.filter(device=self.device) if self.device else stored

    def _after(self, cursor: Cursor) -> BackupQuerySet:
        """The next ones, those that share a file side by side."""
        rows = self._stored().select_related("device").only(*_FIELDS).order_by("file_path", "pk")
        if cursor:
            path, pk = cursor
            beyond = Q(file_path__gt=path) | Q(file_path=path, pk__gt=pk)
            rows = rows.filter(beyond, file_path__gte=path)  # the latter is for the index
        return rows[:FILES]


_FIELDS = ["device__hostname", "job", "file_path", "content_hash", "created_at"]


def _still_there(backup: Backup) -> bool:
    """Retention deletes the row, then the file: a file that is missing for that is not damaged."""
    return Backup.objects.filter(pk=backup.pk).exists()
