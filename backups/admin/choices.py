"""Forms of the console that ask for a log-in, or for a device."""

import uuid
from collections.abc import Sequence
from typing import Any, cast

from django import forms
from django.contrib import admin
from django.contrib.admin.widgets import AutocompleteSelect
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError

from backups.models import Job, LoginAttempt
from backups.named_login import may_name_credential, may_name_tag
from credentials.models import Credential
from devices.models import Device, Tag


class Search(AutocompleteSelect):
    """A search as one types; what is no id chooses nothing, where Django's own would fail."""

    def optgroups(self, name: str, value: Sequence[str], attrs: dict[str, Any] | None = None) -> Any:
        """Only what is chosen: the rest is searched for."""
        return super().optgroups(name, [text for text in value if is_id(text)], attrs)


def is_id(text: str) -> bool:
    """Whether it could be the id of a record."""
    try:
        uuid.UUID(text)
    except ValueError:
        return False
    return True


class LogInChoice(forms.Form):
    """The log-in for a backup, of what the user may choose: a credential, or a tag for its credentials."""

    credential = forms.ModelChoiceField(
        Credential.objects.without_secrets(),
        required=False,
        help_text="This one alone is tried.",
        widget=Search(Job._meta.get_field("credential"), admin.site),
    )
    tag = forms.ModelChoiceField(
        Tag.objects.all(),
        required=False,
        label="Or the log-ins of a tag",
        help_text="They are tried in their order, whatever tags the devices have.",
        widget=Search(Job._meta.get_field("tag"), admin.site),
    )

    def __init__(self, *args: Any, user: User, **options: Any) -> None:
        super().__init__(*args, **options)
        if not may_name_credential(user):
            del self.fields["credential"]
        if not may_name_tag(user):
            del self.fields["tag"]

    def clean(self) -> dict[str, Any]:
        """Raises ValidationError unless one of the two is chosen."""
        chosen = {name: value for name, value in self.cleaned_data.items() if value}
        if not self.errors and len(chosen) != 1:
            raise ValidationError("Choose a credential or a tag, not both." if chosen else "Choose a log-in.")
        return chosen


class LoginTestChoice(forms.Form):
    """A credential, and a device that the user sees to try it on."""

    credential = forms.ModelChoiceField(
        Credential.objects.without_secrets(), widget=Search(LoginAttempt._meta.get_field("credential"), admin.site)
    )
    device = forms.ModelChoiceField(
        Device.objects.none(), widget=Search(LoginAttempt._meta.get_field("device"), admin.site)
    )

    def __init__(self, *args: Any, user: User, **options: Any) -> None:
        super().__init__(*args, **options)
        devices = cast("forms.ModelChoiceField[Device]", self.fields["device"])
        devices.queryset = Device.objects.visible_to(user).select_related("platform")
