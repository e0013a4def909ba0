"""The hard deadline: a session that hangs, at whatever point, is cut, and its thread is free again at once."""

import socket
import threading
import time
from collections.abc import Callable
from dataclasses import replace

import pytest

from devices.connection import Facts, Login, RetryPolicy, Target, Timeouts, fetch, open_session
from devices.exceptions import DeadlineExceeded, DeviceTimeout, DeviceUnreachable
from netraven.lab import Fault, Lab
from tests.devices.conftest import ONCE, PLATFORMS, QUICK, RecordedLog, Serve, anybody, login_of, no_leaks, target_of

# Long waits everywhere but for the deadline: whatever ends such a session early is the deadline.
PATIENT = Timeouts(tcp=60, connect=60, read=60, deadline=2)
FREED_WITHIN_SECONDS = 15  # generous for a busy machine, and far below the waits above


@pytest.mark.parametrize("fault", [Fault.SILENT, Fault.HANGS])
@pytest.mark.parametrize("platform", PLATFORMS)
def test_hung_session_is_cut_at_the_deadline(lab: Lab, log: RecordedLog, platform: str, fault: Fault) -> None:
    device = lab.add(platform, fault=fault)
    timeouts = replace(PATIENT, deadline=5 if platform == "iosxr" else 2)  # its log-in alone takes three seconds
    started = time.monotonic()
    with no_leaks(device), pytest.raises(DeadlineExceeded):
        fetch(
            target_of(device),
            login_of(device),
            guard=anybody(),
            timeouts=timeouts,
            log=log,
            retry=RetryPolicy(attempts=3),
        )
    assert time.monotonic() - started < FREED_WITHIN_SECONDS
    assert "retry" not in log.events


def _trickle_banner(connection: socket.socket) -> None:
    while True:
        connection.sendall(b"please wait\r\n")
        time.sleep(0.1)


@pytest.mark.parametrize("driver", ["ios", "iosxr", "iosxr_netconf", "nxos_ssh", "junos"])
def test_device_that_never_finishes_its_greeting_is_cut(serve: Serve, log: RecordedLog, driver: str) -> None:
    target = Target("tarpit", "127.0.0.1", serve(_trickle_banner), driver)
    with no_leaks(), pytest.raises(DeadlineExceeded):
        fetch(target, Login("netraven", "lab-password"), guard=anybody(), timeouts=PATIENT, log=log, retry=ONCE)


def _trickle_body(connection: socket.socket) -> None:
    connection.recv(65536)
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1000000\r\n\r\n")
    while True:
        connection.sendall(b" ")
        time.sleep(0.1)


@pytest.mark.parametrize("driver", ["nxos", "eos"])
def test_answer_that_trickles_in_for_ever_is_cut(serve: Serve, log: RecordedLog, driver: str) -> None:
    target = Target("tarpit", "127.0.0.1", serve(_trickle_body), driver, {"transport": "http"})
    with no_leaks(), pytest.raises(DeadlineExceeded):
        fetch(target, Login("netraven", "lab-password"), guard=anybody(), timeouts=PATIENT, log=log, retry=ONCE)


def test_log_in_over_telnet_that_leads_nowhere_ends_in_time(serve: Serve, log: RecordedLog) -> None:
    target = Target("mute", "127.0.0.1", serve(lambda connection: connection.recv(1)), "ios", {"transport": "telnet"})
    timeouts = Timeouts(tcp=2, connect=2, read=60, deadline=60)
    with no_leaks(), pytest.raises(DeviceTimeout, match="logging in took longer than 2 seconds"):
        fetch(target, Login("netraven", "lab-password"), guard=anybody(), timeouts=timeouts, log=log, retry=ONCE)


def test_close_that_hangs_is_cut_and_the_configuration_kept(
    odd_device: Callable[[str], Target], log: RecordedLog
) -> None:
    target = odd_device(
        """
        def open(self):
            self.connection = socket.create_connection((self.hostname, self.optional_args["port"]))
        def get_config(self, retrieve="all"): return {"running": "hostname odd"}
        def close(self): self.connection.makefile().read()
        """
    )
    with no_leaks():
        _, text = fetch(target, Login("netraven"), guard=anybody(), timeouts=PATIENT, log=log, retry=ONCE)
    assert text == "hostname odd"


def test_facts_that_hang_do_not_cost_the_configuration(odd_device: Callable[[str], Target], log: RecordedLog) -> None:
    target = odd_device(
        """
        def get_config(self, retrieve="all"): return {"running": "hostname odd"}
        def get_facts(self):
            socket.create_connection((self.hostname, self.optional_args["port"])).recv(1)
        """
    )
    with no_leaks():
        assert fetch(target, Login("netraven"), guard=anybody(), timeouts=PATIENT, log=log, retry=ONCE) == (
            Facts(),
            "hostname odd",
        )


def test_driver_that_reconnects_after_the_cut_gets_no_connection(
    odd_device: Callable[[str], Target], log: RecordedLog
) -> None:
    target = odd_device(
        """
        def get_config(self, retrieve="all"):
            while True:
                connection = socket.create_connection((self.hostname, self.optional_args["port"]))
                if connection.recv(1) == b"":
                    connection.close()
                    again = socket.create_connection((self.hostname, self.optional_args["port"]))
        """
    )
    with no_leaks(), pytest.raises(DeadlineExceeded):
        fetch(target, Login("netraven"), guard=anybody(), timeouts=PATIENT, log=log, retry=ONCE)


def test_cutting_one_session_leaves_another_to_the_same_device_alone(lab: Lab) -> None:
    device = lab.add("ios", fault=Fault.SLOW, delay=4)
    answers: list[str] = []

    def read_patiently() -> None:
        with open_session(
            target_of(device), login_of(device), guard=anybody(), timeouts=QUICK, log=RecordedLog()
        ) as session:
            answers.append(session.running_config())

    neighbour = threading.Thread(target=read_patiently)
    neighbour.start()
    with pytest.raises(DeadlineExceeded):
        fetch(target_of(device), login_of(device), guard=anybody(), timeouts=PATIENT, log=RecordedLog(), retry=ONCE)
    neighbour.join()
    assert device.running_config.strip() in answers[0]


def test_no_wait_for_another_attempt_outlasts_the_deadline(lab: Lab, log: RecordedLog) -> None:
    device = lab.add("ios", fault=Fault.REFUSES)
    timeouts = Timeouts(tcp=2, connect=2, read=2, deadline=5)
    started = time.monotonic()
    with pytest.raises(DeviceUnreachable):
        fetch(
            target_of(device),
            login_of(device),
            guard=anybody(),
            timeouts=timeouts,
            log=log,
            retry=RetryPolicy(attempts=9, base=60, max_wait=60),
        )
    assert time.monotonic() - started < 5
    assert log.events == ["connect", "connect_failure"]
