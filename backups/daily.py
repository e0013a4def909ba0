"""How many backups completed, failed and brought a change, day by day (UTC).

A day that has ended is counted once and kept, for each set of devices that somebody sees: counting thirty days anew
would read some hundred thousand rows for every page. What is kept is never wrong: whoever changes or deletes backups
that ended earlier says so with `recount` in the same transaction, and what was counted meanwhile is not kept.
"""

import hashlib
import uuid
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import reduce
from operator import or_

from django.db.models import Count, Q
from django.db.models.functions import TruncDate
from django.utils import timezone

from backups.models import Backup, Day
from devices.models import Device, Viewer

DAYS = 30  # with today
SETTLED = timedelta(hours=1)  # after its end a day gets no more backups, even from a host whose clock is behind
SCOPES = 20  # sets of devices whose counts a day keeps
ALL = "all"
A_DAY = timedelta(days=1)
CHANGED = Q(changed=True, version__gt=1)


@dataclass(frozen=True)
class DayCount:
    """A day, and what ended on it, of the devices that somebody sees."""

    date: date
    completed: int = 0
    failed: int = 0
    changed: int = 0


def count_days(user: Viewer, days: int = DAYS) -> list[DayCount]:
    """The last days, oldest first, today included: a bounded number of queries, nearly always five."""
    now = timezone.now()
    today = now.astimezone(UTC).date()
    dates = [today - A_DAY * ago for ago in reversed(range(days))]
    over = [each for each in dates if _start(each + A_DAY) + SETTLED <= now]
    scope = _scope(user)
    records = _records(over)
    counts = {each: DayCount(each, *record.counts[scope]) for each, record in records.items() if scope in record.counts}
    counts |= (fresh := _count(user, [each for each in dates if each not in counts]))
    countable = [fresh[each] for each in over if each in fresh]
    if countable and _scope(user) == scope:  # nobody has hidden a device meanwhile, or shown one
        _keep(countable, records, scope)
    return [counts[each] for each in dates]


def recount(moments: Iterable[datetime | None]) -> None:
    """To be told, in the same transaction, by whoever changes or deletes backups that ended at these times."""
    first = timezone.now().astimezone(UTC).date() - A_DAY * DAYS
    dates = {moment.astimezone(UTC).date() for moment in moments if moment}
    # Written even if there is no record: whoever is counting now finds out. In order: no two wait for each other.
    records = [Day(date=each) for each in sorted(dates) if each >= first]
    Day.objects.bulk_create(
        records, update_conflicts=True, unique_fields=["date"], update_fields=["revision", "counts"]
    )


def _records(dates: Sequence[date]) -> dict[date, Day]:
    """Of each day; made before anything is counted, so that `recount` meets it."""
    records = Day.objects.in_bulk(dates)
    if missing := [Day(date=each) for each in dates if each not in records]:
        Day.objects.bulk_create(missing, ignore_conflicts=True)
        Day.objects.filter(date__lt=dates[0] - A_DAY).delete()
        records = Day.objects.in_bulk(dates)
    return records


def _count(user: Viewer, dates: Collection[date]) -> dict[date, DayCount]:
    """From the backups themselves, in one query."""
    if not dates:
        return {}
    spans = [Q(finished_at__gte=_start(each), finished_at__lt=_start(each + A_DAY)) for each in dates]
    backups = Backup.objects.visible_to(user).filter(reduce(or_, spans)).order_by()
    rows = backups.values(day=TruncDate("finished_at", tzinfo=UTC)).annotate(
        completed=Count("pk", filter=Q(status=Backup.Status.COMPLETED)),
        failed=Count("pk", filter=Q(status=Backup.Status.FAILED)),
        changes=Count("pk", filter=CHANGED),
    )
    found = {row["day"]: DayCount(row["day"], row["completed"], row["failed"], row["changes"]) for row in rows}
    return {each: found.get(each, DayCount(each)) for each in dates}


def _keep(fresh: Sequence[DayCount], records: dict[date, Day], scope: str) -> None:
    """Unless a backup of the day has changed since its record was read."""
    for count in fresh:
        record = records[count.date]
        others = list(record.counts.items())[1 - SCOPES :]
        counts = dict(others) | {scope: [count.completed, count.failed, count.changed]}
        Day.objects.filter(date=count.date, revision=record.revision).update(counts=counts)


def _scope(user: Viewer) -> str:
    """A name for the devices that somebody sees: what the others are, so that it is short work for most."""
    if getattr(user, "is_superuser", False):
        return ALL
    hidden = Device.objects.exclude(pk__in=Device.objects.visible_to(user).order_by().values("pk"))
    ids: list[uuid.UUID] = list(hidden.order_by("pk").values_list("pk", flat=True))
    return hashlib.sha256(b"".join(pk.bytes for pk in ids)).hexdigest() if ids else ALL


def _start(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
