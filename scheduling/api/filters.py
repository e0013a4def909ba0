"""What lists of schedules can be narrowed to."""

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django_filters import rest_framework as filters

from devices.models import Device
from netraven.filtering import FlagFilter
from scheduling.covering import schedules_covering
from scheduling.models import Schedule
from scheduling.targets import links

Rows = QuerySet[Schedule, Any]


class ScheduleFilter(filters.FilterSet):  # type: ignore[misc]  # django-filter has no annotations
    """`?enabled=true&schedule_type=daily&due_before=2026-01-31T00:00:00Z`"""

    name = filters.CharFilter()
    enabled = FlagFilter()
    schedule_type = filters.ChoiceFilter(choices=Schedule.Type.choices)
    tag = filters.CharFilter(method="naming_tag")
    platform = filters.CharFilter(method="naming_platform")
    device = filters.UUIDFilter(method="covering")
    due_after = filters.IsoDateTimeFilter(field_name="next_run_at", lookup_expr="gte")
    due_before = filters.IsoDateTimeFilter(field_name="next_run_at", lookup_expr="lt")

    class Meta:
        model = Schedule
        fields: list[str] = []

    def naming_tag(self, schedules: Rows, name: str, tag: str) -> Rows:
        """Of devices with the tag of this name."""
        return schedules.filter(pk__in=links("tags").filter(tag__name=tag).values("schedule"))

    def naming_platform(self, schedules: Rows, name: str, slug: str) -> Rows:
        """Of devices of the platform with this slug."""
        return schedules.filter(pk__in=links("platforms").filter(platform__slug=slug).values("schedule"))

    def covering(self, schedules: Rows, name: str, pk: UUID) -> Rows:
        """That would back up this device now; none for one that the user does not see."""
        device = Device.objects.visible_to(self.request.user).filter(pk=pk).first()
        return schedules.filter(pk__in=schedules_covering(device).values("pk")) if device else schedules.none()
