"""Sessions through a gateway, with every driver: proved by what the gateway and the device have counted."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest

from devices.connection import Facts, JumpHost, KeyGuard, Login, Target, Timeouts, close_gateways, fetch
from netraven.lab import Lab, LabDevice, LabGateway
from tests.devices.conftest import ONCE, PLATFORMS, QUICK, RecordedLog, anybody, login_of, no_leaks, target_of


@pytest.fixture
def gateway(lab: Lab) -> Iterator[LabGateway]:
    yield lab.add_gateway()
    close_gateways()


def jump_host_of(gateway: LabGateway, **details: Any) -> JumpHost:
    """How to log in to a simulated gateway."""
    login = Login(gateway.username, gateway.password)
    return replace(JumpHost(gateway.name, gateway.address, gateway.port, login, KeyGuard(gateway.name)), **details)


def behind(gateway: LabGateway, device: LabDevice, **details: Any) -> Target:
    """A device behind a gateway; `details` are those of the way there."""
    return replace(target_of(device), gateway=jump_host_of(gateway, **details))


def read(
    gateway: LabGateway, device: LabDevice, log: RecordedLog, timeouts: Timeouts = QUICK, **details: Any
) -> tuple[Facts, str]:
    """A whole session through the gateway."""
    target = behind(gateway, device, **details)
    return fetch(target, login_of(device), guard=anybody(), timeouts=timeouts, log=log, retry=ONCE)


@pytest.mark.parametrize("platform", PLATFORMS)
def test_every_driver_goes_through_the_gateway(lab: Lab, log: RecordedLog, gateway: LabGateway, platform: str) -> None:
    device = lab.add(platform, gateway=gateway.name)
    with no_leaks(device):
        facts, text = read(gateway, device, log)
        close_gateways()
    assert device.running_config.strip() in text
    assert facts.serial_number == device.serial_number
    assert (gateway.logins, gateway.failed_logins, gateway.channels) == (1, 0, 0)
    assert device.client_ports
    assert set(device.client_ports) == gateway.outgoing
    assert gateway.forwarded_bytes > len(text)
    assert gateway.name in log["connect"]["message"]


def test_sessions_at_the_same_time_share_one_log_in(lab: Lab, gateway: LabGateway) -> None:
    devices = [lab.add(PLATFORMS[number % len(PLATFORMS)], gateway=gateway.name) for number in range(24)]
    with no_leaks(*devices), ThreadPoolExecutor(12) as pool:
        texts = [text for _, text in pool.map(lambda device: read(gateway, device, RecordedLog()), devices)]
        close_gateways()
    for device, text in zip(devices, texts, strict=True):
        assert device.running_config.strip() in text
    assert (gateway.logins, gateway.channels) == (1, 0)
