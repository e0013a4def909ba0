"""Operator console: jobs, to look at."""

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse
from django.utils.safestring import SafeString

from backups.admin.readonly import ReadOnly
from backups.models import Backup, Job
from backups.templatetags.records import badge, lasted, utc
from backups.views.jobs import job_context

if TYPE_CHECKING:  # the type parameter is for mypy alone
    _Jobs = admin.ModelAdmin[Job]
else:
    _Jobs = admin.ModelAdmin


def _count(**conditions: Any) -> Coalesce:
    """How many backups of a job are so, from an index."""
    backups = Backup.objects.filter(job=OuterRef("pk"), **conditions).order_by().values("job")
    return Coalesce(Subquery(backups.annotate(number=Count("pk")).values("number")), 0)


@admin.register(Job)
class JobAdmin(ReadOnly, _Jobs):
    """Jobs, newest first."""

    list_display = ["requested", "name", "state", "devices", "failed", "open", "trigger", "requested_by", "took"]
    list_filter = ["status", "job_type", "trigger", "created_at"]
    list_select_related = ["requested_by"]
    ordering = ["-created_at"]
    change_form_template = "admin/backups/job/change_form.html"
    change_list_template = "admin/backups/job/change_list.html"
    fields = ()  # see BackupAdmin

    def get_queryset(self, request: HttpRequest) -> QuerySet[Job]:
        """Only those that the user sees, with their counts."""
        jobs = Job.objects.visible_to(request.user)
        return jobs.annotate(failed_count=_count(status="failed"), open_count=_count(status__in=Backup.ACTIVE))

    @admin.display(description="Requested", ordering="created_at")
    def requested(self, job: Job) -> str | SafeString:
        """When it was asked for."""
        return utc(job.created_at)

    @admin.display(description="Job")
    def name(self, job: Job) -> str:
        """Its device, if it has one only (the user sees it then), else its short name."""
        first = job.metadata.get("first_devices") or []
        return f"Backup of {first[0]}" if job.metadata.get("devices") == 1 and first else str(job)

    @admin.display(description="Status", ordering="status")
    def state(self, job: Job) -> SafeString:
        """As a badge."""
        return badge(job.status)

    @admin.display(description="Devices")
    def devices(self, job: Job) -> Any:
        """How many were asked for."""
        return job.metadata.get("devices", "–")

    @admin.display(description="Failed", ordering="failed_count")
    def failed(self, job: Any) -> int:
        """How many backups failed."""
        return int(job.failed_count)

    @admin.display(description="Open", ordering="open_count")
    def open(self, job: Any) -> int:
        """How many backups are pending or running."""
        return int(job.open_count)

    @admin.display(description="Took")
    def took(self, job: Job) -> str:
        """From its first backup's start to its last one's end."""
        return lasted(job)

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
