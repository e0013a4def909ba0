"""Devices that are listed one by one in a request."""

from typing import Any
from uuid import UUID

from rest_framework import serializers

from devices.models import Device
from netraven.bounded_fields import BoundedListField

MOST = 10_000  # named one by one; tags and platforms name any number
NAMED = 5  # of those that do not exist


class DeviceIdsField(BoundedListField):
    """Ids of at most 10,000 devices that the user sees, found with one query."""

    child = serializers.UUIDField()

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"max_length": MOST} | options)

    def to_internal_value(self, data: Any) -> list[UUID]:
        """The ids. Raises ValidationError for those that are of no device that the user sees."""
        ids = set(super().to_internal_value(data))
        visible = Device.objects.visible_to(self.context["request"].user).filter(pk__in=ids)
        if unknown := ids - set(visible.values_list("pk", flat=True)):
            named = ", ".join(sorted(map(str, unknown))[:NAMED]) + (", …" if len(unknown) > NAMED else "")
            raise serializers.ValidationError(f"No such device: {named}.")
        return list(ids)


class DeviceListSerializer(serializers.Serializer[Any]):
    """`{"devices": [ids]}`"""

    devices = DeviceIdsField(allow_empty=False)
