"""Write-only form fields: each layer keeps a secret to itself, whatever the others do."""

import pytest
from django import forms
from django.core.exceptions import ValidationError
from django.db import models
from django.http import QueryDict

from credentials.admin import CredentialForm
from credentials.fields import SecretField
from credentials.forms import SecretEntry, SecretFormField, SecretInput, SecretTextarea
from credentials.models import Credential

SECRET = "first-Secret"


@pytest.mark.parametrize("widget", [SecretInput(), SecretTextarea()])
def test_a_widget_never_renders_the_value(widget: SecretInput) -> None:
    page = widget.render("password", SECRET, {"id": "id_password"})
    assert SECRET not in page
    assert "Set. Leave this empty to keep it." in page
    assert 'for="id_password-remove"' in page
    assert "Not set." in widget.render("password", "", {"id": "id_password"})


def test_a_field_tells_its_widget_only_whether_there_is_a_value() -> None:
    assert SecretFormField().prepare_value(SECRET) is True
    assert SecretFormField().prepare_value("") is False


def test_a_form_does_not_hold_the_text_of_a_stored_secret() -> None:
    form = CredentialForm(instance=Credential(name="core", password=SECRET))
    assert SECRET not in str(form.initial)
    assert SECRET not in form.as_p()


def test_any_form_of_a_model_is_write_only_by_default() -> None:
    form_class = forms.modelform_factory(Credential, fields=["password"])
    assert SECRET not in form_class(instance=Credential(password=SECRET)).as_p()
    field = Credential._meta.get_field("password")
    assert isinstance(field, SecretField)
    for widget in (None, forms.Textarea, forms.TextInput()):
        made = field.formfield(widget=widget)
        assert made is not None
        assert type(made.widget) is SecretInput
    assert isinstance(field, models.TextField)


@pytest.mark.parametrize(
    ("query", "entry", "cleaned", "changed"),
    [
        ("", SecretEntry("", remove=False), None, False),
        ("s=", SecretEntry("", remove=False), None, False),
        ("s=%20new%20", SecretEntry(" new ", remove=False), " new ", True),
        ("s=&s-remove=on", SecretEntry("", remove=True), "", True),
    ],
)
def test_what_is_entered_keeps_replaces_or_removes(
    query: str, entry: SecretEntry, cleaned: str | None, changed: bool
) -> None:
    field = SecretFormField(required=False)
    read = SecretInput().value_from_datadict(QueryDict(query), {}, "s")
    assert read == entry
    assert field.clean(read) == cleaned
    assert field.has_changed(SECRET, read) is changed


def test_a_secret_with_a_null_character_is_refused_by_forms() -> None:
    with pytest.raises(ValidationError, match="Null characters"):
        SecretFormField().clean(SecretEntry("a\0b", remove=False))
