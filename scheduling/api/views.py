"""REST API of schedules: what runs when, for which devices, and what came of it."""

from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError as InvalidSchedule
from django.db import transaction
from django.db.models import QuerySet
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.generics import ListAPIView, get_object_or_404
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from backups.api.views import POLL_AFTER
from devices.api.filters import DeviceFilter
from devices.api.serializers import DeviceSerializer
from devices.api.views import DeviceViewSet
from devices.models import Device
from netraven.exception_handler import Conflict
from netraven.filtering import refuse_unknown
from netraven.idempotency import idempotent
from netraven.permissions import requires, signed_in_user
from netraven.preconditions import ConditionalViewSet
from scheduling.api.filters import ScheduleFilter
from scheduling.api.previews import PreviewRequestSerializer, describe_preview
from scheduling.api.runs import NewestDue, RunFilter, RunSerializer
from scheduling.api.serializers import ScheduleSerializer, ToggleSerializer, as_api_error
from scheduling.api.week import WeekRequestSerializer, describe_week
from scheduling.covering import schedules_covering
from scheduling.models import Schedule, ScheduleRun
from scheduling.services import duplicate, run_now, set_enabled
from scheduling.targets import Targets

VIEW, CHANGE = "scheduling.view_schedule", "scheduling.change_schedule"
SEARCHED = ["name", "comments"]
ORDERS = ["name", "next_run_at", "schedule_type", "created_at", "updated_at"]


class ScheduleViewSet(ConditionalViewSet):
    """Schedules: whoever may see them sees all, and of their devices those that they see."""

    queryset = Schedule.objects.select_related("created_by")
    serializer_class = ScheduleSerializer
    filterset_class = ScheduleFilter
    search_fields = SEARCHED
    ordering_fields = ORDERS

    def get_success_headers(self, data: Any) -> dict[str, str]:
        """Where the new one is."""
        return {"Location": reverse("api-schedule-detail", args=[data["id"]])}

    @action(detail=False, methods=["post"], url_path="preview", permission_classes=[requires(VIEW)])
    def preview_unsaved(self, request: Request) -> Response:
        """The next ten runs of one that is not saved; the body is that of a POST, and may lack name and targets."""
        form = PreviewRequestSerializer(data=request.data, context=self.get_serializer_context())
        form.is_valid(raise_exception=True)
        return Response(describe_preview(*form.build(), signed_in_user(request)))

    @action(detail=True, permission_classes=[requires(VIEW)])
    def preview(self, request: Request, pk: UUID) -> Response:
        """The next ten runs, as if it were enabled."""
        schedule = self.get_object()
        try:
            return Response(describe_preview(schedule, Targets.of(schedule), signed_in_user(request)))
        except ValueError as error:
            raise Conflict(str(error)) from None

    @action(detail=False, permission_classes=[requires(VIEW)])
    def week(self, request: Request) -> Response:
        """What the enabled ones have to do in the week from `?start=` on, by the hour."""
        refuse_unknown(request, {"start"})
        form = WeekRequestSerializer(data=request.query_params)
        form.is_valid(raise_exception=True)
        return Response(describe_week(form.validated_data.get("start"), signed_in_user(request)))

    @action(detail=True, methods=["post"], permission_classes=[requires(CHANGE, "backups.run_backup")])
    @idempotent
    def run(self, request: Request, pk: UUID) -> Response:
        """Back up all its devices now, 202 with the run; 409 when there is none to back up."""
        schedule = self.get_object()
        with transaction.atomic():
            run = run_now(schedule, signed_in_user(request))
            if run.job is None:
                raise Conflict(run.message)
        answer = RunSerializer(run, context=self.get_serializer_context()).data
        headers = {"Retry-After": str(POLL_AFTER)}
        if answer["job"]:
            headers["Location"] = reverse("api-job-detail", args=[answer["job"]])
        return Response(answer, status=status.HTTP_202_ACCEPTED, headers=headers)

    @action(detail=True, methods=["post"], permission_classes=[requires(CHANGE)])
    def toggle(self, request: Request, pk: UUID) -> Response:
        """Enable or disable it: `{"enabled": true}`, or the other way than now."""
        form = ToggleSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        schedule = self.get_object()
        try:
            set_enabled(schedule, form.validated_data.get("enabled", not schedule.enabled), signed_in_user(request))
        except InvalidSchedule as error:
            raise as_api_error(error) from None
        return Response(self.get_serializer(schedule).data)

    @action(detail=True, methods=["post"], permission_classes=[requires(VIEW, "scheduling.add_schedule")])
    def duplicate(self, request: Request, pk: UUID) -> Response:
        """A copy under another name, disabled: 201."""
        copy = duplicate(self.get_object(), signed_in_user(request))
        answer = self.get_serializer(copy).data
        return Response(answer, status=status.HTTP_201_CREATED, headers=self.get_success_headers(answer))


class ScheduleRunsView(ListAPIView[ScheduleRun]):
    """`GET /api/schedules/{id}/jobs`: its history, newest first."""

    queryset = ScheduleRun.objects.none()  # says which model it is
    permission_classes = [requires(VIEW, "backups.view_job")]
    serializer_class = RunSerializer
    filterset_class = RunFilter
    pagination_class = NewestDue
    search_fields = ["message"]

    def get_queryset(self) -> QuerySet[ScheduleRun]:
        """Those of the schedule in the URL."""
        schedule = get_object_or_404(Schedule, pk=self.kwargs["schedule_id"])
        return ScheduleRun.objects.filter(schedule=schedule)


class ScheduleDevicesView(ListAPIView[Device]):
    """`GET /api/schedules/{id}/devices`: those that it would back up now, and that the user sees."""

    queryset = Device.objects.none()  # says which model it is
    permission_classes = [requires(VIEW, "devices.view_device")]
    serializer_class = DeviceSerializer
    filterset_class = DeviceFilter
    search_fields = DeviceViewSet.search_fields
    ordering_fields = DeviceViewSet.ordering_fields

    def get_queryset(self) -> QuerySet[Device]:
        """With what a row of the list needs."""
        schedule = get_object_or_404(Schedule, pk=self.kwargs["schedule_id"])
        visible = Targets.of(schedule).find().visible_to(self.request.user)
        return visible.select_related("platform", "gateway").prefetch_related("tags__gateway")


class DeviceSchedulesView(ListAPIView[Schedule]):
    """`GET /api/devices/{id}/schedules`: those that would back it up if they ran now."""

    queryset = Schedule.objects.none()  # says which model it is
    permission_classes = [requires("devices.view_device", VIEW)]
    serializer_class = ScheduleSerializer
    filterset_class = ScheduleFilter
    search_fields = SEARCHED
    ordering_fields = ORDERS

    def get_queryset(self) -> QuerySet[Schedule]:
        """404 unless the user sees the device."""
        device = get_object_or_404(Device.objects.visible_to(self.request.user), pk=self.kwargs["device_id"])
        return schedules_covering(device).select_related("created_by")
