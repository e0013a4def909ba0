"""`GET /api/me`: who the token or the session stands for, and what it may do."""

from typing import Any

from rest_framework import serializers
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from netraven.permissions import signed_in_user


class MeSerializer(serializers.Serializer[Any]):
    """A user, as they see themselves."""

    id = serializers.IntegerField()
    username = serializers.CharField()
    first_name = serializers.CharField()
    last_name = serializers.CharField()
    email = serializers.CharField()
    is_superuser = serializers.BooleanField()
    groups = serializers.SlugRelatedField[Any](slug_field="name", many=True, read_only=True)
    permissions = serializers.SerializerMethodField()

    def get_permissions(self, user: Any) -> list[str]:
        """Names as in `backups.run_backup`, those of groups too; of a superuser all there are."""
        return sorted(user.get_all_permissions())


class MeView(APIView):
    """The user of the request."""

    permission_classes = [IsAuthenticated]

    def get(self, request: Request) -> Response:
        """The user's name, groups and permissions."""
        return Response(MeSerializer(signed_in_user(request)).data)
