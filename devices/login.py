"""Which log-ins a device gets, and in which order they are tried."""

import uuid
from collections import defaultdict
from collections.abc import Iterable, Sequence

from credentials.fields import SecretUnreadable
from credentials.models import Credential
from devices.connection import Login, Target
from devices.models import Device


def credentials_of(devices: Sequence[Device]) -> dict[uuid.UUID, list[Credential]]:
    """Each device's own credential, then those of its tags by priority, each once; by device id.

    A fixed number of queries for any number of devices.
    """
    offers = _tag_credentials([device.pk for device in devices])
    wanted = {pk for offered in offers.values() for pk in offered}
    readable = _read_credentials(wanted | {device.credential_id for device in devices if device.credential_id})
    found = {}
    for device in devices:
        own = [device.credential_id] if device.credential_id else []
        ids = dict.fromkeys([*own, *offers[device.pk]])
        found[device.pk] = [readable[pk] for pk in ids if pk in readable]
    return found


def _read_credentials(ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, Credential]:
    """Credentials by id; one that no key can decrypt is left out, and does not take the others with it."""
    wanted = Credential.objects.filter(pk__in=list(ids))
    try:
        return {credential.pk: credential for credential in wanted}
    except SecretUnreadable:
        readable = {}
        for pk in ids:
            try:
                readable[pk] = Credential.objects.get(pk=pk)
            except (SecretUnreadable, Credential.DoesNotExist):
                continue
        return readable


def login_of(credential: Credential) -> Login:
    """The secrets of a credential, in the form that a session takes: plain text, which the scrubber then looks for."""
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


def _tag_credentials(device_ids: list[uuid.UUID]) -> dict[uuid.UUID, list[uuid.UUID]]:
    """The credentials that each device's tags offer, the lowest priority first."""
    offers = Device.tags.through.objects.filter(device__in=device_ids, tag__tag_credentials__isnull=False)
    ordered = offers.order_by("tag__tag_credentials__priority", "tag__tag_credentials__credential__name")
    found: dict[uuid.UUID, list[uuid.UUID]] = defaultdict(list)
    for device_id, credential_id in ordered.values_list("device_id", "tag__tag_credentials__credential_id"):
        found[device_id].append(credential_id)
    return found
