"""Shared by the tests of backups."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection

from backups.models import Backup, Job, JobLog
from backups.services import request_backups
from backups.worker import work
from credentials.models import Credential
from devices.models import Device

BackUp = Callable[..., Backup]


@pytest.fixture
def back_up(transactional_db: None) -> BackUp:
    """Ask for a backup of a device and run it here, without a worker; `options` are those of request_backups."""

    def run(device: Device, **options: Any) -> Backup:
        devices = Device.objects.filter(pk=device.pk)
        backup = request_backups(devices, user=None, trigger=Job.Trigger.COMMAND, **options).backups[0]
        work()
        return Backup.objects.select_related("device__platform", "job").get(pk=backup.pk)

    return run


def tried(backup: Backup) -> list[str]:
    """The names of the credentials that the log of a backup says were tried, in order."""
    log = JobLog.objects.filter(backup=backup, event=JobLog.Event.LOGIN, level=JobLog.Level.INFO)
    return [message.split("“")[1].rstrip("”") for message in log.values_list("message", flat=True)]


def make_unreadable(credential: Credential) -> None:
    """As if the key that encrypted it were missing."""
    with connection.cursor() as cursor:
        pk = Credential._meta.pk.get_db_prep_value(credential.pk, connection)
        cursor.execute("UPDATE credentials_credential SET password = 'gAAAAA' WHERE id = %s", [pk])
