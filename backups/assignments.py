"""From claimed rows to work: all that a thread needs to back up a device, so that it needs no database."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field

from django.db.models import OuterRef, Subquery

from backups.models import Backup
from credentials.models import Credential
from devices.connection import CutSwitch
from devices.login import credentials_of
from devices.models import Device


@dataclass(frozen=True)
class Assignment:
    """A claimed backup, the log-ins to try on its device, best first, its last good backup, and what cuts it short."""

    backup: Backup
    logins: Sequence[Credential]
    last_good: Backup | None
    switch: CutSwitch = field(default_factory=CutSwitch)


def prepare(backups: Sequence[Backup]) -> list[Assignment]:
    """Read what claimed backups need, in a number of queries that does not grow with theirs."""
    last_good = _last_good([backup.device_id for backup in backups])
    logins = credentials_of([backup.device for backup in backups])
    assignments = []
    for backup in backups:
        good = last_good.get(backup.device_id)
        assignments.append(Assignment(backup, _last_worked_first(logins[backup.device_id], good), good))
    return assignments


def _last_worked_first(logins: list[Credential], good: Backup | None) -> list[Credential]:
    return sorted(logins, key=lambda credential: good is None or credential.pk != good.credential_id)


def _last_good(device_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, Backup]:
    newest = Backup.objects.completed().filter(device=OuterRef("pk")).order_by("-finished_at").values("pk")[:1]
    devices = Device.objects.filter(pk__in=device_ids).annotate(last_good=Subquery(newest))
    good = Backup.objects.filter(pk__in=[pk for pk in devices.values_list("last_good", flat=True) if pk])
    return {backup.device_id: backup for backup in good}
