"""Operator console: platforms, tags, and the part of devices that knows nothing of backups."""

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.http import HttpRequest

from devices.models import Device, DeviceQuerySet, Platform, Tag, TagCredential

if TYPE_CHECKING:  # the type parameter is for mypy alone
    _Devices = admin.ModelAdmin[Device]
    _Platforms = admin.ModelAdmin[Platform]
    _Tags = admin.ModelAdmin[Tag]
    _TagCredentials = admin.TabularInline[TagCredential, Tag]
else:
    _Devices = _Platforms = _Tags = admin.ModelAdmin
    _TagCredentials = admin.TabularInline

FACTS = ("vendor", "model", "os_version", "serial_number")


class DeviceAdminBase(_Devices):
    """Devices; backups.admin adds how their backups went, and registers it."""

    search_fields = ["hostname", "address", "serial_number"]
    autocomplete_fields = ["credential", "tags"]
    list_select_related = ["platform"]
    list_per_page = 50
    show_full_result_count = False
    fieldsets = [
        (
            None,
            {"fields": ["hostname", ("address", "port"), "platform", "credential", "tags", "enabled", "description"]},
        ),
        ("As the device last told", {"fields": [("vendor", "model"), "os_version", "serial_number"]}),
    ]
    readonly_fields = FACTS

    def get_queryset(self, request: HttpRequest) -> DeviceQuerySet:
        """Only the devices that the user sees."""
        return Device.objects.visible_to(request.user)

    def get_readonly_fields(self, request: HttpRequest, obj: Device | None = None) -> Any:
        """Who may not see log-ins may not choose one."""
        fixed = super().get_readonly_fields(request, obj)
        return fixed if request.user.has_perm("credentials.view_credential") else [*fixed, "credential"]

    def get_fieldsets(self, request: HttpRequest, obj: Device | None = None) -> Any:
        """A new device has told nothing yet."""
        return self.fieldsets if obj else self.fieldsets[:1]


@admin.register(Platform)
class PlatformAdmin(_Platforms):
    """Platforms: a new operating system is a row here, not a release."""

    list_display = ["name", "slug", "driver", "default_port", "end_pattern", "max_shrink_percent"]
    search_fields = ["name", "slug", "driver"]
    fieldsets = [
        (None, {"fields": ["name", "slug", "driver", "default_port", "optional_args"]}),
        (
            "What counts as a complete configuration",
            {"fields": ["end_pattern", "error_patterns", "max_shrink_percent"]},
        ),
        ("What does not count as a change", {"fields": ["volatile_patterns"]}),
    ]


class TagCredentialInline(_TagCredentials):
    """The log-ins of a tag, in the order in which they are tried."""

    model = TagCredential
    autocomplete_fields = ["credential"]
    extra = 1
    verbose_name = "log-in"
    verbose_name_plural = "log-ins for devices with this tag"


class TagAdminBase(_Tags):
    """Tags; backups.admin adds how their log-ins fared, and registers it."""

    inlines = [TagCredentialInline]

    list_display = ["name", "color", "description"]
    search_fields = ["name"]
    filter_horizontal = ["groups"]

    def get_inlines(self, request: HttpRequest, obj: Tag | None) -> Any:
        """Who may not see log-ins may not choose one."""
        return self.inlines if request.user.has_perm("credentials.view_credential") else []
