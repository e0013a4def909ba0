"""Operator console: what was sent to channels, why it was not, and a button to send it again."""

import uuid
from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path
from django.utils.safestring import SafeString
from django.views.decorators.http import require_POST

from backups.admin.readonly import ReadOnly
from backups.exceptions import RequestRefused
from backups.models import Delivery
from backups.models.delivery import counts_of
from backups.notifications.channels import send_again
from backups.templatetags.records import badge, utc

if TYPE_CHECKING:  # the type parameter is for mypy alone
    _Deliveries = admin.ModelAdmin[Delivery]
else:
    _Deliveries = admin.ModelAdmin

SHOWN = 100  # events of one
PAGE = "admin:backups_delivery_change"


@admin.register(Delivery)
class DeliveryAdmin(ReadOnly, _Deliveries):
    """Deliveries that name no device that the user does not see, newest first."""

    list_display = ["made", "channel", "told", "state", "attempts", "next_try", "answer"]
    list_filter = ["status", "channel", "test", "created_at"]
    search_fields = ["channel__name", "answer"]
    ordering = ["-created_at", "-id"]
    actions = ["send_selected_again"]
    change_form_template = "admin/backups/delivery/change_form.html"
    change_list_template = "admin/backups/delivery/change_list.html"
    fields = ()  # see its template

    def get_queryset(self, request: HttpRequest) -> QuerySet[Delivery]:
        """Without the secrets of their channels."""
        return Delivery.objects.visible_to(request.user).select_related("channel").defer("channel__secret")

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """With what the deliveries of a page tell of, counted once for all of them."""
        changes = super().get_changelist_instance(request)
        shown = list(changes.result_list)
        counts = counts_of(shown)
        for delivery in shown:
            delivery.counts = counts[delivery.pk]
        changes.result_list = shown
        return changes

    @admin.display(description="Made", ordering="created_at")
    def made(self, delivery: Delivery) -> str | SafeString:
        """When."""
        return utc(delivery.created_at)

    @admin.display(description="Tells of")
    def told(self, delivery: Any) -> str:
        """How many events of each kind."""
        return _in_words(delivery, delivery.counts)

    @admin.display(description="Status", ordering="status")
    def state(self, delivery: Delivery) -> SafeString:
        """As a badge."""
        return badge(delivery.status)

    @admin.display(description="Next try", ordering="next_try_at")
    def next_try(self, delivery: Delivery) -> str | SafeString:
        """When, while it is pending."""
        if delivery.status != Delivery.Status.PENDING:
            return "–"
        return utc(delivery.next_try_at) if delivery.next_try_at else "when its job has ended"

    def has_send_permission(self, request: HttpRequest) -> bool:
        """May this user send deliveries again? (Asked by Django for `permissions=["send"]`.)"""
        return request.user.has_perm("backups.change_channel")

    @admin.action(description="Send again", permissions=["send"])
    def send_selected_again(self, request: HttpRequest, queryset: QuerySet[Delivery]) -> None:
        """Each by itself."""
        for delivery in queryset.order_by("created_at"):
            self._send_again(request, delivery)

    def get_urls(self) -> list[URLPattern]:
        """The button's address beside Django's own."""
        button = self.admin_site.admin_view(require_POST(self.send_one_again))
        return [path("<uuid:pk>/again/", button, name="backups_delivery_again"), *super().get_urls()]

    def send_one_again(self, request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
        """The button "Send again" on a delivery's page; on to the new one."""
        if not (self.has_view_permission(request) and self.has_send_permission(request)):
            raise PermissionDenied
        delivery = get_object_or_404(self.get_queryset(request), pk=pk)
        return redirect(PAGE, (self._send_again(request, delivery) or delivery).pk)

    def _send_again(self, request: HttpRequest, delivery: Delivery) -> Delivery | None:
        try:
            copy = send_again(delivery)
        except RequestRefused as error:
            self.message_user(request, f"{delivery}: {error}", messages.WARNING)
            return None
        self.message_user(request, f"{copy} was made. It is sent within seconds.", messages.SUCCESS)
        return copy

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> Any:
        """One delivery, and what it tells of."""
        delivery = self.get_object(request, object_id)
        if delivery and self.has_view_permission(request, delivery):
            counts = counts_of([delivery])[delivery.pk]
            extra_context = (extra_context or {}) | {
                "delivery": delivery,
                "title": str(delivery),
                "subtitle": None,
                "told": _in_words(delivery, counts),
                "items": delivery.items.select_related("device").order_by("id")[:SHOWN],
                "more": max(0, sum(counts.values()) - SHOWN),
                "may_send": self.has_send_permission(request),
            }
        return super().change_view(request, object_id, form_url, extra_context)

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """With a hint when there is no delivery at all."""
        no_deliveries = not Delivery.objects.visible_to(request.user).exists()
        return super().changelist_view(request, {"no_deliveries": no_deliveries} | (extra_context or {}))


def _in_words(delivery: Delivery, counts: dict[str, int]) -> str:
    """`3 failed, 12 changed`."""
    return "a test" if delivery.test else ", ".join(f"{number} {kind}" for kind, number in counts.items()) or "–"
