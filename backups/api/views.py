"""REST API of backups and jobs: ask for a backup, follow it, read what came of it."""

from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet
from django.http import HttpResponseBase
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.generics import ListAPIView, get_object_or_404
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse
from rest_framework.views import APIView
from rest_framework.viewsets import ReadOnlyModelViewSet

from backups import secrecy
from backups.api.content import content_response, diff_response
from backups.api.filters import BackupFilter, JobFilter, JobLogFilter
from backups.api.job_requests import JobRequestSerializer
from backups.api.serializers import (
    BackupRequestSerializer,
    BackupSerializer,
    CommentsSerializer,
    JobLogSerializer,
    JobSerializer,
)
from backups.models import Backup, BackupQuerySet, Job, JobLog
from backups.retrying import retry_job
from backups.services import BackupRequest, accept_backup, cancel_job, request_backups
from devices.models import Device, visible_to
from netraven.audit.trail import Action, note
from netraven.cursor_pagination import ByPosition, InOrder, NewestFirst
from netraven.idempotency import idempotent
from netraven.permissions import requires, signed_in_user

POLL_AFTER = 2  # seconds
SEARCHED = ["device__hostname", "serial_number", "comments"]


def backups_for(request: Request) -> BackupQuerySet:
    """The backups that the user sees, newest first, with what a row of a list needs."""
    visible = Backup.objects.visible_to(request.user)
    return visible.select_related("device", "accepted_by", "gateway").order_by("-created_at", "-id")


class DeviceBackupView(APIView):
    """`POST /api/devices/{id}/backup`: the work happens in a worker, the answer says where to follow it."""

    permission_classes = [requires("backups.run_backup")]

    @idempotent
    def post(self, request: Request, device_id: str) -> Response:
        """Ask for a backup, 202; for a device that is being backed up, the ids are those of the backup in progress."""
        form = BackupRequestSerializer(data=request.data, context={"request": request})
        form.is_valid(raise_exception=True)
        device = get_object_or_404(Device.objects.visible_to(request.user), pk=device_id)
        outcome = request_backups(
            Device.objects.filter(pk=device.pk),
            user=signed_in_user(request),
            trigger=Job.Trigger.API,
            **form.validated_data,
        )
        backup = (outcome.backups or outcome.already_active)[0]
        url = reverse("api-job-detail", args=[backup.job_id])
        body = {
            "job_id": backup.job_id,
            "backup_id": backup.pk,
            "device_id": device.pk,
            "status": backup.status,
            "already_active": not outcome.backups,
            "brought_forward": bool(outcome.brought_forward),
            "url": url,
        }
        headers = {"Location": url, "Retry-After": str(POLL_AFTER)}
        return Response(body, status=status.HTTP_202_ACCEPTED, headers=headers)


class DeviceBackupsView(ListAPIView[Backup]):
    """`GET /api/devices/{id}/backups`: newest first."""

    permission_classes = [requires("backups.view_backup")]
    queryset = Backup.objects.none()  # says which model it is
    serializer_class = BackupSerializer
    filterset_class = BackupFilter
    pagination_class = NewestFirst
    search_fields = SEARCHED

    def get_queryset(self) -> QuerySet[Backup]:
        """The device's backups; 404 unless the user sees the device."""
        device = get_object_or_404(Device.objects.visible_to(self.request.user), pk=self.kwargs["device_id"])
        return backups_for(self.request).filter(device=device)


class BackupViewSet(ReadOnlyModelViewSet[Backup]):
    """Backups that the user sees."""

    serializer_class = BackupSerializer
    filterset_class = BackupFilter
    pagination_class = NewestFirst
    search_fields = SEARCHED

    def get_queryset(self) -> QuerySet[Backup]:
        """Newest first."""
        return backups_for(self.request)

    def partial_update(self, request: Request, pk: UUID) -> Response:
        """Change the comments, and nothing else."""
        backup = self._backup(pk)
        form = CommentsSerializer(backup, data=request.data)
        form.is_valid(raise_exception=True)
        before, backup.comments = backup.comments, form.validated_data["comments"]
        backup.save(update_fields=["comments"])
        told = [secrecy.mask_quotation(text) for text in (before, backup.comments)]
        note(Action.UPDATE, backup, changes={"comments": told})
        return Response(self.get_serializer(backup).data)

    @action(detail=True, permission_classes=[requires("backups.view_config")])
    def content(self, request: Request, pk: UUID) -> HttpResponseBase:
        """The configuration itself: text/plain, the exact bytes, or with secrets masked."""
        return content_response(request, self._backup(pk))

    @action(detail=True, permission_classes=[requires("backups.view_config")])
    def diff(self, request: Request, pk: UUID) -> HttpResponseBase:
        """What changed since the good backup before, or since `?with=<id>`: a patch, text/plain."""
        return diff_response(request, self._backup(pk), backups_for(request))

    @action(
        detail=True, methods=["post"], permission_classes=[requires("backups.accept_backup", "backups.view_config")]
    )
    def accept(self, request: Request, pk: UUID) -> Response:
        """Say that an incomplete configuration is right; 409 when there is nothing to accept."""
        backup = accept_backup(self._backup(pk), user=signed_in_user(request))
        return Response(self.get_serializer(backup).data)

    def _backup(self, pk: UUID) -> Backup:
        """The one in the URL; unlike `get_object`, no filter of lists applies."""
        return get_object_or_404(backups_for(self.request), pk=pk)


class JobViewSet(ReadOnlyModelViewSet[Job]):
    """Jobs that the user asked for, or that hold a device that the user sees; and those of housekeeping."""

    serializer_class = JobSerializer
    filterset_class = JobFilter
    search_fields = ["requested_by__username", "tag__name"]
    ordering_fields = ["created_at", "started_at", "finished_at", "status"]

    def get_queryset(self) -> QuerySet[Job]:
        """Newest first."""
        jobs = Job.objects.visible_to(self.request.user).select_related("requested_by", "cancelled_by", "tag")
        return jobs.order_by("-created_at", "-id")

    def get_permissions(self) -> Any:
        """To ask for a job takes what it takes to back up one device."""
        return [requires("backups.run_backup")()] if self.action == "create" else super().get_permissions()

    @idempotent
    def create(self, request: Request) -> Response:
        """Ask for backups of many devices, 202 with the job; 409 when there is none to back up.

        `requested` says how many it backs up, `already_active` how many were under way, `brought_forward` how many of
        those waited for a later time and wait no longer. When all were under way, it is the job of one of them.
        """
        form = JobRequestSerializer(data=request.data, context={"request": request})
        form.is_valid(raise_exception=True)
        user = signed_in_user(request)
        how = {name: form.validated_data[name] for name in ("comments", "credential", "tag")}
        return self._asked(request_backups(form.chosen(user), user=user, trigger=Job.Trigger.API, **how))

    @action(detail=True, methods=["post"], permission_classes=[requires("backups.run_backup")])
    @idempotent
    def retry(self, request: Request, pk: UUID) -> Response:
        """Back up again the devices that failed, 202 with the new job; 409 when there are none, or the job goes on."""
        job = get_object_or_404(self.get_queryset(), pk=pk)
        return self._asked(retry_job(job, user=signed_in_user(request), trigger=Job.Trigger.API))

    @action(detail=True, methods=["post"], permission_classes=[requires("backups.run_backup")])
    def cancel(self, request: Request, pk: UUID) -> Response:
        """End the job: 200 when it has ended so, 202 while sessions are being cut, 409 when it had ended otherwise."""
        job = cancel_job(get_object_or_404(self.get_queryset(), pk=pk), user=signed_in_user(request))
        return self._to_be_followed(job, status.HTTP_202_ACCEPTED if job.is_active else status.HTTP_200_OK)

    def _asked(self, asked: BackupRequest) -> Response:
        more = {"requested": asked.made, "already_active": len(asked.active_ids)}
        more |= {"brought_forward": asked.brought_forward}
        return self._to_be_followed(asked.job, status.HTTP_202_ACCEPTED, **more)

    def _to_be_followed(self, job: Job, code: int, **more: int) -> Response:
        url = reverse("api-job-detail", args=[job.pk])
        headers = {"Location": url, "Retry-After": str(POLL_AFTER)} if job.is_active else {}
        return Response(self.get_serializer(job).data | more, status=code, headers=headers)


class JobBackupsView(ListAPIView[Backup]):
    """`GET /api/jobs/{id}/backups`: in the order in which workers take them."""

    permission_classes = [requires("backups.view_job", "backups.view_backup")]
    queryset = Backup.objects.none()  # says which model it is
    serializer_class = BackupSerializer
    filterset_class = BackupFilter
    pagination_class = ByPosition
    search_fields = SEARCHED

    def get_queryset(self) -> QuerySet[Backup]:
        """Those of the job's backups that the user sees."""
        job = get_object_or_404(Job.objects.visible_to(self.request.user), pk=self.kwargs["job_id"])
        return backups_for(self.request).filter(job=job)


class JobLogView(ListAPIView[JobLog]):
    """`GET /api/jobs/{id}/log`: oldest first; `?after=<id>` follows it."""

    permission_classes = [requires("backups.view_job")]
    queryset = JobLog.objects.none()  # says which model it is
    serializer_class = JobLogSerializer
    filterset_class = JobLogFilter
    pagination_class = InOrder
    search_fields = ["message"]

    def get_queryset(self) -> QuerySet[JobLog]:
        """The job's own entries, and those of backups that the user sees."""
        user = self.request.user
        job = get_object_or_404(Job.objects.visible_to(user), pk=self.kwargs["job_id"])
        return (
            job.log.filter(Q(backup=None) | visible_to(user, "backup__device"))
            .select_related("backup__device")
            .order_by("id")
        )
