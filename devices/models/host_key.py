"""Who is at the other end: the keys that devices and gateways have shown."""

import uuid
from typing import cast

from django.conf import settings
from django.db import models
from django.db.models import OuterRef, Q, Subquery
from django.utils import timezone

from devices.models.device import Device, Viewer, visible_to
from devices.models.gateway import Gateway


class HostKeyQuerySet(models.QuerySet["HostKey"]):
    """Reads over host keys."""

    def visible_to(self, user: Viewer) -> "HostKeyQuerySet":
        """Those of devices that the user sees, and those of gateways."""
        if not user.is_authenticated or not user.is_active:
            return self.none()
        return self.filter(visible_to(user, "device") | Q(gateway__isnull=False))

    def offered(self) -> "HostKeyQuerySet":
        """Those that wait for a decision."""
        return self.filter(state=HostKey.State.OFFERED)

    def with_known_fingerprint(self) -> "HostKeyQuerySet":
        """Each with the fingerprint of the key that is trusted now in its place, as `known_fingerprint`."""
        owner = Q(device=OuterRef("device")) | Q(gateway=OuterRef("gateway"))
        known = HostKey.objects.filter(owner, kind=OuterRef("kind"), state=HostKey.State.TRUSTED)
        return self.annotate(known_fingerprint=Subquery(known.values("fingerprint")[:1]))


class HostKey(models.Model):
    """An SSH host key or a TLS certificate of a device or a gateway, and whether it is trusted.

    The first one seen is trusted, or waits for a person (setting NETRAVEN_HOST_KEYS). Another one is refused and kept
    as offered, until a person accepts it (the one before is then kept as retired), or dismisses it.
    """

    class Kind(models.TextChoices):
        SSH = "ssh", "SSH host key"
        TLS = "tls", "TLS certificate"

    class State(models.TextChoices):
        TRUSTED = "trusted", "Trusted"
        OFFERED = "offered", "Waits for a decision"
        RETIRED = "retired", "Retired"
        DISMISSED = "dismissed", "Dismissed"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    device = models.ForeignKey(Device, null=True, blank=True, on_delete=models.CASCADE, related_name="host_keys")
    gateway = models.ForeignKey(Gateway, null=True, blank=True, on_delete=models.CASCADE, related_name="host_keys")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    text = models.TextField(help_text="`ssh-ed25519 AAAA…`, or the certificate in base64 (DER).")
    fingerprint = models.CharField(max_length=200, help_text="SHA-256, as ssh-keygen or openssl print it.")
    state = models.CharField(max_length=10, choices=State.choices)
    first_seen_at = models.DateTimeField(default=timezone.now)
    last_seen_at = models.DateTimeField(default=timezone.now)
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )

    objects = HostKeyQuerySet.as_manager()

    class Meta:
        ordering = ["-first_seen_at"]
        constraints = [
            models.CheckConstraint(
                condition=Q(device__isnull=False, gateway__isnull=True) | Q(device__isnull=True, gateway__isnull=False),
                name="hostkey_one_owner",
            ),
            *(
                models.UniqueConstraint(
                    fields=[owner, "kind"], condition=Q(state=state), name=f"hostkey_{owner}_one_{state}"
                )
                for owner in ("device", "gateway")
                for state in ("trusted", "offered")
            ),
        ]
        indexes = [models.Index(fields=["state", "-last_seen_at"], name="hostkey_state_newest")]
        permissions = [("accept_hostkey", "Can accept changed host keys")]

    def __str__(self) -> str:
        return self.fingerprint

    @property
    def name_in_trail(self) -> str:
        """Whose it is, too."""
        return f"{self.owner}: {self.fingerprint}"

    @property
    def owner(self) -> Device | Gateway:
        """The device or the gateway that showed it."""
        return cast("Device | Gateway", self.device or self.gateway)

    @property
    def owner_id(self) -> uuid.UUID:
        """Its id."""
        return cast(uuid.UUID, self.device_id or self.gateway_id)
