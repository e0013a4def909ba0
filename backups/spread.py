"""Backups that wait for a time of their own: so that a whole network is not asked in the same minute."""

import hashlib
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection
from django.utils import timezone

from backups.models import Backup, Job

BATCH = 1000  # backups per statement


@dataclass(frozen=True)
class Spread:
    """Starts of backups are spread over a window, from `first` on; with the same key a device has always the same."""

    first: datetime
    window: timedelta
    key: str

    def time_of(self, device_id: uuid.UUID) -> datetime:
        """When this device's backup may start, to the second."""
        digest = hashlib.sha256(f"{self.key} {device_id}".encode()).digest()
        seconds = max(1, int(self.window.total_seconds()))
        return self.first + timedelta(seconds=int.from_bytes(digest[:8]) % seconds)


def set_times(job: Job, spread: Spread) -> None:
    """Have the backups of a new job wait, each for its time. 10,000 of them take ten statements."""
    own = Backup.objects.filter(job=job).order_by("position").values_list("pk", "device_id")
    _write({pk: spread.time_of(device_id) for pk, device_id in own})


def bring_forward(job: Job, device_ids: Sequence[uuid.UUID], spread: Spread | None) -> int:
    """Have waiting backups of these devices in other jobs wait no longer than `job` would have them: not at all without
    a spread. How many that were.

    What a worker is just claiming is passed over.
    """
    now, moved = timezone.now(), 0
    for start in range(0, len(device_ids), BATCH):
        waiting = Backup.objects.filter(
            device__in=device_ids[start : start + BATCH], status=Backup.Status.PENDING, not_before__gt=now
        ).exclude(job=job)
        locked = waiting.select_for_update(skip_locked=True).values_list("pk", "device_id", "not_before")
        times = {pk: (spread.time_of(device_id) if spread else now, until) for pk, device_id, until in locked}
        sooner = {pk: time for pk, (time, until) in times.items() if until and time < until}
        _write(sooner)
        moved += len(sooner)
    return moved


def _write(times: dict[uuid.UUID, datetime]) -> None:
    """Set `not_before`, another one for each backup: Django's own way would be a CASE of a thousand branches."""
    id_of, time_of = Backup._meta.pk.get_db_prep_value, connection.ops.adapt_datetimefield_value
    rows = [(id_of(pk, connection), time_of(time)) for pk, time in times.items()]
    with connection.cursor() as cursor:
        for start in range(0, len(rows), BATCH):
            batch = rows[start : start + BATCH]
            cursor.execute(_statement(len(batch)), [value for row in batch for value in row])


def _statement(rows: int) -> str:
    table = connection.ops.quote_name(Backup._meta.db_table)
    row = "(%s::uuid, %s::timestamptz)" if connection.vendor == "postgresql" else "(%s, %s)"
    times = f"(VALUES {', '.join([row] * rows)}) AS times"
    return f"UPDATE {table} SET not_before = times.column2 FROM {times} WHERE {table}.id = times.column1"  # noqa: S608
