"""Operator console: jobs, to look at and to cancel."""

from typing import TYPE_CHECKING, Any, cast

from django.contrib import admin, messages
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.safestring import SafeString

from backups.admin.readonly import ReadOnly
from backups.exceptions import RequestRefused
from backups.models import Job, progress_of
from backups.services import cancel_job
from backups.templatetags.records import badge, lasted, utc
from backups.views.access import UserRequest
from backups.views.jobs import job_context

if TYPE_CHECKING:  # the type parameter is for mypy alone
    _Jobs = admin.ModelAdmin[Job]
else:
    _Jobs = admin.ModelAdmin


class JobList(ChangeList):
    """A page of jobs, with the progress of each: one query for all of them."""

    def get_results(self, request: HttpRequest) -> None:
        """As usual; and then count."""
        super().get_results(request)
        jobs = list(self.result_list)
        progress = progress_of([job for job in jobs if job.job_type == Job.Type.BACKUP])
        for job in jobs:
            job.shown_progress = progress.get(job.pk)
        self.result_list = jobs


@admin.register(Job)
class JobAdmin(ReadOnly, _Jobs):
    """Jobs, newest first."""

    list_display = ["requested", "name", "state", "devices", "failed", "open", "trigger", "requested_by", "took"]
    list_filter = ["status", "job_type", "trigger", "created_at"]
    actions = ["cancel_selected"]
    list_select_related = ["requested_by"]
    ordering = ["-created_at"]
    change_form_template = "admin/backups/job/change_form.html"
    change_list_template = "admin/backups/job/change_list.html"
    fields = ()  # see BackupAdmin

    def get_queryset(self, request: HttpRequest) -> QuerySet[Job]:
        """Only those that the user sees."""
        return Job.objects.visible_to(request.user)

    def get_changelist(self, request: HttpRequest, **options: Any) -> type[ChangeList]:
        """The list that counts."""
        return JobList

    @admin.display(description="Requested", ordering="created_at")
    def requested(self, job: Job) -> str | SafeString:
        """When it was asked for."""
        return utc(job.created_at)

    @admin.display(description="Job")
    def name(self, job: Job) -> str:
        """Its device, if it has one only (the user sees it then), else how many."""
        return job.label

    @admin.display(description="Status", ordering="status")
    def state(self, job: Job) -> SafeString:
        """As a badge."""
        return badge(job.status)

    @admin.display(description="Devices")
    def devices(self, job: Job) -> Any:
        """How many were asked for."""
        return job.metadata.get("devices", "–")

    @admin.display(description="Failed")
    def failed(self, job: Any) -> int | str:
        """How many backups failed; a dash for a job that makes none."""
        return job.shown_progress["failed"] if job.shown_progress else "–"

    @admin.display(description="Open")
    def open(self, job: Any) -> int | str:
        """How many backups are pending or running."""
        progress = job.shown_progress
        return progress["pending"] + progress["running"] if progress else "–"

    @admin.display(description="Took")
    def took(self, job: Job) -> str:
        """From its first backup's start to its last one's end."""
        return lasted(job)

    def has_run_permission(self, request: HttpRequest) -> bool:
        """May this user run, and so cancel, backups? (Asked by Django for `permissions=["run"]`.)"""
        return request.user.has_perm("backups.run_backup")

    @admin.action(description="Cancel the selected jobs", permissions=["run"])
    def cancel_selected(self, request: HttpRequest, queryset: QuerySet[Job]) -> None:
        """Each by itself; those that cannot be cancelled are named."""
        cancelled = 0
        for job in queryset.order_by("created_at"):
            try:
                cancel_job(job, user=cast(UserRequest, request).user)
            except (RequestRefused, PermissionDenied) as error:
                self.message_user(request, f"{job}: {error}", messages.ERROR)
            else:
                cancelled += 1
        if cancelled:
            self.message_user(request, f"{cancelled} job{'s' if cancelled > 1 else ''} cancelled.", messages.SUCCESS)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> Any:
        """One job with its backups and its log."""
        job = self.get_object(request, object_id)
        if job and self.has_view_permission(request, job):
            extra_context = (extra_context or {}) | {"job": job, "title": str(job), "subtitle": None}
            extra_context |= job_context(request, job)
        return super().change_view(request, object_id, form_url, extra_context)

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """With a hint when there is no job at all."""
        no_jobs = not Job.objects.visible_to(request.user).exists()
        return super().changelist_view(request, {"no_jobs": no_jobs} | (extra_context or {}))
