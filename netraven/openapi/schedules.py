"""Schedules in the description of the API."""

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_field, extend_schema_view
from rest_framework import serializers

from netraven.openapi import parts
from netraven.wall_time import WallTimeField
from scheduling.api.previews import PreviewRequestSerializer
from scheduling.api.runs import RunSerializer
from scheduling.api.serializers import ScheduleSerializer, ToggleSerializer
from scheduling.api.views import DeviceSchedulesView, ScheduleDevicesView, ScheduleRunsView, ScheduleViewSet

NIGHTLY = OpenApiExample(
    "Every night",
    {
        "name": "nightly core",
        "schedule_type": "daily",
        "time": "02:30",
        "time_zone": "Europe/Berlin",
        "tags": ["core"],
        "spread_minutes": 60,
    },
    request_only=True,
)
# Not JSON Schema's "time", which has an offset
WALL_TIME = {"type": ["string", "null"], "pattern": r"^\d\d:\d\d(:\d\d(\.\d+)?)?$"}
COUNTS: Any = serializers.DictField(child=serializers.IntegerField())
TEXT, ID = serializers.CharField, serializers.UUIDField
NUMBER, MOMENT = serializers.IntegerField, serializers.DateTimeField

# Of one moment, schedule or hour; lists of them are in the answers below.
PREVIEW_RUN = parts.answer("SchedulePreviewRun", utc=MOMENT, local=MOMENT, offset=TEXT)
LOAD = parts.answer("ScheduleLoad", schedule=ID, name=TEXT, first_at=MOMENT, runs=NUMBER, device_count=NUMBER)
HOUR = parts.answer("ScheduleHour", hour=MOMENT, runs=NUMBER, backups=NUMBER, schedules=parts.list_of(LOAD))

PREVIEW = parts.answer(
    "SchedulePreview",
    description=TEXT,
    time_zone=TEXT,
    device_count=NUMBER,
    hidden=COUNTS,
    runs=parts.list_of(PREVIEW_RUN),
)
WEEK = parts.answer("ScheduleWeek", start=MOMENT, end=MOMENT, hours=parts.list_of(HOUR))


def describe_schedules() -> None:
    """Attach the descriptions to the views and serializers."""
    extend_schema_field(RunSerializer(allow_null=True))(ScheduleSerializer.get_last_run)
    extend_schema_field(WALL_TIME)(WallTimeField)
    extend_schema_field(COUNTS)(ScheduleSerializer.get_hidden)
    extend_schema_view(
        **parts.conditional(ScheduleSerializer),
        create=extend_schema(examples=[NIGHTLY]),
        preview_unsaved=extend_schema(request=PreviewRequestSerializer, responses=PREVIEW, examples=[NIGHTLY]),
        preview=extend_schema(responses=PREVIEW),
        week=extend_schema(
            parameters=[parts.query("start", OpenApiTypes.DATETIME, "A date or an instant; now unless you say.")],
            responses=WEEK,
        ),
        run=extend_schema(parameters=[parts.IDEMPOTENCY_KEY], request=None, responses={202: RunSerializer}),
        toggle=extend_schema(request=ToggleSerializer, responses=ScheduleSerializer),
        duplicate=extend_schema(request=None, responses={201: ScheduleSerializer}),
    )(ScheduleViewSet)
    of_schedule = extend_schema(parameters=[parts.key("schedule_id")])
    extend_schema_view(get=of_schedule)(ScheduleRunsView)
    extend_schema_view(get=of_schedule)(ScheduleDevicesView)
    extend_schema_view(get=extend_schema(parameters=[parts.key("device_id")]))(DeviceSchedulesView)
