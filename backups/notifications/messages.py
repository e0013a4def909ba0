"""What a delivery tells: read from the records when it is sent, with secrets masked, and never longer than a mail."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from django.urls import reverse

from backups import secrecy
from backups.models import Channel, Delivery, DeliveryItem, EventKind
from backups.models.delivery import counts_of
from backups.notifications.diffs import Diff, masked_diff

MOST_EVENTS = 100  # told one by one; the others are counted
MOST_DIFFS = 20
ALL_DIFFS = 60_000  # characters
# What somebody has to see to comes first: the rest may be cut off
ORDER = (EventKind.FAILED, EventKind.STALE, EventKind.RECOVERED, EventKind.CHANGED)

Event = dict[str, Any]


@dataclass(frozen=True)
class Message:
    """`events` are as in the payload of a webhook; `counts` are of all events, also those that are left out."""

    delivery: Delivery
    channel: Channel
    counts: dict[str, int]
    events: list[Event]
    url: str

    @property
    def omitted(self) -> int:
        """How many events are counted only."""
        return sum(self.counts.values()) - len(self.events)

    @property
    def type(self) -> str:
        """`test`, `digest`, or `device.failed` and the like."""
        if self.delivery.test:
            return "test"
        single = len(self.events) == 1 and not self.omitted and self.channel.mode == Channel.Mode.EACH
        return f"device.{self.events[0]['event']}" if single else "digest"

    def payload(self) -> dict[str, Any]:
        """What a webhook posts."""
        data = {"channel": self.channel.name, "url": self.url or None, "counts": self.counts}
        more = {"events": self.events, "omitted": self.omitted}
        return {"type": self.type, "timestamp": _iso(self.delivery.created_at), "data": data | more}


def compose(delivery: Delivery, channel: Channel) -> Message:
    """The message of a delivery. It reads the files of some backups, the others' rows only."""
    counts = {str(kind): 0 for kind in EventKind} | counts_of([delivery])[delivery.pk]
    url = _link("pages:job", delivery.job_id) if delivery.job_id else _link("pages:start")
    return Message(delivery, channel, counts, list(_events(delivery, channel)), url)


def _events(delivery: Delivery, channel: Channel) -> Iterator[Event]:
    room, diffs, length = MOST_EVENTS, MOST_DIFFS, ALL_DIFFS
    for kind in ORDER:
        for item in _items(delivery, kind)[:room]:
            room -= 1
            event = _describe(item, channel)
            if item.kind == EventKind.CHANGED:
                diff = masked_diff(item.backup, length) if item.backup and diffs > 0 else Diff()
                diffs, length = diffs - 1, length - len(diff.text)
                event |= diff.described(with_text=channel.with_diff)
            yield event


def _items(delivery: Delivery, kind: EventKind) -> QuerySet[DeliveryItem]:
    items = delivery.items.filter(kind=kind).select_related("device", "backup__device__platform").order_by("id")
    return items.prefetch_related("device__tags") if kind == EventKind.STALE else items


def _describe(item: DeliveryItem, channel: Channel) -> Event:
    device, backup = item.device, item.backup
    url = _link("pages:backup", backup.pk) if backup else _link("pages:device", device.pk)
    event: Event = {
        "event": item.kind,
        "at": _iso(item.at),
        "device": {"id": str(device.pk), "hostname": device.hostname},
        "url": url or None,
    }
    if item.kind == EventKind.STALE:
        good_at = _iso(device.last_success_at) if device.last_success_at else None
        return event | {"within_hours": device.objective_hours, "last_good_at": good_at}
    event |= {"backup": str(backup.pk) if backup else None, "job": str(backup.job_id) if backup else None}
    if item.kind == EventKind.FAILED:
        message = secrecy.error_outside(backup, quoted=channel.with_diff) if backup else ""
        return event | {"reason": item.reason, "message": message}
    return event | {"version": backup.version if backup else None}


def _link(name: str, *args: object) -> str:
    """Where people read more; empty while nobody has said under which name they reach NetRaven."""
    base: str = settings.NETRAVEN["BASE_URL"]
    return base + reverse(name, args=args) if base else ""


def _iso(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
