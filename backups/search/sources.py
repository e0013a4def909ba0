"""Which stored configurations are searched: of each device the last good one, or the newest of each of its versions."""

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Exists, OuterRef, Subquery

from backups.models import Backup
from devices.models import Device, DeviceQuerySet, Platform, Tag, Viewer

BATCH = 250  # devices whose rows are read together
FIELDS = ("version", "id", "file_path", "file_size", "content_hash", "finished_at")


@dataclass(frozen=True)
class Scope:
    """What is searched: devices with this tag, of this platform, with this in their name or as their id."""

    tag: str = ""
    platform: str = ""
    device: str = ""
    every_version: bool = False

    def devices(self, user: Viewer) -> DeviceQuerySet:
        """Of those that the user sees, by name."""
        devices = Device.objects.visible_to(user).order_by("hostname")
        if self.tag:
            devices = devices.filter(Exists(Tag.objects.filter(devices=OuterRef("pk"), name=self.tag)))
        if self.platform:
            devices = devices.filter(platform__slug=self.platform)
        if self.device:
            pk = _as_id(self.device)
            devices = devices.filter(pk=pk) if pk else devices.filter(hostname__icontains=self.device)
        return devices


def sources(devices: DeviceQuerySet, after: str, *, every_version: bool) -> Iterator[tuple[Device, list[Backup]]]:
    """Each device after the one of this name, and what to search of it, the newest first; nothing if it has none.

    Two queries for each 250 devices; with all their versions, one more for each.
    """
    platforms = Platform.objects.in_bulk()
    while True:
        batch = list(devices.filter(hostname__gt=after).only("hostname", "platform")[:BATCH])
        newest = {} if every_version else last_good(batch)
        for device in batch:
            device.platform = platforms[device.platform_id]
            yield device, _each_version(device) if every_version else newest.get(device.pk, [])
        if len(batch) < BATCH:
            return
        after = batch[-1].hostname


def last_good(devices: Sequence[Device]) -> dict[uuid.UUID, list[Backup]]:
    """By device, its last good backup. Two queries."""
    by_key = {device.pk: device for device in devices}
    newest = Backup.objects.completed().filter(device=OuterRef("pk")).order_by("-finished_at").values("pk")[:1]
    keys = Device.objects.filter(pk__in=by_key).order_by().values_list(Subquery(newest), flat=True)
    good = list(Backup.objects.filter(pk__in=[pk for pk in keys if pk]).only("device_id", *FIELDS))
    for backup in good:
        backup.device = by_key[backup.device_id]
    return {backup.device_id: [backup] for backup in good}


def _each_version(device: Device) -> list[Backup]:
    """Files that differ in volatile lines only are one version: the newest stands for all of them."""
    good = Backup.objects.completed().filter(device=device).order_by("-finished_at")
    newest: dict[int, tuple[Any, ...]] = {}
    for row in good.values_list(*FIELDS):
        newest.setdefault(row[0], row)
    return [Backup(**dict(zip(FIELDS, row, strict=True)), device=device) for row in newest.values()]


def _as_id(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None
