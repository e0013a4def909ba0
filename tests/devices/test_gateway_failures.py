"""Whose fault it is when a way through a gateway leads nowhere, and what that costs the other devices behind it."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest

from devices.connection import (
    KeyGuard,
    Login,
    PeerKey,
    RetryPolicy,
    Timeouts,
    close_gateways,
    fetch,
    gateways,
    open_session,
    pump,
)
from devices.exceptions import DeviceError, DeviceUnreachable, GatewayFailed, GatewayRejected, GatewayUnreachable
from netraven.lab import Fault, GatewayFault, Lab, LabDevice, LabGateway
from tests.conftest import wait_for
from tests.devices.conftest import ONCE, PLATFORMS, QUICK, RecordedLog, anybody, login_of, no_leaks
from tests.devices.test_connection_keys import private_text, public_text
from tests.devices.through import behind, read

THRICE = RetryPolicy(attempts=3, base=0.05)
PASSWORD = "jump-password"


@pytest.fixture
def device(lab: Lab, gateway: LabGateway) -> LabDevice:
    return lab.add("nxos_ssh", gateway=gateway.name)


def failure_of(gateway: LabGateway, device: LabDevice, **details: Any) -> DeviceError:
    """What a session through the gateway ends with."""
    with pytest.raises(DeviceError) as caught:
        read(gateway, device, **details)
    return caught.value


def failure(gateway: LabGateway, device: LabDevice, **details: Any) -> DeviceError:
    """Likewise, once it is sure that nothing was left open."""
    close_gateways()
    with no_leaks(device):
        error = failure_of(gateway, device, **details)
        close_gateways()
    assert PASSWORD not in str(error)
    assert "\n" not in str(error)
    return error


def test_wrong_password_is_the_gateways_fault(gateway: LabGateway, device: LabDevice, log: RecordedLog) -> None:
    login = Login(gateway.username, "wrong")
    error = failure(gateway, device, log=log, login=login, retry=THRICE)
    assert (type(error), error.reason) == (GatewayRejected, "gateway")
    assert str(error) == f"The gateway {gateway.name} rejected the log-in as “jump”."
    assert log["connect_failure"]["reason"] == "gateway"
    assert "retry" not in log.events
    assert (gateway.failed_logins, device.client_ports) == (1, [])


def test_wrong_key_is_the_gateways_fault(gateway: LabGateway, device: LabDevice) -> None:
    gateway.authorized_key = public_text("ecdsa")
    error = failure(gateway, device, login=Login(gateway.username, private_key=private_text()), retry=THRICE)
    assert str(error) == f"The gateway {gateway.name} rejected the log-in as “jump”."
    assert gateway.logins == 0


def test_gateway_that_hangs_up_at_the_log_in_is_not_tried_again(gateway: LabGateway, device: LabDevice) -> None:
    gateway.fault = GatewayFault.HANGS_UP
    error = failure(gateway, device, retry=THRICE)
    assert (type(error), error.retryable) == (GatewayRejected, False)
    assert str(error) == f"The gateway {gateway.name} closed the connection during the log-in as “jump”."


@pytest.mark.parametrize(
    ("login", "explanation"),
    [
        (None, "NETRAVEN_FIELD_KEYS"),
        (Login("jump"), "without password and private key"),
        (Login("jump", private_key="nonsense"), "cannot be used"),
    ],
    ids=["unreadable", "empty", "damaged key"],
)
def test_log_in_that_cannot_be_used_is_the_gateways_fault(
    gateway: LabGateway, device: LabDevice, login: Login | None, explanation: str
) -> None:
    error = failure(gateway, device, login=login)
    assert type(error) is GatewayFailed
    assert explanation in str(error)
    assert gateway.failed_logins == 0


def test_one_log_in_is_rejected_however_many_devices_there_are(lab: Lab, gateway: LabGateway) -> None:
    gateway.fault = GatewayFault.REJECTS
    devices = [lab.add("nxos_ssh", gateway=gateway.name) for _ in range(20)]
    with no_leaks(*devices), ThreadPoolExecutor(10) as pool:
        errors = list(pool.map(lambda device: failure_of(gateway, device), devices))
    assert {type(error) for error in errors} == {GatewayRejected}
    assert gateway.failed_logins == 1
    assert "seconds ago, and tries again after 60." in str(failure_of(gateway, devices[0]))
    assert [device.client_ports for device in devices] == [[]] * 20


def test_corrected_password_is_tried_at_once(gateway: LabGateway, device: LabDevice) -> None:
    failure(gateway, device, login=Login(gateway.username, "wrong"))
    read(gateway, device)
    assert (gateway.logins, gateway.failed_logins) == (1, 1)


def test_rejected_log_in_is_tried_again_after_a_while(
    gateway: LabGateway, device: LabDevice, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gateways, "REJECTED", 0.3)
    gateway.fault = GatewayFault.REJECTS
    failure(gateway, device)
    gateway.fault = GatewayFault.NONE
    time.sleep(0.4)
    read(gateway, device)
    assert (gateway.logins, gateway.failed_logins) == (1, 1)


def trusting(gateway: LabGateway, key: PeerKey | None = None, *, strict: bool = False) -> KeyGuard:
    return KeyGuard(gateway.name, [key] if key else [], strict=strict)


def key_of(gateway: LabGateway, device: LabDevice) -> PeerKey:
    """The key that the gateway shows now."""
    guard = trusting(gateway)
    read(gateway, device, guard=guard)
    close_gateways()
    ((key, refused),) = guard.shown.items()
    assert not refused
    return key


def test_another_host_key_is_the_gateways_fault_and_nothing_is_sent(
    gateway: LabGateway, device: LabDevice, log: RecordedLog
) -> None:
    known = key_of(gateway, device)
    gateway.change_identity()
    gateway.logins = 0
    guard = trusting(gateway, known)
    error = failure(gateway, device, log=log, guard=guard, retry=THRICE)
    assert (type(error), error.reason) == (GatewayFailed, "gateway")
    (offered,) = guard.shown
    assert str(error).startswith(f"The gateway {gateway.name} shows another host key than before: ")
    assert known.fingerprint in str(error)
    assert offered.fingerprint in str(error)
    assert guard.shown == {offered: True}
    assert (gateway.logins, gateway.failed_logins) == (0, 0)
    assert log["host_key"]["offered"] == offered.fingerprint


def test_accepted_host_key_takes_effect_at_once(gateway: LabGateway, device: LabDevice) -> None:
    known = key_of(gateway, device)
    gateway.change_identity()
    guard = trusting(gateway, known)
    failure(gateway, device, guard=guard)
    (offered,) = guard.shown
    read(gateway, device, guard=trusting(gateway, offered))


def test_unknown_gateway_waits_for_a_person_where_that_is_the_rule(gateway: LabGateway, device: LabDevice) -> None:
    guard = trusting(gateway, strict=True)
    error = failure(gateway, device, guard=guard)
    assert type(error) is GatewayFailed
    assert "waits for somebody to accept it" in str(error)
    assert list(guard.shown.values()) == [True]
    assert (gateway.logins, gateway.failed_logins) == (0, 0)


def test_each_session_checks_the_key_of_a_connection_that_is_open_already(
    gateway: LabGateway, device: LabDevice
) -> None:
    guard = trusting(gateway)
    read(gateway, device, guard=guard)
    other = trusting(gateway)
    read(gateway, device, guard=other)
    assert guard.shown == other.shown
    assert gateway.logins == 1
    error = failure(gateway, device, guard=trusting(gateway, PeerKey("ssh", "ssh-ed25519 AAAA")))
    assert "another host key than before" in str(error)


@pytest.mark.parametrize("fault", [GatewayFault.AWAY, GatewayFault.SILENT])
def test_gateway_that_is_away_is_waited_for_once(lab: Lab, gateway: LabGateway, fault: GatewayFault) -> None:
    gateway.fault = fault
    devices = [lab.add("nxos_ssh", gateway=gateway.name) for _ in range(20)]
    timeouts = Timeouts(tcp=1, connect=1.5, read=8, deadline=20)
    started = time.monotonic()

    with no_leaks(*devices), ThreadPoolExecutor(5) as pool:
        errors = list(pool.map(lambda device: failure_of(gateway, device, timeouts=timeouts), devices))
    assert time.monotonic() - started < 4
    assert {(type(error), error.reason) for error in errors} == {(GatewayUnreachable, "gateway")}
    wanted = "refused the connection" if fault is GatewayFault.AWAY else "did not answer as an SSH server"
    assert all(wanted in str(error) for error in errors)
    assert all(gateway.name in str(error) for error in errors)


def test_gateway_that_comes_back_is_used_by_the_next_attempt(
    gateway: LabGateway, device: LabDevice, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gateways, "AWAY", 0.1)
    gateway.fault = GatewayFault.AWAY

    class HealingLog(RecordedLog):
        def __call__(self, event: str, message: str, *, level: str = "info", **details: object) -> None:
            super().__call__(event, message, level=level, **details)
            if event == "retry":
                gateway.fault = GatewayFault.NONE

    log = HealingLog()
    read(gateway, device, log, retry=RetryPolicy(attempts=2, base=0.3))
    assert log.events.count("retry") == 1


def test_gateway_without_a_name_server_entry_is_the_gateways_fault(gateway: LabGateway, device: LabDevice) -> None:
    error = failure(gateway, device, address="x" * 64 + ".example")
    assert type(error) is GatewayUnreachable
    assert str(error).startswith(f"The gateway {gateway.name}: The name ")


def test_something_else_than_ssh_at_the_gateways_port_is_the_gateways_fault(
    gateway: LabGateway, device: LabDevice, serve: Callable[..., int]
) -> None:
    port = serve(lambda connection: connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n"))
    error = failure(gateway, device, port=port)
    assert str(error) == f"The gateway {gateway.name} closed the connection before the log-in."


def test_gateway_that_agrees_on_no_algorithm_says_so(lab: Lab) -> None:
    gateway = lab.add_gateway(kex_algs=["curve448-sha512"])
    error = failure(gateway, lab.add("ios", gateway=gateway.name), retry=THRICE)
    assert (type(error), error.retryable) == (GatewayFailed, False)
    assert str(error).startswith(f"The gateway {gateway.name} cannot be talked to. IncompatiblePeer: ")


def test_forbidden_forwarding_is_the_gateways_fault(gateway: LabGateway, device: LabDevice) -> None:
    gateway.fault = GatewayFault.FORBIDS
    error = failure(gateway, device, retry=THRICE)
    assert (type(error), error.retryable) == (GatewayFailed, False)
    place = f"{device.address} port {device.port}"
    assert str(error) == (f"The gateway {gateway.name} does not let NetRaven connect to {place}. It says: open failed")


@pytest.mark.parametrize("platform", PLATFORMS)
def test_refused_connection_is_the_devices_fault(lab: Lab, gateway: LabGateway, platform: str) -> None:
    device = lab.add(platform, fault=Fault.REFUSES, gateway=gateway.name)
    error = failure(gateway, device)
    assert type(error) is DeviceUnreachable
    place = f"{device.address} port {device.port}"
    assert str(error) == (
        f"{device.name}: the gateway {gateway.name} got no connection to {place}. It says: Connection refused"
    )


def test_name_that_the_gateway_does_not_know_is_the_devices_fault(gateway: LabGateway, device: LabDevice) -> None:
    target = replace(behind(gateway, device), address="x" * 64 + ".example")
    with pytest.raises(DeviceUnreachable, match=f"the gateway {gateway.name} got no connection to x"):
        fetch(target, login_of(device), guard=anybody(), timeouts=QUICK, log=RecordedLog(), retry=ONCE)


@pytest.mark.parametrize(
    "address", ["169.254.169.254", "fe80::1", "::ffff:169.254.169.254", "0xa9fea9fe", "0251.254.169.254", "224.0.0.1"]
)
def test_gateway_is_not_asked_for_addresses_where_no_device_can_be(
    gateway: LabGateway, device: LabDevice, address: str
) -> None:
    target = replace(behind(gateway, device), address=address)
    with pytest.raises(DeviceUnreachable, match="cannot be a device's address"):
        fetch(target, login_of(device), guard=anybody(), timeouts=QUICK, log=RecordedLog(), retry=ONCE)
    assert (gateway.logins, gateway.outgoing) == (0, set())


def test_device_that_gives_no_answer_is_unreachable_and_is_hung_up_on_when_it_does(
    lab: Lab, gateway: LabGateway, device: LabDevice
) -> None:
    far = lab.add("ios", gateway=gateway.name)
    gateway.delay = 3
    with pytest.raises(DeviceUnreachable) as caught:
        read(gateway, far, timeouts=Timeouts(tcp=1, connect=8, read=8, deadline=20))
    place = f"{far.address} port {far.port}"
    assert str(caught.value) == f"{far.name}: the gateway {gateway.name} got no answer from {place} within 1 seconds."
    gateway.delay = 0
    read(gateway, device)
    assert (gateway.logins, far.client_ports) == (1, [])
    wait_for(lambda: far.client_ports, 10, "the gateway to reach the device after all")
    wait_for(lambda: (gateway.channels, far.active_sessions) == (0, 0), 5, "that connection to be closed")


def test_frozen_gateway_is_told_from_a_device_that_gives_no_answer(gateway: LabGateway, device: LabDevice) -> None:
    read(gateway, device)
    gateway.freeze()
    error = failure_of(gateway, device)
    assert type(error) is GatewayUnreachable
    assert f"the gateway {gateway.name} gave no sign of life for 2 seconds" in str(error)
    read(gateway, device)  # over another connection
    assert gateway.logins == 2


def test_gateway_that_freezes_in_the_middle_is_given_up(
    lab: Lab, gateway: LabGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pump, "ASK_AFTER", 0.5)
    monkeypatch.setattr(pump, "GIVE_UP_AFTER", 2)
    device = lab.add("ios", fault=Fault.SLOW, gateway=gateway.name)
    threading.Timer(2, gateway.freeze).start()
    error = failure_of(gateway, device, timeouts=Timeouts(tcp=2, connect=8, read=30, deadline=30))
    assert type(error) is GatewayUnreachable
    assert str(error) == f"The gateway {gateway.name} gave no sign of life for 2 seconds."


def test_quiet_gateway_that_answers_when_asked_is_not_given_up(
    lab: Lab, gateway: LabGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pump, "ASK_AFTER", 0.3)
    monkeypatch.setattr(pump, "GIVE_UP_AFTER", 2)
    device = lab.add("ios", fault=Fault.SLOW, delay=5, gateway=gateway.name)
    read(gateway, device)


@pytest.mark.parametrize("platform", PLATFORMS)
def test_gateway_that_is_lost_in_the_middle_is_the_gateways_fault(
    lab: Lab, gateway: LabGateway, log: RecordedLog, platform: str
) -> None:
    device = lab.add(platform, fault=Fault.HANGS, gateway=gateway.name)
    with no_leaks(device):
        target = behind(gateway, device)
        with open_session(target, login_of(device), guard=anybody(), timeouts=QUICK, log=log) as session:
            threading.Timer(0.7, gateway.hang_up).start()
            with pytest.raises(GatewayUnreachable) as caught:
                session.running_config()
        close_gateways()
    assert str(caught.value) == f"The gateway {gateway.name} closed the connection."
    assert caught.value.retryable
    assert log["response"]["reason"] == "gateway"


def test_backup_is_made_over_a_new_connection_after_the_gateway_was_lost(lab: Lab, gateway: LabGateway) -> None:
    device = lab.add("nxos_ssh", fault=Fault.HANGS, gateway=gateway.name)

    class HealingLog(RecordedLog):
        def __call__(self, event: str, message: str, *, level: str = "info", **details: object) -> None:
            super().__call__(event, message, level=level, **details)
            if event == "command" and details["command"] == "get_config" and gateway.logins == 1:
                threading.Timer(0.5, gateway.hang_up).start()
            if event == "retry":
                device.fault = Fault.NONE

    log = HealingLog()
    with no_leaks(device):
        _, text = read(gateway, device, log, retry=THRICE)
        close_gateways()
    assert device.running_config.strip() in text
    assert gateway.logins == 2
