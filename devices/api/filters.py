"""What lists of devices can be narrowed to."""

from collections.abc import Sequence
from typing import Any

from django.db.models import QuerySet
from django_filters import rest_framework as filters
from rest_framework.filters import OrderingFilter
from rest_framework.request import Request
from rest_framework.views import APIView

from devices.models import Device, DeviceQuerySet, Gateway, Tag, effective_gateway


class StableOrdering(OrderingFilter):
    """`?ordering=-last_success_at`; equal rows stay in one order, or pages would repeat and lose some."""

    def get_ordering(self, request: Request, queryset: QuerySet[Any], view: APIView) -> Sequence[str]:
        """The fields asked for, else the model's own, and the key."""
        return [*(super().get_ordering(request, queryset, view) or queryset.model._meta.ordering), "pk"]


class FlagFilter(filters.TypedChoiceFilter):  # type: ignore[misc]  # django-filter has no annotations
    """`true` or `false`; anything else is refused, where django-filter's own ignores it and gives all rows."""

    def __init__(self, **options: Any) -> None:
        choices = [("true", "true"), ("false", "false")]
        super().__init__(choices=choices, coerce=lambda value: value == "true", **options)


class DeviceFilter(filters.FilterSet):  # type: ignore[misc]  # django-filter has no annotations
    """`?platform=ios&tag=core&enabled=true&last_status=failed&stale=true`; hostname and address are exact."""

    hostname = filters.CharFilter()
    address = filters.CharFilter()
    platform = filters.CharFilter(field_name="platform__slug")
    tag = filters.CharFilter(field_name="tags__name")
    credential = filters.UUIDFilter(field_name="credential_id")
    gateway = filters.CharFilter(method="through")
    enabled = FlagFilter()
    last_status = filters.ChoiceFilter(choices=Device.LastStatus.choices[1:])
    last_failure_reason = filters.CharFilter()
    stale = FlagFilter(method="by_staleness")

    class Meta:
        model = Device
        fields: list[str] = []

    def through(self, devices: QuerySet[Device], name: str, gateway: str) -> QuerySet[Device]:
        """Behind the gateway of this name, by their own choice or that of their tags."""
        return devices.annotate(way=effective_gateway()).filter(way__in=Gateway.objects.filter(name=gateway))

    def by_staleness(self, devices: DeviceQuerySet, name: str, stale: bool) -> QuerySet[Device]:
        """Those that miss their objective; or all others, with an objective or without."""
        return devices.stale() if stale else devices.exclude(pk__in=Device.objects.stale().values("pk"))


class TagFilter(filters.FilterSet):  # type: ignore[misc]  # django-filter has no annotations
    """`?name=core`"""

    name = filters.CharFilter()

    class Meta:
        model = Tag
        fields: list[str] = []
