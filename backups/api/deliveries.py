"""/api/deliveries: what was sent to channels, and what came of it."""

from functools import cached_property
from typing import Any, cast
from uuid import UUID

from django.db.models import QuerySet
from django_filters import rest_framework as filters
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.generics import get_object_or_404
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import ReadOnlyModelViewSet

from backups.models import Delivery
from backups.models.delivery import counts_of
from backups.notifications.channels import send_again
from netraven.cursor_pagination import NewestFirst
from netraven.filtering import FlagFilter
from netraven.permissions import requires


class DeliveryFilter(filters.FilterSet):  # type: ignore[misc]  # django-filter has no annotations
    """`?channel=<id>&status=failed`"""

    channel = filters.UUIDFilter(field_name="channel_id")
    status = filters.ChoiceFilter(choices=Delivery.Status.choices)
    job = filters.UUIDFilter(field_name="job_id")
    test = FlagFilter()
    created_after = filters.IsoDateTimeFilter(field_name="created_at", lookup_expr="gte")
    created_before = filters.IsoDateTimeFilter(field_name="created_at", lookup_expr="lt")

    class Meta:
        model = Delivery
        fields: list[str] = []


class DeliverySerializer(serializers.ModelSerializer[Delivery]):
    """One message, without its text. `events` counts what it tells of: {"failed": 2, "changed": 1}."""

    channel_name = serializers.CharField(source="channel.name")
    events = serializers.SerializerMethodField()

    class Meta:
        model = Delivery
        fields = [
            "id",
            "channel",
            "channel_name",
            "test",
            "events",
            "job",
            "status",
            "attempts",
            "next_try_at",
            "http_status",
            "answer",
            "payload_digest",
            "created_at",
            "ended_at",
        ]
        read_only_fields = fields

    def get_events(self, delivery: Delivery) -> dict[str, int]:
        """By kind."""
        return self._counts[delivery.pk]

    @cached_property
    def _counts(self) -> dict[UUID, dict[str, int]]:
        """Of all deliveries on the page, in one query."""
        shown = self.parent.instance if isinstance(self.parent, serializers.ListSerializer) else [self.instance]
        return counts_of(cast(list[Delivery], shown))


class DeliveryViewSet(ReadOnlyModelViewSet[Delivery]):
    """Deliveries that name no device that the user does not see."""

    serializer_class = DeliverySerializer
    filterset_class = DeliveryFilter
    pagination_class = NewestFirst
    search_fields = ["channel__name", "answer"]

    def get_queryset(self) -> QuerySet[Delivery]:
        """Newest first."""
        visible = Delivery.objects.visible_to(self.request.user).select_related("channel")
        return visible.defer("channel__secret").order_by("-created_at", "-id")

    @action(
        detail=True,
        methods=["post"],
        permission_classes=[requires("backups.view_delivery", "backups.change_channel")],
    )
    def resend(self, request: Request, pk: Any) -> Response:
        """Send the same events again, in a new delivery: 202; 409 while this one has not ended."""
        copy = send_again(get_object_or_404(self.get_queryset(), pk=pk))
        return Response(self.get_serializer(copy).data, status=status.HTTP_202_ACCEPTED)
