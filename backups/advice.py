"""What to do about a backup that failed: a sentence for each reason, and a link to where it is done.

Pages, dashboard and notifications all take it from here, so that everybody reads the same.
"""

from collections.abc import Callable
from dataclasses import dataclass

from django.contrib.auth.models import AnonymousUser, User
from django.urls import reverse

from backups.models import Backup
from backups.staleness import UNTRIED
from devices.models import Device

Viewer = User | AnonymousUser
Reason = Backup.FailureReason

ADVICE: dict[str, str] = {
    Reason.UNREACHABLE: "See that the device is up, that its address and port are right, and that a firewall lets the "
    "workers in.",
    Reason.GATEWAY: "Test the gateway: every device behind it fails until its address, log-in and host key are right.",
    Reason.SECURITY: "Compare the key that was shown with the known one; accept it only if you know why it changed.",
    Reason.AUTHENTICATION: "Correct the credential or give the device another one, and test it before the next backup.",
    Reason.TIMEOUT: "Try it again when the device is less busy; for one that is always slow, raise "
    "NETRAVEN_READ_TIMEOUT and NETRAVEN_DEADLINE.",
    Reason.INCOMPLETE: "Read what came: accept it if it is whole, else back the device up again.",
    Reason.STORAGE: "See that the storage has room and may be written, then back the devices up again.",
    Reason.CANCELLED: "Somebody ended the job early: back the device up again when it suits.",
    Reason.UNEXPECTED: "Read its log; if that does not help, log in to the device by hand and compare.",
    UNTRIED: "See that a schedule covers the device, or back it up now.",
}


@dataclass(frozen=True)
class Link:
    """Where something is mended."""

    label: str
    path: str


def advice_for(reason: str) -> str:
    """What to do next, in a sentence; empty for no reason."""
    return ADVICE.get(reason, "")


def link_to_mend(user: Viewer, reason: str, device: Device, backup: Backup | None = None) -> Link | None:
    """Where this user does it; None if they may not, or if it is not done in NetRaven. No queries but for permissions.

    Without the `backup` that failed it is a place of the device.
    """
    find = LINKS.get(reason)
    return find(user, device, backup) if find else None


def _edit_device(user: Viewer, device: Device, label: str) -> Link | None:
    if user.is_staff and user.has_perm("devices.change_device"):
        return Link(label, reverse("admin:devices_device_change", args=[device.pk]))
    return None


def _back_up_again(user: Viewer, device: Device, _: Backup | None) -> Link | None:
    """A button is there: links do not ask for backups."""
    if user.has_perms(["devices.view_device", "backups.view_backup", "backups.run_backup"]):
        return Link("Back it up again", reverse("pages:device", args=[device.pk]))
    return None


def _address(user: Viewer, device: Device, _: Backup | None) -> Link | None:
    return _edit_device(user, device, "Check its address")


def _gateway(user: Viewer, device: Device, backup: Backup | None) -> Link | None:
    gateway = (backup.gateway_id if backup else None) or device.gateway_id
    if gateway and user.is_staff and user.has_perm("devices.view_gateway"):
        return Link("Test the gateway", reverse("admin:devices_gateway_change", args=[gateway]))
    return _edit_device(user, device, "See its gateway")


def _keys(user: Viewer, device: Device, _: Backup | None) -> Link | None:
    if user.has_perms(["devices.view_device", "backups.view_backup", "devices.view_hostkey"]):
        return Link("Compare the keys", reverse("pages:device", args=[device.pk]) + "#host-keys")
    return None


def _credential(user: Viewer, device: Device, backup: Backup | None) -> Link | None:
    credential = (backup.credential_id if backup else None) or device.credential_id
    if credential and user.is_staff and user.has_perm("credentials.change_credential"):
        return Link("Edit the credential", reverse("admin:credentials_credential_change", args=[credential]))
    return _edit_device(user, device, "Choose its credential")


def _what_came(user: Viewer, device: Device, backup: Backup | None) -> Link | None:
    if backup and user.has_perms(["backups.view_backup", "backups.view_config"]):
        return Link("Read what came", reverse("pages:backup", args=[backup.pk]) + "#configuration")
    return None


def _log(user: Viewer, device: Device, backup: Backup | None) -> Link | None:
    if backup and user.has_perm("backups.view_job"):
        return Link("Read its log", f"{reverse('pages:job', args=[backup.job_id])}?q={device.hostname}#log")
    return None


LINKS: dict[str, Callable[[Viewer, Device, Backup | None], Link | None]] = {
    Reason.UNREACHABLE: _address,
    Reason.GATEWAY: _gateway,
    Reason.SECURITY: _keys,
    Reason.AUTHENTICATION: _credential,
    Reason.TIMEOUT: _back_up_again,
    Reason.INCOMPLETE: _what_came,
    Reason.STORAGE: _back_up_again,
    Reason.CANCELLED: _back_up_again,
    Reason.UNEXPECTED: _log,
    UNTRIED: _back_up_again,
}
