"""The Lab itself: ports, files, threads, and its command."""

import gc
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections import Counter
from pathlib import Path

import pytest

from netraven.lab import DeviceSpec, Fault, Lab
from tests.lab.clients import becomes_true, failure, read_config, session


def open_files() -> int:
    gc.collect()  # what earlier tests left behind is not counted
    return len(os.listdir("/proc/self/fd"))


def test_default_inventory_has_every_driver_and_every_fault(tmp_path: Path) -> None:
    with Lab(tmp_path) as lab:
        healthy = {device.name: device.platform for device in lab if device.fault is Fault.NONE}
        ports = [device.port for device in lab]
        faults = Counter(device.fault for device in lab)

    assert healthy == {
        "core1": "ios",
        "core2": "iosxr",
        "edge1": "iosxr_netconf",
        "dc1": "nxos",
        "dc2": "nxos_ssh",
        "leaf1": "eos",
        "fw1": "junos",
        "branch1": "eos",
    }
    assert all(faults[fault] == 1 for fault in Fault if fault is not Fault.NONE)
    assert len(set(ports)) == 17
    assert 0 not in ports


def test_stopping_leaves_no_thread_and_no_file_open(tmp_path: Path) -> None:
    threads, files = threading.active_count(), open_files()
    with Lab(tmp_path, []) as lab:
        clients = []
        for platform in ("ios", "eos", "junos"):
            device = lab.add(platform)
            clients.append(socket.create_connection((device.address, device.port)))
        silent = lab.add("ios", fault=Fault.SILENT)
        clients.append(socket.create_connection((silent.address, silent.port)))
        assert becomes_true(lambda: all(device.active_sessions == 1 for device in lab))
        read_config(lab.add("iosxr_netconf"))

    for client in clients:
        client.close()
    assert all(device.active_sessions == 0 for device in lab)
    assert becomes_true(lambda: threading.active_count() <= threads)
    assert becomes_true(lambda: open_files() <= files)


def test_stopping_cuts_a_session_in_the_middle_of_an_answer(tmp_path: Path) -> None:
    lab = Lab(tmp_path, [DeviceSpec("ios", "slow", Fault.SLOW)])
    lab.start()
    device = lab["slow"]
    with session(device) as driver:
        driver.device.write_channel("show running-config\n")
        lab.stop()
        assert becomes_true(lambda: not driver.device.remote_conn.transport.is_active())
    assert device.active_sessions == 0


def test_client_that_gives_up_frees_a_slow_device(lab: Lab) -> None:
    device = lab.add("nxos", fault=Fault.SLOW, delay=600)

    assert failure(device, patience=1)[:1] == ["ReadTimeout"]
    assert becomes_true(lambda: device.active_sessions == 0)


def test_hundred_sessions_at_once_are_counted_exactly(lab: Lab) -> None:
    device = lab.add("ios", fault=Fault.SILENT)

    clients = [socket.create_connection((device.address, device.port)) for _ in range(100)]
    assert becomes_true(lambda: device.active_sessions == 100)
    for client in clients:
        client.close()
    assert becomes_true(lambda: device.active_sessions == 0)


def test_editing_the_file_changes_the_device(lab: Lab) -> None:
    device = lab.add("eos", "leaf9")
    (lab.directory / "leaf9.cfg").write_text("hostname leaf9\n!\nend\n")

    assert device.running_config == "hostname leaf9\n!\nend\n"
    assert read_config(device).endswith("!\nhostname leaf9\n!\nend\n")
    device.running_config = "hostname written\n"
    assert (lab.directory / "leaf9.cfg").read_text() == "hostname written\n"


def test_reset_restores_configs_faults_and_counters(lab: Lab) -> None:
    device = lab.add("eos", fault=Fault.REFUSES)
    original = device.running_config
    device.fault = Fault.NONE
    device.running_config = "changed\n"
    read_config(device)
    device.fault = Fault.REFUSES

    lab.reset()

    assert device.running_config == original
    assert device.fault is Fault.NONE
    assert (device.logins, device.failed_logins) == (0, 0)
    assert read_config(device).endswith(original)


def test_starting_again_keeps_edited_configs_and_the_host_key(tmp_path: Path) -> None:
    specs = [DeviceSpec("junos", "fw9")]
    with Lab(tmp_path, specs) as lab:
        lab["fw9"].running_config = "system { host-name edited; }\n"
        read_config(lab["fw9"])
    key = (tmp_path / "ssh_host_key_ssh-ed25519").read_bytes()

    with Lab(tmp_path, specs) as lab:
        assert read_config(lab["fw9"]).endswith("system { host-name edited; }\n")
    assert (tmp_path / "ssh_host_key_ssh-ed25519").read_bytes() == key


def test_same_lab_starts_again_after_it_was_stopped(tmp_path: Path) -> None:
    lab = Lab(tmp_path, [DeviceSpec("eos", "leaf1")])
    for _ in range(2):
        with lab:
            assert read_config(lab["leaf1"])


def test_refusing_device_keeps_its_port(lab: Lab) -> None:
    device = lab.add("ios", fault=Fault.REFUSES)

    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((device.address, device.port))
    with socket.socket() as other, pytest.raises(OSError, match="in use"):
        other.bind((device.address, device.port))


def test_device_names_are_unique_and_platforms_known(lab: Lab) -> None:
    lab.add("ios", "core1")

    with pytest.raises(ValueError, match="already a device named core1"):
        lab.add("eos", "core1")
    with pytest.raises(ValueError, match="unknown platform fortios"):
        lab.add("fortios")


def test_taken_port_fails_the_start_and_leaves_nothing_open(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        files = open_files()
        lab = Lab(tmp_path, [DeviceSpec("ios", "core1")], base_port=taken.getsockname()[1])

        with pytest.raises(OSError, match="in use"):
            lab.start()

        assert becomes_true(lambda: open_files() == files)


def lab_command(directory: Path, *arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "netraven.lab", "--directory", str(directory), *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_command_serves_until_it_is_interrupted(tmp_path: Path, number: signal.Signals) -> None:
    process = lab_command(tmp_path)
    try:
        assert becomes_true(lambda: (tmp_path / "inventory.json").exists(), seconds=30)
        inventory = {entry["name"]: entry for entry in json.loads((tmp_path / "inventory.json").read_text())}
        entry = inventory["core1"]
        with socket.create_connection((entry["address"], entry["port"]), timeout=10) as client:
            assert client.recv(8).startswith(b"SSH-2.0-")
    finally:
        process.send_signal(number)
        output, errors = process.communicate(timeout=30)

    assert process.returncode == 0
    assert errors == ""
    assert "bad-drops" in output
    assert set(entry) == {
        "name", "platform", "address", "port", "username", "password", "enable_secret", "fault", "config",
        "gateway",
    }  # fmt: skip
    assert inventory["bad-enable"]["fault"] == "wrong-enable-secret"
    assert Path(entry["config"]).read_text().endswith("end\n")


def test_command_says_in_one_line_that_a_port_is_taken(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        process = lab_command(tmp_path, "--base-port", str(taken.getsockname()[1]))
        output, errors = process.communicate(timeout=30)

    assert process.returncode == 1
    assert output == ""
    assert len(errors.splitlines()) == 1
    assert "in use" in errors
