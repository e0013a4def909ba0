"""The way to a device: straight, or through its gateway. Whether anybody is there is found out on the way."""

import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from devices.connection.gateway_login import log_in
from devices.connection.gateways import Gateways
from devices.connection.jump_host import JumpHost
from devices.connection.peer_keys import KeyGuard
from devices.connection.pump import Pump
from devices.connection.reachability import first_answering, refuse_forbidden, resolve
from devices.connection.terms import SessionLog, Target, Timeouts
from devices.connection.tunnels import Tunnel
from devices.connection.wire import Wire

LOOPBACK = "127.0.0.1"
PENDING = 5  # connections to a tunnel's port that wait to be looked at

_gateways = Gateways()


def close_gateways() -> None:
    """Log out of the gateways that no session uses."""
    _gateways.close()


@contextmanager
def way_to(target: Target, guard: KeyGuard, timeouts: Timeouts, log: SessionLog) -> Iterator[tuple[Target, Wire]]:
    """Where a driver finds the device, which has just been reached, and the wire for its connections.

    The guard is the device's. Raises DeviceError: DeviceUnreachable, or GatewayFailed.
    """
    if target.gateway is not None:
        with _through(target, target.gateway, guard, timeouts, log) as way:
            yield way
        return
    patience = min(timeouts.tcp, timeouts.deadline)
    endpoints = resolve(target, patience)
    first_answering(target, endpoints, patience)
    with Wire({target.address, *(endpoint.ip for endpoint in endpoints)}, guard, log) as wire:
        yield target, wire


@contextmanager
def _through(
    target: Target, gateway: JumpHost, guard: KeyGuard, timeouts: Timeouts, log: SessionLog
) -> Iterator[tuple[Target, Wire]]:
    ends = time.monotonic() + timeouts.deadline
    refuse_forbidden(target)
    with _gateways.through(gateway, timeouts, log) as pump:
        listener = socket.create_server((LOOPBACK, 0), backlog=PENDING)
        port = listener.getsockname()[1]
        with Wire({LOOPBACK}, guard, log, port=port) as wire:
            tunnel = Tunnel(target, gateway.name, listener, wire)
            try:
                pump.add(tunnel)
            except BaseException:
                listener.close()
                raise
            try:
                _wait(tunnel, pump, min(timeouts.tcp, ends - time.monotonic()))
                yield replace(target, address=LOOPBACK, port=port), wire
            finally:
                pump.remove(tunnel)


def _wait(tunnel: Tunnel, pump: Pump, patience: float) -> None:
    if not tunnel.wait(patience):
        raise tunnel.has_waited_in_vain(patience, pump.transport.heard)


def try_jump_host(host: JumpHost, timeouts: Timeouts) -> None:
    """Log in to a gateway over a connection of its own, and out again. Raises GatewayFailed."""
    log_in(host, timeouts, lambda key: host.guard.check(key, _say_nothing)).end()


def try_way(target: Target, guard: KeyGuard, timeouts: Timeouts) -> None:
    """Reach a device's port, and leave it. Raises DeviceError: DeviceUnreachable, or GatewayFailed."""
    with way_to(target, guard, timeouts, _say_nothing):
        pass


def _say_nothing(event: str, message: str, *, level: str = "info", **details: object) -> None:
    """Whoever tries a gateway reads the answer: there is no log."""
