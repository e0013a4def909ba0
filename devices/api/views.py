"""REST API of devices, tags and platforms."""

from typing import Any

from django.db import transaction
from django.db.models import ProtectedError, QuerySet
from django.http import StreamingHttpResponse
from rest_framework.decorators import action
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView
from rest_framework.viewsets import ModelViewSet

from devices.api.device_lists import DeviceListSerializer
from devices.api.filters import DeviceFilter, PlatformFilter, TagFilter
from devices.api.serializers import DeviceSerializer, PlatformSerializer, TagSerializer
from devices.api.transfer import CsvParser, export_response, import_devices
from devices.device_check import check_device
from devices.models import Device, DeviceQuerySet, Platform, Tag
from devices.tagging import assign_tag, unassign_tag
from devices.usage import choosing
from netraven.exception_handler import Conflict
from netraven.parsers import StrictJSONParser
from netraven.permissions import ModelPermissions, requires
from netraven.preconditions import ConditionalViewSet

TAGGING = ("devices.view_tag", "devices.view_device", "devices.change_device")


class MayChangeIfUpdating(BasePermission):
    """`?update=true` takes the right to change devices, too."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        """Beside the right to add them."""
        return "update" not in request.query_params or request.user.has_perm("devices.change_device")


class DeviceViewSet(ConditionalViewSet):
    """Devices that the user sees."""

    serializer_class = DeviceSerializer
    filterset_class = DeviceFilter
    search_fields = ["hostname", "address", "description"]
    more_parameters: tuple[str, ...] = ()
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

    @action(detail=False, pagination_class=None, more_parameters=("format",))
    def export(self, request: Request) -> StreamingHttpResponse:
        """The devices of the list, with its filters, as `?format=csv` or `json`: all of them, as they are read."""
        return export_response(request, self.filter_queryset(self.get_queryset()))

    @action(
        detail=False,
        methods=["post"],
        url_path="import",
        url_name="import",
        permission_classes=[ModelPermissions, MayChangeIfUpdating],
        parser_classes=[StrictJSONParser, CsvParser],
    )
    def import_(self, request: Request) -> Response:
        """Devices from a table: {"created": 2, "updated": 0, "unchanged": 0}; or a 400 by line, and nothing."""
        return Response(import_devices(request))

    @action(detail=True, methods=["post"], permission_classes=[requires("devices.view_device", "backups.run_backup")])
    def check(self, request: Request, **kwargs: Any) -> Response:
        """Connect to its port, now: {"result": "reachable" or the reason, "message": …, "seconds": …}; 429 if often."""
        outcome = check_device(self.get_object())
        return Response({"result": outcome.result, "message": outcome.message, "seconds": outcome.seconds})


class _Chosen(ModelViewSet[Any]):
    @transaction.atomic
    def perform_destroy(self, instance: Any) -> None:
        """Delete it, unless it says which devices something means: without it that would mean others."""
        type(instance).objects.select_for_update().filter(pk=instance.pk).first()
        if choosers := choosing([instance], self.request.user):
            raise Conflict(f"Still named by {choosers}: choose other devices there first.")
        super().perform_destroy(instance)


class TagViewSet(_Chosen):
    """Tags."""

    queryset = Tag.objects.select_related("gateway").prefetch_related("groups")
    serializer_class = TagSerializer
    filterset_class = TagFilter
    search_fields = ["name", "description"]
    ordering_fields = ["name"]

    @action(detail=True, methods=["post"], permission_classes=[requires(*TAGGING)])
    def assign(self, request: Request, **kwargs: Any) -> Response:
        """Give the tag to `{"devices": [ids]}`: {"changed": how many did not have it}."""
        return Response({"changed": assign_tag(self.get_object(), self._devices(request))})

    @action(detail=True, methods=["post"], permission_classes=[requires(*TAGGING)])
    def unassign(self, request: Request, **kwargs: Any) -> Response:
        """Take the tag from `{"devices": [ids]}`: {"changed": how many had it}."""
        return Response({"changed": unassign_tag(self.get_object(), self._devices(request))})

    def _devices(self, request: Request) -> DeviceQuerySet:
        form = DeviceListSerializer(data=request.data, context=self.get_serializer_context())
        form.is_valid(raise_exception=True)
        return Device.objects.visible_to(request.user).filter(pk__in=form.validated_data["devices"])


class PlatformViewSet(_Chosen):
    """Platforms, by their slugs."""

    queryset = Platform.objects.all()
    serializer_class = PlatformSerializer
    filterset_class = PlatformFilter
    search_fields = ["slug", "name", "driver"]
    ordering_fields = ["slug", "name", "driver"]
    lookup_field = "slug"
    lookup_value_regex = "[-a-zA-Z0-9_]+"
