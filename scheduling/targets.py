"""Which devices a schedule means."""

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Model, Q, QuerySet

from devices.models import Device, DeviceQuerySet
from scheduling.models import Schedule

# Of a schedule, and what each leads to
RELATIONS = {
    "devices": "device",
    "tags": "tag",
    "platforms": "platform",
    "excluded_devices": "device",
    "excluded_tags": "tag",
}
Ids = Collection[uuid.UUID] | QuerySet[Any, Any]  # a query is answered within the one for the devices


@dataclass(frozen=True)
class Targets:
    """All devices; or those named, and those with the tags and of the platforms; without those that are excluded.

    All are ids. `tag_match` says whether any of the tags is enough, or all are needed.
    """

    all_devices: bool = False
    devices: Ids = ()
    tags: Collection[uuid.UUID] = ()
    tag_match: str = Schedule.TagMatch.ANY
    platforms: Collection[uuid.UUID] = ()
    excluded_devices: Ids = ()
    excluded_tags: Ids = ()

    @classmethod
    def of(cls, schedule: Schedule) -> "Targets":
        """Of a saved schedule. Two queries; the devices that it names, perhaps thousands, stay in the database."""
        return cls(
            all_devices=schedule.all_devices,
            devices=_linked(schedule, "devices"),
            tags=list(_linked(schedule, "tags")),
            tag_match=schedule.tag_match,
            platforms=list(_linked(schedule, "platforms")),
            excluded_devices=_linked(schedule, "excluded_devices"),
            excluded_tags=_linked(schedule, "excluded_tags"),
        )

    @property
    def name_something(self) -> bool:
        """Whether it could mean a device at all."""
        return bool(self.all_devices or self.tags or self.platforms or self._any_named())

    def find(self) -> DeviceQuerySet:
        """The enabled devices that it means now."""
        found = Device.objects.filter(enabled=True)
        if not self.all_devices:
            found = found.filter(Q(pk__in=self.devices) | self._of_group())
        return found.exclude(pk__in=self.excluded_devices).exclude(pk__in=_tagged(self.excluded_tags).values("device"))

    def _any_named(self) -> bool:
        return self.devices.exists() if isinstance(self.devices, QuerySet) else bool(self.devices)

    def _of_group(self) -> Q:
        """With the tags, and of the platforms, each if there are any."""
        if not self.tags and not self.platforms:
            return Q(pk__in=())
        group = Q(platform__in=self.platforms) if self.platforms else Q()
        if not self.tags:
            return group
        devices = _tagged(self.tags).order_by().values("device")
        if self.tag_match == Schedule.TagMatch.ALL:
            devices = devices.annotate(number=Count("tag")).filter(number=len(set(self.tags))).values("device")
        return group & Q(pk__in=devices)


def links(relation: str) -> QuerySet[Any, Any]:
    """The rows of one of the relations of schedules."""
    through: type[Model] = getattr(Schedule, relation).through
    return through._default_manager.all()


def _linked(schedule: Schedule, relation: str) -> QuerySet[Any, Any]:
    """The ids on the other side of one of its relations."""
    return links(relation).filter(schedule=schedule.pk).values_list(RELATIONS[relation], flat=True)


def _tagged(tags: Ids) -> QuerySet[Any, Any]:
    return Device.tags.through.objects.filter(tag__in=tags)
