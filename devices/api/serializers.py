"""Devices, tags and platforms as JSON."""

from collections.abc import Mapping
from typing import Any

from django.contrib.auth.models import Group, User
from django.db import transaction
from rest_framework import serializers
from rest_framework.exceptions import PermissionDenied
from rest_framework.fields import empty

from devices.api.own_credential import LOGIN_FIELDS, save_own_credential
from devices.models import Device, Gateway, Platform, Tag
from netraven.bounded_fields import NamesField

# What other inventories call these fields.
ALIASES = {"ip_address": "address", "device_type": "platform"}


class PlatformSerializer(serializers.ModelSerializer[Platform]):
    """A platform; its slug is its address."""

    class Meta:
        model = Platform
        fields = [
            "id",
            "slug",
            "name",
            "driver",
            "default_port",
            "optional_args",
            "volatile_patterns",
            "secret_patterns",
            "error_patterns",
            "end_pattern",
            "max_shrink_percent",
        ]
        # A space at either end of a pattern is part of it.
        extra_kwargs = {
            name: {"trim_whitespace": False}
            for name in ("volatile_patterns", "secret_patterns", "error_patterns", "end_pattern")
        }

    def validate_secret_patterns(self, value: str) -> str:
        """Who may not read secrets may not say what is one. Raises PermissionDenied."""
        before = self.instance.secret_patterns if isinstance(self.instance, Platform) else ""
        if value != before and not self.context["request"].user.has_perm(Platform.SECRETS_PERMISSION):
            raise PermissionDenied("You may not change what counts as a secret.")
        return value


class GatewayNameField(serializers.SlugRelatedField[Gateway]):
    """The name of a gateway, or null; another one than before takes the right to see gateways."""

    def __init__(self) -> None:
        super().__init__(slug_field="name", queryset=Gateway.objects.all(), required=False, allow_null=True)

    def run_validation(self, data: Any = empty) -> Gateway | None:
        """Permission first: who may not see gateways does not learn which there are. Raises ValidationError too."""
        instance: Device | Tag | None = getattr(self.parent, "instance", None)
        before = instance.gateway.name if instance and instance.gateway else None
        if data not in (empty, before) and not self.context["request"].user.has_perm("devices.view_gateway"):
            raise PermissionDenied("You may not choose gateways.")
        gateway: Gateway | None = super().run_validation(data)
        return gateway


class TagNamesField(NamesField):
    """Names of tags."""

    model = Tag


class GroupNamesField(NamesField):
    """Names of groups of users."""

    model = Group


class TagSerializer(serializers.ModelSerializer[Tag]):
    """A tag; `groups` are the names of the groups that see its devices, none for everybody."""

    groups = GroupNamesField(required=False)
    gateway = GatewayNameField()

    class Meta:
        model = Tag
        fields = ["id", "name", "color", "description", "groups", "gateway", "max_sessions", "max_age_hours"]


class DeviceSerializer(serializers.ModelSerializer[Device]):
    """A device. `username`, `password` and `enable_secret` are taken, never given: they become its own credential.

    On input `ip_address` stands for `address` and `device_type` for `platform`.
    """

    platform = serializers.SlugRelatedField(slug_field="slug", queryset=Platform.objects.all())
    effective_port = serializers.IntegerField(read_only=True)
    tags = TagNamesField(required=False)
    gateway = GatewayNameField()
    effective_gateway = serializers.CharField(source="effective_gateway.name", read_only=True, allow_null=True)
    objective_hours = serializers.IntegerField(read_only=True, allow_null=True)
    stale = serializers.BooleanField(source="is_stale", read_only=True)
    stale_since = serializers.DateTimeField(read_only=True, allow_null=True)
    username = serializers.CharField(write_only=True, required=False, max_length=200)
    password = serializers.CharField(write_only=True, required=False, max_length=1000, trim_whitespace=False)
    enable_secret = serializers.CharField(
        write_only=True, required=False, max_length=1000, trim_whitespace=False, allow_blank=True
    )

    class Meta:
        model = Device
        fields = [
            "id",
            "hostname",
            "address",
            "platform",
            "port",
            "effective_port",
            "credential",
            *LOGIN_FIELDS,
            "tags",
            "gateway",
            "effective_gateway",
            "enabled",
            "description",
            "vendor",
            "model",
            "os_version",
            "serial_number",
            "last_status",
            "last_failure_reason",
            "last_attempt_at",
            "last_success_at",
            "objective_hours",
            "stale",
            "stale_since",
            "created_at",
            "updated_at",
        ]

    def to_internal_value(self, data: Any) -> Any:
        """Take the aliases for what they stand for."""
        if isinstance(data, Mapping):
            data = {ALIASES[name]: data[name] for name in ALIASES if name in data} | dict(data)
        return super().to_internal_value(data)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Refuse two credentials at once, and credentials from those who may not give any."""
        user: User = self.context["request"].user
        login = [name for name in LOGIN_FIELDS if name in attrs]
        if login and attrs.get("credential"):
            raise serializers.ValidationError({login[0]: ["Give a credential or a log-in, not both."]})
        if login and not user.has_perm("credentials.add_credential"):
            raise PermissionDenied("You may not give devices a log-in.")
        current = self.instance.credential if self.instance else None
        if attrs.get("credential") not in (None, current) and not user.has_perm("credentials.view_credential"):
            raise PermissionDenied("You may not choose credentials.")
        return attrs

    @transaction.atomic
    def create(self, validated_data: dict[str, Any]) -> Device:
        """Make the device, and its own credential when a log-in came with it."""
        login = _take_login(validated_data)
        if login:
            unsaved = Device(hostname=validated_data["hostname"])
            validated_data["credential"] = save_own_credential(unsaved, login)
        return super().create(validated_data)

    @transaction.atomic
    def update(self, instance: Device, validated_data: dict[str, Any]) -> Device:
        """Change the device, and its own credential when a log-in came with it.

        Only what was sent is written: a backup that ends meanwhile writes its result into the same row.
        """
        if login := _take_login(validated_data):
            validated_data["credential"] = save_own_credential(instance, login)
        tags = validated_data.pop("tags", None)
        for name, value in validated_data.items():
            setattr(instance, name, value)
        instance.save(update_fields=[*validated_data, "updated_at"])
        if tags is not None:
            instance.tags.set(tags)
        return instance


def _take_login(validated_data: dict[str, Any]) -> dict[str, Any]:
    return {name: validated_data.pop(name) for name in LOGIN_FIELDS if name in validated_data}
