"""The operator console for log-ins, without what backups know of them: secrets go in, none comes out."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin
from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse
from django.utils.decorators import method_decorator
from django.views.decorators.debug import sensitive_post_parameters

from credentials.forms import SecretInput, SecretTextarea
from credentials.models import Credential
from credentials.private_keys import UnusableKey, load_private_key, tidy_private_key
from credentials.usage import count_uses, in_words

if TYPE_CHECKING:
    from django.contrib.admin.options import _FieldsetSpec

    CredentialModelForm = forms.ModelForm[Credential]
    CredentialModelAdmin = admin.ModelAdmin[Credential]
else:
    CredentialModelForm = forms.ModelForm
    CredentialModelAdmin = admin.ModelAdmin

Deletable = QuerySet[Credential] | Sequence[Credential]
DeletedObjects = tuple[list[Any], dict[str, int], set[str], list[str]]


class CredentialForm(CredentialModelForm):
    """A log-in; its private key must open with its passphrase."""

    class Meta:
        model = Credential
        fields = ["name", "username", "password", "enable_secret", "private_key", "passphrase", "description"]
        widgets = {
            "password": SecretInput({"class": "vTextField"}),
            "enable_secret": SecretInput({"class": "vTextField"}),
            "private_key": SecretTextarea({"class": "vLargeTextField"}),
            "passphrase": SecretInput({"class": "vTextField"}),
        }

    def clean_private_key(self) -> str | None:
        """None keeps the stored one."""
        text: str | None = self.cleaned_data["private_key"]
        return tidy_private_key(text) if text else text

    def clean(self) -> dict[str, Any]:
        """Try the key and its passphrase as they will be, new or kept, if one of them is new."""
        cleaned = self.cleaned_data
        key, passphrase = cleaned.get("private_key"), cleaned.get("passphrase")
        if key is None and passphrase is None:
            return cleaned
        key = self.instance.private_key if key is None else key
        passphrase = self.instance.passphrase if passphrase is None else passphrase
        if key:
            try:
                load_private_key(key, passphrase)
            except UnusableKey as error:
                self.add_error(error.field, str(error))
        return cleaned


class CredentialAdminBase(CredentialModelAdmin):
    """Credentials: which secrets are set, never what they are; backups.admin adds how they fared, and registers it."""

    form = CredentialForm
    list_display = ["name", "username", "secrets", "device_count", "updated_at"]
    search_fields = ["name", "username", "description"]
    readonly_fields = ["created_at", "updated_at"]
    fieldsets = [
        (None, {"fields": ["name", "username", "password", "enable_secret"]}),
        ("SSH key", {"fields": ["private_key", "passphrase"]}),
        ("Notes", {"fields": ["description", "created_at", "updated_at"]}),
    ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Credential]:
        """With the number of devices, by a subquery: with a join, what others add would be counted for each row too."""
        counted = Credential.objects.filter(pk=OuterRef("pk")).order_by().annotate(number=Count("devices"))
        return super().get_queryset(request).annotate(device_count=Subquery(counted.values("number")))

    def get_fieldsets(self, request: HttpRequest, obj: Credential | None = None) -> "_FieldsetSpec":
        """Who may only look gets the names of the secrets: Django would print fields that are not inputs."""
        if obj is None or self.has_change_permission(request, obj):
            return super().get_fieldsets(request, obj)
        return [(None, {"fields": ["name", "username", "secrets", "description", "created_at", "updated_at"]})]

    def get_deleted_objects(self, objs: Deletable, request: HttpRequest) -> DeletedObjects:
        """Credentials in use: say what to do, and name no device that the user may not see.

        Django's own would also load every attempt to log in with them: those go, uncounted.
        """
        names = [str(credential) for credential in objs]
        lacking = set() if self.has_delete_permission(request) else {str(self.opts.verbose_name)}
        protected = []
        if uses := count_uses(list(objs)):
            verb = "logs" if sum(uses.values()) == 1 else "log"
            protected = [f"{in_words(uses)} {verb} in with this: choose another credential there first."]
        return names, {str(self.opts.verbose_name_plural): len(names)}, lacking, protected

    @method_decorator(sensitive_post_parameters())
    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Error reports leave out what was posted."""
        return super().changeform_view(request, *args, **kwargs)

    @admin.display(description="Secrets set")
    def secrets(self, credential: Credential) -> str:
        """Their names."""
        return ", ".join(credential.secrets_set)

    @admin.display(description="Devices", ordering="device_count")
    def device_count(self, credential: Credential) -> int:
        """How many devices log in with it."""
        count: int = getattr(credential, "device_count", 0)
        return count
