"""Sessions through a gateway, with every driver: proved by what the gateway and the device have counted."""

import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import paramiko
import pytest

from devices.connection import JumpHost, KeyGuard, Login, close_gateways, gateways, open_session
from devices.connection.gateway_login import log_in
from netraven.lab import Fault, Lab, LabGateway
from tests.conftest import wait_for
from tests.devices.conftest import PLATFORMS, QUICK, RecordedLog, Serve, anybody, login_of, no_leaks
from tests.devices.test_connection_keys import PASSPHRASE, private_text, public_text
from tests.devices.through import behind, read

OLD_ALGORITHMS: dict[str, Any] = {
    "kex_algs": ["diffie-hellman-group1-sha1"],
    "encryption_algs": ["3des-cbc"],
    "mac_algs": ["hmac-sha1"],
    "signature_algs": ["ssh-rsa"],
}


@pytest.mark.parametrize("platform", PLATFORMS)
def test_every_driver_goes_through_the_gateway(lab: Lab, log: RecordedLog, gateway: LabGateway, platform: str) -> None:
    device = lab.add(platform, gateway=gateway.name)
    with no_leaks(device):
        facts, text = read(gateway, device, log)
        close_gateways()
    assert device.running_config.strip() in text
    assert facts.serial_number == device.serial_number
    assert (gateway.logins, gateway.failed_logins, gateway.channels, gateway.active_sessions) == (1, 0, 0, 0)
    assert device.client_ports
    assert set(device.client_ports) == gateway.outgoing
    assert gateway.forwarded_bytes > len(text)
    assert log["connect"]["message"].endswith(f"through the gateway {gateway.name}")
    assert gateway.name in log["host_key"]["message"]


def test_device_behind_the_gateway_takes_no_other_connection(lab: Lab, gateway: LabGateway) -> None:
    """The simulation itself: without this, the test above would prove less."""
    device = lab.add("ios", gateway=gateway.name)
    straight = replace(behind(gateway, device), gateway=None)
    with (
        pytest.raises(Exception, match="closed the connection"),
        open_session(straight, login_of(device), guard=anybody(), timeouts=QUICK, log=RecordedLog()),
    ):
        pass
    assert gateway.logins == 0


def test_sessions_at_the_same_time_share_one_log_in(lab: Lab, gateway: LabGateway) -> None:
    devices = [lab.add(PLATFORMS[number % len(PLATFORMS)], gateway=gateway.name) for number in range(24)]
    with no_leaks(*devices), ThreadPoolExecutor(12) as pool:
        texts = [text for _, text in pool.map(lambda device: read(gateway, device), devices)]
        close_gateways()
    for device, text in zip(devices, texts, strict=True):
        assert device.running_config.strip() in text
    assert (gateway.logins, gateway.channels) == (1, 0)


def test_sessions_one_after_the_other_share_one_log_in(lab: Lab, gateway: LabGateway) -> None:
    for _ in range(3):
        read(gateway, lab.add("nxos_ssh", gateway=gateway.name))
    assert gateway.logins == 1


def test_connection_that_nobody_needs_is_closed(lab: Lab, gateway: LabGateway, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gateways, "IDLE", 0.2)
    device = lab.add("nxos_ssh", gateway=gateway.name)
    with no_leaks(device):
        read(gateway, device)
    assert gateway.active_sessions == 0


def test_connection_is_kept_as_long_as_a_session_needs_it(
    lab: Lab, gateway: LabGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gateways, "IDLE", 0.2)
    device = lab.add("nxos_ssh", Fault.SLOW, gateway=gateway.name)
    device.fault, device.delay = Fault.SLOW, 1.5
    target = behind(gateway, device)
    with open_session(target, login_of(device), guard=anybody(), timeouts=QUICK, log=RecordedLog()) as session:
        close_gateways()
        assert device.running_config.strip() in session.running_config()
    assert gateway.logins == 1
    wait_for(lambda: gateway.active_sessions == 0, 5, "the log-out")


def test_connection_that_was_lost_between_two_sessions_is_replaced(lab: Lab, gateway: LabGateway) -> None:
    device = lab.add("nxos_ssh", gateway=gateway.name)
    read(gateway, device)
    gateway.hang_up()
    mine = f"gateway {gateway.name}"
    wait_for(lambda: mine not in [thread.name for thread in threading.enumerate()], 10, "both ends to notice")
    read(gateway, device)
    assert gateway.logins == 2


def test_changed_password_takes_effect_while_the_old_connection_lives(lab: Lab, gateway: LabGateway) -> None:
    first, second = (lab.add("nxos_ssh", gateway=gateway.name) for _ in range(2))
    target = behind(gateway, first)
    with open_session(target, login_of(first), guard=anybody(), timeouts=QUICK, log=RecordedLog()) as session:
        gateway.password = "a-new-one"
        read(gateway, second)
        assert first.running_config.strip() in session.running_config()
    assert (gateway.logins, gateway.failed_logins) == (2, 0)


@pytest.mark.parametrize("kind", ["ed25519", "ecdsa", "rsa"])
def test_private_key_logs_in_to_the_gateway(lab: Lab, gateway: LabGateway, kind: str) -> None:
    gateway.authorized_key = public_text(kind)
    login = Login(gateway.username, private_key=private_text(kind, passphrase=PASSPHRASE), passphrase=PASSPHRASE)
    read(gateway, lab.add("nxos_ssh", gateway=gateway.name), login=login)
    assert (gateway.logins, gateway.failed_logins) == (1, 0)


class TwoFactors(paramiko.ServerInterface):  # type: ignore[misc]  # paramiko has no types
    """A gateway that wants a key and then a password; as old ones do, it does not say which signatures it knows."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    def get_allowed_auths(self, username: str) -> str:
        return "password" if self.seen else "publickey"

    def check_auth_publickey(self, username: str, key: paramiko.PKey) -> int:
        self.seen.append("publickey")
        return int(paramiko.AUTH_PARTIALLY_SUCCESSFUL)

    def check_auth_password(self, username: str, password: str) -> int:
        self.seen.append(password)
        return int(paramiko.AUTH_SUCCESSFUL)


def test_password_follows_the_key_where_a_gateway_wants_both(serve: Serve) -> None:
    server = TwoFactors()

    def answer(connection: socket.socket) -> None:
        transport = paramiko.Transport(connection, server_sig_algs=False)
        transport.add_server_key(paramiko.RSAKey.generate(2048))
        transport.start_server(server=server)
        transport.join()

    login = Login("jump", "second-factor", private_key=private_text("rsa"))
    host = JumpHost("two-factors", "127.0.0.1", serve(answer), login, KeyGuard("two-factors"))
    log_in(host, QUICK, lambda key: None).end()
    assert server.seen == ["publickey", "second-factor"]


def test_gateway_with_old_algorithms_only_works(lab: Lab) -> None:
    gateway = lab.add_gateway(host_key_algorithms=("ssh-rsa",), authorized_key=public_text("rsa"), **OLD_ALGORITHMS)
    login = Login(gateway.username, private_key=private_text("rsa"))
    try:
        read(gateway, lab.add("nxos_ssh", gateway=gateway.name), login=login)
    finally:
        close_gateways()
    assert (gateway.logins, gateway.failed_logins) == (1, 0)


def test_the_gateway_resolves_the_names_of_devices(lab: Lab, gateway: LabGateway) -> None:
    device = lab.add("nxos", gateway=gateway.name)
    gateway.names["dc1.branch.invalid"] = device.address
    target = replace(behind(gateway, device), address="dc1.branch.invalid")
    with open_session(target, login_of(device), guard=anybody(), timeouts=QUICK, log=RecordedLog()) as session:
        assert device.running_config.strip() in session.running_config()
