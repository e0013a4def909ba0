"""From claimed rows to work: all that a thread needs to back up a device, so that it needs no database."""

import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from django.db.models import Case, OuterRef, Subquery, UUIDField, When

from backups.models import Backup, LoginAttempt
from devices.connection import CutSwitch
from devices.gateways import Way, ways_through
from devices.host_keys import trusted_keys
from devices.login import LoginRequest, LogIns, log_ins_for
from devices.models import Device, HostKey


@dataclass(frozen=True)
class Assignment:
    """A claimed backup, and what is known about its device: the log-ins to try, best first, the last good backup, the
    trusted keys, and the way there, if that is not direct; and what cuts it short."""

    backup: Backup
    log_ins: LogIns
    last_good: Backup | None
    host_keys: Sequence[HostKey] = ()
    way: Way | None = None
    switch: CutSwitch = field(default_factory=CutSwitch)

    def why_no_log_in(self) -> str:
        """Why there is none to try, and what to do about it."""
        job, device = self.backup.job, self.backup.device
        if self.log_ins.unreadable:
            names = ", ".join(f"“{name}”" for name in self.log_ins.unreadable)
            return f"{device.hostname} has no log-in that can be used: no key in NETRAVEN_FIELD_KEYS fits {names}."
        if job.tag_id:
            return f"{device.hostname} was to be backed up with {job.named_login}, but there are none."
        if job.named_login:
            return f"{device.hostname} was to be backed up with {job.named_login}, which has been deleted since."
        return f"{device.hostname} has no log-in that can be used: give it or one of its tags a credential."


def prepare(backups: Sequence[Backup]) -> list[Assignment]:
    """Read what claimed backups need, in a number of queries that does not grow with theirs."""
    device_ids = [backup.device_id for backup in backups]
    last_good, host_keys = _last_good(device_ids), trusted_keys(devices=device_ids)
    log_ins = _log_ins(backups)
    ways = ways_through({backup.gateway_id for backup in backups if backup.gateway_id})
    worked = _last_worked({pk: [o.credential.pk for o in found.offers] for pk, found in log_ins.items()})
    assignments = []
    for backup in backups:
        good, found = last_good.get(backup.device_id), log_ins[backup.device_id]
        best = worked.get(backup.device_id) or (good.credential_id if good else None)
        offers = sorted(found.offers, key=lambda offer, best=best: offer.credential.pk != best)  # type: ignore[misc]
        keys, way = host_keys.get(backup.device_id, []), ways.get(backup.gateway_id) if backup.gateway_id else None
        assignments.append(Assignment(backup, replace(found, offers=offers), good, keys, way))
    return assignments


def _log_ins(backups: Sequence[Backup]) -> dict[uuid.UUID, LogIns]:
    """What to try on each device, by priority. A job whose named log-in was deleted gets none: never another one."""
    named = [backup for backup in backups if not _names_what_is_gone(backup)]
    requests = [LoginRequest(backup.device, backup.job.credential_id, backup.job.tag_id) for backup in named]
    found = dict(zip((backup.device_id for backup in named), log_ins_for(requests), strict=True))
    return {backup.device_id: found.get(backup.device_id, LogIns([])) for backup in backups}


def _names_what_is_gone(backup: Backup) -> bool:
    job = backup.job
    return bool(job.named_login) and not job.credential_id and not job.tag_id


def _last_worked(on_offer: Mapping[uuid.UUID, Collection[uuid.UUID]]) -> dict[uuid.UUID, uuid.UUID]:
    """By device: of the credentials on offer, the one that it accepted last. Where there is no choice it is not asked.

    However old that is, and whatever was tried since: the index on device and time finds it at once.
    """
    choices = {pk: credentials for pk, credentials in on_offer.items() if len(credentials) > 1}
    if not choices:
        return {}
    # As a CASE: of an OR a database would make as many looks into the index as there are devices, for each of them.
    offered = Case(*(When(device=pk, credential__in=found, then=True) for pk, found in choices.items()), default=False)
    accepted = LoginAttempt.objects.filter(offered, device=OuterRef("pk"), accepted=True).order_by("-time", "-id")
    newest = Subquery(accepted.values("credential")[:1], output_field=UUIDField())
    devices = Device.objects.filter(pk__in=choices).annotate(worked=newest).order_by()
    return {pk: worked for pk, worked in devices.values_list("pk", "worked") if worked}


def _last_good(device_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, Backup]:
    newest = Backup.objects.completed().filter(device=OuterRef("pk")).order_by("-finished_at").values("pk")[:1]
    devices = Device.objects.filter(pk__in=device_ids).annotate(last_good=Subquery(newest))
    good = Backup.objects.filter(pk__in=[pk for pk in devices.values_list("last_good", flat=True) if pk])
    return {backup.device_id: backup for backup in good}
