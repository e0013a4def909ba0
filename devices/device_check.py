"""Is a device there? Asked now, without logging in to it. The process that asks does it, no worker."""

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.conf import settings
from django.core.cache import cache

from devices import host_keys
from devices.exceptions import DeviceError
from devices.models import Device

if TYPE_CHECKING:  # importing it for real loads NAPALM, which a web server needs for nothing else
    from devices.connection import Timeouts

REACHABLE = "reachable"
# Of one device: a check must not become a way to knock at its door without end.
CHECKS = 5
PERIOD = 60  # seconds
# Somebody is waiting. In seconds: for its name, for the connection, and for the log-in at a gateway.
TCP_TIMEOUT = 5.0
CONNECT_TIMEOUT = 9.0
DEADLINE = 20.0


class TooManyChecks(Exception):
    """A device was checked too often; str() is a sentence for the operator."""


@dataclass(frozen=True)
class DeviceCheck:
    """What came of it: `result` is reachable, or the reason for which a backup would fail; `message` is a sentence."""

    result: str
    message: str
    seconds: float


def check_device(device: Device) -> DeviceCheck:
    """Connect to a device's port, through its gateway if it has one, and hang up; takes up to 20 seconds.

    Nothing is sent to the device itself, and nothing is recorded but what host key a gateway shows.
    Raises TooManyChecks.
    """
    places = (f"device-check:{device.pk}:{place}" for place in range(CHECKS))
    if not any(cache.add(place, True, PERIOD) for place in places):
        raise TooManyChecks(f"{CHECKS} checks of one device a minute are enough.")
    started = time.monotonic()
    result, message = _connect(device)
    return DeviceCheck(result, message, round(time.monotonic() - started, 2))


def _connect(device: Device) -> tuple[str, str]:
    from devices.connection import try_way
    from devices.gateways import gateway_id_of, jump_host_of, ways_through
    from devices.login import target_of

    gateway_id = gateway_id_of(device)
    way = ways_through([gateway_id])[gateway_id] if gateway_id else None
    target = target_of(device, jump_host_of(way, at_once=True) if way else None)
    try:
        try_way(target, host_keys.guard_of(device, []), _timeouts())
    except DeviceError as error:
        return error.reason, str(error)
    finally:
        if way and target.gateway:
            host_keys.record(host_keys.worth_recording(way.gateway, way.host_keys, target.gateway.guard))
    through = f" through the gateway {way.gateway.name}" if way else ""
    return REACHABLE, f"{device.address} port {device.effective_port} takes connections{through}."


def _timeouts() -> "Timeouts":
    from devices.connection import Timeouts

    config = settings.NETRAVEN
    return Timeouts(
        tcp=min(config["TCP_TIMEOUT"], TCP_TIMEOUT),
        connect=min(config["CONNECT_TIMEOUT"], CONNECT_TIMEOUT),
        deadline=min(config["DEADLINE"], DEADLINE),
    )
