"""One simulated device: who it says it is, what it holds, and how it misbehaves."""

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from netraven.lab.jump_host import LabGateway


class Fault(StrEnum):
    """What a misbehaving device does."""

    NONE = "none"
    WRONG_PASSWORD = "wrong-password"  # noqa: S105 - no password; the device rejects every log-in
    REFUSES = "refuses"  # the port is bound but not listening: connection refused
    SILENT = "silent"  # accepts TCP, never says a byte
    SLOW = "slow"  # answers correctly, `delay` seconds after the running-config request
    HANGS = "hangs-mid-read"  # half the running config, then nothing; the connection stays open
    DROPS = "drops-mid-read"  # half the running config, then the TCP connection is cut
    TRUNCATES = "truncates"  # half the running config in a reply that looks complete
    CLI_ERROR = "cli-error"  # the platform's error instead of the running config
    WRONG_ENABLE = "wrong-enable-secret"  # log-in works, the enable secret does not (CLI platforms)


@dataclass(frozen=True)
class DeviceSpec:
    """What to build a device from; `authorized_key` is OpenSSH public key text.

    Times are in seconds: `latency` passes before each answer of a command line, `delay` before the running
    configuration of a slow device. With the name of a `gateway`, it takes connections from that one only.
    """

    platform: str
    name: str
    fault: Fault = Fault.NONE
    delay: float = 600.0
    username: str = "netraven"
    password: str = "lab-password"  # noqa: S105 - of fake devices on loopback
    enable_secret: str = "lab-enable"  # noqa: S105 - likewise
    authorized_key: str = ""
    host_key_algorithms: tuple[str, ...] = ("ssh-ed25519",)
    gateway: str = ""
    latency: float = 0.0


class LabDevice:
    """A device of the simulated network; its configuration lives in `config_path`.

    A folder beside that, with the suffix `.keys`, gives it keys of its own instead of those of the whole Lab.
    """

    def __init__(self, spec: DeviceSpec, *, config_path: Path, serial_number: str, os_version: str, model: str) -> None:
        self.spec = spec
        self.name = spec.name
        self.platform = spec.platform
        self.address = ""
        self.port = 0
        self.username = spec.username
        self.password = spec.password
        self.enable_secret = spec.enable_secret
        self.authorized_key = spec.authorized_key
        self.host_key_algorithms = spec.host_key_algorithms
        self.delay = spec.delay
        self.latency = spec.latency
        self.serial_number = serial_number
        self.os_version = os_version
        self.model = model
        self.config_path = config_path
        self.logins = 0
        self.failed_logins = 0
        self.active_sessions = 0
        self.client_ports: list[int] = []  # of all who wanted to connect, in their order
        self.gateway: LabGateway | None = None
        self.on_fault_change: Callable[[], None] = lambda: None
        self._fault = spec.fault
        self._read_state: tuple[int, ...] | None = None  # of the file, when its text was last read
        self._read_text = ""

    def __repr__(self) -> str:
        return f"<LabDevice {self.name} ({self.platform}) {self.address}:{self.port} {self.fault}>"

    @property
    def fault(self) -> Fault:
        """How the device misbehaves now."""
        return self._fault

    @fault.setter
    def fault(self, fault: Fault) -> None:
        """Holds from the next connection, or from the next request of an open one."""
        self._fault = Fault(fault)
        self.on_fault_change()

    @property
    def refuses(self) -> bool:
        """Connections are refused."""
        return self.fault is Fault.REFUSES

    @property
    def silent(self) -> bool:
        """Connections are taken, and nothing is said."""
        return self.fault is Fault.SILENT

    def admits(self, port: int) -> bool:
        """A device behind a gateway takes only connections that the gateway has made."""
        self.client_ports.append(port)
        return self.gateway is None or port in self.gateway.outgoing

    @property
    def running_config(self) -> str:
        """The text in the file, read anew once that has changed: editing the file changes the device."""
        status = self.config_path.stat()
        state = (status.st_ino, status.st_size, status.st_mtime_ns)
        if state != self._read_state:
            self._read_state, self._read_text = state, self.config_path.read_text(encoding="utf-8")
        return self._read_text

    @running_config.setter
    def running_config(self, text: str) -> None:
        partial = self.config_path.with_suffix(".partial")
        partial.write_text(text, encoding="utf-8")
        os.replace(partial, self.config_path)
        self._read_state = None

    @property
    def keys_directory(self) -> Path:
        """Where its own keys are, if it has some."""
        return self.config_path.with_suffix(".keys")

    def change_identity(self) -> None:
        """Show other keys from the next connection on, SSH and TLS, as a device does that was replaced."""
        shutil.rmtree(self.keys_directory, ignore_errors=True)
        self.keys_directory.mkdir()

    @property
    def changed_at(self) -> float:
        """When the configuration was last changed, in seconds since the epoch."""
        return self.config_path.stat().st_mtime

    def accepts_password(self, username: str, password: str) -> bool:
        """Check a log-in and count it if it fails; protocols count the good ones once per connection."""
        accepted = (username, password) == (self.username, self.password) and self.fault is not Fault.WRONG_PASSWORD
        if not accepted:
            self.failed_logins += 1
        return accepted
