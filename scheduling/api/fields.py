"""What the fields of a schedule look like in JSON."""

from datetime import datetime
from typing import TYPE_CHECKING, Any, cast
from uuid import UUID

from rest_framework import serializers

from backups.api.job_requests import PlatformSlugsField
from devices.api.device_lists import DeviceIdsField
from devices.api.serializers import TagNamesField

if TYPE_CHECKING:
    from scheduling.api.serializers import ScheduleSerializer
    from scheduling.models import Schedule


class MomentField(serializers.DateTimeField):
    """An instant; without a zone it is left as it is, for the zone of the schedule."""

    def enforce_timezone(self, value: datetime) -> datetime:
        """Only of those that have one."""
        return super().enforce_timezone(value) if value.tzinfo else value


class DevicesField(DeviceIdsField):
    """Ids of devices."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"required": False} | options)

    def get_attribute(self, instance: "Schedule") -> list[UUID]:
        """Those that the user sees."""
        return _serializer_of(self).shown.devices(instance, str(self.field_name))


class TagsField(TagNamesField):
    """Names of tags."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"required": False} | options)

    def to_internal_value(self, data: Any) -> list[UUID]:
        """Their ids. Raises ValidationError for names that are none."""
        return [tag.pk for tag in super().to_internal_value(data)]

    def get_attribute(self, instance: "Schedule") -> list[str]:
        """In order."""
        return _serializer_of(self).shown.tags(instance, str(self.field_name))

    def to_representation(self, data: list[str]) -> list[str]:
        """As they are."""
        return data


class PlatformsField(PlatformSlugsField):
    """Slugs of platforms."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"required": False} | options)

    def to_internal_value(self, data: Any) -> list[UUID]:
        """Their ids. Raises ValidationError for slugs that are none."""
        return [platform.pk for platform in super().to_internal_value(data)]

    def get_attribute(self, instance: "Schedule") -> list[str]:
        """In order."""
        return _serializer_of(self).shown.platforms(instance)

    def to_representation(self, data: list[str]) -> list[str]:
        """As they are."""
        return data


def _serializer_of(field: serializers.ListField) -> "ScheduleSerializer":
    return cast("ScheduleSerializer", field.parent)
