"""Text fields encrypted at rest: django-encrypted-model-fields, made strict.

The library decrypts in `to_python` (so a pasted token is decrypted by a form), swallows a wrong key (the ciphertext
becomes the value, and the next save encrypts it twice) and encrypts the repr of SQL expressions (`bulk_update()`
destroys the secret). Here only what comes from the database is decrypted, a wrong key is an error, and what would store
plain text or compare with random ciphertext is refused.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from cryptography.fernet import InvalidToken
from django import forms
from django.core.exceptions import FieldError, ValidationError
from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.expressions import Case, Col, Value
from django.db.models.functions import Cast
from django.db.models.lookups import Exact, Lookup
from django.db.models.query_utils import DeferredAttribute
from encrypted_model_fields.fields import decrypt_str, encrypt_str

from credentials.forms import SecretFormField, SecretInput

if TYPE_CHECKING:
    EncryptedTextField = models.TextField[str, str]
else:
    from encrypted_model_fields.fields import EncryptedTextField

SEALED_KEY = "encrypted"


class SecretUnreadable(InvalidToken):
    """A stored secret that no key in NETRAVEN_FIELD_KEYS fits."""


class Secret(str):
    """The text of a secret; hidden in a repr (debug pages, logs), ciphertext in a pickle."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "Secret('********')"

    def __reduce__(self) -> tuple[Callable[[str], "Secret"], tuple[str]]:
        return decrypt, (encrypt(self),)


class Ciphertext(Value):
    """A value that is encrypted already, to be stored as it is."""

    def __init__(self, text: str) -> None:
        super().__init__(text, output_field=models.TextField())


def encrypt(text: str) -> str:
    """A Fernet token made with the first key; the empty string stays empty."""
    return encrypt_str(str(text)).decode() if text else ""


def decrypt(token: str) -> Secret:
    """The text of a Fernet token. Raises SecretUnreadable if no key fits; the empty string is its own text."""
    try:
        return Secret(decrypt_str(token) if token else "")
    except InvalidToken:
        raise SecretUnreadable("No key in NETRAVEN_FIELD_KEYS fits a stored secret.") from None


class _SecretAttribute(DeferredAttribute):
    """Text given to the attribute becomes a Secret at once."""

    def __set__(self, instance: models.Model, value: object) -> None:
        instance.__dict__[self.field.attname] = Secret(value) if isinstance(value, str) else value


class _IsEmpty(Exact):
    """`filter(password="")`: the one comparison that random ciphertext allows."""

    def get_prep_lookup(self) -> str | None:
        if self.rhs is not None and self.rhs != "":
            raise _refused_lookup("exact")
        return "" if self.rhs == "" else None


class SecretField(EncryptedTextField):
    """A text secret; reading raises SecretUnreadable (an InvalidToken) if no key in NETRAVEN_FIELD_KEYS fits.

    Outside the database it travels as `{"encrypted": token}` (fixtures, the initial data of forms). The type tells it
    from text that somebody typed: a token pasted into a form or sent to the API stays the text that it is.
    """

    descriptor_class = _SecretAttribute

    def to_python(self, value: Any) -> Any:
        """Text as it is; plain text of a fixture's `{"encrypted": token}`. Raises ValidationError if no key fits."""
        if not isinstance(value, dict):
            return models.TextField.to_python(self, value)
        try:
            return decrypt(value[SEALED_KEY])
        except (InvalidToken, KeyError, AttributeError):
            raise ValidationError(f"No key in NETRAVEN_FIELD_KEYS fits the secret in “{self.name}”.") from None

    def from_db_value(self, value: str | None, *args: object) -> Secret | None:
        """Decrypt what the database holds."""
        return None if value is None else decrypt(value)

    def get_db_prep_save(self, value: Any, connection: BaseDatabaseWrapper) -> Any:
        """Encrypt text; of SQL expressions (`bulk_update`, `Case`) let pass those whose results are ciphertext."""
        if hasattr(value, "as_sql"):
            if not _yields_ciphertext(value):
                raise FieldError(
                    f"“{self.name}” is encrypted: give it text, or Value(text, output_field=SecretField())."
                )
            return value
        text = self.get_prep_value(value)
        return None if text is None else encrypt(text)

    def value_from_object(self, obj: models.Model) -> dict[str, str] | str | None:  # type: ignore[override]  # sealed
        """What fixtures and forms get: `{"encrypted": token}`, or the empty value."""
        text = super().value_from_object(obj)
        return {SEALED_KEY: encrypt(text)} if text else text

    def value_to_string(self, obj: models.Model) -> Any:
        """The same, for `dumpdata` (JSON, JSON lines and YAML; XML has no place for it and is refused)."""
        return self.value_from_object(obj)

    def get_lookup(self, lookup_name: str) -> "type[Lookup[Any]] | None":
        """Only `isnull` and equality with the empty string. Raises FieldError, without the value, for all else."""
        if lookup_name == "exact":
            return _IsEmpty
        if lookup_name != "isnull":
            raise _refused_lookup(lookup_name)
        return super().get_lookup(lookup_name)

    def formfield(self, **kwargs: Any) -> forms.Field | None:
        """A write-only field, whatever widget a ModelAdmin has for other text fields."""
        widget = kwargs.pop("widget", None)
        if not (isinstance(widget, SecretInput) or (isinstance(widget, type) and issubclass(widget, SecretInput))):
            widget = SecretInput
        return models.Field.formfield(
            self, form_class=SecretFormField, max_length=self.max_length, widget=widget, **kwargs
        )

    def save_form_data(self, instance: models.Model, data: str | None) -> None:
        """None, from an empty input, keeps what is stored."""
        if data is not None:
            super().save_form_data(instance, data)


def _refused_lookup(name: str) -> FieldError:
    return FieldError(f"Secrets are encrypted: they can be compared with the empty string, but not by “{name}”.")


def _yields_ciphertext(expression: Any) -> bool:
    """Whether a resolved expression can only put ciphertext (or nothing) into the column."""
    match expression:
        case Ciphertext():
            return True
        case Value():
            return expression.value in ("", None) or isinstance(
                getattr(expression, "_output_field_or_none", None), SecretField
            )
        case Col():
            return isinstance(expression.target, SecretField)
        case Case():
            results = [when.result for when in expression.cases]
            return all(_yields_ciphertext(result) for result in [*results, expression.default])
        case Cast():
            return all(_yields_ciphertext(source) for source in expression.get_source_expressions())
    return False
