"""Sessions with every kind of device, healthy and not: what is returned or raised, and that nothing stays open."""

import pytest

from devices.connection import Facts, Login, RetryPolicy, Timeouts, fetch, open_session
from devices.exceptions import (
    AuthenticationFailed,
    ConnectionLost,
    DeviceError,
    DeviceTimeout,
    DeviceUnreachable,
    UnexpectedDeviceError,
)
from netraven.lab import Fault, Lab
from tests.devices.conftest import ONCE, PLATFORMS, QUICK, SECRETS, RecordedLog, anybody, login_of, no_leaks, target_of

IMPATIENT = Timeouts(tcp=2, connect=1.5, read=1.5, deadline=20)
FAILURES = [
    (Fault.WRONG_PASSWORD, AuthenticationFailed, QUICK),
    (Fault.REFUSES, DeviceUnreachable, QUICK),
    (Fault.SILENT, DeviceTimeout, IMPATIENT),
    (Fault.HANGS, DeviceTimeout, Timeouts(tcp=2, connect=8, read=2, deadline=20)),
    (Fault.DROPS, ConnectionLost, QUICK),
]
ENABLE_PLATFORMS = ["ios", "eos_ssh"]
# The others return the error as if it were the configuration: completeness is checked by those who know the platform.
ERROR_RAISING_PLATFORMS = ["iosxr_netconf", "nxos", "eos", "junos"]


@pytest.mark.parametrize("platform", PLATFORMS)
def test_healthy_device_gives_facts_and_its_whole_configuration(lab: Lab, log: RecordedLog, platform: str) -> None:
    device = lab.add(platform)
    with no_leaks(device):
        facts, text = fetch(target_of(device), login_of(device), guard=anybody(), timeouts=QUICK, log=log, retry=ONCE)
    assert device.running_config.strip() in text
    assert facts.serial_number == device.serial_number
    assert device.os_version in facts.os_version
    assert device.model in facts.model
    assert facts.vendor in ("Cisco", "Arista", "Juniper")
    assert device.logins == 1 or platform in ("nxos", "eos")  # their APIs log in with each request
    assert log.events == ["connect", "host_key", "connect_success", "command", "response", "command", "response"]
    assert log["response"]["size_bytes"] == len(text.encode())
    assert log["response"]["seconds"] > 0


@pytest.mark.parametrize(("fault", "error_class", "timeouts"), FAILURES, ids=[fault for fault, _, _ in FAILURES])
@pytest.mark.parametrize("platform", PLATFORMS)
def test_failure_is_told_apart_and_leaves_nothing_open(
    lab: Lab, log: RecordedLog, platform: str, fault: Fault, error_class: type[DeviceError], timeouts: Timeouts
) -> None:
    device = lab.add(platform, fault=fault)
    with no_leaks(device), pytest.raises(DeviceError) as caught:
        fetch(target_of(device), login_of(device), guard=anybody(), timeouts=timeouts, log=log, retry=ONCE)
    assert type(caught.value) is error_class
    assert device.name in str(caught.value)
    assert "\n" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None
    assert log.entries[-1]["event"] in ("connect_failure", "response")
    assert not [secret for secret in SECRETS if secret in f"{caught.value} {log.entries}"]


@pytest.mark.parametrize("platform", PLATFORMS)
def test_slow_answer_is_waited_for(lab: Lab, log: RecordedLog, platform: str) -> None:
    device = lab.add(platform, fault=Fault.SLOW, delay=0.7)
    with open_session(target_of(device), login_of(device), guard=anybody(), timeouts=QUICK, log=log) as session:
        assert device.running_config.strip() in session.running_config()


@pytest.mark.slow
@pytest.mark.parametrize("platform", PLATFORMS)
def test_answer_that_takes_longer_than_the_libraries_would_wait_is_waited_for(
    lab: Lab, log: RecordedLog, platform: str
) -> None:
    device = lab.add(platform, fault=Fault.SLOW, delay=12)
    timeouts = Timeouts(tcp=2, connect=8, read=20, deadline=40)
    with open_session(target_of(device), login_of(device), guard=anybody(), timeouts=timeouts, log=log) as session:
        assert device.running_config.strip() in session.running_config()


@pytest.mark.parametrize("platform", PLATFORMS)
def test_truncated_configuration_is_returned_as_it_came(lab: Lab, log: RecordedLog, platform: str) -> None:
    device = lab.add(platform, fault=Fault.TRUNCATES)
    with (
        no_leaks(device),
        open_session(target_of(device), login_of(device), guard=anybody(), timeouts=QUICK, log=log) as session,
    ):
        text = session.running_config()
    assert len(device.running_config) * 0.3 < len(text) < len(device.running_config) * 0.7


@pytest.mark.parametrize("platform", PLATFORMS)
def test_error_of_the_command_line_is_raised_or_returned_as_it_came(lab: Lab, log: RecordedLog, platform: str) -> None:
    device = lab.add(platform, fault=Fault.CLI_ERROR)
    with (
        no_leaks(device),
        open_session(target_of(device), login_of(device), guard=anybody(), timeouts=QUICK, log=log) as session,
    ):
        if platform in ERROR_RAISING_PLATFORMS:
            with pytest.raises(UnexpectedDeviceError, match="while reading the running configuration"):
                session.running_config()
        else:
            assert len(session.running_config()) < 100


@pytest.mark.parametrize("platform", ENABLE_PLATFORMS)
def test_wrong_enable_secret_is_an_authentication_failure(lab: Lab, log: RecordedLog, platform: str) -> None:
    device = lab.add(platform, fault=Fault.WRONG_ENABLE)
    with no_leaks(device), pytest.raises(AuthenticationFailed, match="enable secret"):
        fetch(
            target_of(device),
            login_of(device),
            guard=anybody(),
            timeouts=IMPATIENT,
            log=log,
            retry=RetryPolicy(attempts=3),
        )
    assert device.logins == 1


def test_wrong_password_of_the_credential_is_an_authentication_failure(lab: Lab, log: RecordedLog) -> None:
    device = lab.add("ios")
    login = Login(device.username, "not-the-password")
    with pytest.raises(AuthenticationFailed, match="rejected the log-in"):
        fetch(target_of(device), login, guard=anybody(), timeouts=QUICK, log=log, retry=ONCE)
    assert device.failed_logins == 1


def test_facts_that_fail_leave_the_session_usable(lab: Lab, log: RecordedLog) -> None:
    device = lab.add("nxos")
    with open_session(target_of(device), login_of(device), guard=anybody(), timeouts=QUICK, log=log) as session:
        device.platform = "eos"  # from now on its API does not know the requests
        assert session.facts() == Facts()
        device.platform = "nxos"
        assert device.running_config.strip() in session.running_config()
    assert [entry["level"] for entry in log.entries if entry["event"] == "response"] == ["warning", "debug", "info"]


def test_facts_raise_when_the_connection_is_lost(lab: Lab, log: RecordedLog) -> None:
    device = lab.add("ios", fault=Fault.DROPS)
    with open_session(target_of(device), login_of(device), guard=anybody(), timeouts=QUICK, log=log) as session:
        with pytest.raises(ConnectionLost):
            session.running_config()
        with pytest.raises(ConnectionLost):
            session.facts()


def test_session_cannot_be_used_after_its_end(lab: Lab, log: RecordedLog) -> None:
    device = lab.add("eos")
    with open_session(target_of(device), login_of(device), guard=anybody(), timeouts=QUICK, log=log) as session:
        pass
    with pytest.raises(UnexpectedDeviceError, match="closed"):
        session.running_config()


def test_error_in_the_block_reaches_the_caller_and_the_session_is_closed(lab: Lab, log: RecordedLog) -> None:
    device = lab.add("junos")
    with (
        no_leaks(device),
        pytest.raises(ZeroDivisionError),
        open_session(target_of(device), login_of(device), guard=anybody(), timeouts=QUICK, log=log),
    ):
        _ = 1 / 0
