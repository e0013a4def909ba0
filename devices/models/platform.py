"""What kinds of devices there are."""

import uuid
from typing import Any

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models

from devices.secret_patterns import BY_DRIVER
from devices.validators import (
    validate_driver_name,
    validate_optional_args,
    validate_patterns,
    validate_secret_patterns,
)


class Platform(models.Model):
    """A kind of device: how to talk to it, and how to tell a complete configuration from half a one."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    slug = models.SlugField(unique=True)
    name = models.CharField(max_length=100)
    driver = models.CharField(max_length=100, validators=[validate_driver_name], help_text="Name of the NAPALM driver.")
    default_port = models.PositiveIntegerField(validators=[MinValueValidator(1), MaxValueValidator(65535)])
    optional_args = models.JSONField(
        default=dict, blank=True, validators=[validate_optional_args], help_text="Extra arguments for the driver."
    )
    volatile_patterns = models.TextField(
        blank=True,
        validators=[validate_patterns],
        help_text="Regular expressions, one a line: lines that change by themselves. They are stored, but not "
        "compared.",
    )
    secret_patterns = models.TextField(
        blank=True,
        validators=[validate_secret_patterns],
        help_text="Regular expressions, one a line, with a group around the secret: who may not read secrets "
        "sees a marker in its place.",
    )
    error_patterns = models.TextField(
        blank=True,
        validators=[validate_patterns],
        help_text="Regular expressions, one a line: an answer with such a line near its top is an error text, not a "
        "configuration.",
    )
    end_pattern = models.CharField(
        max_length=200,
        blank=True,
        validators=[validate_patterns],
        help_text="Regular expression for the last line of a complete configuration. Empty: any line may be the last.",
    )
    max_shrink_percent = models.PositiveSmallIntegerField(
        default=50,
        validators=[MaxValueValidator(100)],
        help_text="A configuration that lost more than this, against the last good one, waits for a person. "
        "100: never.",
    )

    # Who may change what is masked for those who may not read secrets: only who may read them
    SECRETS_PERMISSION = "backups.view_secrets"

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Save it; a new one without patterns of secrets gets those that are known for its driver."""
        if self._state.adding and not self.secret_patterns:
            self.secret_patterns = BY_DRIVER.get(self.driver, "")
        super().save(*args, **kwargs)
