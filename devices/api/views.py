"""REST API of devices, tags and platforms."""

from django.db.models import ProtectedError, QuerySet
from django_filters.rest_framework import DjangoFilterBackend
from rest_framework.filters import SearchFilter
from rest_framework.viewsets import ModelViewSet

from devices.api.filters import DeviceFilter, StableOrdering, TagFilter
from devices.api.serializers import DeviceSerializer, PlatformSerializer, TagSerializer
from devices.models import Device, Platform, Tag
from netraven.exception_handler import Conflict


class DeviceViewSet(ModelViewSet[Device]):
    """Devices that the user sees."""

    serializer_class = DeviceSerializer
    filterset_class = DeviceFilter
    filter_backends = [DjangoFilterBackend, SearchFilter, StableOrdering]
    search_fields = ["hostname", "address", "description"]
    ordering_fields = ["hostname", "address", "last_status", "last_attempt_at", "last_success_at", "created_at"]

    def get_queryset(self) -> QuerySet[Device]:
        """With what a row of the list needs."""
        visible = Device.objects.visible_to(self.request.user)
        return (
            visible.select_related("platform", "gateway")
            .defer("platform__secret_patterns")
            .prefetch_related("tags__gateway")
        )

    def perform_destroy(self, instance: Device) -> None:
        """Delete a device without history."""
        try:
            instance.delete()
        except ProtectedError as error:
            raise Conflict("This device has backups, which would be lost: disable it instead.") from error


class TagViewSet(ModelViewSet[Tag]):
    """Tags."""

    queryset = Tag.objects.select_related("gateway").prefetch_related("groups")
    serializer_class = TagSerializer
    filterset_class = TagFilter


class PlatformViewSet(ModelViewSet[Platform]):
    """Platforms, by their slugs."""

    queryset = Platform.objects.all()
    serializer_class = PlatformSerializer
    lookup_field = "slug"
    lookup_value_regex = "[-a-zA-Z0-9_]+"
