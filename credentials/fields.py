"""Text fields encrypted at rest: django-encrypted-model-fields, made strict.

The library decrypts in `to_python` (so a pasted token is decrypted by a form), swallows a wrong key (the ciphertext becomes
the value, and the next save encrypts it twice) and encrypts the repr of SQL expressions (`bulk_update()` destroys the
secret). These subclasses decrypt only what comes from the database, and let a wrong key be an error.
"""

from typing import TYPE_CHECKING, Any

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from encrypted_model_fields.fields import EncryptedTextField, decrypt_str

if TYPE_CHECKING:
    _Text = models.TextField[str, str]
else:
    _Text = models.TextField


class SecretField(EncryptedTextField):
    """A text secret; InvalidToken on reading means that no key in NETRAVEN_FIELD_KEYS fits."""

    def to_python(self, value: Any) -> Any:
        """Leave form input as it is: only `from_db_value` decrypts."""
        return models.TextField.to_python(self, value)

    def from_db_value(self, value: str | None, *args: Any) -> str | None:
        """Decrypt; the empty string is stored as it is."""
        return decrypt_str(value) if value else value

    def get_db_prep_save(self, value: Any, connection: BaseDatabaseWrapper) -> Any:
        """Encrypt text; SQL expressions (`bulk_update`, `Case`) carry values that are encrypted on their own."""
        if value is None or value == "" or hasattr(value, "as_sql"):
            return models.TextField.get_db_prep_save(self, value, connection)
        return super().get_db_prep_save(value, connection)
