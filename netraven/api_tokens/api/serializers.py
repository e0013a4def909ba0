"""Tokens as JSON."""

from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone
from rest_framework import serializers

from netraven.api_tokens.models import TokenDetails
from netraven.api_tokens.scopes import SCOPES
from netraven.bounded_fields import BoundedListField

LONGEST = timedelta(days=366)


class TokenSerializer(serializers.ModelSerializer[TokenDetails]):
    """A token, without itself: `prefix` is enough to tell it from others, and not enough to use it."""

    prefix = serializers.SerializerMethodField()
    created_at = serializers.DateTimeField(source="token.created", read_only=True)
    expires_at = serializers.DateTimeField(source="token.expiry", read_only=True, allow_null=True)
    scopes = serializers.ListField(child=serializers.CharField(), read_only=True)
    current = serializers.SerializerMethodField()

    class Meta:
        model = TokenDetails
        fields = ["id", "name", "prefix", "created_at", "expires_at", "last_used_at", "read_only", "scopes", "current"]
        read_only_fields = fields

    def get_prefix(self, details: TokenDetails) -> str:
        """Its first eight characters."""
        return str(details.token.token_key[:8])

    def get_current(self, details: TokenDetails) -> bool:
        """Whether the request came with this one."""
        used = self.context["request"].auth
        return used is not None and used.pk == details.token_id


class NewTokenSerializer(serializers.Serializer[Any]):
    """`{"name": "ticket system", "expires_at": "…", "read_only": true, "scopes": ["devices:read"]}`"""

    name = serializers.CharField(max_length=100)
    expires_at = serializers.DateTimeField(required=False)
    read_only = serializers.BooleanField(default=False)  # type: ignore[assignment]  # a field of that name
    scopes = BoundedListField(child=serializers.ChoiceField(choices=list(SCOPES)), default=list, max_length=len(SCOPES))

    def validate_expires_at(self, moment: datetime) -> datetime:
        """In the future, and not for ever."""
        now = timezone.now()
        if not now < moment <= now + LONGEST:
            raise serializers.ValidationError(f"Give a time in the next {LONGEST.days} days.")
        return moment
