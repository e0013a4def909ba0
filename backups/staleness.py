"""The worklist: stale devices, the longest first, and why the last attempt at each of them failed."""

import uuid
from collections.abc import Collection

from django.db.models import OuterRef, Q, Subquery

from backups.models import Backup
from devices.models import Device, DeviceQuerySet

# A device is stale as well when nobody has tried: its last attempt was a good one, or there was none.
UNTRIED = "untried"
REASONS = [*Backup.FailureReason.choices, (UNTRIED, "Not tried since")]
BATCH = 1000
_FAILED = Q(last_status=Device.LastStatus.FAILED)


def worklist(devices: DeviceQuerySet) -> DeviceQuerySet:
    """The stale ones, the longest first, with what a row shows."""
    ordered = devices.stale().longest_stale_first()
    return ordered.select_related("platform", "gateway").prefetch_related("tags__gateway")


def narrow_to_reason(devices: DeviceQuerySet, reason: str) -> DeviceQuerySet:
    """Those whose last attempt failed for this one of the REASONS."""
    return devices.exclude(_FAILED) if reason == UNTRIED else devices.filter(_FAILED, last_failure_reason=reason)


def reason_of(device: Device) -> str:
    """The one of the REASONS that a device is stale for."""
    return device.last_failure_reason if device.last_status == Device.LastStatus.FAILED else UNTRIED


def last_failures(devices: Collection[Device]) -> dict[uuid.UUID, Backup]:
    """By device: the attempt that failed last, if nothing good has come since. One query for each 1,000 of them.

    Retention may have deleted it: then the device is not in the answer, though it still has its reason.
    """
    failing = [device.pk for device in devices if device.last_status == Device.LastStatus.FAILED]
    failures = Backup.objects.filter(device=OuterRef("pk"), status=Backup.Status.FAILED).order_by("-created_at")
    found: dict[uuid.UUID, Backup] = {}
    for start in range(0, len(failing), BATCH):
        batch = Device.objects.filter(pk__in=failing[start : start + BATCH]).order_by()
        newest = batch.values(newest=Subquery(failures.values("pk")[:1]))
        found |= {backup.device_id: backup for backup in Backup.objects.filter(pk__in=newest)}
    return found
