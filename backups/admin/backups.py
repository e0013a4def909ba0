"""Operator console: backups, to look at."""

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from backups.admin.readonly import ReadOnly
from backups.damage import with_damage
from backups.log_tail import tail, told
from backups.models import Backup, BackupQuerySet
from backups.templatetags.records import badge, grouped, utc, waits

if TYPE_CHECKING:  # the type parameter is for mypy alone
    _Backups = admin.ModelAdmin[Backup]
else:
    _Backups = admin.ModelAdmin


@admin.register(Backup)
class BackupAdmin(ReadOnly, _Backups):
    """Backups of all devices, newest first."""

    list_display = ["requested", "history", "state", "result", "version", "size", "job_link"]
    list_display_links = ["requested"]
    list_filter = ["status", "failure_reason", "device__platform", "changed", "created_at"]
    list_select_related = ["device", "job"]
    search_fields = ["device__hostname", "device__address"]
    ordering = ["-created_at", "-id"]
    sortable_by = ["requested"]  # by any other column a million rows would have to be sorted
    change_form_template = "admin/backups/backup/change_form.html"
    change_list_template = "admin/backups/backup/change_list.html"
    # The page is made of the same parts as the page outside the console, see its template.
    fields = ()

    def get_queryset(self, request: HttpRequest) -> BackupQuerySet:
        """Only those of devices that the user sees."""
        return with_damage(Backup.objects.visible_to(request.user)).defer("error", "comments")

    @admin.display(description="Requested", ordering="created_at")
    def requested(self, backup: Backup) -> str | SafeString:
        """When it was asked for."""
        return utc(backup.created_at)

    @admin.display(description="Status", ordering="status")
    def state(self, backup: Backup) -> SafeString:
        """As a badge, and until when it waits for its time."""
        return format_html("{}{}", badge(backup.status), waits(backup))

    @admin.display(description="Device", ordering="device__hostname")
    def history(self, backup: Backup) -> SafeString:
        """The device, with a link to all its backups."""
        return format_html('<a href="{}">{}</a>', reverse("pages:device", args=[backup.device_id]), backup.device)

    @admin.display(description="Result", ordering="failure_reason")
    def result(self, backup: Any) -> str:
        """Why it failed, or whether the configuration changed; or that its file is damaged."""
        if backup.damage:
            return "File damaged"
        if backup.failure_reason:
            return str(backup.get_failure_reason_display())
        if backup.changed is None:
            return "–"
        return ("First version" if backup.version == 1 else "Changed") if backup.changed else "No change"

    @admin.display(description="Size", ordering="file_size")
    def size(self, backup: Backup) -> str:
        """In bytes, with separators."""
        return grouped(backup.file_size or 0) if backup.file_path else "–"

    @admin.display(description="Job")
    def job_link(self, backup: Backup) -> SafeString:
        """The job it is part of."""
        return format_html('<a href="{}">{}</a>', reverse("pages:job", args=[backup.job_id]), backup.job)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> Any:
        """One backup with its log."""
        backup = self.get_object(request, object_id)
        if backup and self.has_view_permission(request, backup):
            extra_context = (extra_context or {}) | {
                "backup": backup,
                "previous": Backup.objects.good_before(backup),
                "log": tail(told(backup.log.all())),
                "title": f"{backup.device.hostname}, {backup.created_at:%Y-%m-%d %H:%M} UTC",
                "subtitle": None,
            }
        return super().change_view(request, object_id, form_url, extra_context)

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """With a hint when there is no backup at all."""
        no_backups = not Backup.objects.visible_to(request.user).exists()
        return super().changelist_view(request, {"no_backups": no_backups} | (extra_context or {}))
