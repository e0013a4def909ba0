"""Sessions through a gateway, with every driver: proved by what the gateway and the device have counted."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from devices.connection import JumpHost, KeyGuard, Login, Target, close_gateways, fetch
from netraven.lab import Lab, LabDevice, LabGateway
from tests.devices.conftest import ONCE, PLATFORMS, QUICK, RecordedLog, login_of, no_leaks, target_of

Behind = Callable[..., Target]


@pytest.fixture
def gateway(lab: Lab) -> Iterator[LabGateway]:
    yield lab.add_gateway()
    close_gateways()


def jump_host_of(gateway: LabGateway, **details: object) -> JumpHost:
    """How to log in to a simulated gateway."""
    login = Login(gateway.username, gateway.password)
    host = JumpHost(gateway.name, gateway.address, gateway.port, login, KeyGuard(gateway.name))
    return replace(host, **details)  # type: ignore[arg-type]


def behind(gateway: LabGateway, device: LabDevice, **details: object) -> Target:
    """A device behind a gateway."""
    return replace(target_of(device), gateway=jump_host_of(gateway, **details))


@pytest.mark.parametrize("platform", PLATFORMS)
def test_every_driver_goes_through_the_gateway(lab: Lab, log: RecordedLog, gateway: LabGateway, platform: str) -> None:
    device = lab.add(platform, gateway=gateway.name)
    with no_leaks(device):
        facts, text = fetch(behind(gateway, device), login_of(device), timeouts=QUICK, log=log, retry=ONCE)
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

    def read(device: LabDevice) -> str:
        return fetch(behind(gateway, device), login_of(device), timeouts=QUICK, log=RecordedLog(), retry=ONCE)[1]

    with no_leaks(*devices), ThreadPoolExecutor(12) as pool:
        texts = list(pool.map(read, devices))
        close_gateways()
    for device, text in zip(devices, texts, strict=True):
        assert device.running_config.strip() in text
    assert (gateway.logins, gateway.channels) == (1, 0)
