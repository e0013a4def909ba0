"""/api/gateways: SSH jump hosts, and whether one lets NetRaven in."""

from typing import Any

from django.db.models import ProtectedError, QuerySet
from django_filters import rest_framework as filters
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import ModelViewSet

from credentials.models import Credential
from devices.gateway_test import try_gateway
from devices.models import Gateway
from netraven.exception_handler import Conflict
from netraven.permissions import requires


class GatewayFilter(filters.FilterSet):  # type: ignore[misc]  # django-filter has no annotations
    """`?name=jump1&credential=<id>`"""

    name = filters.CharFilter()
    address = filters.CharFilter()
    credential = filters.UUIDFilter(field_name="credential_id")

    class Meta:
        model = Gateway
        fields: list[str] = []


class GatewaySerializer(serializers.ModelSerializer[Gateway]):
    """A gateway; choosing its credential takes the right to see credentials."""

    credential = serializers.PrimaryKeyRelatedField(
        queryset=Credential.objects.without_secrets(), pk_field=serializers.UUIDField()
    )

    class Meta:
        model = Gateway
        fields = [
            "id",
            "name",
            "address",
            "port",
            "credential",
            "max_sessions",
            "description",
            "created_at",
            "updated_at",
        ]

    def validate_credential(self, credential: Credential) -> Credential:
        """Raises PermissionDenied for another one, from those who see none."""
        chosen_before = bool(self.instance and self.instance.credential_id == credential.pk)
        if not chosen_before and not self.context["request"].user.has_perm("credentials.view_credential"):
            raise PermissionDenied("You may not choose credentials.")
        return credential


class GatewayViewSet(ModelViewSet[Gateway]):
    """Gateways."""

    serializer_class = GatewaySerializer
    filterset_class = GatewayFilter
    search_fields = ["name", "address", "description"]
    ordering_fields = ["name", "address", "created_at"]

    def get_queryset(self) -> QuerySet[Gateway]:
        """All of them."""
        return Gateway.objects.all()

    def perform_destroy(self, instance: Gateway) -> None:
        """Delete a gateway that leads nowhere."""
        try:
            instance.delete()
        except ProtectedError as error:
            raise Conflict("Devices or tags go through this gateway: give them another way first.") from error

    @action(detail=True, methods=["post"], permission_classes=[requires("devices.change_gateway")])
    def test(self, request: Request, **kwargs: Any) -> Response:
        """Log in and out again, now: {"result": "accepted" or the reason, "message": …, "seconds": …}."""
        outcome = try_gateway(self.get_object())
        return Response({"result": outcome.result, "message": outcome.message, "seconds": outcome.seconds})
