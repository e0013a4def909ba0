"""Caps: how many devices are backed up at once through one gateway, with one tag, and in all, by all workers together.

A claim that touches a cap locks the row of its gateway or tag until it is committed, so that no two claims count the
same room. What another claim has locked passes for full meanwhile: nobody waits, so nobody waits for each other.
"""

import uuid
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from django.conf import settings
from django.db import connection
from django.db.models import Count, QuerySet

from backups.models import Backup, BackupQuerySet
from devices.models import Device, Gateway, Tag

OVERALL_LOCK = 0x6E657472  # any number that nobody else in this database locks


class Candidate(NamedTuple):
    """A pending backup, as far as caps are concerned."""

    pk: uuid.UUID
    device_id: uuid.UUID
    gateway_id: uuid.UUID | None


class Caps:
    """The room under the caps of gateways and tags, as one claim sees it. Caps go by the ids of those."""

    def __init__(self) -> None:
        self._room: dict[uuid.UUID, int] = {}  # of those that this claim has locked
        self._shut = {cap for cap, (number, most) in _running().items() if number >= most}

    def admitting(self, pending: BackupQuerySet) -> BackupQuerySet:
        """Those of the pending backups that no full cap holds back."""
        if not self._shut:
            return pending
        # Not EXISTS: PostgreSQL hashes this once, whatever it believes about how many devices have the tag.
        tagged = Device.tags.through.objects.filter(tag__in=self._shut).values("device")
        return pending.exclude(gateway__in=self._shut).exclude(device__in=tagged)

    def admit(self, candidates: Sequence[Candidate]) -> list[uuid.UUID]:
        """Those that fit under all their caps, in this order; their room is taken."""
        caps = _caps_of(candidates)
        touched = {cap for of_one in caps.values() for cap in of_one}
        self._lock(touched - self._room.keys(), gateways={candidate.gateway_id for candidate in candidates})
        admitted = []
        for pk, of_one in caps.items():
            if all(self._room.get(cap, 0) > 0 for cap in of_one):
                admitted.append(pk)
                for cap in of_one:
                    self._room[cap] -= 1
        self._shut |= {cap for cap in touched if self._room.get(cap, 0) <= 0}
        return admitted

    def _lock(self, caps: set[uuid.UUID], gateways: set[uuid.UUID | None]) -> None:
        """First lock, then count: what others have claimed is committed by then, and they claim nothing more."""
        if caps:
            most = _locked(Gateway.objects.all(), caps & gateways) | _locked(Tag.objects.all(), caps - gateways)
            running = _running()
            self._room |= {cap: number - running.get(cap, (0, 0))[0] for cap, number in most.items()}


def overall_is_full(running: int) -> bool:
    """Whether the overall cap leaves no room beside so many running backups."""
    return bool(settings.NETRAVEN["MAX_SESSIONS"]) and running >= settings.NETRAVEN["MAX_SESSIONS"]


def overall_room(limit: int) -> int:
    """How many of `limit` backups the overall cap lets begin. On PostgreSQL one claim at a time may count on it."""
    most: int = settings.NETRAVEN["MAX_SESSIONS"]
    if not most:
        return limit
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [OVERALL_LOCK])
            if cursor.fetchone() != (True,):
                return 0
    return max(0, min(limit, most - Backup.objects.filter(status=Backup.Status.RUNNING).count()))


def _caps_of(candidates: Sequence[Candidate]) -> dict[uuid.UUID, set[uuid.UUID]]:
    """The gateway of each backup and the capped tags of its device, by the backup's id."""
    tags = Device.tags.through.objects.filter(
        device__in=[candidate.device_id for candidate in candidates], tag__max_sessions__isnull=False
    )
    capped: dict[uuid.UUID, set[uuid.UUID]] = {}
    for device_id, tag_id in tags.values_list("device_id", "tag_id"):
        capped.setdefault(device_id, set()).add(tag_id)
    return {
        candidate.pk: capped.get(candidate.device_id, set())
        | ({candidate.gateway_id} if candidate.gateway_id else set())
        for candidate in candidates
    }


def _running() -> dict[uuid.UUID, tuple[int, int]]:
    """What runs under each cap that anything runs under, and the cap itself: one query over the running backups."""
    through = Backup.objects.filter(status=Backup.Status.RUNNING, gateway__isnull=False).order_by()
    with_tag = Device.tags.through.objects.filter(
        device__backups__status=Backup.Status.RUNNING, tag__max_sessions__isnull=False
    )
    of_gateways = through.values_list("gateway", "gateway__max_sessions").annotate(number=Count("*"))
    of_tags = with_tag.values_list("tag", "tag__max_sessions").annotate(number=Count("*"))
    return {cap: (number, most) for cap, most, number in of_gateways.union(of_tags, all=True)}


def _locked(rows: QuerySet[Gateway] | QuerySet[Tag], caps: Iterable[uuid.UUID]) -> dict[uuid.UUID, int]:
    """These caps, without those that another claim has locked. SQLite has one writer at a time, and no row locks."""
    capped = rows.filter(pk__in=caps, max_sessions__isnull=False).order_by()
    locked = capped.select_for_update(skip_locked=True, no_key=True).values_list("pk", "max_sessions")
    return {pk: most for pk, most in locked if most is not None}
