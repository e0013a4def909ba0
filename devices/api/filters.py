"""What lists of devices can be narrowed to."""

from django.db.models import QuerySet
from django_filters import rest_framework as filters

from devices.models import Device, DeviceQuerySet, Gateway, Platform, Tag
from netraven.filtering import FlagFilter


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
    stale = FlagFilter(method="by_staleness", field_name="enabled")
    last_attempt_after = filters.IsoDateTimeFilter(field_name="last_attempt_at", lookup_expr="gte")
    last_attempt_before = filters.IsoDateTimeFilter(field_name="last_attempt_at", lookup_expr="lt")
    last_success_after = filters.IsoDateTimeFilter(field_name="last_success_at", lookup_expr="gte")
    last_success_before = filters.IsoDateTimeFilter(field_name="last_success_at", lookup_expr="lt")

    class Meta:
        model = Device
        fields: list[str] = []

    def through(self, devices: DeviceQuerySet, name: str, gateway: str) -> QuerySet[Device]:
        """Behind the gateway of this name, by their own choice or that of their tags."""
        found = Gateway.objects.filter(name=gateway).first()
        return devices.behind(found) if found else devices.none()

    def by_staleness(self, devices: DeviceQuerySet, name: str, stale: bool) -> QuerySet[Device]:
        """Those that miss their objective; or all others, with an objective or without."""
        return devices.stale() if stale else devices.exclude(pk__in=Device.objects.stale().values("pk"))


class TagFilter(filters.FilterSet):  # type: ignore[misc]  # django-filter has no annotations
    """`?name=core`, and those of one `group` or one `gateway`, by its name."""

    name = filters.CharFilter()
    group = filters.CharFilter(field_name="groups__name")
    gateway = filters.CharFilter(field_name="gateway__name")

    class Meta:
        model = Tag
        fields: list[str] = []


class PlatformFilter(filters.FilterSet):  # type: ignore[misc]  # django-filter has no annotations
    """`?driver=ios`"""

    slug = filters.CharFilter()
    name = filters.CharFilter()
    driver = filters.CharFilter()

    class Meta:
        model = Platform
        fields: list[str] = []
