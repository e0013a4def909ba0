"""Operator console: who is told what, and a button that tries it."""

import uuid
from typing import TYPE_CHECKING, Any, ClassVar, cast

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path, reverse
from django.utils.decorators import method_decorator
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from backups.admin.states import state_badge
from backups.exceptions import RequestRefused
from backups.models import Channel, Delivery
from backups.notifications.channels import refuse_unless_seen, save_channel, send_test
from backups.templatetags.records import ago, badge
from backups.views.access import UserRequest
from credentials.forms import SecretInput

if TYPE_CHECKING:  # the type parameters are for mypy alone
    _Channels = admin.ModelAdmin[Channel]
    _Form = forms.ModelForm[Channel]
else:
    _Channels, _Form = admin.ModelAdmin, forms.ModelForm

EVENTS = ("on_changed", "on_failed", "every_failure", "on_recovered", "on_stale")
FIELDSETS: Any = [
    (None, {"fields": ["name", "kind", "enabled"]}),
    ("E-mail", {"fields": ["addresses"], "description": "This counts for e-mail only."}),
    ("Webhook", {"fields": ["url", "secret"], "description": "This counts for webhooks only."}),
    ("What it tells", {"fields": [*EVENTS, "with_diff", "tags"]}),
    ("When", {"fields": ["mode", "digest_time", "time_zone"]}),
]
# Django would print a secret that is no input
TO_LOOK_AT: Any = [
    (None, {"fields": ["name", "kind", "enabled", "addresses", "url", "has_secret"]}),
    ("What it tells", {"fields": [*EVENTS, "with_diff", "tags"]}),
    ("When", {"fields": ["mode", "digest_time", "time_zone"]}),
]


class ChannelForm(_Form):
    """A channel; whoever sets one up sees all that it tells."""

    user: ClassVar[User]

    class Meta:
        model = Channel
        fields: tuple[str, ...] = ()  # the console says which
        widgets = {
            "secret": SecretInput({"class": "vTextField"}),
            "addresses": forms.Textarea({"rows": 3, "class": "vLargeTextField"}),
        }

    def clean(self) -> dict[str, Any]:
        """Raises ValidationError for tags of devices that the user does not see."""
        cleaned = super().clean() or self.cleaned_data
        if "tags" in cleaned and "with_diff" in cleaned:
            tags = [tag.pk for tag in cleaned["tags"]] or None
            refuse_unless_seen(self.user, tags, with_diff=cleaned["with_diff"])
        return cleaned


@admin.register(Channel)
class ChannelAdmin(_Channels):
    """Channels, how their last message fared, and a test."""

    form = ChannelForm
    list_display = ["name", "kind", "state", "events", "mode", "last"]
    list_filter = ["kind", "enabled"]
    search_fields = ["name", "addresses"]
    ordering = ["name"]
    list_per_page = 50
    show_full_result_count = False
    filter_horizontal = ["tags"]
    fieldsets = FIELDSETS
    change_form_template = "admin/backups/channel/change_form.html"
    change_list_template = "admin/backups/channel/change_list.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Channel]:
        """With the newest delivery that has ended; no secret is read for the list."""
        ended = Delivery.objects.filter(channel=OuterRef("pk"), ended_at__isnull=False).order_by("-created_at")
        return Channel.objects.without_secrets().annotate(
            last_status=Subquery(ended.values("status")[:1]), last_at=Subquery(ended.values("ended_at")[:1])
        )

    @admin.display(description="State", ordering="enabled")
    def state(self, channel: Channel) -> SafeString:
        """As a badge; why NetRaven switched it off, if it did."""
        return state_badge(channel, by_netraven="Switched off by NetRaven", by_hand="Off")

    @admin.display(description="Tells of")
    def events(self, channel: Channel) -> str:
        """The kinds of events."""
        return ", ".join(channel.wanted)

    @admin.display(description="Last message")
    def last(self, channel: Any) -> str | SafeString:
        """How it fared and when, with a link to all of them."""
        if not channel.last_status:
            return "–"
        listed = f"{reverse('admin:backups_delivery_changelist')}?channel__id__exact={channel.pk}"
        return format_html('{} <a href="{}">{}</a>', badge(channel.last_status), listed, ago(channel.last_at))

    @admin.display(description="Signing secret")
    def has_secret(self, channel: Channel) -> str:
        """Whether there is one."""
        return "set" if channel.secret else "–"

    def get_fieldsets(self, request: HttpRequest, obj: Channel | None = None) -> Any:
        """Who may only look sees no secret."""
        return TO_LOOK_AT if obj and not self.has_change_permission(request, obj) else FIELDSETS

    def get_readonly_fields(self, request: HttpRequest, obj: Channel | None = None) -> Any:
        """What only those get who may only look."""
        return ["has_secret"] if obj and not self.has_change_permission(request, obj) else []

    def get_form(self, request: HttpRequest, obj: Channel | None = None, change: bool = False, **kwargs: Any) -> Any:
        """The form of this user."""
        form: Any = super().get_form(request, obj, change, **kwargs)
        form.user = request.user
        return form

    def save_model(self, request: HttpRequest, obj: Channel, form: Any, change: bool) -> None:
        """Through the service, with its tags."""
        save_channel(obj, user=cast(UserRequest, request).user, tags=form.cleaned_data["tags"])

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """The service has saved them."""

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Names: Django's own would list every delivery of each."""
        names = [str(channel) for channel in objs]
        lacking = set() if self.has_delete_permission(request) else {str(self.opts.verbose_name)}
        return names, {str(self.opts.verbose_name_plural): len(names)}, lacking, []

    def get_urls(self) -> list[URLPattern]:
        """The button's address beside Django's own."""
        button = self.admin_site.admin_view(require_POST(self.test_one))
        return [path("<uuid:pk>/test/", button, name="backups_channel_test"), *super().get_urls()]

    def test_one(self, request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
        """The button "Send a test message": what came of it is told above the form."""
        channel = get_object_or_404(Channel.objects.without_secrets(), pk=pk)
        if not self.has_change_permission(request, channel):
            raise PermissionDenied
        try:
            _, outcome = send_test(channel)
        except RequestRefused as error:
            self.message_user(request, str(error), messages.WARNING)
        else:
            sentence = f"The test message was {'sent' if outcome.sent else 'not delivered'}. {outcome.answer}"
            self.message_user(request, sentence, messages.SUCCESS if outcome.sent else messages.ERROR)
        return redirect("admin:backups_channel_change", pk)

    @method_decorator(sensitive_post_parameters())
    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Error reports leave out what was posted."""
        return super().changeform_view(request, *args, **kwargs)

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """With a hint when there is no channel at all."""
        no_channels = not Channel.objects.exists()
        return super().changelist_view(request, {"no_channels": no_channels} | (extra_context or {}))
