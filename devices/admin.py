"""Operator console: platforms, gateways, tags, and the part of devices that knows nothing of backups."""

from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from credentials.models import Credential
from devices.gateway_test import ACCEPTED, try_gateway
from devices.models import Device, DeviceQuerySet, Gateway, HostKey, Platform, Tag, TagCredential
from devices.usage import choosing

if TYPE_CHECKING:  # the type parameter is for mypy alone
    _Devices = admin.ModelAdmin[Device]
    _Gateways = admin.ModelAdmin[Gateway]
    _Platforms = admin.ModelAdmin[Platform]
    _Tags = admin.ModelAdmin[Tag]
    _TagCredentials = admin.TabularInline[TagCredential, Tag]
    _Records = admin.ModelAdmin[Any]
else:
    _Records = object
    _Devices = _Gateways = _Platforms = _Tags = admin.ModelAdmin
    _TagCredentials = admin.TabularInline

TESTS = 5  # gateways that one action tries
FACTS = ("vendor", "model", "os_version", "serial_number")


class ChoosesCredential(_Records):
    """For forms in which a credential is chosen, from a plain list: that needs no script, and reads no secret."""

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """As Django makes it."""
        if db_field.related_model is Credential:
            kwargs.setdefault("queryset", Credential.objects.without_secrets())
        return super().formfield_for_foreignkey(db_field, request, **kwargs)


class DeviceAdminBase(ChoosesCredential, _Devices):
    """Devices; backups.admin adds how their backups went, and registers it."""

    search_fields = ["hostname", "address", "serial_number"]
    filter_horizontal = ["tags"]
    list_select_related = ["platform"]
    list_per_page = 50
    show_full_result_count = False
    fieldsets = [
        (
            None,
            {
                "fields": [
                    "hostname",
                    ("address", "port"),
                    "platform",
                    "credential",
                    "tags",
                    "gateway",
                    "enabled",
                    "description",
                ]
            },
        ),
        ("As the device last told", {"fields": [("vendor", "model"), "os_version", "serial_number"]}),
    ]
    readonly_fields = FACTS

    def get_queryset(self, request: HttpRequest) -> DeviceQuerySet:
        """Only the devices that the user sees."""
        return Device.objects.visible_to(request.user)

    def get_readonly_fields(self, request: HttpRequest, obj: Device | None = None) -> Any:
        """Who may not see log-ins or gateways may not choose one."""
        chosen = {"credential": "credentials.view_credential", "gateway": "devices.view_gateway"}
        hidden = [field for field, permission in chosen.items() if not request.user.has_perm(permission)]
        return [*super().get_readonly_fields(request, obj), *hidden]

    def get_fieldsets(self, request: HttpRequest, obj: Device | None = None) -> Any:
        """A new device has told nothing yet."""
        return self.fieldsets if obj else self.fieldsets[:1]


class KeepsChosen(_Records):
    """For tags and platforms: those that say which devices a schedule means are not deleted."""

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """As Django finds them, and what names them."""
        deleted, counts, lacking, protected = super().get_deleted_objects(objs, request)
        if choosers := choosing(list(objs), request.user):
            protected = [*protected, f"{choosers}: choose other devices there first."]
        return deleted, counts, lacking, protected


class PlatformAdminBase(KeepsChosen, _Platforms):
    """Platforms: a new system is a row here, not a release; backups.admin adds a preview, and registers it."""

    list_display = ["name", "slug", "driver", "default_port", "end_pattern", "max_shrink_percent"]
    search_fields = ["name", "slug", "driver"]
    fieldsets = [
        (None, {"fields": ["name", "slug", "driver", "default_port", "optional_args"]}),
        (
            "What counts as a complete configuration",
            {"fields": ["end_pattern", "error_patterns", "max_shrink_percent"]},
        ),
        ("What does not count as a change", {"fields": ["volatile_patterns"]}),
        ("What only those see who may read secrets", {"fields": ["secret_patterns"]}),
    ]

    def get_readonly_fields(self, request: HttpRequest, obj: Platform | None = None) -> Any:
        """Who may not read secrets may not say what is one."""
        return [] if request.user.has_perm(Platform.SECRETS_PERMISSION) else ["secret_patterns"]


class GatewayAdminBase(ChoosesCredential, _Gateways):
    """Gateways, with what is behind them; backups.admin adds how they fared, and registers it."""

    list_display = ["name", "address", "port", "credential", "device_count", "host_key", "max_sessions"]
    search_fields = ["name", "address", "description"]
    list_select_related = ["credential"]
    fields = ["name", ("address", "port"), "credential", "max_sessions", "description"]
    actions = ["test_selected"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Gateway]:
        """With what is known of their host keys; no secret is read."""
        keys = HostKey.objects.filter(gateway=OuterRef("pk"))
        gateways: QuerySet[Gateway] = super().get_queryset(request)
        return gateways.defer(*(f"credential__{name}" for name in Credential.SECRET_FIELDS)).annotate(
            key_waits=Exists(keys.filter(state=HostKey.State.OFFERED)),
            key_known=Exists(keys.filter(state=HostKey.State.TRUSTED)),
        )

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """With the devices behind the gateways of a page, counted once for all of them."""
        changes = super().get_changelist_instance(request)
        behind = Device.objects.all().behind_gateways()
        for gateway in changes.result_list:
            gateway.behind = behind.get(gateway.pk, {})
        return changes

    def get_readonly_fields(self, request: HttpRequest, obj: Gateway | None = None) -> Any:
        """Who may not see log-ins may not choose one."""
        return [] if request.user.has_perm("credentials.view_credential") else ["credential"]

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Names of credentials, none of their secrets."""
        if db_field.name == "credential":
            kwargs["queryset"] = Credential.objects.without_secrets()
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Gateways in use: say what to do, and name no device that the user may not see."""
        deleted, counts, lacking, protected = super().get_deleted_objects(objs, request)
        if protected:
            protected = ["Devices or tags go through this gateway: give them another way first."]
            return deleted, counts, set(), protected
        return deleted, counts, lacking, protected

    @admin.display(description="Devices behind it")
    def device_count(self, gateway: Any) -> int:
        """By their own choice, or that of their tags."""
        return int(gateway.behind.get("devices", 0))

    @admin.display(description="Host key")
    def host_key(self, gateway: Any) -> str:
        """Whether one is trusted, or another one waits for a decision."""
        if gateway.key_waits:
            return "another one waits for a decision" if gateway.key_known else "waits for a decision"
        return "trusted" if gateway.key_known else "not seen yet"

    @admin.action(description="Test the selected gateways: log in now", permissions=["change"])
    def test_selected(self, request: HttpRequest, gateways: QuerySet[Gateway]) -> None:
        """One after the other, at most five: each may take fifteen seconds."""
        for gateway in gateways[:TESTS]:
            self.test(request, gateway)
        if (left := gateways.count() - TESTS) > 0:
            self.message_user(request, f"{left} more were not tested: select up to {TESTS}.", messages.WARNING)

    def test(self, request: HttpRequest, gateway: Gateway) -> None:
        """Log in now, and say what came of it."""
        test = try_gateway(gateway)
        level = messages.SUCCESS if test.result == ACCEPTED else messages.ERROR
        self.message_user(request, f"{test.message} ({test.seconds:g} s)", level)


class TagCredentialInline(ChoosesCredential, _TagCredentials):
    """The log-ins of a tag, in the order in which they are tried."""

    model = TagCredential
    extra = 1
    verbose_name = "log-in"
    verbose_name_plural = "log-ins for devices with this tag"


class TagAdminBase(KeepsChosen, _Tags):
    """Tags; backups.admin adds how their log-ins fared, and registers it."""

    inlines = [TagCredentialInline]

    list_display = ["name", "color", "description", "objective", "stale_devices"]
    search_fields = ["name"]
    filter_horizontal = ["groups"]
    fields = ["name", "color", "description", "groups", "gateway", "max_sessions", "max_age_hours"]

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """With the stale devices of the tags of a page, counted once for all of them."""
        changes = super().get_changelist_instance(request)
        stale = Device.objects.visible_to(request.user).stale().count_by_tag()
        for tag in changes.result_list:
            tag.stale_count = stale.get(tag.pk, 0)
        return changes

    @admin.display(description="Good backup within", ordering="max_age_hours")
    def objective(self, tag: Tag) -> str:
        """Its hours, if it says so."""
        return "–" if tag.max_age_hours is None else f"{tag.max_age_hours} h"

    @admin.display(description="Stale devices")
    def stale_devices(self, tag: Any) -> str | SafeString:
        """Of those with this tag that the user sees: how many miss their objective, with a link to them."""
        if not tag.stale_count:
            return "0"
        listed = f"{reverse('admin:devices_device_changelist')}?tags__id__exact={tag.pk}&stale=yes"
        return format_html('<a href="{}">{}</a>', listed, tag.stale_count)

    def get_readonly_fields(self, request: HttpRequest, obj: Tag | None = None) -> Any:
        """Who may not see gateways may not choose one."""
        return [] if request.user.has_perm("devices.view_gateway") else ["gateway"]

    def get_inlines(self, request: HttpRequest, obj: Tag | None) -> Any:
        """Who may not see log-ins may not choose one."""
        return self.inlines if request.user.has_perm("credentials.view_credential") else []
