"""What drf-spectacular cannot read from the code of an endpoint; netraven/api.py applies it."""

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_view

from backups.api.channels import ChannelViewSet
from backups.api.deliveries import DeliverySerializer, DeliveryViewSet
from backups.api.job_requests import JobRequestSerializer
from backups.api.log_ins import LoginTestRequestSerializer, LoginTestSerializer, LoginTestView
from backups.api.search import SearchSerializer, SearchView
from backups.api.serializers import BackupRequestSerializer, BackupSerializer, CommentsSerializer, JobSerializer
from backups.api.views import BackupViewSet, DeviceBackupsView, DeviceBackupView, JobBackupsView, JobLogView, JobViewSet
from devices.api.device_lists import DeviceListSerializer
from devices.api.gateways import GatewayViewSet
from devices.api.host_keys import HostKeySerializer, HostKeyViewSet
from devices.api.importing import DeviceRowSerializer
from devices.api.serializers import DeviceSerializer
from devices.api.tag_credentials import TagCredentialsView, TagCredentialView
from devices.api.views import DeviceViewSet, TagViewSet
from netraven.api_tokens.api.log_in import LogInSerializer, TokenView
from netraven.api_tokens.api.serializers import NewTokenSerializer
from netraven.api_tokens.api.views import TokenViewSet
from netraven.health import HealthView
from netraven.me import MeSerializer, MeView
from netraven.openapi import parts
from netraven.openapi.schedules import describe_schedules

TEXT = {(200, "text/plain"): OpenApiTypes.STR}
PASSWORDS = OpenApiExample("Log in", {"username": "admin", "password": "…"}, request_only=True)
NEW_DEVICE = OpenApiExample(
    "A device with a log-in of its own",
    {
        "hostname": "branch1",
        "address": "192.0.2.10",
        "platform": "ios",
        "username": "netraven",
        "password": "…",
        "tags": ["branch"],
    },
    request_only=True,
)
SOME_DEVICES = OpenApiExample("By tag", {"tags": ["core"], "comments": "before the upgrade"}, request_only=True)
NEW_TOKEN = OpenApiExample(
    "For reading only",
    {"name": "ticket system", "read_only": True, "scopes": ["devices:read", "config:read"]},
    request_only=True,
)
NEW_CHANNEL = OpenApiExample(
    "A signed webhook",
    {
        "name": "chat",
        "kind": "webhook",
        "url": "https://chat.example.net/hooks/netraven",
        "secret": "whsec_…",
        "events": ["failed", "recovered"],
        "tags": ["core"],
        "mode": "each",
    },
    request_only=True,
)
DEVICE_ROW = OpenApiExample(
    "A list",
    {"hostname": "branch1", "address": "192.0.2.10", "platform": "ios", "tags": ["branch"]},
    request_only=True,
    media_type="application/json",
)

_TOKEN: Any = [{"token": []}]
_ASKED = {202: parts.AskedJobSerializer}
_CANCELLED = {200: JobSerializer, 202: JobSerializer}


def describe() -> None:
    """Attach the descriptions to the views."""
    extend_schema_view(
        post=extend_schema(request=LogInSerializer, responses=parts.LOGGED_IN, examples=[PASSWORDS]),
        delete=extend_schema(request=None, responses={204: None}, auth=_TOKEN),
    )(TokenView)
    extend_schema_view(
        create=extend_schema(
            request=NewTokenSerializer, responses={201: parts.MadeTokenSerializer}, examples=[NEW_TOKEN]
        ),
    )(TokenViewSet)
    extend_schema_view(get=extend_schema(responses=parts.HEALTH))(HealthView)
    extend_schema_view(get=extend_schema(responses=MeSerializer))(MeView)
    _describe_devices()
    _describe_backups()
    _describe_notifications()
    describe_schedules()


def _describe_devices() -> None:
    extend_schema_view(
        create=extend_schema(examples=[NEW_DEVICE]),
        **parts.conditional(DeviceSerializer),
        check=extend_schema(request=None, responses=parts.TRIED),
        export=extend_schema(
            filters=True,
            parameters=[parts.query("format", OpenApiTypes.STR, "csv unless you say json.", enum=["csv", "json"])],
            responses={
                (200, "text/csv"): OpenApiTypes.STR,
                (200, "application/json"): DeviceRowSerializer(many=True),
            },
        ),
        import_=extend_schema(
            parameters=[
                parts.query("dry_run", OpenApiTypes.BOOL, "Change nothing, only say what would be."),
                parts.query("update", OpenApiTypes.BOOL, "Change devices that are there."),
            ],
            request={"application/json": DeviceRowSerializer(many=True), "text/csv": OpenApiTypes.STR},
            responses=parts.IMPORTED,
            examples=[DEVICE_ROW],
        ),
    )(DeviceViewSet)
    tagging = extend_schema(request=DeviceListSerializer, responses=parts.CHANGED)
    extend_schema_view(assign=tagging, unassign=tagging)(TagViewSet)
    extend_schema_view(test=extend_schema(request=None, responses=parts.TRIED))(GatewayViewSet)
    decision = extend_schema(request=None, responses=HostKeySerializer)
    extend_schema_view(accept=decision, dismiss=decision)(HostKeyViewSet)
    of_tag = extend_schema(parameters=[parts.key("tag_id")])
    one_of_tag = extend_schema(parameters=[parts.key("tag_id"), parts.key("credential_id")])
    extend_schema_view(get=of_tag, post=of_tag)(TagCredentialsView)
    extend_schema_view(get=one_of_tag, put=one_of_tag, patch=one_of_tag, delete=one_of_tag)(TagCredentialView)


def _describe_backups() -> None:
    extend_schema_view(
        post=extend_schema(
            parameters=[parts.key("device_id"), parts.IDEMPOTENCY_KEY],
            request=BackupRequestSerializer,
            responses={202: parts.BACKUP_ASKED},
        )
    )(DeviceBackupView)
    extend_schema_view(get=extend_schema(parameters=[parts.key("device_id")]))(DeviceBackupsView)
    extend_schema_view(get=extend_schema(parameters=[parts.key("job_id")]))(JobBackupsView)
    extend_schema_view(get=extend_schema(parameters=[parts.key("job_id")]))(JobLogView)
    extend_schema_view(
        partial_update=extend_schema(request=CommentsSerializer, responses=BackupSerializer),
        content=extend_schema(
            parameters=[
                parts.IF_NONE_MATCH,
                parts.query("download", OpenApiTypes.STR, "With a file name.", enum=["1"]),
                parts.MASKED,
            ],
            responses={**TEXT, **parts.UNCHANGED},
        ),
        diff=extend_schema(
            parameters=[
                parts.query("with", OpenApiTypes.UUID, "A backup of any device; else the good one before."),
                parts.query("against", OpenApiTypes.UUID, "The same.", deprecated=True),
                parts.MASKED,
            ],
            responses=TEXT,
        ),
        accept=extend_schema(request=None, responses=BackupSerializer),
    )(BackupViewSet)
    extend_schema_view(
        create=extend_schema(
            parameters=[parts.IDEMPOTENCY_KEY], request=JobRequestSerializer, responses=_ASKED, examples=[SOME_DEVICES]
        ),
        retry=extend_schema(parameters=[parts.IDEMPOTENCY_KEY], request=None, responses=_ASKED),
        cancel=extend_schema(request=None, responses=_CANCELLED),
    )(JobViewSet)
    extend_schema_view(
        get=extend_schema(
            parameters=[
                parts.query("q", OpenApiTypes.STR, "What to search for, within one line.", required=True),
                parts.query("regex", OpenApiTypes.BOOL, "It is a regular expression, of RE2."),
                parts.query("case", OpenApiTypes.BOOL, "Upper and lower case differ."),
                parts.query("versions", OpenApiTypes.STR, "current unless you say all.", enum=["current", "all"]),
                parts.query("find", OpenApiTypes.STR, "absent: devices without it.", enum=["present", "absent"]),
                parts.query("tag", OpenApiTypes.STR, "Devices with the tag of this name."),
                parts.query("platform", OpenApiTypes.STR, "Devices of the platform with this slug."),
                parts.query("device", OpenApiTypes.STR, "An id, or a part of the host name."),
                parts.query("after", OpenApiTypes.STR, "Go on after the device of this host name; see next."),
                parts.MASKED,
            ],
            responses=SearchSerializer,
        )
    )(SearchView)
    extend_schema_view(post=extend_schema(request=LoginTestRequestSerializer, responses=LoginTestSerializer))(
        LoginTestView
    )


def _describe_notifications() -> None:
    extend_schema_view(
        create=extend_schema(examples=[NEW_CHANNEL]), test=extend_schema(request=None, responses=parts.TEST_SENT)
    )(ChannelViewSet)
    extend_schema_view(resend=extend_schema(request=None, responses={202: DeliverySerializer}))(DeliveryViewSet)
