"""Which log-ins worked where."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from backups.models.backup import Backup
from credentials.models import Credential
from devices.models import Device, Tag


class LoginAttempt(models.Model):
    """One try of a credential on a device, in a backup or by itself as a test.

    Only what the device said counts: a device that could not be asked makes no attempt.
    """

    id = models.BigAutoField(primary_key=True)
    credential = models.ForeignKey(Credential, on_delete=models.CASCADE, related_name="attempts")
    device = models.ForeignKey(Device, on_delete=models.CASCADE, related_name="login_attempts")
    tag = models.ForeignKey(
        Tag,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="login_attempts",
        help_text="The tag that offered the credential.",
    )
    backup = models.ForeignKey(
        Backup,
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="login_attempts",
        help_text="None: a test.",
    )
    accepted = models.BooleanField()
    time = models.DateTimeField(default=timezone.now)
    tested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )

    class Meta:
        ordering = ["-time", "-id"]
        indexes = [
            models.Index(fields=["credential", "-time", "accepted"], name="loginattempt_credential"),
            models.Index(fields=["tag", "-time", "accepted"], name="loginattempt_tag"),
            models.Index(fields=["device", "-time"], condition=Q(accepted=True), name="loginattempt_last_worked"),
        ]

    def __str__(self) -> str:
        return f"{self.credential_id} on {self.device_id}: {'accepted' if self.accepted else 'rejected'}"
