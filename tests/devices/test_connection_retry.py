"""Which failures are tried again."""

from collections.abc import Callable

import pytest

from devices.connection import Login, RetryPolicy, Target, fetch
from devices.exceptions import AuthenticationFailed, ConnectionLost, DeviceUnreachable, UnexpectedDeviceError
from netraven.lab import Fault, Lab, LabDevice
from tests.devices.conftest import PLATFORMS, QUICK, RecordedLog, Serve, anybody, login_of, target_of

DRIVERS = [platform for platform in PLATFORMS if platform != "eos_ssh"]
THRICE = RetryPolicy(attempts=3, base=0.05)


class HealingLog(RecordedLog):
    """A session log that heals the device when it hears of the next attempt."""

    device: LabDevice

    def __call__(self, event: str, message: str, *, level: str = "info", **details: object) -> None:
        super().__call__(event, message, level=level, **details)
        if event == "retry":
            self.device.fault = Fault.NONE


@pytest.mark.parametrize("platform", PLATFORMS)
def test_bad_password_is_not_retried(lab: Lab, log: RecordedLog, platform: str) -> None:
    device = lab.add(platform, fault=Fault.WRONG_PASSWORD)
    with pytest.raises(AuthenticationFailed):
        fetch(target_of(device), login_of(device), guard=anybody(), timeouts=QUICK, log=log, retry=THRICE)
    assert device.failed_logins == 1
    assert "retry" not in log.events


def test_refused_connection_is_retried_as_often_as_the_policy_says(lab: Lab, log: RecordedLog) -> None:
    device = lab.add("ios", fault=Fault.REFUSES)
    with pytest.raises(DeviceUnreachable) as caught:
        fetch(target_of(device), login_of(device), guard=anybody(), timeouts=QUICK, log=log, retry=THRICE)
    assert log.events == [*["connect", "connect_failure", "retry"] * 2, "connect", "connect_failure"]
    assert [entry["attempt"] for entry in log.entries if entry["event"] == "retry"] == [2, 3]
    assert caught.value.__context__ is None


@pytest.mark.parametrize("fault", [Fault.REFUSES, Fault.DROPS])
@pytest.mark.parametrize("platform", [platform for platform in PLATFORMS if platform != "iosxr"])
def test_device_that_recovers_is_backed_up_at_the_next_attempt(lab: Lab, platform: str, fault: Fault) -> None:
    """Over the same port: some drivers take the port out of the arguments that they are given."""
    log = HealingLog()
    log.device = device = lab.add(platform, fault=fault)
    target = target_of(device)
    arguments = dict(target.optional_args)
    _, text = fetch(target, login_of(device), guard=anybody(), timeouts=QUICK, log=log, retry=THRICE)
    assert device.running_config.strip() in text
    assert log.events.count("retry") == 1
    assert target.optional_args == arguments


@pytest.mark.parametrize("driver", DRIVERS)
def test_device_that_hangs_up_at_once_is_tried_again(serve: Serve, log: RecordedLog, driver: str) -> None:
    target = Target("flapping", "127.0.0.1", serve(lambda connection: None), driver)
    with pytest.raises(ConnectionLost):
        fetch(target, Login("netraven", "lab-password"), guard=anybody(), timeouts=QUICK, log=log, retry=THRICE)
    assert log.events.count("connect") == 3


def test_unexpected_error_is_not_retried(odd_device: Callable[[str], Target], log: RecordedLog) -> None:
    target = odd_device("def open(self): raise KeyError('hostname')")
    with pytest.raises(UnexpectedDeviceError, match="KeyError while logging in"):
        fetch(target, Login("netraven"), guard=anybody(), timeouts=QUICK, log=log, retry=THRICE)
    assert log.events == ["connect", "connect_failure"]
