"""Answers and parameters that no serializer of the views describes."""

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema, inline_serializer
from rest_framework import serializers

from backups.api.serializers import JobSerializer
from backups.models import Backup
from netraven.api_tokens.api.serializers import TokenSerializer


class AskedJobSerializer(JobSerializer):
    """A job, and what became of the request for it."""

    requested = serializers.IntegerField(read_only=True)
    already_active = serializers.IntegerField(read_only=True)
    brought_forward = serializers.IntegerField(read_only=True)

    class Meta(JobSerializer.Meta):
        fields = [*JobSerializer.Meta.fields, "requested", "already_active", "brought_forward"]
        read_only_fields = fields


class MadeTokenSerializer(TokenSerializer):
    """A token, this one time with itself."""

    token = serializers.CharField(read_only=True)

    class Meta(TokenSerializer.Meta):
        fields = [*TokenSerializer.Meta.fields, "token"]
        read_only_fields = fields


Kind = serializers.Field[Any, Any, Any, Any]


def answer(name: str, /, **fields: Kind | type[Kind]) -> Any:
    """An object with these fields; a class stands for one without options."""
    made = {key: field() if isinstance(field, type) else field for key, field in fields.items()}
    return inline_serializer(name=name, fields=made)


def list_of(child: Kind) -> Kind:
    """Any number of them."""
    return serializers.ListField(child=child)


def header(name: str, text: str) -> OpenApiParameter:
    """An optional header of the request."""
    return OpenApiParameter(name, OpenApiTypes.STR, OpenApiParameter.HEADER, description=text)


def query(name: str, kind: Any, text: str, **more: Any) -> OpenApiParameter:
    """An optional parameter in the URL."""
    return OpenApiParameter(name, kind, OpenApiParameter.QUERY, description=text, **more)


def conditional(answer: Any) -> dict[str, Any]:
    """The operations of a ConditionalViewSet, whose records look so."""
    change = extend_schema(parameters=[IF_MATCH])
    read = extend_schema(parameters=[IF_NONE_MATCH], responses={200: answer, **UNCHANGED})
    return {"retrieve": read, "update": change, "partial_update": change, "destroy": change}


def key(name: str) -> OpenApiParameter:
    """An id in the path."""
    return OpenApiParameter(name, OpenApiTypes.UUID, OpenApiParameter.PATH)


IDEMPOTENCY_KEY = OpenApiParameter(
    "Idempotency-Key",
    {"type": "string", "pattern": "^[!-~]{1,255}$"},
    OpenApiParameter.HEADER,
    description="The same request with the same key gets the first answer again for 24 hours.",
)
MASKED = query("masked", OpenApiTypes.BOOL, "Without secrets, also for those who may read them.")
IF_MATCH = header("If-Match", "The ETag of what you have read: 412 when it has changed since.")
IF_NONE_MATCH = header("If-None-Match", "The ETag of what you have: 304 when it is still that.")
UNCHANGED = {304: OpenApiResponse(description="You have it already.")}

BACKUP_ASKED = answer(
    "BackupAsked",
    job_id=serializers.UUIDField(),
    backup_id=serializers.UUIDField(),
    device_id=serializers.UUIDField(),
    status=serializers.ChoiceField(choices=Backup.Status.choices),
    already_active=serializers.BooleanField(),
    url=serializers.CharField(),
)
TRIED = answer(
    "Tried", result=serializers.CharField(), message=serializers.CharField(), seconds=serializers.FloatField()
)
TEST_SENT = answer(
    "TestSent",
    result=serializers.ChoiceField(choices=["sent", "failed"]),
    message=serializers.CharField(),
    delivery=serializers.UUIDField(),
)
CHANGED = answer("Changed", changed=serializers.IntegerField())
IMPORTED = answer(
    "Imported",
    dry_run=serializers.BooleanField(),
    created=serializers.IntegerField(),
    updated=serializers.IntegerField(),
    unchanged=serializers.IntegerField(),
)
HEALTH = answer(
    "Health",
    status=serializers.CharField(),
    database=serializers.BooleanField(),
    task_queue=serializers.BooleanField(),
    workers=serializers.IntegerField(),
)
LOGGED_IN = answer("LoggedIn", token=serializers.CharField(), expiry=serializers.DateTimeField())
