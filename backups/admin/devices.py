"""Operator console: devices, how their last backup went, and "Back up now"."""

import uuid
from typing import Any, cast

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.core.exceptions import PermissionDenied
from django.db.models import OuterRef, Subquery
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.views.decorators.http import require_POST

from backups.admin.choices import LogInChoice
from backups.models import Backup, Job
from backups.named_login import may_name_credential, may_name_tag
from backups.templatetags.records import ago, badge, reason
from backups.views.access import UserRequest
from backups.views.devices import active_backup, ask_for_backups
from devices.admin import DeviceAdminBase
from devices.models import Device, DeviceQuerySet, Gateway

NAMES_SHOWN = 10  # of selected devices


class FailureReasonFilter(admin.SimpleListFilter):
    """Why the last backup failed."""

    title = "failure reason"
    parameter_name = "reason"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """All reasons there are."""
        return [(str(value), str(label)) for value, label in Backup.FailureReason.choices]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        """Devices whose last backup failed for it."""
        return queryset.filter(last_status="failed", last_failure_reason=self.value()) if self.value() else queryset


class GatewayFilter(admin.SimpleListFilter):
    """The gateway that leads there."""

    title = "gateway"
    parameter_name = "gateway"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """All gateways, for who may see them."""
        gateways = Gateway.objects.values_list("pk", "name") if request.user.has_perm("devices.view_gateway") else []
        return [(str(pk), name) for pk, name in gateways]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        """Devices that go through it, by their own choice or that of their tags."""
        chosen = self.value()
        if not chosen or chosen not in {pk for pk, _ in self.lookup_choices}:
            return queryset
        return queryset.behind(Gateway.objects.get(pk=chosen))


class StaleFilter(admin.SimpleListFilter):
    """Whether there is a good backup in time."""

    title = "objective"
    parameter_name = "stale"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Stale or not; disabled devices, and those without an objective, are neither."""
        return [("yes", "Stale"), ("no", "In time")]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        """Devices that miss their objective, or keep it."""
        if self.value() == "yes":
            return queryset.stale()
        return queryset.in_time() if self.value() == "no" else queryset


@admin.register(Device)
class DeviceAdmin(DeviceAdminBase):
    """Devices with how their last backup went."""

    list_display = ["hostname", "state", "last_good", "failure", "platform", "address", "tag_names", "enabled"]
    list_filter = ["last_status", FailureReasonFilter, StaleFilter, "platform", "tags", GatewayFilter, "enabled"]
    actions = ["back_up_selected", "back_up_with"]
    change_form_template = "admin/devices/device/change_form.html"
    change_list_template = "admin/devices/device/change_list.html"

    def get_queryset(self, request: HttpRequest) -> DeviceQuerySet:
        """With what the list shows, in a bounded number of queries."""
        good = Backup.objects.completed().filter(device=OuterRef("pk")).order_by("-finished_at")
        return (
            super()
            .get_queryset(request)
            .prefetch_related("tags")
            .annotate(active=active_backup(), last_good_id=Subquery(good.values("pk")[:1]))
        )

    @admin.display(description="Status", ordering="last_status")
    def state(self, device: Any) -> SafeString:
        """Of the backup under way, else of the last one."""
        if device.active:
            return badge("running")
        return badge(device.last_status if device.enabled else "disabled")

    @admin.display(description="Last good", ordering="last_success_at")
    def last_good(self, device: Any) -> str | SafeString:
        """When, with a link to it."""
        if not device.last_good_id:
            return "–"
        return format_html(
            '<a href="{}">{}</a>', reverse("pages:backup", args=[device.last_good_id]), ago(device.last_success_at)
        )

    @admin.display(description="Last failure", ordering="last_failure_reason")
    def failure(self, device: Device) -> str:
        """Its reason in words, while the last backup is a failed one."""
        return reason(device.last_failure_reason) or "–"

    @admin.display(description="Tags")
    def tag_names(self, device: Device) -> SafeString:
        """All tags."""
        return format_html_join(", ", "{}", ((tag.name,) for tag in device.tags.all()))

    def has_run_permission(self, request: HttpRequest) -> bool:
        """May this user back up devices? (Asked by Django for `permissions=["run"]`.)"""
        return request.user.has_perm("backups.run_backup")

    def has_delete_permission(self, request: HttpRequest, obj: Device | None = None) -> bool:
        """A device with history stays: disabling it keeps everything."""
        return super().has_delete_permission(request, obj) and not (obj and obj.backups.exists())

    def has_choose_log_in_permission(self, request: HttpRequest) -> bool:
        """May this user back up devices with another log-in than theirs?"""
        user = cast(UserRequest, request).user
        return self.has_run_permission(request) and (may_name_credential(user) or may_name_tag(user))

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """Without deletion of many at once: it would have to look at every backup of each."""
        actions = super().get_actions(request)
        actions.pop("delete_selected", None)
        return actions

    @admin.action(description="Back up now", permissions=["run"])
    def back_up_selected(self, request: HttpRequest, queryset: DeviceQuerySet) -> HttpResponse:
        """Request backups of the selected devices."""
        wanted = Device.objects.filter(pk__in=queryset.order_by().values("pk"))
        return self._back_up(request, wanted, otherwise=request.get_full_path())

    @admin.action(description="Back up with another log-in …", permissions=["choose_log_in"])
    def back_up_with(self, request: HttpRequest, queryset: DeviceQuerySet) -> HttpResponse:
        """Ask which log-in, then request backups of the selected devices with it."""
        form = LogInChoice(request.POST if "chosen" in request.POST else None, user=cast(UserRequest, request).user)
        wanted = Device.objects.filter(pk__in=queryset.order_by().values("pk"))
        if form.is_valid():
            return self._back_up(request, wanted, otherwise=request.get_full_path(), log_in=form.cleaned_data)
        context = {
            "title": "Back up with another log-in",
            "form": form,
            "opts": self.opts,
            "count": wanted.count(),
            "names": wanted.values_list("hostname", flat=True)[:NAMES_SHOWN],
            "selected": request.POST.getlist(ACTION_CHECKBOX_NAME),
            "select_across": request.POST.get("select_across", "0"),
        }
        template = "admin/devices/device/back_up_with.html"
        return render(request, template, self.admin_site.each_context(request) | context)

    def get_urls(self) -> list[URLPattern]:
        """The button's address beside Django's own."""
        button = self.admin_site.admin_view(require_POST(self.back_up_one))
        return [path("<uuid:pk>/backup/", button, name="devices_device_backup"), *super().get_urls()]

    def back_up_one(self, request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
        """The button "Back up now" on a device's page."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        wanted = Device.objects.visible_to(request.user).filter(pk=pk)
        if not wanted.exists():
            raise Http404
        return self._back_up(request, wanted, otherwise=reverse("admin:devices_device_change", args=[pk]))

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        """With the button "Save and back up now" for who may."""
        context["may_back_up"] = self.has_run_permission(request)
        return super().render_change_form(request, context, *args, **kwargs)

    def response_add(self, request: HttpRequest, obj: Device, post_url_continue: str | None = None) -> HttpResponse:
        """After "Save and back up now": on to the job."""
        return self._after_saving(request, obj) or super().response_add(request, obj, post_url_continue)

    def response_change(self, request: HttpRequest, obj: Device) -> HttpResponse:
        """The same."""
        return self._after_saving(request, obj) or super().response_change(request, obj)

    def _after_saving(self, request: HttpRequest, device: Device) -> HttpResponse | None:
        if "_back_up" not in request.POST or not self.has_run_permission(request):
            return None
        wanted = Device.objects.filter(pk=device.pk)
        return self._back_up(request, wanted, otherwise=reverse("admin:devices_device_change", args=[device.pk]))

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """With a hint when there is no device at all."""
        no_devices = not Device.objects.visible_to(request.user).exists()
        return super().changelist_view(request, {"no_devices": no_devices} | (extra_context or {}))

    def _back_up(
        self, request: HttpRequest, wanted: DeviceQuerySet, otherwise: str, log_in: dict[str, Any] | None = None
    ) -> HttpResponse:
        try:
            return ask_for_backups(cast(UserRequest, request), wanted, Job.Trigger.ADMIN, otherwise, **(log_in or {}))
        except PermissionDenied as error:
            messages.error(request, str(error))
            return redirect(otherwise)
