"""Histories of backups in a real database with real files, as the pipeline leaves them, and runs over them."""

import itertools
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, ClassVar

import pytest
from django.conf import settings
from django.test import override_settings
from django.utils import timezone

from backups import storage
from backups.fingerprint import content_hash
from backups.housekeeping.runs import Run, begin, bury, under_way
from backups.housekeeping.steps import Chore, Counts
from backups.models import Backup, Job
from backups.storage import ConfigFileStorage
from devices.models import Device, Platform

numbers = itertools.count(1)


class Crash(BaseException):
    """As if the process had been killed."""


class FragileStorage(ConfigFileStorage):
    """Our own storage on a disk of the test: the process dies over a deletion, or the disk does not obey."""

    deletions_left: ClassVar[int | None] = None
    forbidden: ClassVar[bool] = False

    def delete(self, name: str) -> None:
        if FragileStorage.deletions_left == 0:
            raise Crash
        if FragileStorage.deletions_left is not None:
            FragileStorage.deletions_left -= 1
        if FragileStorage.forbidden:
            raise PermissionError(1, "Operation not permitted")
        super().delete(name)


@contextmanager
def empty_storage() -> Iterator[Path]:
    """A storage of its own, in a folder that is gone afterwards."""
    FragileStorage.deletions_left, FragileStorage.forbidden = None, False
    backend = f"{FragileStorage.__module__}.FragileStorage"
    with TemporaryDirectory() as folder:
        options = {"BACKEND": backend, "OPTIONS": {"location": folder}}
        with override_settings(STORAGES=settings.STORAGES | {"configs": options}):
            yield Path(folder)


@pytest.fixture
def disk() -> Iterator[Path]:
    """The folder of a storage that is the test's own."""
    with empty_storage() as folder:
        yield folder


@pytest.fixture
def history(db: None, disk: Path) -> "History":
    """Of a new device."""
    return History()


@dataclass
class History:
    """A device and its backups; each is made as the pipeline would have made it, `age` ago."""

    device: Device = field(default_factory=lambda: add_device())
    last_good: Backup | None = None

    def changed(self, age: timedelta) -> Backup:
        """A good one with a new configuration."""
        number = next(numbers)
        return self._good(age, changed=True, **self._stored(f"hostname {number}\nend\n", age))

    def unchanged(self, age: timedelta) -> Backup:
        """A good one that shares the file of the one before; the first one has none to share."""
        if self.last_good is None:
            return self.changed(age)
        names = ("file_path", "file_size", "content_hash", "change_hash")
        return self._good(age, changed=False, **{name: getattr(self.last_good, name) for name in names})

    def failed(self, age: timedelta) -> Backup:
        return self._add(age, status="failed", failure_reason="timeout", error="No answer.")

    def incomplete(self, age: timedelta) -> Backup:
        """Failed, with what came kept aside."""
        content = self._stored(f"hostname {next(numbers)}\n", age, storage.INCOMPLETE)
        return self._add(age, status="failed", failure_reason="incomplete", error="It stops.", **content)

    def accepted(self, age: timedelta) -> Backup:
        """One that failed as incomplete and was accepted."""
        return self._good(age, changed=True, **self._stored(f"hostname {next(numbers)}\n", age, storage.INCOMPLETE))

    def running(self, age: timedelta = timedelta()) -> Backup:
        return self._add(age, status="running", worker="alive")

    def _good(self, age: timedelta, **fields: Any) -> Backup:
        version = (self.last_good.version or 0 if self.last_good else 0) + fields["changed"]
        self.last_good = self._add(age, status="completed", version=version, **fields)
        return self.last_good

    def _stored(self, text: str, age: timedelta, folder: str = storage.CONFIGS) -> dict[str, Any]:
        content = text.encode()
        path = storage.store(content, storage.file_name(self.device.pk, self.device.hostname, ago(age), folder))
        set_age(path, age)
        digest = content_hash(content)
        return {"file_path": path, "file_size": len(content), "content_hash": digest, "change_hash": digest}

    def _add(self, age: timedelta, **fields: Any) -> Backup:
        moment = ago(age)
        status = fields["status"] if fields["status"] in ("running", "failed") else "completed"
        job = Job.objects.create(trigger=Job.Trigger.SCHEDULE, status=status, created_at=moment)
        ended = None if status == "running" else moment
        return Backup.objects.create(job=job, device=self.device, created_at=moment, finished_at=ended, **fields)


def add_device() -> Device:
    platform = Platform.objects.get(slug="ios")
    return Device.objects.create(hostname=f"d{next(numbers)}", address="192.0.2.1", platform=platform)


def ago(age: timedelta) -> datetime:
    return timezone.now() - age


def days(number: float) -> timedelta:
    return timedelta(days=number)


def set_age(path: str, age: timedelta) -> None:
    """Make a stored file look so old."""
    moment = time.time() - age.total_seconds()
    os.utime(storage.config_storage().path(path), (moment, moment))


def stored_files(folder: Path) -> set[str]:
    """Paths of all files, as backups name them."""
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def carry_out(chore: Chore) -> Run:
    """A whole run, as a command does it; one that died before it is over and done."""
    for job in under_way():
        bury(job, chore)
    run = Run.claim(begin(chore, Job.Trigger.COMMAND), chore)
    assert run
    run.work()
    return run


def counts_of(run: Run) -> Counts:
    """As its job has them at the end."""
    return dict(Job.objects.get(pk=run.job.pk).metadata)


def rehearse(chore: Chore) -> tuple[Counts, list[str]]:
    """A dry run: its counts, and the lines it tells."""
    counts: Counts = {}
    lines: list[str] = []
    for step in chore.steps([]):
        step.add_to(counts)
        lines += step.deleted
    return counts, lines
