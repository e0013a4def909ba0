"""The contract between sessions and whoever decides about another attempt."""

import pytest

from devices import exceptions
from devices.exceptions import ConnectionLost, DeadlineExceeded, DeviceError, DeviceUnreachable, IncompleteConfig

REASONS = {
    "DeviceUnreachable": ("unreachable", True),
    "ConnectionLost": ("unreachable", True),
    "GatewayFailed": ("gateway", False),
    "GatewayRejected": ("gateway", False),
    "GatewayUnreachable": ("gateway", True),
    "HostKeyRejected": ("security", False),
    "AuthenticationFailed": ("authentication", False),
    "DeviceTimeout": ("timeout", True),
    "DeadlineExceeded": ("timeout", False),
    "SessionCancelled": ("cancelled", False),
    "IncompleteConfig": ("incomplete", False),
    "UnexpectedDeviceError": ("unexpected", False),
}


@pytest.mark.parametrize("name", REASONS)
def test_every_error_has_a_reason_and_says_whether_to_retry(name: str) -> None:
    error_class = getattr(exceptions, name)
    assert issubclass(error_class, DeviceError)
    assert (error_class.reason, error_class.retryable) == REASONS[name]


def test_no_error_is_without_a_reason() -> None:
    defined = {name for name, value in vars(exceptions).items() if isinstance(value, type)}
    assert defined - {"DeviceError"} == set(REASONS)


def test_incomplete_configuration_carries_what_came() -> None:
    error = IncompleteConfig("The configuration stops before its end.", "hostname core1")
    assert str(error) == "The configuration stops before its end."
    assert error.config == "hostname core1"


def test_special_cases_are_caught_with_the_general_ones() -> None:
    assert issubclass(ConnectionLost, DeviceUnreachable)
    assert issubclass(DeadlineExceeded, exceptions.DeviceTimeout)
