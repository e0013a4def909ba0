"""Finds what is new in the records, and writes what channels are to be told of it: each thing once.

A backup that has ended carries a mark until it was looked at here. Marks are found by a partial index that is empty
nearly always; a time or a number would miss rows that are committed later than they were made. Looking, writing the
deliveries and taking the marks away is one transaction, under the lock of one row: of many clusters one looks.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery
from django.utils import timezone

from backups.models import Backup, Delivery, EventKind, Job, Lookout, StaleNotice
from backups.notifications.collecting import Event, collect
from devices.models import Device

BATCH = 500  # backups, or devices, in one transaction
STALE_EVERY = timedelta(minutes=1)
# Of a notice: the backup that was too old is still the last good one
NOTHING_SINCE = Q(device__last_success_at=F("last_good_at")) | Q(last_good_at=None, device__last_success_at=None)
CANCELLED = Backup.FailureReason.CANCELLED


@dataclass(frozen=True)
class Ended:
    """A backup that has ended, and how the one before it had."""

    backup: Backup
    before: str  # status; empty if there was none
    reason_before: str
    was_stale: bool

    def events(self) -> Iterator[Event]:
        """What is new by it. A backup that somebody cancelled says nothing about its device."""
        backup = self.backup
        at = backup.finished_at or timezone.now()
        if backup.status == Backup.Status.FAILED:
            if backup.failure_reason != CANCELLED:
                again = self.before == Backup.Status.FAILED and self.reason_before == backup.failure_reason
                yield Event(EventKind.FAILED, backup.device_id, at, backup, backup.failure_reason, again)
            return
        if self.before == Backup.Status.FAILED or self.was_stale or backup.accepted_by_id:
            yield Event(EventKind.RECOVERED, backup.device_id, at, backup)
        if backup.changed and (backup.version or 0) > 1:
            yield Event(EventKind.CHANGED, backup.device_id, at, backup)


def look() -> int:
    """Write deliveries for all that is new; how many backups and stale devices were looked at.

    Four queries when there is nothing new.
    """
    looked = 0
    while Backup.objects.unnoticed().exists():
        number = _notice_backups()
        looked += number
        if number < BATCH:
            break
    _close_digests()
    while not Lookout.objects.filter(stale_looked_at__gt=timezone.now() - STALE_EVERY).exists():
        number = _notice_stale()
        looked += number
        if number < BATCH:
            break
    return looked


@transaction.atomic
def _notice_backups() -> int:
    """Some of them, those that ended first; none if another cluster is at it."""
    if _lock() is None:
        return 0
    # One that is just being accepted is left for the next look
    rows = Backup.objects.unnoticed().select_for_update(skip_locked=True, of=("self",))
    ended = list(_ended(rows.order_by("finished_at")[:BATCH]))
    good = [each.backup.device_id for each in ended if each.backup.status == Backup.Status.COMPLETED]
    collect([event for each in ended for event in each.events()])
    StaleNotice.objects.filter(device__in=good).delete()
    Backup.objects.filter(pk__in=[each.backup.pk for each in ended]).update(noticed=True)
    return len(ended)


def _ended(backups: QuerySet[Backup]) -> Iterator[Ended]:
    """With what was before: backups of one device follow each other, so that is the one that was made before."""
    earlier = (
        Backup.objects.filter(device=OuterRef("device"), created_at__lt=OuterRef("created_at"))
        .exclude(failure_reason=CANCELLED)
        .order_by("-created_at")
    )
    found = backups.annotate(
        before=Subquery(earlier.values("status")[:1]), reason_before=Subquery(earlier.values("failure_reason")[:1])
    )
    rows = list(found)
    stale = set(StaleNotice.objects.filter(device__in={row.device_id for row in rows}).values_list("device", flat=True))
    for row in rows:
        is_good = row.status == Backup.Status.COMPLETED
        was_stale = is_good and row.device_id in stale
        if is_good:
            stale.discard(row.device_id)
        yield Ended(row, row.before or "", row.reason_before or "", was_stale)


@transaction.atomic
def _notice_stale() -> int:
    """Some of the devices that miss their objective now, and did not at the last look."""
    lookout = _lock()
    if lookout is None:
        return 0
    now = timezone.now()
    _forget_those_in_time(now)
    devices = list(_newly_stale(now)[:BATCH])
    if len(devices) < BATCH:  # else there may be more
        Lookout.objects.filter(pk=lookout.pk).update(stale_looked_at=now)
    collect([Event(EventKind.STALE, device.pk, now) for device in devices])
    StaleNotice.objects.bulk_create(
        [StaleNotice(device=device, last_good_at=device.last_success_at, noticed_at=now) for device in devices],
        batch_size=BATCH,
        update_conflicts=True,
        unique_fields=["device"],
        update_fields=["last_good_at", "noticed_at"],
    )
    return len(devices)


def _newly_stale(now: datetime) -> QuerySet[Device]:
    """Whose last good backup is too old, and not the one of which that is known already."""
    known = StaleNotice.objects.filter(NOTHING_SINCE, device=OuterRef("pk"))
    return Device.objects.stale(now).exclude(Exists(known)).only("last_success_at")


def _forget_those_in_time(now: datetime) -> None:
    """Those that are stale no more, although nothing good came: their objective is another one, or they are disabled.

    A good backup is looked at by itself: it is news.
    """
    StaleNotice.objects.filter(NOTHING_SINCE).exclude(device__in=Device.objects.stale(now).values("pk")).delete()


def _close_digests() -> None:
    """The digest of a job is sent when the job has ended, and all its backups were looked at."""
    left = Backup.objects.unnoticed().filter(job=OuterRef("job"))
    waiting = Delivery.objects.filter(collecting=True, status=Delivery.Status.PENDING, next_try_at=None)
    over = waiting.exclude(job__status__in=Job.ACTIVE).exclude(Exists(left))
    if ids := list(over.values_list("pk", flat=True)):
        Delivery.objects.filter(pk__in=ids, next_try_at=None).update(next_try_at=timezone.now())


def _lock() -> Lookout | None:
    """The row that lets look, locked until the transaction ends; None if somebody else has it."""
    rows = Lookout.objects.select_for_update(skip_locked=True)
    if found := rows.first():
        return found
    if not Lookout.objects.exists():
        Lookout.objects.bulk_create([Lookout()], ignore_conflicts=True)
    return rows.first()
