"""Try a gateway now: log in and out again. The process that asks does it, no worker."""

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.conf import settings

from devices import host_keys
from devices.exceptions import DeviceError
from devices.models import Gateway

if TYPE_CHECKING:  # importing it for real loads NAPALM, which a web server needs for nothing else
    from devices.connection import Timeouts

ACCEPTED = "accepted"
# Somebody is waiting. In seconds: for its name, for the connection, and for the log-in.
TCP_TIMEOUT = 3.0
CONNECT_TIMEOUT = 9.0


@dataclass(frozen=True)
class GatewayTest:
    """What came of it: `result` is accepted, or the reason for which a backup would fail; `message` is a sentence."""

    result: str
    message: str
    seconds: float


def try_gateway(gateway: Gateway) -> GatewayTest:
    """Log in to a gateway with its credential; takes up to 15 seconds. The host key that it shows is recorded."""
    from devices.connection import try_jump_host
    from devices.gateways import jump_host_of, ways_through

    way = ways_through([gateway.pk])[gateway.pk]
    host = jump_host_of(way, at_once=True)
    started = time.monotonic()
    try:
        try_jump_host(host, _timeouts())
        result, message = ACCEPTED, f"The gateway {gateway.name} let NetRaven in."
    except DeviceError as error:
        result, message = error.reason, str(error)
    finally:
        host_keys.record(host_keys.worth_recording(gateway, way.host_keys, host.guard))
    return GatewayTest(result, message, round(time.monotonic() - started, 2))


def _timeouts() -> "Timeouts":
    from devices.connection import Timeouts

    config = settings.NETRAVEN
    connect = min(config["CONNECT_TIMEOUT"], CONNECT_TIMEOUT)
    return Timeouts(tcp=min(config["TCP_TIMEOUT"], TCP_TIMEOUT), connect=connect)
