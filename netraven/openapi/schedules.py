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

PREVIEW = parts.answer(
    "SchedulePreview",
    description=serializers.CharField(),
    time_zone=serializers.CharField(),
    device_count=serializers.IntegerField(),
    hidden=serializers.DictField(child=serializers.IntegerField()),
    runs=serializers.ListField(
        child=parts.answer(
            "SchedulePreviewRun",
            utc=serializers.DateTimeField(),
            local=serializers.DateTimeField(),
            offset=serializers.CharField(),
        )
    ),
)
WEEK = parts.answer(
    "ScheduleWeek",
    start=serializers.DateTimeField(),
    end=serializers.DateTimeField(),
    hours=serializers.ListField(
        child=parts.answer(
            "ScheduleHour",
            hour=serializers.DateTimeField(),
            runs=serializers.IntegerField(),
            backups=serializers.IntegerField(),
            schedules=serializers.ListField(
                child=parts.answer(
                    "ScheduleLoad",
                    schedule=serializers.UUIDField(),
                    name=serializers.CharField(),
                    first_at=serializers.DateTimeField(),
                    runs=serializers.IntegerField(),
                    device_count=serializers.IntegerField(),
                )
            ),
        )
    ),
)


def describe_schedules() -> None:
    """Attach the descriptions to the views and serializers."""
    extend_schema_field(RunSerializer(allow_null=True))(ScheduleSerializer.get_last_run)
    extend_schema_field(WALL_TIME)(WallTimeField)
    extend_schema_field(COUNTS)(ScheduleSerializer.get_hidden)
    extend_schema_view(
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
