"""Shared by the tests of backups."""

from collections.abc import Callable

import pytest

from backups.models import Backup, Job
from backups.services import request_backups
from backups.worker import work
from devices.models import Device

BackUp = Callable[..., Backup]


@pytest.fixture
def back_up(transactional_db: None) -> BackUp:
    """Ask for a backup of a device and run it here, without a worker."""

    def run(device: Device, comments: str = "") -> Backup:
        devices = Device.objects.filter(pk=device.pk)
        backup = request_backups(devices, user=None, trigger=Job.Trigger.COMMAND, comments=comments).backups[0]
        work()
        return Backup.objects.select_related("device__platform", "job").get(pk=backup.pk)

    return run
