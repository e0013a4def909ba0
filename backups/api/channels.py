"""/api/channels: who is told what, and whether messages arrive."""

from collections.abc import Mapping
from typing import Any, cast

from django.core.exceptions import ValidationError as InvalidChannel
from django.db import transaction
from django.db.models import QuerySet
from django_filters import rest_framework as filters
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.exceptions import NotFound
from rest_framework.fields import get_error_detail
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import ModelViewSet

from backups.models import Channel, EventKind
from backups.models.channel import MOST_ADDRESSES
from backups.notifications.channels import save_channel, send_test
from credentials.api.serializers import SECRET, IsSetField
from devices.api.serializers import TagNamesField
from netraven.filtering import FlagFilter
from netraven.permissions import requires
from netraven.wall_time import WallTimeField

FIELDS = {"on_changed": "events", "__all__": "non_field_errors"}  # names of ours, and those of the API


class AddressesField(serializers.ListField):
    """E-mail addresses; stored they are one a line."""

    child = serializers.EmailField()

    def to_representation(self, data: Any) -> list[str]:
        """One by one."""
        return str(data).split()


class ChannelFilter(filters.FilterSet):  # type: ignore[misc]  # django-filter has no annotations
    """`?kind=webhook&enabled=true`"""

    kind = filters.ChoiceFilter(choices=Channel.Kind.choices)
    enabled = FlagFilter()

    class Meta:
        model = Channel
        fields: list[str] = []


class ChannelSerializer(serializers.ModelSerializer[Channel]):
    """A channel. Its secret is taken, never given; one that is left out is kept, also on PUT."""

    addresses = AddressesField(required=False, max_length=MOST_ADDRESSES)
    events = serializers.MultipleChoiceField(choices=EventKind.choices, required=False, source="wanted")
    tags = TagNamesField(required=False, max_length=100)
    digest_time = WallTimeField(required=False)
    has_secret = IsSetField(source="secret")
    created_by = serializers.SlugRelatedField[Any](slug_field="username", read_only=True, allow_null=True)

    class Meta:
        model = Channel
        fields = [
            "id",
            "name",
            "kind",
            "addresses",
            "url",
            "secret",
            "has_secret",
            "enabled",
            "disabled_reason",
            "events",
            "every_failure",
            "with_diff",
            "tags",
            "all_devices",
            "mode",
            "digest_time",
            "time_zone",
            "failing_since",
            "created_by",
            "created_at",
            "updated_at",
        ]
        read_only_fields = ["disabled_reason", "all_devices", "failing_since"]
        extra_kwargs = {"secret": SECRET}

    def validate_addresses(self, addresses: list[str]) -> str:
        """As they are stored."""
        return "\n".join(addresses)

    def to_internal_value(self, data: Any) -> Any:
        """Refuse fields that there are not: who misspells `enabled` believes that it is off."""
        if isinstance(data, Mapping) and (unknown := [str(name) for name in data if name not in self.fields]):
            raise serializers.ValidationError({name[:100]: ["There is no such field."] for name in unknown[:10]})
        return super().to_internal_value(data)

    def to_representation(self, instance: Channel) -> dict[str, Any]:
        """With the events in their order, not as a set."""
        return super().to_representation(instance) | {"events": instance.wanted}

    def create(self, validated_data: dict[str, Any]) -> Channel:
        """Save a new one. Raises ValidationError by field."""
        return self._save(Channel(), validated_data)

    @transaction.atomic
    def update(self, instance: Channel, validated_data: dict[str, Any]) -> Channel:
        """Change what was sent, and nothing else. Raises ValidationError by field."""
        channel = Channel.objects.select_for_update().filter(pk=instance.pk).first()
        if channel is None:
            raise NotFound("It has just been deleted.")
        return self._save(channel, validated_data)

    def _save(self, channel: Channel, sent: dict[str, Any]) -> Channel:
        tags, wanted = sent.pop("tags", None), sent.pop("wanted", None)
        for name, value in sent.items():
            setattr(channel, name, value)
        if wanted is not None:
            for kind in EventKind.values:
                setattr(channel, f"on_{kind}", kind in wanted)
        try:
            return save_channel(channel, user=self.context["request"].user, tags=tags)
        except InvalidChannel as error:
            errors = cast(dict[str, Any], get_error_detail(error))
            raise serializers.ValidationError({FIELDS.get(name, name): what for name, what in errors.items()}) from None


class ChannelViewSet(ModelViewSet[Channel]):
    """Channels: whoever may see them sees all."""

    serializer_class = ChannelSerializer
    filterset_class = ChannelFilter
    search_fields = ["name", "addresses"]
    ordering_fields = ["name", "kind", "created_at", "updated_at"]

    def get_queryset(self) -> QuerySet[Channel]:
        """With their tags."""
        return Channel.objects.select_related("created_by").prefetch_related("tags")

    @action(detail=True, methods=["post"], permission_classes=[requires("backups.change_channel")])
    def test(self, request: Request, **kwargs: Any) -> Response:
        """Send a test message now, also while it is switched off; 200 whatever comes of it."""
        delivery, outcome = send_test(self.get_object())
        result = "sent" if outcome.sent else "failed"
        return Response({"result": result, "message": outcome.answer, "delivery": delivery.pk})
