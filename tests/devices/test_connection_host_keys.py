"""Whose key a device shows is checked before its log-in is sent: with every driver, over SSH and over TLS."""

import socket
import time
from collections.abc import Callable

import pytest

from devices.connection import KeyGuard, Login, PeerKey, RetryPolicy, Target, Timeouts, fetch, open_session
from devices.exceptions import HostKeyRejected
from netraven.lab import Lab, LabDevice
from tests.devices.conftest import (
    ONCE,
    PLATFORMS,
    QUICK,
    SSH_PLATFORMS,
    RecordedLog,
    anybody,
    login_of,
    no_leaks,
    target_of,
)

PATIENT = Timeouts(tcp=10, connect=60, read=60, deadline=120)
AT_ONCE_SECONDS = 20.0  # generous for a busy machine, and far less than the time-outs of a session that hangs


def read(device: LabDevice, guard: KeyGuard, log: RecordedLog) -> str:
    _, text = fetch(target_of(device), login_of(device), guard=guard, timeouts=QUICK, log=log, retry=ONCE)
    return text


def key_of(device: LabDevice) -> PeerKey:
    """The key that a first session with the device sees."""
    guard = anybody()
    with open_session(target_of(device), login_of(device), guard=guard, timeouts=QUICK, log=RecordedLog()):
        (key,) = guard.shown
    device.logins = 0
    return key


def refusal(device: LabDevice, guard: KeyGuard, log: RecordedLog) -> str:
    """What a rejected session tells, once it is sure that it ended at once, left nothing and sent no log-in."""
    started = time.monotonic()
    with no_leaks(device):
        with pytest.raises(HostKeyRejected) as caught:
            fetch(
                target_of(device),
                login_of(device),
                guard=guard,
                timeouts=PATIENT,
                log=log,
                retry=RetryPolicy(attempts=3, base=0.01),
            )
        assert time.monotonic() - started < AT_ONCE_SECONDS
    assert (device.logins, device.failed_logins) == (0, 0)
    assert (caught.value.__cause__, caught.value.__context__) == (None, None)
    assert "retry" not in log.events
    assert log.events.count("host_key") == log.events.count("connect") == 1
    assert str(caught.value) == log["host_key"]["message"] == log["connect_failure"]["message"]
    return str(caught.value)


@pytest.mark.parametrize("platform", PLATFORMS)
def test_first_key_is_taken_and_told(lab: Lab, log: RecordedLog, platform: str) -> None:
    device = lab.add(platform)
    guard = KeyGuard(device.name)
    assert device.running_config.strip() in read(device, guard, log)
    ((key, refused),) = guard.shown.items()
    assert (key.kind, refused) == ("tls" if platform in ("eos", "nxos") else "ssh", False)
    assert log["host_key"]["message"].startswith(f"First {key.noun} of {device.name}: {key.fingerprint}")
    assert log.events.count("host_key") == 1
    assert log.events.index("host_key") < log.events.index("connect_success")


@pytest.mark.parametrize("platform", PLATFORMS)
def test_known_key_passes_without_a_word(lab: Lab, log: RecordedLog, platform: str) -> None:
    device = lab.add(platform)
    guard = KeyGuard(device.name, [key_of(device)], strict=True)
    assert device.running_config.strip() in read(device, guard, log)
    assert "host_key" not in log.events


@pytest.mark.parametrize("platform", PLATFORMS)
def test_changed_key_is_refused_before_the_log_in(lab: Lab, log: RecordedLog, platform: str) -> None:
    device = lab.add(platform)
    old = key_of(device)
    device.change_identity()
    guard = KeyGuard(device.name, [old])
    told = refusal(device, guard, log)
    ((new, refused),) = guard.shown.items()
    assert refused
    assert device.name in told
    assert old.fingerprint in told
    assert new.fingerprint in told
    assert new == key_of(device) != old


@pytest.mark.parametrize("platform", PLATFORMS)
def test_unknown_key_is_refused_when_strict(lab: Lab, log: RecordedLog, platform: str) -> None:
    device = lab.add(platform)
    guard = KeyGuard(device.name, strict=True)
    told = refusal(device, guard, log)
    assert list(guard.shown) == [key_of(device)]
    assert "not known yet" in told


def test_a_key_of_the_other_kind_does_not_count(lab: Lab, log: RecordedLog) -> None:
    over_ssh, over_tls = lab.add("eos_ssh"), lab.add("eos")
    guard = KeyGuard("leaf1", [key_of(over_ssh)])
    assert read(over_tls, guard, log)
    assert guard.trusted("tls") == key_of(over_tls)
    refusal(over_ssh_after_change(over_ssh), guard, RecordedLog())


def over_ssh_after_change(device: LabDevice) -> LabDevice:
    device.change_identity()
    return device


@pytest.mark.parametrize("algorithm", ["ssh-rsa", "ecdsa-sha2-nistp256", "ssh-ed25519"])
@pytest.mark.parametrize("platform", SSH_PLATFORMS)
def test_new_kinds_of_keys_beside_the_known_one_change_nothing(
    lab: Lab, log: RecordedLog, platform: str, algorithm: str
) -> None:
    device = lab.add(platform, host_key_algorithms=(algorithm,))
    known = key_of(device)
    assert known.algorithm == algorithm
    device.host_key_algorithms = ("ssh-ed25519", "ecdsa-sha2-nistp256", "ssh-rsa")
    assert read(device, KeyGuard(device.name, [known], strict=True), log)


def test_known_key_that_the_device_gave_up_for_another_kind_is_a_changed_key(lab: Lab, log: RecordedLog) -> None:
    device = lab.add("ios", host_key_algorithms=("ssh-rsa",))
    known = key_of(device)
    device.host_key_algorithms = ("ssh-ed25519",)
    assert "shows another host key" in refusal(device, KeyGuard(device.name, [known]), log)


@pytest.mark.parametrize("platform", ["nxos", "eos"])
def test_certificate_that_changes_between_two_requests_is_refused(lab: Lab, log: RecordedLog, platform: str) -> None:
    device = lab.add(platform)
    guard = KeyGuard(device.name)
    with open_session(target_of(device), login_of(device), guard=guard, timeouts=QUICK, log=log) as session:
        assert session.running_config()
        device.change_identity()
        with pytest.raises(HostKeyRejected):
            session.facts()
    assert list(guard.shown.values()) == [False, True]


def test_facts_from_somebody_else_fail_the_whole_fetch(
    lab: Lab, log: RecordedLog, odd_driver: Callable[[str], str]
) -> None:
    device = lab.add("ios")
    name = odd_driver(
        """
        def get_config(self, retrieve="all"): return {"running": "hostname odd"}
        def get_facts(self):
            import paramiko
            paramiko.Transport((self.hostname, self.optional_args["port"])).start_client()
        """
    )
    target = Target(device.name, device.address, device.port, name)
    with no_leaks(device), pytest.raises(HostKeyRejected):
        fetch(target, login_of(device), guard=KeyGuard("odd", strict=True), timeouts=QUICK, log=log, retry=ONCE)


@pytest.mark.parametrize("swallow", ["pass", "raise ValueError('cannot connect') from None"])
def test_driver_that_hides_the_refusal_hides_nothing(
    lab: Lab, log: RecordedLog, odd_driver: Callable[[str], str], swallow: str
) -> None:
    device = lab.add("ios")
    name = odd_driver(
        f"""
        def open(self):
            import paramiko
            self.client = paramiko.SSHClient()
            self.client.set_missing_host_key_policy(paramiko.AutoAddPolicy())
            try:
                self.client.connect(self.hostname, self.optional_args["port"], self.username, self.password)
            except Exception:
                {swallow}
        def get_config(self, retrieve="all"): return {{"running": ""}}
        """
    )
    target = Target(device.name, device.address, device.port, name)
    with no_leaks(device), pytest.raises(HostKeyRejected):
        fetch(target, login_of(device), guard=KeyGuard("odd", strict=True), timeouts=QUICK, log=log, retry=ONCE)
    assert (device.logins, device.failed_logins) == (0, 0)


def test_driver_that_does_not_wait_for_the_key_exchange_is_guarded_too(
    lab: Lab, log: RecordedLog, odd_driver: Callable[[str], str]
) -> None:
    device = lab.add("ios")
    name = odd_driver(
        """
        def open(self):
            import paramiko, threading
            done = threading.Event()
            self.transport = paramiko.Transport((self.hostname, self.optional_args["port"]))
            self.transport.start_client(done)
            done.wait(5)
            self.transport.auth_password(self.username, self.password)
        def get_config(self, retrieve="all"): return {"running": "hostname odd"}
        def close(self): self.transport.close()
        """
    )
    target = Target(device.name, device.address, device.port, name)
    with no_leaks(device), pytest.raises(HostKeyRejected):
        fetch(target, login_of(device), guard=KeyGuard("odd", strict=True), timeouts=QUICK, log=log, retry=ONCE)
    assert (device.logins, device.failed_logins) == (0, 0)
    _, text = fetch(target, login_of(device), guard=anybody(), timeouts=QUICK, log=log, retry=ONCE)
    assert (text, device.logins) == ("hostname odd", 1)


@pytest.mark.parametrize("transport", ["telnet", "http"])
def test_connections_without_a_key_ask_for_none(
    log: RecordedLog, serve: Callable[[Callable[[socket.socket], object]], int], transport: str
) -> None:
    driver = "ios" if transport == "telnet" else "nxos"
    heard: list[bytes] = []
    port = serve(lambda connection: heard.append(connection.recv(4096)))
    guard = KeyGuard("plain", strict=True)
    target = Target("plain", "127.0.0.1", port, driver, {"transport": transport})
    with pytest.raises(Exception, match="plain"):
        fetch(target, Login("netraven", "lab-password"), guard=guard, timeouts=QUICK, log=log, retry=ONCE)
    assert guard.shown == {}
