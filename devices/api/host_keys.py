"""REST API of host keys: which are trusted, which wait, and the decision on those."""

from collections.abc import Callable
from uuid import UUID

from django.contrib.auth.models import User
from django.db.models import QuerySet
from django_filters import rest_framework as filters
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.generics import get_object_or_404
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import ReadOnlyModelViewSet

from devices import host_keys
from devices.models import HostKey
from netraven.permissions import requires, signed_in_user


class HostKeyFilter(filters.FilterSet):  # type: ignore[misc]  # django-filter has no annotations
    """`?state=offered&kind=ssh`, and those of one `device` or one `gateway`."""

    state = filters.ChoiceFilter(choices=HostKey.State.choices)
    kind = filters.ChoiceFilter(choices=HostKey.Kind.choices)
    device = filters.UUIDFilter(field_name="device_id")
    gateway = filters.UUIDFilter(field_name="gateway_id")
    first_seen_after = filters.IsoDateTimeFilter(field_name="first_seen_at", lookup_expr="gte")
    first_seen_before = filters.IsoDateTimeFilter(field_name="first_seen_at", lookup_expr="lt")

    class Meta:
        model = HostKey
        fields: list[str] = []


class HostKeySerializer(serializers.ModelSerializer[HostKey]):
    """A key of a device or of a gateway. `known_fingerprint` is of the key that is trusted now in its place."""

    owner = serializers.CharField()
    known_fingerprint = serializers.CharField(allow_null=True)
    decided_by = serializers.CharField(source="decided_by.username", default=None, allow_null=True)

    class Meta:
        model = HostKey
        fields = [
            "id",
            "device",
            "gateway",
            "owner",
            "kind",
            "state",
            "fingerprint",
            "known_fingerprint",
            "text",
            "first_seen_at",
            "last_seen_at",
            "decided_at",
            "decided_by",
        ]
        read_only_fields = fields


class HostKeyViewSet(ReadOnlyModelViewSet[HostKey]):
    """Host keys of the devices that the user sees, and of gateways, newest first."""

    serializer_class = HostKeySerializer
    filterset_class = HostKeyFilter
    search_fields = ["device__hostname", "gateway__name", "fingerprint"]
    ordering_fields = ["first_seen_at", "last_seen_at", "decided_at"]

    def get_queryset(self) -> QuerySet[HostKey]:
        """With what a row of the list needs."""
        keys = HostKey.objects.visible_to(self.request.user).with_known_fingerprint()
        return keys.select_related("device", "gateway", "decided_by").order_by("-first_seen_at", "-id")

    @action(detail=True, methods=["post"], permission_classes=[requires("devices.accept_hostkey")])
    def accept(self, request: Request, pk: UUID) -> Response:
        """Trust this key from now on; 409 when it does not wait for a decision."""
        return self._decide(request, pk, host_keys.accept)

    @action(detail=True, methods=["post"], permission_classes=[requires("devices.accept_hostkey")])
    def dismiss(self, request: Request, pk: UUID) -> Response:
        """Refuse this key; 409 when it does not wait for a decision."""
        return self._decide(request, pk, host_keys.dismiss)

    def _decide(self, request: Request, pk: UUID, decision: Callable[[HostKey, User], HostKey]) -> Response:
        decision(get_object_or_404(self.get_queryset(), pk=pk), signed_in_user(request))
        return Response(self.get_serializer(self.get_queryset().get(pk=pk)).data)
