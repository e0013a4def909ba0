"""How a backup ends: one transaction for the backup and its device, and only for the worker whose claim still holds."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from backups.database import storable
from backups.exceptions import ClaimLost, RequestRefused
from backups.joblog import JobLogger
from backups.models import Backup, JobLog
from devices.models import Device

if TYPE_CHECKING:  # NAPALM takes a second to import: commands and web servers do without
    from devices.connection import Facts

# Facts that a device row keeps, and the characters it has room for
FACTS = {"vendor": 100, "model": 100, "os_version": 500, "serial_number": 100}


@dataclass(frozen=True)
class Content:
    """A stored configuration: where it is, its size in bytes, its two hashes."""

    file_path: str
    size: int
    content_hash: str
    change_hash: str


@transaction.atomic
def complete(backup: Backup, content: Content, facts: "Facts") -> None:
    """Record a good configuration. Raises ClaimLost if the backup is no longer this worker's."""
    device = Device.objects.select_for_update().get(pk=backup.device_id)
    _set_content(backup, content)
    _set_version(backup)
    backup.serial_number = storable(facts.serial_number)[:100]
    backup.os_version = storable(facts.os_version)[:500]
    backup.status = Backup.Status.COMPLETED
    _end(backup)
    for name in FACTS:
        if value := storable(getattr(facts, name)):
            setattr(device, name, value[: FACTS[name]])
    _touch(device, backup)


@transaction.atomic
def fail(backup: Backup, reason: Backup.FailureReason, error: str, kept_aside: Content | None = None) -> None:
    """Record why there is no good configuration. Raises ClaimLost if the backup is no longer this worker's."""
    device = Device.objects.select_for_update().get(pk=backup.device_id)
    if kept_aside:
        _set_content(backup, kept_aside)
    backup.status = Backup.Status.FAILED
    backup.failure_reason = reason
    backup.error = storable(error)
    _end(backup)
    _touch(device, backup)


@transaction.atomic
def accept(backup: Backup, user: User) -> Backup:
    """Turn a kept-aside configuration into the last good one. Raises RequestRefused if that would be wrong."""
    device = Device.objects.select_for_update().get(pk=backup.device_id)
    backup = Backup.objects.select_for_update().select_related("device").get(pk=backup.pk)
    if not backup.can_be_accepted:
        raise RequestRefused("Only a backup that failed as incomplete, with its text kept, can be accepted.")
    last_good = Backup.objects.last_good(backup.device_id)
    if last_good and backup.finished_at and last_good.finished_at and last_good.finished_at > backup.finished_at:
        raise RequestRefused("A newer good backup exists: accepting this one would put an older one on top.")
    _set_version(backup)
    backup.status = Backup.Status.COMPLETED
    backup.failure_reason = ""
    backup.accepted_by = user
    backup.save()
    if device.last_attempt_at == backup.finished_at:
        _touch(device, backup)
    else:
        Device.objects.filter(pk=device.pk).update(last_success_at=backup.finished_at)
    JobLogger(backup.job_id, backup)(JobLog.Event.BACKUP_ACCEPTED, f"Accepted as complete by {user.get_username()}")
    return backup


def _set_content(backup: Backup, content: Content) -> None:
    backup.file_path = content.file_path
    backup.file_size = content.size
    backup.content_hash = content.content_hash
    backup.change_hash = content.change_hash


def _set_version(backup: Backup) -> None:
    last_good = Backup.objects.last_good(backup.device_id)
    backup.changed = last_good is None or last_good.change_hash != backup.change_hash
    backup.version = (last_good.version or 0 if last_good else 0) + (1 if backup.changed else 0)


def _end(backup: Backup) -> None:
    """Write the backup if it is still ours: the worker's name is the fence against one that was thought dead."""
    backup.finished_at = timezone.now()
    names = [
        "status", "failure_reason", "error", "version", "changed", "file_path", "file_size", "content_hash",
        "change_hash", "serial_number", "os_version", "credential", "finished_at",
    ]  # fmt: skip
    ours = Backup.objects.filter(pk=backup.pk, status=Backup.Status.RUNNING, worker=backup.worker)
    if ours.update(lease_expires_at=None, **{name: getattr(backup, name) for name in names}):
        return
    # Repeated after a commit whose answer was lost: it is recorded already.
    if not Backup.objects.filter(pk=backup.pk, status=backup.status, worker=backup.worker).exists():
        raise ClaimLost


def _touch(device: Device, backup: Backup) -> None:
    device.last_attempt_at = backup.finished_at
    device.last_status = backup.status
    device.last_failure_reason = backup.failure_reason
    if backup.status == Backup.Status.COMPLETED:
        device.last_success_at = backup.finished_at
    device.save(update_fields=[*FACTS, "last_attempt_at", "last_status", "last_failure_reason", "last_success_at"])
