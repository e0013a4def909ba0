"""Who is told what of backups, and how."""

import uuid
from datetime import time
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import models

from backups.notifications.addresses import RefusedAddress, check_url
from backups.notifications.signing import UnusableSecret, key_of
from backups.time_zones import validate_time_zone
from credentials.fields import SecretField
from devices.models import Tag

MOST_ADDRESSES = 20


def validate_one_line(value: str) -> None:
    """It stands in messages."""
    if not value.isprintable():
        raise ValidationError("Use printable characters in one line.")


class ChannelQuerySet(models.QuerySet["Channel"]):
    """Reads over channels."""

    def without_secrets(self) -> "ChannelQuerySet":
        """For naming and listing: no secret is decrypted unless it is asked for."""
        return self.defer("secret")


class Channel(models.Model):
    """Somebody, or a program, to be told of what happens to devices with some tags, or to all."""

    class Kind(models.TextChoices):
        EMAIL = "email", "E-mail"
        WEBHOOK = "webhook", "Webhook"

    class Mode(models.TextChoices):
        EACH = "each", "One message per event"
        JOB = "job", "A digest per job"
        HOURLY = "hourly", "A digest every hour"
        DAILY = "daily", "A digest every day"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=100, unique=True, validators=[validate_one_line])
    kind = models.CharField(max_length=10, choices=Kind.choices, default=Kind.EMAIL)
    addresses = models.TextField(
        blank=True, max_length=5000, help_text="E-mail addresses, one per line: each of them gets every message."
    )
    url = models.CharField(
        "URL", blank=True, max_length=1000, help_text="https://…: where messages are posted to as JSON, signed."
    )
    secret = SecretField(
        "signing secret",
        blank=True,
        default="",
        max_length=200,
        help_text="Signs each message: whsec_… as in Standard Webhooks, or any text of 24 characters.",
    )
    enabled = models.BooleanField(default=True)
    disabled_reason = models.CharField(max_length=300, blank=True, editable=False)
    # What it wants
    on_changed = models.BooleanField("changed", default=True, help_text="A configuration differs from the one before.")
    on_failed = models.BooleanField("failed", default=True, help_text="A backup failed, and the one before had not.")
    every_failure = models.BooleanField(
        default=False, help_text="Tell also of those that fail again for the same reason, each time."
    )
    on_recovered = models.BooleanField("recovered", default=True, help_text="A backup is good again.")
    on_stale = models.BooleanField("stale", default=True, help_text="A device has just missed its objective.")
    with_diff = models.BooleanField(
        "with the diff", default=True, help_text="What changed, with secrets masked. Otherwise only how many lines."
    )
    tags = models.ManyToManyField(
        Tag, blank=True, related_name="+", help_text="Devices with any of these. None: all devices."
    )
    # As it was saved: deleting its last tag must not have it tell of everything
    all_devices = models.BooleanField(default=True, editable=False)
    mode = models.CharField(max_length=10, choices=Mode.choices, default=Mode.JOB)
    digest_time = models.TimeField(default=time(7), help_text="Of the daily digest, in the time zone below.")
    time_zone = models.CharField(
        max_length=64, default="UTC", validators=[validate_time_zone], help_text="Such as Europe/Berlin."
    )
    failing_since = models.DateTimeField(null=True, blank=True, editable=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+", editable=False
    )
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = ChannelQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        get_latest_by = "updated_at"
        verbose_name = "notification channel"

    def __str__(self) -> str:
        return self.name

    @property
    def recipients(self) -> list[str]:
        """The e-mail addresses."""
        return self.addresses.split()

    @property
    def wanted(self) -> list[str]:
        """The kinds of events that it wants."""
        return [kind for kind in ("changed", "failed", "recovered", "stale") if getattr(self, f"on_{kind}")]

    def clean(self) -> None:
        """What its kind needs must be there, and right; what it does not use is emptied."""
        errors: dict[str, Any] = {}
        if not self.wanted:
            errors["on_changed"] = "Choose at least one kind of event."
        if self.kind == self.Kind.EMAIL:
            self.url = self.secret = ""
            _collect(errors, "addresses", self._check_addresses)
        else:
            self.addresses = ""
            _collect(errors, "url", self._check_url)
            _collect(errors, "secret", self._check_secret)
        if errors:
            raise ValidationError(errors)

    def _check_addresses(self) -> None:
        if not self.recipients:
            raise ValidationError("Give at least one e-mail address.")
        if len(self.recipients) > MOST_ADDRESSES:
            raise ValidationError(f"Give at most {MOST_ADDRESSES} addresses, or a mailing list.")
        for address in self.recipients:
            validate_email(address)
        self.addresses = "\n".join(self.recipients)

    def _check_url(self) -> None:
        try:
            check_url(self.url)
        except RefusedAddress as error:
            raise ValidationError(str(error)) from None

    def _check_secret(self) -> None:
        try:
            key_of(self.secret)
        except UnusableSecret as error:
            raise ValidationError(str(error)) from None


def _collect(errors: dict[str, Any], field: str, check: Any) -> None:
    try:
        check()
    except ValidationError as error:
        errors[field] = error
