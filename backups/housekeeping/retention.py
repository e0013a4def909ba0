"""Deletes the backups that the policy does not keep, and then their files."""

import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from typing import ClassVar

from django.db import transaction
from django.db.models import Count, Exists, OuterRef, Q
from django.utils import timezone

from backups import daily
from backups.housekeeping.checks import FileCheck
from backups.housekeeping.files import delete_unreferenced
from backups.housekeeping.policy import FailedOnes, GoodOnes, Policy
from backups.housekeeping.steps import BATCH, Counts, Cursor, Finding, Step, batched, readable_size
from backups.models import Backup, BackupQuerySet, Job
from devices.models import Device

READ = 1000  # rows per query
TOGETHER = 100  # backups deleted in one transaction: with their log it is a thousand rows and more
COMPLETED, FAILED = Backup.Status.COMPLETED, Backup.Status.FAILED
Judged = tuple[Backup, bool]  # a backup, and whether it is kept
Tell = Callable[[Finding], None]


@dataclass(frozen=True)
class Retention:
    """One run over the backups of all devices, or of one."""

    job_type: ClassVar[Job.Type] = Job.Type.RETENTION

    policy: Policy = field(default_factory=Policy.from_settings)
    device: Device | None = None
    dry_run: bool = False
    now: datetime = field(default_factory=timezone.now)

    def idle(self) -> str:
        """Nothing is deleted unless somebody said what is kept."""
        names = "NETRAVEN_KEEP_LAST, NETRAVEN_KEEP_DAILY and NETRAVEN_KEEP_WEEKLY are 0"
        return f"Every backup is kept for ever: {names}." if self.policy.keeps_everything else ""

    def about(self) -> str:
        """The policy."""
        return f"Retention: of each device {self.policy} are kept, and always the last good one"

    def total(self) -> int:
        """Backups to look at."""
        return self._ended().count()

    def summary(self, counts: Counts) -> str:
        """What was deleted."""
        size = readable_size(counts.get("bytes", 0))
        return (
            f"{counts.get('examined', 0)} backups looked at, {counts.get('deleted', 0)} "
            f"{'would be ' if self.dry_run else ''}deleted with {counts.get('files', 0)} files ({size})."
        )

    def steps(self, cursor: Cursor) -> Iterator[Step]:
        """The cursor is the status gone through and the device: a run goes on at the beginning of a device."""
        status, device_id = cursor or [COMPLETED, ""]
        if status == COMPLETED:
            yield from self._prune(COMPLETED, device_id)
            device_id = ""
        yield from self._prune(FAILED, device_id)

    def _prune(self, status: Backup.Status, device_id: str) -> Iterator[Step]:
        findings = list[Finding]()
        rehearsal = _Rehearsal() if self.dry_run else None
        for batch in batched(self._judge(status, device_id, findings.append), BATCH):
            expired = [backup for backup, kept in batch if not kept]
            counts = rehearsal.counts(expired) if rehearsal else _delete(expired, status, findings.append)
            yield Step(
                cursor=[status, str(batch[-1][0].device_id)],
                counts=counts | {"examined": len(batch)},
                findings=findings.copy(),
                deleted=[_describe(backup) for backup in expired] if rehearsal else [],
                advance=len(batch),
            )
            findings.clear()

    def _judge(self, status: Backup.Status, device_id: str, tell: Tell) -> Iterator[Judged]:
        """All backups with this status, device by device from this one on, newest first."""
        backups = self._ended().filter(status=status).select_related("device").only(*_FIELDS)
        if device_id:
            backups = backups.filter(device_id__gte=device_id)
        if status == COMPLETED:
            check = FileCheck()
            for _, history in groupby(_newest_first(backups, "finished_at"), key=_device_of):
                yield from _judge_good(history, GoodOnes(self.policy, self.now), check, tell)
        else:
            for _, history in groupby(_newest_first(_with_overtaken(backups), "created_at"), key=_device_of):
                yield from _judge_failed(history, FailedOnes(self.policy, self.now))

    def _ended(self) -> BackupQuerySet:
        ended = Backup.objects.filter(status__in=[COMPLETED, FAILED], finished_at__isnull=False)
        return ended.filter(device=self.device) if self.device else ended


_FIELDS = [
    "device__hostname", "job", "status", "failure_reason", "file_path", "file_size", "content_hash", "created_at",
    "finished_at",
]  # fmt: skip


def _judge_good(history: Iterator[Backup], good: GoodOnes, check: FileCheck, tell: Tell) -> Iterator[Judged]:
    """Nothing of a device goes while its last good configuration cannot be read: an older one may be all there is."""
    newest, readable = None, None
    for backup in history:
        newest = newest or backup
        kept = good.keeps(_end_of(backup))
        if not kept and readable is None:
            problem = check.problem(newest)
            readable = not problem
            if problem:
                tell(Finding(f"{problem} Older backups of the device are kept for that.", newest))
        yield backup, kept or not readable


def _judge_failed(history: Iterator[Backup], failed: FailedOnes) -> Iterator[Judged]:
    for backup in history:
        waiting = backup.can_be_accepted and not backup.overtaken  # type: ignore[attr-defined]  # annotated
        yield backup, failed.keeps(_end_of(backup), waiting=waiting)


def _newest_first(backups: BackupQuerySet, moment: str) -> Iterator[Backup]:
    """Device by device; a thousand at a time, so that neither memory nor a transaction grows with the history.

    `moment` is the time that an index has them in order of.
    """
    ordered = backups.order_by("device_id", f"-{moment}", "-pk")
    rows = list(ordered[:READ])
    while rows:
        yield from rows
        last, then = rows[-1], getattr(rows[-1], moment)
        older = Q(**{f"{moment}__lt": then}) | Q(**{moment: then, "pk__lt": last.pk})
        beyond = Q(device_id__gt=last.device_id) | Q(device_id=last.device_id) & older
        rows = list(ordered.filter(beyond, device_id__gte=last.device_id)[:READ])  # the latter is for the index


def _with_overtaken(backups: BackupQuerySet) -> BackupQuerySet:
    """With `overtaken`: a good one finished later, so `recording.accept` refuses."""
    later = Backup.objects.completed().filter(device=OuterRef("device"), finished_at__gt=OuterRef("finished_at"))
    return backups.annotate(overtaken=Exists(later))


def _device_of(backup: Backup) -> uuid.UUID:
    return backup.device_id


def _end_of(backup: Backup) -> datetime:
    assert backup.finished_at  # noqa: S101  # they are chosen by it
    return backup.finished_at


def _describe(backup: Backup) -> str:
    return f"{backup.device.hostname} {backup.created_at:%Y-%m-%d %H:%M:%S} {backup.status} {backup.pk}"


def _delete(expired: list[Backup], status: Backup.Status, tell: Tell) -> Counts:
    """Some of their rows, and then the files of those; and the next ones."""
    total = Counter[str]({"deleted": 0, "files": 0, "bytes": 0})
    for backups in batched(expired, TOGETHER):
        deleted, sizes = _delete_rows(backups, status)
        counts, findings = delete_unreferenced(sizes)
        total.update(counts, deleted=deleted)
        for finding in findings:
            tell(finding)
    return dict(total)


@transaction.atomic
def _delete_rows(expired: list[Backup], status: Backup.Status) -> tuple[int, dict[str, int]]:
    """With log and log-in attempts; how many, and the files that they named, with their bytes."""
    # Locked, and still as decided upon: one that an operator accepts at this moment stays
    rows = Backup.objects.select_for_update().filter(pk__in=[backup.pk for backup in expired], status=status)
    ended = list(rows.values_list("file_path", "file_size", "finished_at"))
    sizes = {path: size or 0 for path, size, _ in ended if path}
    daily.recount(finished_at for *_, finished_at in ended)
    return rows.only("pk").delete()[1].get("backups.Backup", 0), sizes


class _Rehearsal:
    """Counts what `_delete` would do, and does nothing: a file goes with the last of the backups that share it."""

    def __init__(self) -> None:
        self._gone = Counter[tuple[uuid.UUID, str]]()

    def counts(self, expired: list[Backup]) -> Counts:
        """For the next ones; those of one device come together."""
        sizes = {(backup.device_id, backup.file_path): backup.file_size or 0 for backup in expired if backup.file_path}
        self._gone.update((backup.device_id, backup.file_path) for backup in expired if backup.file_path)
        rows = Backup.objects.filter(file_path__in=[path for _, path in sizes]).values_list("file_path")
        total = dict(rows.annotate(Count("pk")).order_by())
        freed = [size for key, size in sizes.items() if self._gone[key] == total.get(key[1])]
        if expired:  # files are shared within a device only
            self._gone = Counter({key: n for key, n in self._gone.items() if key[0] == expired[-1].device_id})
        return {"deleted": len(expired), "files": len(freed), "bytes": sum(freed)}
