"""What a user is shown of schedules beside their rows: read for all rows of a page at once."""

from collections.abc import Collection, Iterable
from functools import cached_property
from typing import Any, cast
from uuid import UUID

from django.contrib.auth.models import User
from rest_framework import serializers

from devices.models import Platform, Tag
from scheduling.models import Schedule
from scheduling.targeted import Targeted

OF_DEVICES = ("devices", "excluded_devices")
OF_TAGS = ("tags", "excluded_tags")


class Shown:
    """The targets of schedules as a user sees them: ids of devices, names of tags, slugs of platforms."""

    def __init__(self, schedules: Collection[Schedule], user: User) -> None:
        self._schedules = schedules
        self._targeted = Targeted(schedules, user)

    def devices(self, schedule: Schedule, relation: str) -> list[UUID]:
        """Those of the devices that it names that the user sees."""
        return sorted(self._targeted.named(schedule, relation) & self._targeted.visible)

    def tags(self, schedule: Schedule, relation: str) -> list[str]:
        """The names of the tags that it names."""
        return sorted(self._tag_names[pk] for pk in self._targeted.named(schedule, relation) if pk in self._tag_names)

    def platforms(self, schedule: Schedule) -> list[str]:
        """The slugs of the platforms that it names."""
        return sorted(self._slugs[pk] for pk in self._targeted.named(schedule, "platforms") if pk in self._slugs)

    def count(self, schedule: Schedule) -> int:
        """How many devices it means now, of those that the user sees."""
        return self._targeted.count(schedule)

    def hidden(self, schedule: Schedule) -> dict[str, int]:
        """How many devices are not shown, by the name of the field that would have them."""
        visible = self._targeted.visible
        named = {name: len(self._targeted.named(schedule, name) - visible) for name in OF_DEVICES}
        return named | {"device_count": self._targeted.count_hidden(schedule)}

    @cached_property
    def _tag_names(self) -> dict[UUID, str]:
        ids = {pk for row in self._schedules for name in OF_TAGS for pk in self._targeted.named(row, name)}
        return dict(Tag.objects.filter(pk__in=ids).values_list("pk", "name"))

    @cached_property
    def _slugs(self) -> dict[UUID, str]:
        ids = {pk for row in self._schedules for pk in self._targeted.named(row, "platforms")}
        return dict(Platform.objects.filter(pk__in=ids).values_list("pk", "slug"))


def rows_of(serializer: serializers.BaseSerializer[Any]) -> list[Any]:
    """All rows that it is asked to write: those of the page, or the one."""
    parent = serializer.parent
    rows = parent.instance if isinstance(parent, serializers.ListSerializer) else [serializer.instance]
    return list(cast(Iterable[Any], rows))
