"""A long history of backups without the devices: rows in bulk and their files, for tests and measurements."""

import hashlib
import itertools
import os
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from django.utils import timezone

from backups import storage
from backups.models import Backup, Job, JobLog
from devices.models import Device, Platform

EVENTS = ["backup_start", "connect", "connect_success", "command", "response", "backup_success"]  # of each backup
LINES = 60  # of a configuration: 3 KB
DEVICES_AT_ONCE = 20  # their rows are in memory together


@dataclass(frozen=True)
class Plan:
    """So many devices, each backed up so often, the last time just now."""

    devices: int
    backups_each: int = 100
    apart: timedelta = timedelta(hours=12)
    orphans_each: int = 1  # files without a row, half a year old


def make_history(plan: Plan) -> None:
    """Every 10th backup failed, every other one of those as incomplete; every 3rd good one has a new configuration."""
    defaults = {"name": "Cisco IOS", "driver": "ios", "default_port": 22}
    platform, _ = Platform.objects.get_or_create(slug="ios", defaults=defaults)
    now = timezone.now().astimezone(UTC)
    moments = [now - plan.apart * number for number in reversed(range(plan.backups_each))]
    jobs = Job.objects.bulk_create(
        Job(trigger="schedule", status="failed", created_at=at, started_at=at, finished_at=at) for at in moments
    )
    for start in range(0, plan.devices, DEVICES_AT_ONCE):
        numbers = range(start, min(start + DEVICES_AT_ONCE, plan.devices))
        devices = Device.objects.bulk_create(
            Device(hostname=f"history{number}", address="192.0.2.1", platform=platform) for number in numbers
        )
        backups = [backup for device in devices for backup in _backups(device, jobs)]
        Backup.objects.bulk_create(backups)
        JobLog.objects.bulk_create(_entries(backups), batch_size=5000)
        for device, number in itertools.product(devices, range(plan.orphans_each)):
            _write(device, "an orphan", now - timedelta(days=180, minutes=number))


def _backups(device: Device, jobs: list[Job]) -> Iterator[Backup]:
    content: dict[str, Any] = {}
    version = good = 0
    for number, job in enumerate(jobs, start=1):
        times = dict.fromkeys(("created_at", "started_at", "finished_at"), job.created_at)
        row: dict[str, Any] = {"job": job, "device": device, "position": number} | times
        if number % 10 == 0:
            reason = "incomplete" if number % 20 == 0 else "timeout"
            kept = (
                _write(device, uuid.uuid4().hex, job.created_at, storage.INCOMPLETE) if reason == "incomplete" else {}
            )
            yield Backup(status="failed", failure_reason=reason, error="No answer.", **row, **kept)
            continue
        changed = good % 3 == 0
        if changed:
            version, content = version + 1, _write(device, uuid.uuid4().hex, job.created_at)
        good += 1
        yield Backup(status="completed", version=version, changed=changed, **row, **content)


def _write(device: Device, text: str, moment: datetime, folder: str = storage.CONFIGS) -> dict[str, Any]:
    """The file, without waiting for the disk; what its row says about it."""
    content = "".join(f"interface Vlan{number} description {text}\n" for number in range(LINES)).encode()
    path = storage.file_name(device.pk, device.hostname, moment, folder)
    file = Path(storage.config_storage().path(path))
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)
    os.utime(file, (moment.timestamp(), moment.timestamp()))
    digest = hashlib.sha256(content).hexdigest()
    return {"file_path": path, "file_size": len(content), "content_hash": digest, "change_hash": digest}


def _entries(backups: list[Backup]) -> Iterator[JobLog]:
    for backup, event in itertools.product(backups, EVENTS):
        yield JobLog(job_id=backup.job_id, backup=backup, time=backup.created_at, event=event, message="As it went.")
