"""Which schedules mean a device: `Targets`, seen from the other side."""

from django.db.models import Exists, OuterRef, Q

from devices.models import Device
from scheduling.models import Schedule, ScheduleQuerySet
from scheduling.targets import links


def schedules_covering(device: Device) -> ScheduleQuerySet:
    """Those that would back it up if they ran now, enabled or not; none for a disabled device. One query."""
    if not device.enabled:
        return Schedule.objects.none()
    its_tags = Device.tags.through.objects.filter(device=device.pk).values("tag")
    any_tag, its_tag = _has("tags"), _has("tags", tag__in=its_tags)
    other_tag = Q(Exists(links("tags").filter(schedule=OuterRef("pk")).exclude(tag__in=its_tags)))
    any_platform, its_platform = _has("platforms"), _has("platforms", platform=device.platform_id)
    all_of = Q(tag_match=Schedule.TagMatch.ALL)
    by_tags = ~any_tag | (all_of & ~other_tag) | (~all_of & its_tag)
    by_platforms = ~any_platform | its_platform
    group = (any_tag | any_platform) & by_tags & by_platforms
    named = Q(all_devices=True) | _has("devices", device=device.pk)
    excluded = _has("excluded_devices", device=device.pk) | _has("excluded_tags", tag__in=its_tags)
    return Schedule.objects.filter(named | group).exclude(excluded)


def _has(relation: str, **those: object) -> Q:
    """Whether a schedule names any of those in one of its relations."""
    return Q(Exists(links(relation).filter(schedule=OuterRef("pk"), **those)))
