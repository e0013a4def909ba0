"""Which log-in a device gets."""

from credentials.fields import SecretUnreadable
from credentials.models import Credential
from devices.connection import Login, Target
from devices.exceptions import AuthenticationFailed
from devices.models import Device


def choose_credential(device: Device) -> Credential:
    """The device's own credential. Raises AuthenticationFailed if there is none to use: nothing is skipped silently."""
    try:
        credential = device.credential
    except SecretUnreadable:
        raise AuthenticationFailed(
            "The device's credential cannot be decrypted: its key is missing in NETRAVEN_FIELD_KEYS."
        ) from None
    if credential is None:
        raise AuthenticationFailed("This device has no credential: give it one, then back it up again.")
    return credential


def login_of(credential: Credential) -> Login:
    """The secrets of a credential, in the form that a session takes: plain text, whose repr the scrubber looks for."""
    return Login(
        username=credential.username,
        password=str(credential.password),
        enable_secret=str(credential.enable_secret),
        private_key=str(credential.private_key),
        passphrase=str(credential.passphrase),
    )


def target_of(device: Device) -> Target:
    """Where and how to connect."""
    return Target(
        hostname=device.hostname,
        address=device.address,
        port=device.effective_port,
        driver=device.platform.driver,
        optional_args=device.platform.optional_args,
    )
