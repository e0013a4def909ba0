"""Giving a tag to many devices at once, and taking it from them."""

from django.db import transaction
from django.utils import timezone

from devices.models import Device, DeviceQuerySet, Tag
from netraven.audit.trail import note_linked


@transaction.atomic
def assign_tag(tag: Tag, devices: DeviceQuerySet) -> int:
    """Give the tag to these devices; how many did not have it."""
    links = Device.tags.through.objects
    lacking = list(devices.exclude(tags=tag).order_by().only("pk", "hostname"))
    links.bulk_create(
        [Device.tags.through(device_id=device.pk, tag_id=tag.pk) for device in lacking],
        ignore_conflicts=True,
        batch_size=1000,
    )
    devices.filter(pk__in=[device.pk for device in lacking]).update(updated_at=timezone.now())
    note_linked(lacking, "tags", [tag])
    return len(lacking)


@transaction.atomic
def unassign_tag(tag: Tag, devices: DeviceQuerySet) -> int:
    """Take the tag from these devices; how many had it."""
    having = list(devices.filter(tags=tag).order_by().only("pk", "hostname"))
    taken, _ = Device.tags.through.objects.filter(tag=tag, device__in=having).delete()
    devices.filter(pk__in=[device.pk for device in having]).update(updated_at=timezone.now())
    note_linked(having, "tags", [tag], added=False)
    return taken
