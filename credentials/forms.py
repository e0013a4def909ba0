"""Write-only form fields: a stored secret is never rendered, an empty input keeps it, “Remove” clears it."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from django import forms
from django.core.exceptions import ValidationError


class SecretEntry(NamedTuple):
    """What somebody entered."""

    text: str
    remove: bool


class SecretInput(forms.PasswordInput):
    """A password input that shows only whether a secret is stored."""

    template_name = "credentials/secret_input.html"
    input_template = "django/forms/widgets/password.html"

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__({"autocomplete": "new-password", **(attrs or {})}, render_value=False)

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        """Of the value only whether there is one."""
        context = super().get_context(name, None, attrs)
        input_id = context["widget"]["attrs"].get("id", f"id_{name}")
        context["widget"] |= {
            "input_template": self.input_template,
            "is_set": bool(value),
            "remove_name": self._remove_name(name),
            "remove_id": f"{input_id}-remove",
        }
        return context

    def value_from_datadict(self, data: Mapping[str, Any], files: Any, name: str) -> SecretEntry:
        """The text and the check box together."""
        return SecretEntry(data.get(name) or "", remove=self._remove_name(name) in data)

    def value_omitted_from_data(self, data: Mapping[str, Any], files: Any, name: str) -> bool:
        """Whether the form was sent without this field."""
        return name not in data and self._remove_name(name) not in data

    def _remove_name(self, name: str) -> str:
        return f"{name}-remove"


class SecretTextarea(SecretInput):
    """The same for secrets of several lines."""

    input_template = "django/forms/widgets/textarea.html"

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__({"rows": 8, "cols": 72, "spellcheck": "false", **(attrs or {})})


class SecretFormField(forms.CharField):
    """Cleans to the new text, to "" (remove) or to None (keep what is stored)."""

    widget = SecretInput

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{**kwargs, "strip": False})

    def clean(self, value: SecretEntry) -> str | None:
        """Raises ValidationError for a text and “Remove” together."""
        if value.remove and value.text:
            raise ValidationError("Either enter a new one or tick “Remove”, not both.", code="contradiction")
        if value.remove:
            return ""
        return super().clean(value.text) or None

    def has_changed(self, initial: Any, data: SecretEntry | None) -> bool:
        """Whether anything was entered: what is stored does not matter."""
        return data is not None and (bool(data.text) or data.remove)

    def bound_data(self, data: Any, initial: Any) -> Any:
        """A form that is shown again with errors does not repeat what was entered."""
        return initial

    def prepare_value(self, value: Any) -> bool:
        """The widget learns only whether something is stored."""
        return bool(value)
