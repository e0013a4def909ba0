"""Credentials as JSON: secrets are written, never read."""

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from credentials.models import Credential
from credentials.private_keys import UnusableKey, load_private_key, tidy_private_key

SECRET = {"write_only": True, "trim_whitespace": False}


@extend_schema_field(OpenApiTypes.BOOL)
class IsSetField(serializers.Field[str, Any, bool, Any]):
    """Whether a secret is set."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{**kwargs, "read_only": True})

    def to_representation(self, value: str) -> bool:
        """Nothing else of the value leaves."""
        return bool(value)


class CredentialSerializer(serializers.ModelSerializer[Credential]):
    """A log-in. A secret that is left out is kept, also on PUT; "" clears it."""

    has_password = IsSetField(source="password")
    has_enable_secret = IsSetField(source="enable_secret")
    has_private_key = IsSetField(source="private_key")
    has_passphrase = IsSetField(source="passphrase")

    class Meta:
        model = Credential
        fields = [
            "id",
            "name",
            "username",
            "password",
            "enable_secret",
            "private_key",
            "passphrase",
            "has_password",
            "has_enable_secret",
            "has_private_key",
            "has_passphrase",
            "description",
            "created_at",
            "updated_at",
        ]
        extra_kwargs = dict.fromkeys(Credential.SECRET_FIELDS, SECRET)

    def validate_private_key(self, text: str) -> str:
        """With the line ends that SSH wants."""
        return tidy_private_key(text)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Try the key and its passphrase as they will be, new or kept, if one of them is new."""
        if "private_key" in attrs or "passphrase" in attrs:
            key, passphrase = (
                attrs.get(name, getattr(self.instance, name, "")) for name in ("private_key", "passphrase")
            )
            if key:
                try:
                    load_private_key(key, passphrase)
                except UnusableKey as error:
                    raise serializers.ValidationError({error.field: [str(error)]}) from None
        return attrs

    def update(self, instance: Credential, validated_data: dict[str, Any]) -> Credential:
        """Write only what was sent: two people who change different secrets at once both get their way."""
        for name, value in validated_data.items():
            setattr(instance, name, value)
        instance.save(update_fields=[*validated_data, "updated_at"])
        return instance
