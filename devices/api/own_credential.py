"""A device's own credential, made from the username and password that came with the device."""

from typing import Any

from rest_framework.serializers import ValidationError

from credentials.models import Credential
from devices.models import Device

LOGIN_FIELDS = ("username", "password", "enable_secret")
_PREFIX = "device "


def save_own_credential(device: Device, login: dict[str, Any]) -> Credential:
    """Change the device's own credential, or make one; call it in a transaction.

    One that was chosen by hand, or that another device or a tag uses too, is left alone: then a whole log-in is needed.
    """
    credential = device.credential
    if credential is None or not _is_own(credential, device):
        if missing := [name for name in ("username", "password") if name not in login]:
            raise ValidationError({name: ["A new credential needs this too."] for name in missing})
        credential = Credential(name=_free_name(device.hostname))
    for name, value in login.items():
        setattr(credential, name, value)
    credential.save()
    return credential


def _is_own(credential: Credential, device: Device) -> bool:
    shared = credential.devices.exclude(pk=device.pk).exists() or credential.tag_credentials.exists()
    return credential.name.startswith(_PREFIX) and not shared


def _free_name(hostname: str) -> str:
    """`device <hostname>`, or with a number behind it when that is taken."""
    name = f"{_PREFIX}{hostname[:180]}"
    taken = set(Credential.objects.filter(name__startswith=name).values_list("name", flat=True))
    number = 1
    candidate = name
    while candidate in taken:
        number += 1
        candidate = f"{name} ({number})"
    return candidate
