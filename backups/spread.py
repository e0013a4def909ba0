"""Backups that wait for a time of their own: so that a whole network is not asked in the same minute."""

import hashlib
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

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


def values_of(times: dict[uuid.UUID, datetime]) -> tuple[str, list[Any]]:
    """SQL for a table of ids, `column1`, and their times, `column2`, and its parameters."""
    row = "(%s::uuid, %s::timestamptz)" if connection.vendor == "postgresql" else "(%s, %s)"
    id_of, time_of = Backup._meta.pk.get_db_prep_value, connection.ops.adapt_datetimefield_value
    parameters = [value for pk, time in times.items() for value in (id_of(pk, connection), time_of(time))]
    return f"(VALUES {', '.join([row] * len(times))})", parameters


def _write(times: dict[uuid.UUID, datetime]) -> None:
    """Set `not_before`, another one for each backup: Django's own way would be a CASE of a thousand branches."""
    if not times:
        return
    table, (values, parameters) = connection.ops.quote_name(Backup._meta.db_table), values_of(times)
    update = f"UPDATE {table} SET not_before = times.column2 FROM {values} AS times WHERE {table}.id = times.column1"  # noqa: S608
    with connection.cursor() as cursor:
        cursor.execute(update, parameters)
