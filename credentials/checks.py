"""System checks: the keys in NETRAVEN_FIELD_KEYS fit the stored secrets."""

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.core.checks import CheckMessage, Error
from django.core.exceptions import ImproperlyConfigured
from django.db import Error as DatabaseError
from django.db import connections, router

from credentials.stored import ModelClass, ciphertexts, is_readable, models_with_secrets, with_ciphertexts

SAMPLE_SIZE = 100
HINT = (
    "Put the key that encrypted them back at the end of NETRAVEN_FIELD_KEYS, then run `manage.py rotate_keys`. "
    "A secret whose key is lost cannot be recovered."
)


def check_keys_fit(app_configs: Sequence[AppConfig] | None = None, **kwargs: Any) -> list[CheckMessage]:
    """credentials.E001 if rows among the oldest and the newest of a table cannot be decrypted."""
    errors: list[CheckMessage] = []
    for model, names in models_with_secrets():
        try:
            rows = _sample(model, names)
        except DatabaseError:  # no table before `migrate`; and a database that is away has its own error
            continue
        unreadable = sum(not all(is_readable(token) for token in row.values()) for row in rows)
        if unreadable:
            sentence = (
                f"No key in NETRAVEN_FIELD_KEYS fits {unreadable} of {len(rows)} sampled rows of {model._meta.label}."
            )
            errors.append(Error(sentence, hint=HINT, obj=model, id="credentials.E001"))
    return errors


def require_fitting_keys() -> None:
    """Raises ImproperlyConfigured if the keys do not fit: for servers, which run no system checks."""
    for error in check_keys_fit():
        raise ImproperlyConfigured(f"{error.msg} {error.hint}")


def _sample(model: ModelClass, names: list[str]) -> list[dict[str, str]]:
    """Tokens of the rows that were changed first and last; the connection is left as it was found, for servers fork."""
    order = model._meta.get_latest_by
    first = order if isinstance(order, str) else "pk"
    connection = connections[router.db_for_read(model)]
    was_closed = connection.connection is None
    try:
        rows = with_ciphertexts(model._default_manager.all(), names)
        sample = [*rows.order_by(first)[:SAMPLE_SIZE], *rows.order_by(f"-{first}")[:SAMPLE_SIZE]]
    finally:
        if was_closed:
            connection.close()
    return [ciphertexts(row, names) for row in {row.pk: row for row in sample}.values()]
