"""Which channels an event is for, and the deliveries that tell them: one for each event, or one for many."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.utils import timezone

from backups.models import Backup, Channel, Delivery, DeliveryItem, EventKind
from backups.notifications.digests import next_digest
from devices.models import Device

AT_ONCE = 500  # rows in one INSERT


@dataclass(frozen=True)
class Event:
    """Something that happened to a device; `again` is a failure like the one before."""

    kind: EventKind
    device_id: UUID
    at: datetime
    backup: Backup | None = None
    reason: str = ""
    again: bool = False


def collect(events: Sequence[Event]) -> None:
    """Write deliveries, inside the transaction of whoever found the events.

    So many statements, however many events: about three for each channel.
    """
    if not events:
        return
    channels = Channel.objects.without_secrets().filter(enabled=True).prefetch_related("tags")
    wanted = {channel: {tag.pk for tag in channel.tags.all()} for channel in channels}
    tags = _tags_of({event.device_id for event in events}) if any(wanted.values()) else {}
    for channel, of_channel in wanted.items():
        mine = [
            event
            for event in events
            if _wants(channel, event) and (channel.all_devices or of_channel & tags.get(event.device_id, set()))
        ]
        if mine:
            _write(channel, mine)


def _wants(channel: Channel, event: Event) -> bool:
    if event.again and not channel.every_failure:
        return False
    return event.kind in channel.wanted


def _tags_of(devices: Iterable[UUID]) -> dict[UUID, set[UUID]]:
    found: dict[UUID, set[UUID]] = defaultdict(set)
    rows = Device.tags.through.objects.filter(device__in=list(devices))
    for device, tag in rows.values_list("device", "tag"):
        found[device].add(tag)
    return found


def _write(channel: Channel, events: Sequence[Event]) -> None:
    deliveries = _one_each(channel, events) if channel.mode == Channel.Mode.EACH else _digests(channel, events)
    items = [
        DeliveryItem(
            delivery=delivery,
            kind=event.kind,
            device_id=event.device_id,
            backup=event.backup,
            reason=event.reason,
            at=event.at,
        )
        for delivery, event in zip(deliveries, events, strict=True)
    ]
    DeliveryItem.objects.bulk_create(items, batch_size=AT_ONCE)


def _one_each(channel: Channel, events: Sequence[Event]) -> list[Delivery]:
    now = timezone.now()
    made = [Delivery(channel=channel, next_try_at=now) for _ in events]
    return Delivery.objects.bulk_create(made, batch_size=AT_ONCE)


def _digests(channel: Channel, events: Sequence[Event]) -> list[Delivery]:
    """The digest that each event goes into. The lock keeps it from being sent before the event is in it."""
    waiting = Delivery.objects.filter(channel=channel, collecting=True).select_for_update()
    by_job = {delivery.job_id: delivery for delivery in waiting}
    jobs = [_job_of(channel, event) for event in events]
    for job_id in dict.fromkeys(jobs):
        if job_id not in by_job:
            by_job[job_id] = Delivery.objects.create(
                channel=channel, collecting=True, job_id=job_id, next_try_at=_due(channel, job_id)
            )
    return [by_job[job_id] for job_id in jobs]


def _job_of(channel: Channel, event: Event) -> UUID | None:
    return event.backup.job_id if event.backup and channel.mode == Channel.Mode.JOB else None


def _due(channel: Channel, job_id: UUID | None) -> datetime | None:
    """None until the job has ended; what is of no job is told at once."""
    if channel.mode == Channel.Mode.JOB:
        return None if job_id else timezone.now()
    return next_digest(channel, timezone.now())
