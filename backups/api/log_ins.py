"""REST API of log-ins as backups use them: how credentials and tags fared, and trying a credential now."""

from functools import cached_property
from typing import Any, cast
from uuid import UUID

from django.db.models import QuerySet
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.generics import GenericAPIView, ListAPIView, RetrieveAPIView, get_object_or_404
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from backups.login_statistics import DAYS, with_login_statistics
from backups.login_test import PERMISSIONS, LoginTest, try_login
from credentials.models import Credential
from devices.models import Device, Tag
from netraven.permissions import requires, signed_in_user


class StatisticsSerializer(serializers.Serializer[Any]):
    """How the log-ins of a credential or of a tag fared."""

    id = serializers.UUIDField()
    name = serializers.CharField()
    days = serializers.IntegerField(read_only=True, default=DAYS)
    accepted = serializers.IntegerField()
    rejected = serializers.IntegerField()
    last_used_at = serializers.DateTimeField(allow_null=True)
    last_used_on = serializers.SerializerMethodField()

    def get_last_used_on(self, row: Any) -> dict[str, str] | None:
        """The device; null if there was none, or none that the user sees."""
        hostname = self._seen.get(row.last_used_on)
        return {"id": str(row.last_used_on), "hostname": hostname} if hostname else None

    @cached_property
    def _seen(self) -> dict[UUID, str]:
        """Hostnames by id, looked up once for all rows of the page."""
        rows = self.parent.instance if isinstance(self.parent, serializers.ListSerializer) else [self.instance]
        used = [row.last_used_on for row in cast(list[Any], rows) if row.last_used_on]
        visible = Device.objects.visible_to(self.context["request"].user).filter(pk__in=used)
        return dict(visible.values_list("pk", "hostname"))


class _OfCredentials(GenericAPIView[Credential]):
    permission_classes = [requires("credentials.view_credential")]
    serializer_class = StatisticsSerializer
    search_fields = ["name"]
    ordering_fields = ["name", "accepted", "rejected", "last_used_at"]

    def get_queryset(self) -> QuerySet[Credential]:
        """Without their secrets."""
        return with_login_statistics(Credential.objects.without_secrets(), "credential")


class _OfTags(GenericAPIView[Tag]):
    permission_classes = [requires("devices.view_tag")]
    serializer_class = StatisticsSerializer
    search_fields = ["name"]
    ordering_fields = ["name", "accepted", "rejected", "last_used_at"]

    def get_queryset(self) -> QuerySet[Tag]:
        """All tags."""
        return with_login_statistics(Tag.objects.all(), "tag")


class CredentialStatisticsListView(_OfCredentials, ListAPIView[Credential]):
    """`GET /api/credentials/statistics`: by name."""


class CredentialStatisticsView(_OfCredentials, RetrieveAPIView[Credential]):
    """`GET /api/credentials/{id}/statistics`"""


class TagStatisticsListView(_OfTags, ListAPIView[Tag]):
    """`GET /api/tags/statistics`: by name."""


class TagStatisticsView(_OfTags, RetrieveAPIView[Tag]):
    """`GET /api/tags/{id}/statistics`"""


@extend_schema_field(OpenApiTypes.UUID)
class VisibleDeviceField(serializers.PrimaryKeyRelatedField[Device]):
    """The id of a device that the user sees."""

    def get_queryset(self) -> QuerySet[Device]:
        """With what a session needs."""
        return Device.objects.visible_to(self.context["request"].user).select_related("platform")


class LoginTestRequestSerializer(serializers.Serializer[LoginTest]):
    """What POST /api/credentials/{id}/test takes."""

    device = VisibleDeviceField()


class LoginTestSerializer(serializers.Serializer[LoginTest]):
    """What it answers."""

    result = serializers.CharField()
    message = serializers.CharField()
    seconds = serializers.FloatField()


class LoginTestView(APIView):
    """`POST /api/credentials/{id}/test`: log in to a device with this credential, now; takes up to 20 seconds."""

    permission_classes = [requires(*PERMISSIONS)]

    def post(self, request: Request, pk: str) -> Response:
        """200 whatever the device says; 429 for too many tests of one credential on one device."""
        credential = get_object_or_404(Credential.objects.without_secrets(), pk=pk)
        form = LoginTestRequestSerializer(data=request.data, context={"request": request})
        form.is_valid(raise_exception=True)
        test = try_login(credential, form.validated_data["device"], user=signed_in_user(request))
        return Response(LoginTestSerializer(test).data)
