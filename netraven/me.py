"""`GET /api/me`: who the token or the session stands for, and what it may do."""

from typing import Any

from django.contrib.auth.models import User
from rest_framework import serializers
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from netraven.permissions import signed_in_user


class MeSerializer(serializers.ModelSerializer[User]):
    """A user, as they see themselves."""

    email = serializers.CharField(read_only=True)  # it may be empty
    groups = serializers.SlugRelatedField[Any](slug_field="name", many=True, read_only=True)
    token = serializers.SerializerMethodField()
    permissions = serializers.SerializerMethodField()

    class Meta:
        model = User
        fields = [
            "id",
            "username",
            "first_name",
            "last_name",
            "email",
            "is_superuser",
            "groups",
            "token",
            "permissions",
        ]
        read_only_fields = fields

    def get_permissions(self, user: User) -> list[str]:
        """Names as in `backups.run_backup`, those of groups too, as far as the token's scopes go."""
        return sorted(user.get_all_permissions())

    def get_token(self, user: User) -> dict[str, Any] | None:
        """The limits of the token; null in a session of the console."""
        record = self.context["request"].auth
        return {"read_only": record.details.read_only, "scopes": record.details.scopes} if record else None


class MeView(APIView):
    """The user of the request."""

    permission_classes = [IsAuthenticated]

    def get(self, request: Request) -> Response:
        """The user's name, groups and permissions."""
        return Response(MeSerializer(signed_in_user(request), context={"request": request}).data)
