"""Operator console: credentials and tags with how their log-ins fared, and the page that tries a credential now."""

from typing import TYPE_CHECKING, Any, ClassVar, cast

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import URLPattern, path
from django.utils.safestring import SafeString

from backups.admin.choices import LoginTestChoice
from backups.exceptions import TooManyTests
from backups.login_statistics import DAYS, NEWEST, newest_attempts, with_login_statistics
from backups.login_test import PERMISSIONS, try_login
from backups.models import LoginAttempt
from backups.templatetags.records import ago
from backups.views.access import UserRequest
from credentials.admin import CredentialAdminBase
from credentials.models import Credential
from devices.admin import TagAdminBase
from devices.models import Tag

if TYPE_CHECKING:
    _Admin = admin.ModelAdmin[Any]
else:
    _Admin = object


class WithLoginStatistics(_Admin):
    """For the ModelAdmin of credentials or tags: columns, and on the page of one its newest attempts."""

    attempts_of: ClassVar[str]  # the field of LoginAttempt

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """With the figures, in the same query."""
        return with_login_statistics(super().get_queryset(request), self.attempts_of)

    @admin.display(description="Accepted", ordering="accepted")
    def accepted(self, row: Any) -> int:
        """Attempts of the last 30 days that a device accepted."""
        return int(row.accepted)

    @admin.display(description="Rejected", ordering="rejected")
    def rejected(self, row: Any) -> int:
        """Attempts of the last 30 days that a device rejected."""
        return int(row.rejected)

    @admin.display(description="Last used", ordering="last_used_at")
    def last_used(self, row: Any) -> str | SafeString:
        """When a device last said anything to it."""
        return ago(row.last_used_at)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """With the figures and the newest attempts; devices that the user does not see are not named."""
        subject = self.get_object(request, object_id)
        if subject and self.has_view_permission(request, subject):
            attempts = LoginAttempt.objects.filter(**{self.attempts_of: subject.pk})
            extra_context = (extra_context or {}) | {
                "fared": subject,
                "attempts": newest_attempts(attempts, request.user),
                "attempts_shown": NEWEST,
                "days": DAYS,
            }
        return super().change_view(request, object_id, form_url, extra_context)


@admin.register(Credential)
class CredentialAdmin(WithLoginStatistics, CredentialAdminBase):
    """Credentials, how they fared, and a test."""

    attempts_of = "credential"
    list_display = ["name", "username", "secrets", "device_count", "accepted", "rejected", "last_used", "updated_at"]
    change_form_template = "admin/credentials/credential/change_form.html"

    def get_urls(self) -> list[URLPattern]:
        """The test's address beside Django's own."""
        test = path("test/", self.admin_site.admin_view(login_test), name="credentials_credential_test")
        return [test, *super().get_urls()]


@admin.register(Tag)
class TagAdmin(WithLoginStatistics, TagAdminBase):
    """Tags, and how their log-ins fared."""

    attempts_of = "tag"
    list_display = [*TagAdminBase.list_display, "accepted", "rejected", "last_used"]
    change_form_template = "admin/devices/tag/change_form.html"


def login_test(request: HttpRequest) -> HttpResponse:
    """Choose a credential and a device (`?credential=`, `?device=`), and see whether the device lets us in."""
    user = cast(UserRequest, request).user
    if not user.has_perms(PERMISSIONS):
        raise PermissionDenied
    form = LoginTestChoice(request.POST if request.method == "POST" else None, initial=request.GET.dict(), user=user)
    test = None
    if form.is_valid():
        try:
            test = try_login(form.cleaned_data["credential"], form.cleaned_data["device"], user=user)
        except TooManyTests as error:
            form.add_error(None, str(error))
    context = {"title": "Test a log-in", "form": form, "test": test, "opts": Credential._meta}
    return render(request, "admin/login_test.html", admin.site.each_context(request) | context)
