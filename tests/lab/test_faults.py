"""What NAPALM does when devices misbehave: the table against which NetRaven's own error handling is built."""

import socket

import pytest

from netraven.lab import Fault, Lab
from tests.lab.clients import DRIVERS, PATIENCE, becomes_true, failure, read_config, session

NETMIKO_UNREACHABLE = ("ConnectionException", "NetmikoTimeoutException", "NoValidConnectionsError")
NETMIKO_SILENT = ("ConnectionException", "NetmikoTimeoutException", "SSHException")
NETMIKO = {
    Fault.WRONG_PASSWORD: ("NetmikoAuthenticationException",),
    Fault.REFUSES: NETMIKO_UNREACHABLE,
    Fault.SILENT: NETMIKO_SILENT,
    Fault.SLOW: ("ReadTimeout",),
    Fault.HANGS: ("ReadTimeout",),
    Fault.DROPS: ("ReadTimeout",),
}
# The classes in the chain of causes, outermost first; others may stand between them
EXCEPTIONS: dict[str, dict[Fault, tuple[str, ...]]] = {
    "ios": {**NETMIKO, Fault.WRONG_ENABLE: ("ValueError",)},
    "ios_telnet": {
        Fault.REFUSES: ("ConnectionRefusedError",),
        Fault.HANGS: ("ReadTimeout",),
        Fault.DROPS: ("ConnectionClosedException", "EOFError"),
    },
    "nxos_ssh": NETMIKO,
    "eos_ssh": {**NETMIKO, Fault.WRONG_ENABLE: ("ReadTimeout",)},  # netmiko waits for the # prompt in vain
    "iosxr": {
        **NETMIKO,
        Fault.WRONG_PASSWORD: ("ConnectionException", "ConnectError", "NetmikoAuthenticationException"),
        Fault.REFUSES: ("ConnectionException", "ConnectError", "NetmikoTimeoutException", "NoValidConnectionsError"),
        Fault.SILENT: ("ConnectionException", "ConnectError", "NetmikoTimeoutException", "SSHException"),
    },
    "iosxr_netconf": {
        Fault.WRONG_PASSWORD: ("ConnectionException", "AuthenticationError"),
        Fault.REFUSES: ("ConnectionException", "SSHError"),
        Fault.SLOW: ("TimeoutExpiredError",),
        Fault.HANGS: ("TimeoutExpiredError",),
        Fault.DROPS: ("SessionCloseError",),
        Fault.CLI_ERROR: ("RPCError",),
    },
    "junos": {
        Fault.WRONG_PASSWORD: ("ConnectAuthError", "AuthenticationError"),
        Fault.REFUSES: ("ConnectRefusedError", "SSHError"),
        Fault.SLOW: ("RpcTimeoutError",),
        Fault.HANGS: ("RpcTimeoutError",),
        Fault.DROPS: ("ConnectClosedError", "SessionCloseError"),
        Fault.CLI_ERROR: ("PermissionError", "RPCError"),
    },
    "eos": {
        Fault.WRONG_PASSWORD: ("ConnectionError",),
        Fault.REFUSES: ("ConnectionError", "ConnectionRefusedError"),
        Fault.SILENT: ("ConnectionError", "TimeoutError"),
        Fault.SLOW: ("ConnectionError", "TimeoutError"),
        Fault.HANGS: ("ConnectionError", "TimeoutError"),
        Fault.DROPS: ("IncompleteRead",),
        Fault.CLI_ERROR: ("CommandError",),
    },
    "nxos": {
        Fault.WRONG_PASSWORD: ("ConnectionException", "NXAPIAuthError"),
        Fault.REFUSES: ("ConnectionException", "NXAPIConnectionError", "ConnectionRefusedError"),
        Fault.SILENT: ("ReadTimeout",),
        Fault.SLOW: ("ReadTimeout",),
        Fault.HANGS: ("NXAPIConnectionError", "ReadTimeoutError"),
        Fault.DROPS: ("ChunkedEncodingError", "IncompleteRead"),
        Fault.CLI_ERROR: ("NXAPICommandError",),
    },
}
UNANSWERED = (Fault.SILENT, Fault.SLOW, Fault.HANGS, Fault.DROPS)
# ncclient asks the device to close the session, waits in vain, and leaves the connection open
LEFT_OPEN = [(platform, fault) for platform in ("junos", "iosxr_netconf") for fault in (Fault.SLOW, Fault.HANGS)]
CASES = [(platform, fault) for platform, faults in EXCEPTIONS.items() for fault in faults]
ERROR_TEXTS = {
    "ios": "% Invalid input detected at '^' marker.",
    "nxos_ssh": "% Invalid command at '^' marker.",
    "eos_ssh": " (privileged mode required)",  # NAPALM takes "% Invalid input" out of the text
    "iosxr": "% This command is not authorized",
}
SSH_OR_HTTPS = [platform for platform in DRIVERS if platform != "ios_telnet"]


@pytest.mark.parametrize(("platform", "fault"), CASES)
def test_fault_raises_what_the_driver_raises(lab: Lab, platform: str, fault: Fault) -> None:
    device = lab.add(platform, fault=fault)

    names = failure(device, patience=1 if fault in UNANSWERED else PATIENCE)

    expected = EXCEPTIONS[platform][fault]
    assert names[:1] == [expected[0]]
    assert [name for name in names if name in expected][: len(expected)] == list(expected), names
    if fault in (Fault.WRONG_PASSWORD, Fault.REFUSES, Fault.SILENT):
        assert device.logins == 0
    assert device.failed_logins == (fault is Fault.WRONG_PASSWORD)
    left_open = (platform, fault) in LEFT_OPEN
    assert becomes_true(lambda: device.active_sessions == left_open)


@pytest.mark.slow
def test_telnet_device_hangs_up_after_three_wrong_passwords(lab: Lab) -> None:
    device = lab.add("ios_telnet", fault=Fault.WRONG_PASSWORD)

    assert failure(device)[:1] == ["NetmikoAuthenticationException"]
    assert (device.logins, device.failed_logins) == (0, 3)


@pytest.mark.parametrize("platform", SSH_OR_HTTPS)
def test_truncated_config_looks_like_success(lab: Lab, platform: str) -> None:
    device = lab.add(platform, fault=Fault.TRUNCATES)

    config = read_config(device)

    lines, held = config.strip().splitlines(), device.running_config.strip().splitlines()
    assert held[0] in lines
    begun = lines[lines.index(held[0]) :]
    assert begun == held[: len(begun)]
    assert 0.3 * len(held) < len(begun) < 0.7 * len(held)


def test_ios_config_that_shows_the_prompt_is_cut_there(lab: Lab) -> None:
    device = lab.add("ios", "bad-truncates", fault=Fault.TRUNCATES)
    before_the_prompt, _, _ = device.running_config.partition("  bad-truncates#write memory")

    assert read_config(device).endswith(before_the_prompt.strip())


def test_ios_config_without_the_prompt_is_cut_too(lab: Lab) -> None:
    device = lab.add("ios")
    device.fault = Fault.TRUNCATES

    assert not read_config(device).endswith("end")


@pytest.mark.parametrize("platform", ERROR_TEXTS)
def test_cli_error_is_returned_as_if_it_were_the_config(lab: Lab, platform: str) -> None:
    config = read_config(lab.add(platform, fault=Fault.CLI_ERROR))

    assert config.endswith(ERROR_TEXTS[platform])
    assert len(config.splitlines()) <= 2


@pytest.mark.parametrize("platform", SSH_OR_HTTPS)
def test_slow_device_answers_correctly(lab: Lab, platform: str) -> None:
    device = lab.add(platform, fault=Fault.SLOW, delay=0.2)

    assert read_config(device).strip().endswith(device.running_config.strip())


@pytest.mark.parametrize("platform", DRIVERS)
def test_silent_device_accepts_and_says_nothing(lab: Lab, platform: str) -> None:
    device = lab.add(platform, fault=Fault.SILENT)

    with socket.create_connection((device.address, device.port), timeout=5) as client:
        client.sendall(b"SSH-2.0-test\r\n")
        client.settimeout(0.3)
        with pytest.raises(TimeoutError):
            client.recv(1)
        assert device.active_sessions == 1
    assert becomes_true(lambda: device.active_sessions == 0)


def test_fault_changes_while_the_device_runs(lab: Lab) -> None:
    device = lab.add("eos")
    with session(device) as driver:
        assert driver.get_config(retrieve="running")["running"]
        device.fault = Fault.CLI_ERROR
        with pytest.raises(Exception, match="invalid command"):
            driver.get_config(retrieve="running")
        device.fault = Fault.REFUSES
        with pytest.raises(Exception, match="refused"):
            driver.get_config(retrieve="running")
        device.fault = Fault.NONE
        assert driver.get_config(retrieve="running")["running"]
