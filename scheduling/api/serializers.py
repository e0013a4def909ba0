"""Schedules as JSON."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import MAXYEAR, datetime
from functools import cached_property
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError as InvalidSchedule
from django.db import models, transaction
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.fields import get_error_detail

from devices.models import Device
from netraven.bounded_fields import BoundedCharField, BoundedListField
from netraven.wall_time import WallTimeField
from scheduling.api.fields import (
    DevicesField,
    MomentField,
    PlatformsField,
    TagsField,
)
from scheduling.api.runs import RunSerializer
from scheduling.api.shown import OF_DEVICES, Shown, rows_of
from scheduling.history import last_runs
from scheduling.models import Schedule
from scheduling.recurrence import resolve
from scheduling.services import describe, save_schedule
from scheduling.targets import RELATIONS, Targets, links
from scheduling.validation import FIRST_YEAR

OF_TARGETS = (*RELATIONS, "all_devices", "tag_match")


class RefusesUnknown(serializers.Serializer[Any]):
    """Refuses fields that there are not: who misspells `enabled` believes that it is off."""

    def to_internal_value(self, data: Any) -> Any:
        """The values. Raises ValidationError."""
        if isinstance(data, Mapping) and (unknown := [str(name) for name in data if name not in self.fields]):
            raise serializers.ValidationError({name[:100]: ["There is no such field."] for name in unknown[:10]})
        return super().to_internal_value(data)


class ScheduleSerializer(RefusesUnknown, serializers.ModelSerializer[Schedule]):
    """A schedule. `hidden` counts the devices that the user does not see, by the name of the field without them."""

    serializer_field_mapping = serializers.ModelSerializer.serializer_field_mapping | {
        models.CharField: BoundedCharField,
        models.DateTimeField: MomentField,
        models.TimeField: WallTimeField,
    }
    weekdays = BoundedListField(
        child=serializers.ChoiceField(choices=Schedule.Weekday.choices), required=False, max_length=7
    )
    devices = DevicesField()
    tags = TagsField()
    platforms = PlatformsField()
    excluded_devices = DevicesField()
    excluded_tags = TagsField()
    comments = serializers.CharField(required=False, allow_blank=True, max_length=1000)
    description = serializers.SerializerMethodField()
    device_count = serializers.SerializerMethodField()
    hidden = serializers.SerializerMethodField()
    last_run = serializers.SerializerMethodField()
    created_by = serializers.SlugRelatedField[Any](slug_field="username", read_only=True, allow_null=True)

    class Meta:
        model = Schedule
        fields = [
            "id",
            "name",
            "enabled",
            "disabled_reason",
            "description",
            "next_run_at",
            "schedule_type",
            "time_zone",
            "start_at",
            "end_at",
            "interval_minutes",
            "time",
            "weekdays",
            "month",
            "day_rule",
            "day",
            "ordinal",
            "ordinal_weekday",
            "cron",
            "spread_minutes",
            "all_devices",
            "devices",
            "tags",
            "tag_match",
            "platforms",
            "excluded_devices",
            "excluded_tags",
            "device_count",
            "hidden",
            "missed",
            "overlap",
            "max_run_minutes",
            "comments",
            "last_run",
            "created_by",
            "created_at",
            "updated_at",
        ]
        read_only_fields = ["disabled_reason", "next_run_at"]

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Instants without a zone are what the clock of the schedule's zone shows."""
        for name in ("start_at", "end_at"):
            moment = attrs.get(name)
            if moment and not moment.tzinfo:
                attrs[name] = _in_zone(moment, name, self._unsaved(attrs, "time_zone"))
        return attrs

    def create(self, validated_data: dict[str, Any]) -> Schedule:
        """Save a new one. Raises ValidationError by field."""
        return self._save(Schedule(created_by=self.context["request"].user), validated_data, Targets())

    @transaction.atomic
    def update(self, instance: Schedule, validated_data: dict[str, Any]) -> Schedule:
        """Change what was sent, and nothing else. Raises ValidationError by field."""
        schedule = Schedule.objects.select_for_update().filter(pk=instance.pk).first()
        if schedule is None:
            raise NotFound("It has just been deleted.")
        if not any(name in validated_data for name in OF_TARGETS):
            return self._save(schedule, validated_data, None)
        for name in OF_DEVICES:
            if name in validated_data:
                validated_data[name] = [*validated_data[name], *self._hidden(schedule, name)]
        return self._save(schedule, validated_data, Targets.of(schedule))

    def get_description(self, schedule: Schedule) -> str:
        """When it runs, in words."""
        try:
            return describe(schedule)
        except ValueError as error:  # its time zone is gone
            return str(error)

    def get_device_count(self, schedule: Schedule) -> int:
        """How many devices it means now, of those that the user sees."""
        return self.shown.count(schedule)

    def get_hidden(self, schedule: Schedule) -> dict[str, int]:
        """How many devices are not shown."""
        return self.shown.hidden(schedule)

    def get_last_run(self, schedule: Schedule) -> dict[str, Any] | None:
        """As in its history; null if it never ran."""
        return self._last_runs.get(schedule.pk)

    @cached_property
    def shown(self) -> Shown:
        """What is looked up for all rows of the page at once."""
        return Shown(rows_of(self), self.context["request"].user)

    @cached_property
    def _last_runs(self) -> dict[UUID, dict[str, Any]]:
        runs = last_runs(rows_of(self))
        written = RunSerializer(list(runs.values()), many=True, context=self.context).data
        return dict(zip(runs, written, strict=True))

    def _save(self, schedule: Schedule, sent: dict[str, Any], before: Targets | None) -> Schedule:
        targets = take_targets(sent, before) if before is not None else None
        for name, value in sent.items():
            setattr(schedule, name, value)
        try:
            return save_schedule(schedule, targets=targets)
        except InvalidSchedule as error:
            raise as_api_error(error) from None

    def _hidden(self, schedule: Schedule, relation: str) -> list[UUID]:
        """The devices that it names and that the user cannot name: they stay."""
        visible = Device.objects.visible_to(self.context["request"].user)
        return list(
            links(relation).filter(schedule=schedule.pk).exclude(device__in=visible).values_list("device", flat=True)
        )

    def _unsaved(self, attrs: dict[str, Any], name: str) -> Any:
        return attrs[name] if name in attrs else getattr(self.instance or Schedule(), name)


class ToggleSerializer(RefusesUnknown):
    """`{"enabled": true}`; without it the other way than now."""

    enabled = serializers.BooleanField(required=False)


def take_targets(sent: dict[str, Any], before: Targets) -> Targets:
    """Out of what was sent; the rest is as before."""
    return replace(before, **{name: sent.pop(name) for name in OF_TARGETS if name in sent})


def as_api_error(error: InvalidSchedule) -> serializers.ValidationError:
    """The same, for the API."""
    return serializers.ValidationError(get_error_detail(error))


def _in_zone(wall: datetime, name: str, zone: str) -> datetime:
    """What a clock shows, as an instant."""
    try:
        return resolve(wall, Schedule(time_zone=zone).zone)
    except OverflowError:
        raise serializers.ValidationError({name: [f"Give a year from {FIRST_YEAR} to {MAXYEAR - 1}."]}) from None
    except ValueError as error:
        raise serializers.ValidationError({"time_zone": [str(error)]}) from None
