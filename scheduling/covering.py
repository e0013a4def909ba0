"""The other way round: which schedules mean a device."""

from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet

from devices.models import Device
from scheduling.models import Schedule, ScheduleQuerySet
from scheduling.targets import links


def schedules_of(device: Device) -> ScheduleQuerySet:
    """The schedules that back this device up, as `Targets.find` says; none for a device that is disabled. One query."""
    if not device.enabled:
        return Schedule.objects.none()
    tags = Device.tags.through.objects.filter(device=device).values("tag")
    any_tag, other_tag = Exists(_links("tags", tag__in=tags)), Exists(_links("tags").exclude(tag__in=tags))
    of_tags = any_tag & (Q(tag_match=Schedule.TagMatch.ANY) | ~other_tag)
    of_platform = Exists(_links("platforms", platform=device.platform_id))
    some_tags, some_platforms = Exists(_links("tags")), Exists(_links("platforms"))
    group = (some_tags & of_tags | ~some_tags & some_platforms) & (of_platform | ~some_platforms)
    named = Exists(_links("devices", device=device.pk))
    excluded = Exists(_links("excluded_devices", device=device.pk)) | Exists(_links("excluded_tags", tag__in=tags))
    return Schedule.objects.filter(Q(all_devices=True) | named | group).exclude(excluded)


def _links(relation: str, **conditions: Any) -> QuerySet[Any, Any]:
    """The rows of one relation of the schedule that is looked at."""
    return links(relation).filter(schedule=OuterRef("pk"), **conditions)
