"""Operator console: gateways, what is behind them, and the last backup that failed because of one."""

import uuid
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.views.decorators.http import require_POST

from backups.models import Backup
from backups.templatetags.records import ago
from devices.admin import GatewayAdminBase
from devices.models import Device, Gateway


@admin.register(Gateway)
class GatewayAdmin(GatewayAdminBase):
    """Gateways with how they fared."""

    list_display = [*GatewayAdminBase.list_display, "last_failure"]
    change_form_template = "admin/devices/gateway/change_form.html"
    change_list_template = "admin/devices/gateway/change_list.html"

    @admin.display(description="Failing now")
    def last_failure(self, gateway: Any) -> str | SafeString:
        """The devices whose last backup failed because of it."""
        if not gateway.behind.get("failing"):
            return "–"
        number = gateway.behind["failing"]
        what = "1 device" if number == 1 else f"{number} devices"
        listed = f"{reverse('admin:devices_device_changelist')}?gateway={gateway.pk}&reason=gateway"
        return format_html('<a href="{}">{}</a>, last {}', listed, what, ago(gateway.behind["failed_at"]))

    def get_urls(self) -> list[URLPattern]:
        """The button's address beside Django's own."""
        button = self.admin_site.admin_view(require_POST(self.test_one))
        return [path("<uuid:pk>/test/", button, name="devices_gateway_test"), *super().get_urls()]

    def test_one(self, request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
        """The button "Test" on a gateway's page."""
        gateway = get_object_or_404(Gateway, pk=pk)
        if not self.has_change_permission(request, gateway):
            raise PermissionDenied
        self.test(request, gateway)
        return redirect("admin:devices_gateway_change", pk)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """With its host keys, the devices behind it, and the last failure that the user may see."""
        gateway = self.get_object(request, object_id)
        if gateway and self.has_view_permission(request, gateway):
            failed = Backup.objects.visible_to(request.user).filter(
                gateway=gateway, status=Backup.Status.FAILED, failure_reason=Backup.FailureReason.GATEWAY
            )
            extra_context = (extra_context or {}) | {
                "behind": Device.objects.all().behind_gateways().get(gateway.pk, {}),
                "keys": gateway.host_keys.filter(state__in=("trusted", "offered")).order_by("-state"),
                "failure": failed.select_related("device").order_by("-created_at").first(),
            }
        return super().change_view(request, object_id, form_url, extra_context)

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """With a hint when there is no gateway at all."""
        no_gateways = not Gateway.objects.exists()
        return super().changelist_view(request, {"no_gateways": no_gateways} | (extra_context or {}))
