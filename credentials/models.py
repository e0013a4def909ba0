"""Log-ins for network devices."""

import uuid

from django.db import models

from credentials.fields import SecretField

MAX_PASSWORD = 1024
MAX_PRIVATE_KEY = 64 * 1024


class CredentialQuerySet(models.QuerySet["Credential"]):
    """Reads over credentials."""

    def without_secrets(self) -> "CredentialQuerySet":
        """For naming and choosing: no secret is decrypted unless it is asked for."""
        return self.defer(*Credential.SECRET_FIELDS)


class Credential(models.Model):
    """A log-in; its secrets are encrypted at rest and leave the database only to open a device session."""

    SECRET_FIELDS = ("password", "enable_secret", "private_key", "passphrase")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=200, unique=True)
    username = models.CharField(max_length=200)
    password = SecretField(blank=True, default="", max_length=MAX_PASSWORD)
    enable_secret = SecretField(
        blank=True, default="", max_length=MAX_PASSWORD, help_text="For devices that ask again after “enable”."
    )
    private_key = SecretField(
        blank=True, default="", max_length=MAX_PRIVATE_KEY, help_text="SSH private key in OpenSSH or PEM format."
    )
    passphrase = SecretField(blank=True, default="", max_length=MAX_PASSWORD, help_text="Of the private key.")
    description = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = CredentialQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        get_latest_by = "updated_at"

    def __str__(self) -> str:
        return self.name

    @property
    def secrets_set(self) -> list[str]:
        """Names of the secrets it has, as a person reads them: ["password", "private key"]."""
        return [name.replace("_", " ") for name in self.SECRET_FIELDS if getattr(self, name)]
