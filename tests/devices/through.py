"""Sessions through a simulated gateway."""

from dataclasses import replace
from typing import Any

from devices.connection import Facts, JumpHost, KeyGuard, Login, RetryPolicy, Target, Timeouts, fetch
from netraven.lab import LabDevice, LabGateway
from tests.devices.conftest import ONCE, QUICK, RecordedLog, anybody, login_of, target_of


def jump_host_of(gateway: LabGateway, **details: Any) -> JumpHost:
    """How to log in to a simulated gateway."""
    login = Login(gateway.username, gateway.password)
    return replace(JumpHost(gateway.name, gateway.address, gateway.port, login, KeyGuard(gateway.name)), **details)


def behind(gateway: LabGateway, device: LabDevice | Target, **details: Any) -> Target:
    """A device behind a gateway; `details` are those of the way there."""
    target = device if isinstance(device, Target) else target_of(device)
    return replace(target, gateway=jump_host_of(gateway, **details))


def read(
    gateway: LabGateway,
    device: LabDevice,
    log: RecordedLog | None = None,
    timeouts: Timeouts = QUICK,
    retry: RetryPolicy = ONCE,
    **details: Any,
) -> tuple[Facts, str]:
    """A whole session through the gateway."""
    target, log = behind(gateway, device, **details), RecordedLog() if log is None else log
    return fetch(target, login_of(device), guard=anybody(), timeouts=timeouts, log=log, retry=retry)
