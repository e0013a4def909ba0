"""The check that comes before anything else."""

import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from devices.connection import Login, Target, check_reachable, open_session
from devices.exceptions import DeviceUnreachable
from netraven.lab import Lab
from tests.devices.conftest import QUICK, RecordedLog, Serve, anybody, login_of, no_leaks, target_of


@pytest.fixture
def full_port() -> Iterator[int]:
    """A port whose queue of connections is full: another one gets no answer at all."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        waiting = [socket.socket() for _ in range(4)]
        for each in waiting:
            each.setblocking(False)
            each.connect_ex(listener.getsockname())
        time.sleep(0.1)
        yield int(listener.getsockname()[1])
        for each in waiting:
            each.close()


@pytest.mark.parametrize("address", ["127.0.0.1", "localhost"])
def test_address_that_answered_is_returned(serve: Serve, address: str) -> None:
    port = serve(lambda connection: None)
    with no_leaks():
        assert check_reachable(Target("core1", address, port, "ios"), 2) == "127.0.0.1"


def test_refused_connection_is_unreachable(lab: Lab) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        with no_leaks(), pytest.raises(DeviceUnreachable, match=f"core1: 127.0.0.1 port {port} refused the connection"):
            check_reachable(Target("core1", "127.0.0.1", port, "ios"), 2)


def test_connection_that_nobody_takes_is_unreachable_within_the_timeout(full_port: int) -> None:
    started = time.monotonic()
    with (
        no_leaks(),
        pytest.raises(DeviceUnreachable, match=r"no answer from 127\.0\.0\.1 port \d+ within 0\.5 seconds"),
    ):
        check_reachable(Target("core1", "127.0.0.1", full_port, "ios"), 0.5)
    assert time.monotonic() - started < 5


def test_unknown_name_is_unreachable() -> None:
    name = "x" * 64 + ".example"  # longer than a label may be, so no name server is asked
    with no_leaks(), pytest.raises(DeviceUnreachable, match="cannot be resolved"):
        check_reachable(Target("core1", name, 22, "ios"), 2)


@pytest.mark.parametrize("address", ["169.254.169.254", "0.0.0.0", "224.0.0.1", "fe80::1"])
def test_addresses_where_no_device_can_be_are_not_tried(address: str) -> None:
    with pytest.raises(DeviceUnreachable, match="cannot be a device's address"):
        check_reachable(Target("core1", address, 22, "ios"), 2)


def test_unreachable_device_is_logged_with_its_reason(log: RecordedLog, full_port: int) -> None:
    target = Target("core1", "127.0.0.1", full_port, "junos")
    with (
        pytest.raises(DeviceUnreachable),
        open_session(target, Login("netraven"), guard=anybody(), timeouts=QUICK, log=log),
    ):
        pass
    assert log.events == ["connect", "connect_failure"]
    assert log["connect_failure"]["reason"] == "unreachable"


@pytest.mark.parametrize("platform", ["ios", "junos", "iosxr_netconf", "nxos", "eos"])
def test_name_instead_of_an_address_works_with_every_library(lab: Lab, log: RecordedLog, platform: str) -> None:
    device = lab.add(platform)
    target = target_of(device)
    target = Target(target.hostname, "localhost", target.port, target.driver)
    with open_session(target, login_of(device), guard=anybody(), timeouts=QUICK, log=log) as session:
        assert device.running_config.strip() in session.running_config()


@pytest.mark.parametrize("platform", ["ios", "junos", "iosxr_netconf", "nxos", "eos"])
def test_ipv6_address_works_with_every_library(tmp_path: Path, log: RecordedLog, platform: str) -> None:
    with Lab(tmp_path, devices=[], host="::1") as lab:
        device = lab.add(platform)
        with open_session(target_of(device), login_of(device), guard=anybody(), timeouts=QUICK, log=log) as session:
            assert device.running_config.strip() in session.running_config()
