"""`GET /api/stale`: devices without a good backup in time, and why the last attempt at each failed."""

from functools import cached_property
from typing import cast
from uuid import UUID

from django.db.models import QuerySet
from django_filters import rest_framework as filters
from rest_framework import serializers
from rest_framework.generics import ListAPIView

from backups import secrecy, staleness
from backups.models import Backup
from devices.api.serializers import TagNamesField
from devices.models import Device, DeviceQuerySet
from netraven.permissions import requires


class StaleFilter(filters.FilterSet):  # type: ignore[misc]  # django-filter has no annotations
    """`?tag=core&platform=ios&reason=timeout`; `untried` are those that nobody has tried to back up since."""

    platform = filters.CharFilter(field_name="platform__slug")
    tag = filters.CharFilter(field_name="tags__name")
    reason = filters.ChoiceFilter(choices=staleness.REASONS, method="for_reason")

    class Meta:
        model = Device
        fields: list[str] = []

    def for_reason(self, devices: DeviceQuerySet, name: str, reason: str) -> QuerySet[Device]:
        """Those that are stale for it."""
        return staleness.narrow_to_reason(devices, reason)


class StaleDeviceSerializer(serializers.ModelSerializer[Device]):
    """A stale device. `reason`, `error` and `backup` are of the attempt that failed since its last good backup.

    The reason is `untried` if there was none; `backup` is null then, or when retention has deleted it.
    """

    platform = serializers.CharField(source="platform.slug")
    tags = TagNamesField()
    effective_gateway = serializers.CharField(source="effective_gateway.name", default=None, allow_null=True)
    objective_tags = serializers.SerializerMethodField()
    reason = serializers.SerializerMethodField()
    error = serializers.SerializerMethodField()
    backup = serializers.SerializerMethodField()

    class Meta:
        model = Device
        fields = [
            "id",
            "hostname",
            "platform",
            "tags",
            "effective_gateway",
            "objective_hours",
            "objective_tags",
            "stale_since",
            "last_success_at",
            "last_attempt_at",
            "reason",
            "error",
            "backup",
        ]
        read_only_fields = fields

    def get_objective_tags(self, device: Device) -> list[str]:
        """The names of the tags that set the objective."""
        return [tag.name for tag in device.objective_tags]

    def get_reason(self, device: Device) -> str:
        """Why it is stale."""
        return staleness.reason_of(device)

    def get_error(self, device: Device) -> str:
        """A sentence; as much of it as the user may read."""
        failure = self._failures.get(device.pk)
        return secrecy.error_for(self.context["request"].user, failure) if failure else ""

    def get_backup(self, device: Device) -> UUID | None:
        """The attempt that failed."""
        failure = self._failures.get(device.pk)
        return failure.pk if failure else None

    @cached_property
    def _failures(self) -> dict[UUID, Backup]:
        """Looked up once for all rows of the page."""
        return staleness.last_failures(cast(list[Device], getattr(self.parent, "instance", [self.instance])))


class StaleDevicesView(ListAPIView[Device]):
    """`GET /api/stale`: the longest first."""

    permission_classes = [requires("devices.view_device", "backups.view_backup")]
    serializer_class = StaleDeviceSerializer
    filterset_class = StaleFilter

    def get_queryset(self) -> QuerySet[Device]:
        """Of the devices that the user sees."""
        return staleness.worklist(Device.objects.visible_to(self.request.user))
