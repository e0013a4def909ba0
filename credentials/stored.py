"""The secrets as the database holds them: still encrypted, of every model that has some."""

from collections.abc import Iterator
from typing import TypeVar

from cryptography.fernet import Fernet
from django.apps import apps
from django.conf import settings
from django.db.models import Model, QuerySet, TextField
from django.db.models.functions import Cast

from credentials.fields import SecretField, SecretUnreadable, decrypt

ModelClass = type[Model]
Row = TypeVar("Row", bound=Model)


def models_with_secrets() -> Iterator[tuple[ModelClass, list[str]]]:
    """Each model with secrets and the names of its secret fields."""
    for model in apps.get_models():
        names = [field.name for field in model._meta.local_fields if isinstance(field, SecretField)]
        if names and not model._meta.proxy:
            yield model, names


def with_ciphertexts(rows: QuerySet[Row], names: list[str]) -> QuerySet[Row]:
    """The same rows, secrets not read, with the token of each secret as `stored_<name>`."""
    for name in names:
        rows = rows.annotate(**{f"stored_{name}": Cast(name, TextField())})
    return rows.only("pk")


def ciphertexts(row: Model, names: list[str]) -> dict[str, str]:
    """Name -> token of the secrets that a row of `with_ciphertexts` has."""
    tokens = {name: getattr(row, f"stored_{name}") for name in names}
    return {name: token for name, token in tokens.items() if token}


def is_readable(token: str) -> bool:
    """Whether any key fits."""
    try:
        decrypt(token)
    except SecretUnreadable:
        return False
    return True


def first_key() -> Fernet:
    """The key that encrypts."""
    return Fernet(settings.FIELD_ENCRYPTION_KEY[0])
