"""The history of a device as intervals: which configuration held from when until when."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, F, Max, Min

from backups.models import Backup

SHOWN = 20  # versions of a device at once


@dataclass(frozen=True)
class Version:
    """A configuration of a device, as the backups that found it unchanged tell."""

    number: int
    first: Backup  # the oldest kept backup of it
    seen_until: datetime  # when the newest one ended
    backups: int
    until: datetime | None  # when the next version was found; None for the present one

    @property
    def is_known_from_its_start(self) -> bool:
        """False if retention has deleted the backup that first found it."""
        return bool(self.first.changed)

    @property
    def unchanged(self) -> int:
        """Backups that found it again."""
        return self.backups - 1

    @property
    def is_first(self) -> bool:
        """Of the device."""
        return self.number == 1


def versions_of(device_id: uuid.UUID, before: int | None = None) -> tuple[Sequence[Version], bool]:
    """The newest versions, or the newest ones before this number; and whether there are older ones. Three queries."""
    good = Backup.objects.completed().filter(device=device_id).order_by()
    rows = list(
        (good.filter(version__lt=before) if before else good)
        .values("version")
        .annotate(start=Min("finished_at"), end=Max("finished_at"), number=Count("*"))
        .order_by("-version")[: SHOWN + 1]
    )
    shown = rows[:SHOWN]
    firsts = {backup.version: backup for backup in good.filter(finished_at__in=[row["start"] for row in shown])}
    found: list[Version] = []
    until = _start_of_next(device_id, before) if before else None
    for row in shown:
        found.append(Version(row["version"] or 0, firsts[row["version"]], row["end"], row["number"], until))
        until = row["start"]
    return found, len(rows) > SHOWN


def _start_of_next(device_id: uuid.UUID, before: int) -> datetime | None:
    later = Backup.objects.completed().filter(device=device_id, version__gte=before)
    return later.order_by(F("finished_at").asc()).values_list("finished_at", flat=True).first()
