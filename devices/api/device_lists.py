"""Devices that are listed one by one in a request."""

from typing import Any
from uuid import UUID

from django.contrib.auth.models import User
from rest_framework import serializers

from devices.models import Device, DeviceQuerySet

MOST = 10_000
NAMED = 5  # of those that do not exist


class DeviceIdsField(serializers.ListField):
    """Ids of devices, at least one and at most 10,000."""

    child = serializers.UUIDField()

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"allow_empty": False, "max_length": MOST} | options)


class DeviceListSerializer(serializers.Serializer[Any]):
    """`{"devices": [ids]}`"""

    devices = DeviceIdsField()


def known_devices(user: User, ids: list[UUID]) -> DeviceQuerySet:
    """Those of the devices that the user sees. Raises ValidationError if that is not all of them."""
    chosen = Device.objects.visible_to(user).filter(pk__in=ids)
    if unknown := set(ids) - set(chosen.values_list("pk", flat=True)):
        named = ", ".join(sorted(map(str, unknown))[:NAMED]) + (", …" if len(unknown) > NAMED else "")
        raise serializers.ValidationError({"devices": [f"No such device: {named}."]})
    return chosen
