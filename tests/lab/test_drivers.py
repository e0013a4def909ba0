"""NAPALM's own drivers, unmodified, against healthy devices."""

import re
from pathlib import Path
from typing import Any

import paramiko
import pytest
import requests

from netraven.lab import Fault, Lab
from netraven.lab.platforms import PLATFORMS
from tests.lab.clients import DRIVERS, becomes_true, driver_for, read_config, session

VENDORS = {"eos": "Arista", "eos_ssh": "Arista", "junos": "Juniper"}
HEADERS = {
    "ios": r"!",
    "ios_telnet": r"!",
    "iosxr": r"!! Last configuration change at .+ by netraven",
    "iosxr_netconf": r"!! IOS XR Configuration 7\.8\.1\n!! Last configuration change at .+ by netraven",
    "nxos": r"!Running configuration last done at: .+",
    "nxos_ssh": r"!Running configuration last done at: .+",
    "eos": r"! Command: show running-config\n! device: .+ \(DCS-7050SX3-48YC8, EOS-4\.28\.3M\)",
    "eos_ssh": r"! Command: show running-config\n! device: .+ \(DCS-7280SR-48C6, EOS-4\.27\.1F\)",
    "junos": r"## Last commit: .+ by netraven",
}


def test_every_platform_is_tested() -> None:
    assert set(DRIVERS) == set(HEADERS) == set(PLATFORMS)


@pytest.mark.parametrize("platform", DRIVERS)
def test_driver_reads_facts_and_running_config(lab: Lab, platform: str) -> None:
    device = lab.add(platform, "switch-7")
    device.running_config = device.running_config.replace("simulated", 'sïmulated <&> "quoted"')

    with session(device) as driver:
        facts = driver.get_facts()
        config = driver.get_config(retrieve="running")["running"]
        if platform not in ("eos", "nxos"):  # these two connect anew for each request
            assert device.active_sessions == 1

    assert facts["vendor"] == VENDORS.get(platform, "Cisco")
    assert facts["hostname"] == "switch-7"
    assert facts["model"] == device.model
    assert facts["os_version"] == device.os_version
    assert facts["serial_number"] == device.serial_number
    assert len(facts["interface_list"]) >= 4
    held = device.running_config.strip().splitlines()
    lines = config.strip().splitlines()
    assert lines[-len(held) :] == held
    assert re.match(HEADERS[platform], "\n".join(lines[: -len(held)])), lines[:5]
    assert becomes_true(lambda: device.active_sessions == 0)
    assert device.logins >= 1
    assert device.failed_logins == 0


@pytest.mark.parametrize("platform", ["ios", "nxos", "nxos_ssh", "eos", "eos_ssh"])
def test_driver_reads_startup_config(lab: Lab, platform: str) -> None:
    device = lab.add(platform)

    with session(device) as driver:
        config = driver.get_config(retrieve="startup")["startup"]

    held = device.running_config.strip().splitlines()
    assert config.strip().splitlines()[-len(held) :] == held


@pytest.mark.parametrize("platform", PLATFORMS)
def test_configs_are_realistic_and_differ_between_devices(lab: Lab, platform: str) -> None:
    one, other = lab.add(platform, "one").running_config, lab.add(platform, "other").running_config

    assert 30 <= len(one.splitlines()) <= 300
    assert "one" in one
    assert "%" not in one
    assert len(set(one.splitlines()) - set(other.splitlines())) > 5


def test_log_ins_are_counted_exactly(lab: Lab) -> None:
    device = lab.add("junos")
    read_config(device)
    read_config(device)
    device.password = "changed"
    with session(device):
        pass
    device.fault = Fault.WRONG_PASSWORD
    with pytest.raises(Exception, match="ConnectAuthError"):
        driver_for(device).open()

    assert (device.logins, device.failed_logins) == (3, 1)


def test_wrong_user_name_is_rejected(lab: Lab) -> None:
    device = lab.add("eos")
    driver = driver_for(device)
    device.username = "somebody-else"

    with pytest.raises(Exception, match="Unauthorized"):
        driver.open()
    assert (device.logins, device.failed_logins) == (0, 1)


def test_key_log_in_needs_the_authorized_key(lab: Lab, tmp_path: Path) -> None:
    key, other = paramiko.RSAKey.generate(2048), paramiko.RSAKey.generate(2048)
    key.write_private_key_file(str(tmp_path / "key"))
    device = lab.add("ios", password="unknown", authorized_key=f"ssh-rsa {key.get_base64()}")
    arguments: dict[str, Any] = {"use_keys": True, "key_file": str(tmp_path / "key"), "allow_agent": False}
    driver = driver_for(device, **arguments)
    driver.password = ""

    driver.open()
    driver.close()
    assert (device.logins, device.failed_logins) == (1, 0)

    device.authorized_key = f"ssh-rsa {other.get_base64()}"
    driver = driver_for(device, **arguments)
    driver.password = ""
    with pytest.raises(Exception, match="Authentication to device failed"):
        driver.open()
    assert device.logins == 1
    assert device.failed_logins >= 1


def test_nxos_says_when_it_was_asked(lab: Lab) -> None:
    device = lab.add("nxos")
    request = {"jsonrpc": "2.0", "method": "cli_ascii", "params": {"cmd": "show running-config", "version": 1}, "id": 1}

    with pytest.warns(match="Unverified HTTPS request"):
        reply = requests.post(
            f"https://{device.address}:{device.port}/ins",
            json=[request],
            auth=(device.username, device.password),
            verify=False,
            timeout=10,
        )

    text = reply.json()["result"]["msg"]
    assert text.startswith("\n!Command: show running-config\n")
    assert re.search(r"^!Time: \w{3} \w{3} [ \d]\d \d\d:\d\d:\d\d \d{4}$", text, re.MULTILINE)


def test_commands_a_device_does_not_know_are_answered_with_its_error(lab: Lab) -> None:
    with session(lab.add("ios")) as driver:
        assert "% Invalid input detected" in driver.cli(["show flux capacitor"])["show flux capacitor"]
    with session(lab.add("nxos")) as driver, pytest.raises(Exception, match="Invalid command"):
        driver.cli(["show flux capacitor"])
    with session(lab.add("eos")) as driver, pytest.raises(Exception, match="Invalid command"):
        driver.cli(["show flux capacitor"])


def test_running_config_needs_privileges(lab: Lab) -> None:
    device = lab.add("ios")

    with session(device, force_no_enable=True) as driver:
        assert "% Invalid input detected" in driver.get_config(retrieve="running")["running"]


def test_device_without_enable_secret_asks_for_none(lab: Lab) -> None:
    device = lab.add("ios", enable_secret="")

    assert read_config(device).endswith("end")
