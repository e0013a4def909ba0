"""What a session with a device is told, and what it tells. All times are in seconds."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from devices.connection.jump_host import JumpHost


@dataclass(frozen=True)
class Login:
    """Who logs in. `private_key` is the text of an OpenSSH or PEM key. The secrets stay out of its repr."""

    username: str
    password: str = field(default="", repr=False)
    enable_secret: str = field(default="", repr=False)
    private_key: str = field(default="", repr=False)
    passphrase: str = field(default="", repr=False)


@dataclass(frozen=True)
class Target:
    """Where to connect (`address` is an IP address or a DNS name), through which NAPALM driver and which gateway.

    Behind a gateway it is the gateway that resolves the name.
    """

    hostname: str
    address: str
    port: int
    driver: str
    optional_args: Mapping[str, Any] = field(default_factory=dict)
    gateway: "JumpHost | None" = None


@dataclass(frozen=True)
class Timeouts:
    """`tcp` bounds resolving a name, and connecting; `connect` logging in; `read` one answer; `deadline` everything."""

    tcp: float = 5
    connect: float = 30
    read: float = 60
    deadline: float = 300


@dataclass(frozen=True)
class RetryPolicy:
    """Waits of base, base x factor, base x factor x factor ... up to max_wait, and up to `base` of jitter each."""

    attempts: int = 3
    base: float = 1.0
    factor: float = 2.0
    max_wait: float = 30


@dataclass(frozen=True)
class Facts:
    """What a device says about itself; empty where it says nothing of use."""

    vendor: str = ""
    model: str = ""
    os_version: str = ""
    serial_number: str = ""
    hostname: str = ""


class SessionLog(Protocol):
    """Takes one event of a session.

    Events: connect, host_key, connect_success, connect_failure, retry, command, response, close_failure.
    """

    def __call__(self, event: str, message: str, *, level: str = "info", **details: Any) -> None:
        """`level` is debug, info, warning or error; `details` are JSON values."""
