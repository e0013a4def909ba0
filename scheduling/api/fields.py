"""What the fields of a schedule look like in JSON."""

from datetime import datetime
from typing import TYPE_CHECKING, Any, cast
from uuid import UUID

from rest_framework import serializers

from backups.api.job_requests import PlatformSlugsField
from devices.api.serializers import TagNamesField
from devices.models import Device

if TYPE_CHECKING:
    from scheduling.api.serializers import ScheduleSerializer
    from scheduling.models import Schedule

MOST_DEVICES = 10_000  # named one by one; tags and platforms name any number
MOST_NAMES = 100  # of tags, and of platforms
NAMED = 5  # of those that do not exist


class BoundedCharField(serializers.CharField):
    """Text that other validators see only if it is not too long: what they look up may take its time."""

    def to_internal_value(self, data: Any) -> str:
        """The text. Raises ValidationError."""
        text = super().to_internal_value(data)
        if self.max_length is not None and len(text.strip()) > self.max_length:
            self.fail("max_length", max_length=self.max_length)
        return text


class BoundedListField(serializers.ListField):
    """A list whose entries are looked at only if they are not too many: DRF looks at all, and names each wrong one."""

    def to_internal_value(self, data: Any) -> list[Any]:
        """The entries. Raises ValidationError."""
        if self.max_length is not None and isinstance(data, list) and len(data) > self.max_length:
            self.fail("max_length", max_length=self.max_length)
        return super().to_internal_value(data)


class MomentField(serializers.DateTimeField):
    """An instant; without a zone it is left as it is, for the zone of the schedule."""

    def enforce_timezone(self, value: datetime) -> datetime:
        """Only of those that have one."""
        return super().enforce_timezone(value) if value.tzinfo else value


class DeviceIdsField(BoundedListField):
    """Ids of devices that the user sees, found with one query."""

    child = serializers.UUIDField()

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"required": False, "max_length": MOST_DEVICES} | options)

    def to_internal_value(self, data: Any) -> list[UUID]:
        """The ids. Raises ValidationError for those that are of no device that the user sees."""
        ids = set(super().to_internal_value(data))
        visible = Device.objects.visible_to(self.context["request"].user).filter(pk__in=ids)
        if unknown := ids - set(visible.values_list("pk", flat=True)):
            named = ", ".join(sorted(map(str, unknown))[:NAMED]) + (", …" if len(unknown) > NAMED else "")
            raise serializers.ValidationError(f"No such device: {named}.")
        return list(ids)

    def get_attribute(self, instance: "Schedule") -> list[UUID]:
        """Those that the user sees."""
        return _serializer_of(self).shown.devices(instance, str(self.field_name))


class TagsField(TagNamesField, BoundedListField):
    """Names of tags."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"required": False, "max_length": MOST_NAMES} | options)

    def to_internal_value(self, data: Any) -> list[UUID]:  # type: ignore[override]
        """Their ids. Raises ValidationError for names that are none."""
        return [tag.pk for tag in super().to_internal_value(data)]

    def get_attribute(self, instance: "Schedule") -> list[str]:
        """In order."""
        return _serializer_of(self).shown.tags(instance, str(self.field_name))

    def to_representation(self, data: list[str]) -> list[str]:
        """As they are."""
        return data


class PlatformsField(PlatformSlugsField, BoundedListField):
    """Slugs of platforms."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"required": False, "max_length": MOST_NAMES} | options)

    def to_internal_value(self, data: Any) -> list[UUID]:  # type: ignore[override]
        """Their ids. Raises ValidationError for slugs that are none."""
        return [platform.pk for platform in super().to_internal_value(data)]

    def get_attribute(self, instance: "Schedule") -> list[str]:
        """In order."""
        return _serializer_of(self).shown.platforms(instance)


def _serializer_of(field: serializers.ListField) -> "ScheduleSerializer":
    return cast("ScheduleSerializer", field.parent)
