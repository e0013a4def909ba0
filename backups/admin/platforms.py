"""Operator console: platforms, with what other patterns would do to stored history."""

from typing import TYPE_CHECKING, Any, cast

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse

from backups.admin.previewing import Previewing
from backups.rule_preview.secrets import preview_secrets
from backups.rule_preview.volatile import preview_volatile
from backups.views.access import UserRequest
from backups.views.configs import READER
from devices.admin import PlatformAdminBase
from devices.models import Platform

if TYPE_CHECKING:  # the type parameter is for mypy alone
    _Form = forms.ModelForm[Platform]
else:
    _Form = forms.ModelForm


class PlatformForm(Previewing, _Form):
    """All fields, and the preview."""


@admin.register(Platform)
class PlatformAdmin(PlatformAdminBase):
    """Platforms with a preview of their patterns."""

    form = PlatformForm
    change_form_template = "admin/devices/platform/change_form.html"

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        """With what the patterns that are filled in would do, if that is asked for."""
        form, stored = context["adminform"].form, kwargs.get("obj")
        context["previewing"] = form.is_bound and form.previewing and not form.errors
        if context["previewing"]:
            context |= self._preview(cast(UserRequest, request), form, stored)
        return super().render_change_form(request, context, *args, **kwargs)

    def _preview(self, request: UserRequest, form: Any, edited: Platform | None) -> dict[str, Any]:
        """The form's instance is not looked at but for its new patterns: texts are masked with those that are saved."""
        if not request.user.has_perms(READER):
            return {"unseen": True}
        stored = Platform.objects.filter(pk=edited.pk).first() if edited else None
        if not stored:
            return {"new": True}
        previews = {"volatile": preview_volatile, "secrets": preview_secrets}
        fields = {"volatile": "volatile_patterns", "secrets": "secret_patterns"}
        given = {name: form.cleaned_data[field] for name, field in fields.items() if field in form.cleaned_data}
        return {
            name: previews[name](stored, patterns, request.user)
            for name, patterns in given.items()
            if patterns.split() != getattr(stored, fields[name]).split()
        }
