"""Operator console: the keys that devices and gateways have shown, to look at; and on to the decision on new ones."""

from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from backups.admin.readonly import ReadOnly
from backups.templatetags.records import ago, badge
from backups.views.host_keys import KEYS_AT_ONCE, host_keys_path
from devices.models import HostKey
from devices.models.host_key import HostKeyQuerySet

if TYPE_CHECKING:  # the type parameter is for mypy alone
    _HostKeys = admin.ModelAdmin[HostKey]
else:
    _HostKeys = admin.ModelAdmin


@admin.register(HostKey)
class HostKeyAdmin(ReadOnly, _HostKeys):
    """Host keys, the newest first: nobody enters one by hand."""

    list_display = ["shown_by", "standing", "protocol", "shown_key", "first_seen", "last_seen", "decided_by"]
    list_display_links = ["shown_key"]
    list_filter = ["state", "kind"]
    list_select_related = ["device", "gateway", "decided_by"]
    search_fields = ["device__hostname", "gateway__name", "fingerprint"]
    ordering = ["-first_seen_at", "-id"]
    actions = ["accept_selected"]
    change_form_template = "admin/devices/hostkey/change_form.html"
    change_list_template = "admin/devices/hostkey/change_list.html"
    fields = (
        "shown_by", "kind", "fingerprint", "text", "standing", "first_seen_at", "last_seen_at", "decided_by",
        "decided_at",
    )  # fmt: skip
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> HostKeyQuerySet:
        """Only those that the user sees."""
        return HostKey.objects.visible_to(request.user)

    @admin.display(description="Kind", ordering="kind")
    def protocol(self, key: HostKey) -> str:
        """SSH or TLS."""
        return key.kind.upper()

    @admin.display(description="Fingerprint", ordering="fingerprint")
    def shown_key(self, key: HostKey) -> SafeString:
        """As ssh-keygen or openssl print it."""
        return format_html('<span class="nr-mono nr-wrap">{}</span>', key.fingerprint)

    @admin.display(description="Device or gateway", ordering="device__hostname")
    def shown_by(self, key: HostKey) -> str | SafeString:
        """Who showed it."""
        if key.device_id:
            return format_html('<a href="{}">{}</a>', reverse("pages:device", args=[key.device_id]), key.device)
        return f"{key.gateway} (gateway)"

    @admin.display(description="State", ordering="state")
    def standing(self, key: HostKey) -> SafeString:
        """As a badge."""
        return badge(key.state)

    @admin.display(description="First seen", ordering="first_seen_at")
    def first_seen(self, key: HostKey) -> str | SafeString:
        """When it was shown for the first time."""
        return ago(key.first_seen_at)

    @admin.display(description="Last seen", ordering="last_seen_at")
    def last_seen(self, key: HostKey) -> str | SafeString:
        """To a day."""
        return ago(key.last_seen_at)

    def has_accept_permission(self, request: HttpRequest) -> bool:
        """May this user decide? (Asked by Django for `permissions=["accept"]`.)"""
        return request.user.has_perm("devices.accept_hostkey")

    @admin.action(description="Accept new key …", permissions=["accept"])
    def accept_selected(self, request: HttpRequest, queryset: HostKeyQuerySet) -> HttpResponse | None:
        """On to the page that shows both keys and asks."""
        offered = list(queryset.offered()[: KEYS_AT_ONCE + 1])
        if len(offered) > KEYS_AT_ONCE:
            messages.error(request, f"Choose at most {KEYS_AT_ONCE} keys at once: each of them is to be looked at.")
            return None
        if not offered:
            messages.warning(request, "None of these keys waits for a decision.")
            return None
        return redirect(host_keys_path(offered))

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> Any:
        """One key, with a link to the decision if it waits for one."""
        key = self.get_object(request, object_id)
        if key and key.state == HostKey.State.OFFERED and self.has_accept_permission(request):
            extra_context = (extra_context or {}) | {"decide_path": host_keys_path([key])}
        return super().change_view(request, object_id, form_url, extra_context)

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """With a hint when there is no key at all."""
        no_keys = not self.get_queryset(request).exists()
        return super().changelist_view(request, {"no_keys": no_keys} | (extra_context or {}))
