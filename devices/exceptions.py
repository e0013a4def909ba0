"""What can go wrong between NetRaven and a device: the class says whether trying again makes sense."""

from typing import ClassVar


class DeviceError(Exception):
    """One sentence for an operator, with no secret in it."""

    reason: ClassVar[str]
    retryable: ClassVar[bool]


class DeviceUnreachable(DeviceError):
    """The name is unknown, nothing listens, no route leads there, or the TCP connection timed out."""

    reason = "unreachable"
    retryable = True


class ConnectionLost(DeviceUnreachable):
    """The device hung up after the connection was made."""


class GatewayFailed(DeviceError):
    """The way to the device is at fault: its gateway is away, or rejected NetRaven's log-in."""

    reason = "gateway"
    retryable = False


class GatewayRejected(GatewayFailed):
    """The gateway rejected NetRaven's log-in, `seconds_ago` perhaps: trying it again locks the account."""

    def __init__(self, message: str, *, seconds_ago: float = 0) -> None:
        super().__init__(message)
        self.seconds_ago = seconds_ago


class GatewayUnreachable(GatewayFailed):
    """The gateway took no connection, or hung up."""

    retryable = True


class HostKeyRejected(DeviceError):
    """Whoever answered is not the one that is known: no log-in was sent."""

    reason = "security"
    retryable = False


class AuthenticationFailed(DeviceError):
    """A wrong password, key, passphrase or enable secret: trying it again locks accounts."""

    reason = "authentication"
    retryable = False


class DeviceTimeout(DeviceError):
    """Connected, but no answer in time."""

    reason = "timeout"
    retryable = True


class DeadlineExceeded(DeviceTimeout):
    """The session took longer than a whole backup may, and was cut."""

    retryable = False


class SessionCancelled(DeviceError):
    """Somebody cancelled the job: the session was cut, or not begun."""

    reason = "cancelled"
    retryable = False


class IncompleteConfig(DeviceError):
    """What came is not a whole configuration; `config` is what came."""

    reason = "incomplete"
    retryable = False

    def __init__(self, message: str, config: str) -> None:
        super().__init__(message)
        self.config = config


class UnexpectedDeviceError(DeviceError):
    """Anything else; the message names the library's exception and quotes its text."""

    reason = "unexpected"
    retryable = False
