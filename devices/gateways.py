"""Ways to devices: which gateway leads to a device, and what a session is told of it."""

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from credentials.models import Credential
from devices.host_keys import guard_of, trusted_keys
from devices.login import login_of, read_credentials
from devices.models import Device, Gateway, HostKey, effective_gateway
from devices.turns import Turns

if TYPE_CHECKING:  # importing it for real loads NAPALM, which a web server does not need
    from devices.connection.jump_host import JumpHost


@dataclass(frozen=True)
class Way:
    """A gateway, its credential (None if no key decrypts it) and its trusted host keys."""

    gateway: Gateway
    credential: Credential | None
    host_keys: Sequence[HostKey] = ()


def gateway_id_of(device: Device) -> uuid.UUID | None:
    """The gateway that leads to a device, None if it is reached directly."""
    return Device.objects.filter(pk=device.pk).values_list(effective_gateway(), flat=True).first()


def ways_through(gateway_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, Way]:
    """The ways through these gateways, by their ids. Three queries, for any number; none for none."""
    if not gateway_ids:
        return {}
    gateways = Gateway.objects.in_bulk(list(gateway_ids))
    credentials, _ = read_credentials({gateway.credential_id for gateway in gateways.values()})
    keys = trusted_keys(gateways=gateways)
    return {pk: Way(each, credentials.get(each.credential_id), keys.get(pk, [])) for pk, each in gateways.items()}


def jump_host_of(way: Way, *, at_once: bool = False) -> "JumpHost":
    """What a session is told, with a guard of its own; `at_once` without waiting for others. Needs no database."""
    from devices.connection.jump_host import JumpHost

    host = JumpHost(
        name=way.gateway.name,
        address=way.gateway.address,
        port=way.gateway.port,
        login=login_of(way.credential) if way.credential else None,
        guard=guard_of(way.gateway, way.host_keys),
    )
    return replace(host, turn=Turns(way.gateway, way.credential, at_once=at_once).turn) if way.credential else host
