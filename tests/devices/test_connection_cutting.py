"""Cutting a session from outside, at whatever point: its thread is free again at once, and nothing is left behind."""

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from devices.connection import CutSwitch, Login, RetryPolicy, Target, Timeouts, fetch
from devices.exceptions import SessionCancelled
from netraven.lab import Fault, Lab
from tests.devices.conftest import ONCE, PLATFORMS, RecordedLog, anybody, login_of, no_leaks, target_of

PATIENT = Timeouts(tcp=60, connect=60, read=60, deadline=120)
FREED_WITHIN_SECONDS = 10  # generous for a busy machine, and far below the waits above


class CutAt(RecordedLog):
    """A session log that cuts the session, from a thread of its own, so many seconds after an event."""

    def __init__(self, event: str, seconds: float = 0) -> None:
        super().__init__()
        self.switch = CutSwitch()
        self.cut_at = 0.0
        self._event, self._seconds = event, seconds

    def __call__(self, event: str, message: str, *, level: str = "info", **details: Any) -> None:
        super().__call__(event, message, level=level, **details)
        if event == self._event:
            threading.Timer(self._seconds, self._cut).start()

    def _cut(self) -> None:
        self.cut_at = time.monotonic()
        self.switch.cut(SessionCancelled("Cancelled by anna."))


@pytest.mark.parametrize("fault", [Fault.SILENT, Fault.HANGS])
@pytest.mark.parametrize("platform", PLATFORMS)
def test_a_session_that_waits_for_its_device_is_cut(lab: Lab, platform: str, fault: Fault) -> None:
    device = lab.add(platform, fault=fault)
    log = CutAt("connect" if fault is Fault.SILENT else "command", seconds=0.5)
    with no_leaks(device), pytest.raises(SessionCancelled, match="Cancelled by anna"):
        fetch(
            target_of(device),
            login_of(device),
            guard=anybody(),
            timeouts=PATIENT,
            log=log,
            retry=ONCE,
            switch=log.switch,
        )
    assert time.monotonic() - log.cut_at < FREED_WITHIN_SECONDS


def test_a_session_that_waits_for_its_next_attempt_is_cut(lab: Lab) -> None:
    device = lab.add("ios", fault=Fault.REFUSES)
    log = CutAt("retry")
    policy = RetryPolicy(attempts=3, base=30)
    with no_leaks(device), pytest.raises(SessionCancelled):
        fetch(
            target_of(device),
            login_of(device),
            guard=anybody(),
            timeouts=PATIENT,
            log=log,
            retry=policy,
            switch=log.switch,
        )
    assert time.monotonic() - log.cut_at < FREED_WITHIN_SECONDS
    assert log.events.count("connect") == 1


def test_a_switch_that_was_thrown_before_lets_nothing_begin(lab: Lab, log: RecordedLog) -> None:
    device, switch = lab.add("ios"), CutSwitch()
    switch.cut(SessionCancelled("Cancelled."))
    with pytest.raises(SessionCancelled):
        fetch(
            target_of(device), login_of(device), guard=anybody(), timeouts=PATIENT, log=log, retry=ONCE, switch=switch
        )
    assert (log.events, device.logins) == ([], 0)


def test_netmiko_cut_while_it_enables_is_no_wrong_secret(odd_device: Callable[[str], Target]) -> None:
    """A time-out at this point does mean that the secret is wrong. (netmiko is known by the path of the frame.)"""
    target = odd_device(
        """
        def open(self):
            self.connection = socket.create_connection(("127.0.0.1", self.optional_args["port"]))
            self.enable()
        def enable(self):
            if not self.connection.recv(1):
                raise TimeoutError
        """
    )
    log = CutAt("connect", seconds=0.5)
    with pytest.raises(SessionCancelled):
        fetch(target, Login("netraven"), guard=anybody(), timeouts=PATIENT, log=log, retry=ONCE, switch=log.switch)


def test_a_configuration_that_has_come_is_kept(odd_device: Callable[[str], Target]) -> None:
    """The facts are read last: cut then, they are missing, and no more."""
    target = odd_device(
        """
        def open(self):
            self.connection = socket.create_connection(("127.0.0.1", self.optional_args["port"]))
        def get_config(self, retrieve="all"):
            return {"running": "hostname odd\\n"}
        def get_facts(self):
            return {"vendor": self.connection.recv(1).decode() + "never"}
        """
    )
    log = CutAt("response", seconds=0.2)
    facts, text = fetch(
        target, Login("netraven"), guard=anybody(), timeouts=PATIENT, log=log, retry=ONCE, switch=log.switch
    )
    assert (facts.vendor, text) == ("", "hostname odd\n")
    assert time.monotonic() - log.cut_at < FREED_WITHIN_SECONDS
