"""What `POST /api/jobs` takes: which devices to back up, named in one of four ways."""

from typing import Any

from django.contrib.auth.models import User
from rest_framework import serializers

from backups.api.serializers import BackupRequestSerializer
from devices.api.device_lists import DeviceIdsField
from devices.api.serializers import TagNamesField
from devices.models import Device, DeviceQuerySet, Platform
from netraven.bounded_fields import NamesField

WAYS = ("devices", "tags", "platforms", "all")


class PlatformSlugsField(NamesField):
    """Slugs of platforms."""

    model = Platform
    key = "slug"


class JobRequestSerializer(BackupRequestSerializer):
    """`{"devices": [ids]}`, `{"tags": [names]}`, `{"platforms": [slugs]}` or `{"all": true}`.

    Beside it, what a request for one device takes.
    """

    devices = DeviceIdsField(required=False, allow_empty=False)
    tags = TagNamesField(required=False, allow_empty=False)
    platforms = PlatformSlugsField(required=False, allow_empty=False)
    all = serializers.BooleanField(required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Exactly one way to name the devices, and one log-in at most."""
        ways = [name for name in WAYS if attrs.get(name)]
        if len(ways) != 1:
            raise serializers.ValidationError({"detail": f"Give one of {', '.join(WAYS[:-1])} and {WAYS[-1]}."})
        return super().validate(attrs)

    def chosen(self, user: User) -> DeviceQuerySet:
        """The devices that are meant; of those that are not listed one by one, the enabled ones."""
        visible, wanted = Device.objects.visible_to(user), self.validated_data
        if "devices" in wanted:
            return visible.filter(pk__in=wanted["devices"])
        enabled = visible.filter(enabled=True)
        if "tags" in wanted:
            return enabled.filter(pk__in=Device.tags.through.objects.filter(tag__in=wanted["tags"]).values("device"))
        return enabled.filter(platform__in=wanted["platforms"]) if "platforms" in wanted else enabled
