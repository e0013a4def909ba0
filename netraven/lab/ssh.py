"""SSH to a simulated device: log-in by password or key, then the device's shell or its NETCONF subsystem."""

import contextlib
import socket
from functools import partial

import asyncssh

from netraven.lab.device import Fault, LabDevice
from netraven.lab.netconf import serve_netconf
from netraven.lab.platforms import PLATFORMS
from netraven.lab.shells import serve_shell
from netraven.lab.ssh_session import SshWire, serve_connection


class LoginServer(asyncssh.SSHServer):
    """Checks log-ins and counts them."""

    def __init__(self, device: LabDevice) -> None:
        self._device = device

    def begin_auth(self, username: str) -> bool:
        """Nobody gets in without credentials."""
        return True

    def password_auth_supported(self) -> bool:
        """Always offered."""
        return True

    def validate_password(self, username: str, password: str) -> bool:
        """Ask the device."""
        return self._device.accepts_password(username, password)

    def public_key_auth_supported(self) -> bool:
        """Offered by devices that know a key."""
        return bool(self._device.authorized_key)

    def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
        """Compare with the authorised key."""
        device = self._device
        authorized = asyncssh.import_public_key(device.authorized_key)
        accepted = username == device.username and key == authorized and device.fault is not Fault.WRONG_PASSWORD
        device.failed_logins += not accepted
        return accepted

    def session_requested(self) -> SshWire:
        """One for each who asks, to speak as the device does."""
        serve = serve_netconf if PLATFORMS[self._device.platform].transport == "netconf" else serve_shell
        return SshWire(partial(serve, device=self._device))

    def auth_completed(self) -> None:
        """Count the log-in."""
        self._device.logins += 1


async def serve_ssh(device: LabDevice, client: socket.socket, host_keys: list[asyncssh.SSHKey]) -> None:
    """Serve one TCP connection until it is closed."""
    options = asyncssh.SSHServerConnectionOptions(
        server_factory=lambda: LoginServer(device),
        server_host_keys=host_keys,
        encoding=None,
        kbdint_auth=False,
        line_editor=False,
        gss_host=None,
    )
    with contextlib.suppress(OSError, asyncssh.Error):
        await serve_connection(client, options)
