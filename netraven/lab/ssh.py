"""SSH to a simulated device: log-in by password or key, then the device's shell or its NETCONF subsystem."""

import asyncio
import contextlib
import socket

import asyncssh

from netraven.lab.delivery import RequestWire, SessionEnded
from netraven.lab.device import Fault, LabDevice
from netraven.lab.netconf import serve_netconf
from netraven.lab.platforms import PLATFORMS
from netraven.lab.shells import serve_shell


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

    def auth_completed(self) -> None:
        """Count the log-in."""
        self._device.logins += 1


class SshWire(RequestWire):
    """The client's end of an SSH session, in bytes."""

    def __init__(self, process: asyncssh.SSHServerProcess[bytes]) -> None:
        self._process = process
        self.unread = b""

    def write(self, data: bytes) -> None:
        """Send, or queue for sending."""
        self._process.stdout.write(data)

    async def drain(self) -> None:
        """Wait until nearly all is sent."""
        await self._process.stdout.drain()

    async def wait_closed(self) -> None:
        """Return when the client has gone."""
        await self._process.channel.wait_closed()

    def drop(self) -> None:
        """Cut the TCP connection."""
        self._process.channel.get_connection().abort()

    async def read(self) -> bytes:
        """The next bytes, however many there are. Raises SessionEnded when the client has left."""
        try:
            data = await self._process.stdin.read(65536)
        except (OSError, asyncssh.Error) as error:
            raise SessionEnded from error
        if not data:
            raise SessionEnded
        return data


async def serve_ssh(device: LabDevice, client: socket.socket, host_keys: list[asyncssh.SSHKey]) -> None:
    """Serve one TCP connection until it is closed."""

    async def serve_session(process: asyncssh.SSHServerProcess[bytes]) -> None:
        wire = SshWire(process)
        with contextlib.suppress(SessionEnded, OSError, asyncssh.Error):
            if PLATFORMS[device.platform].transport == "netconf":
                await serve_netconf(wire, device)
            else:
                await serve_shell(wire, device)
        process.exit(0)

    connection: asyncssh.SSHServerConnection | None = None
    try:
        connection = await asyncssh.run_server(
            client,
            server_factory=lambda: LoginServer(device),
            server_host_keys=host_keys,
            process_factory=serve_session,
            encoding=None,
            line_editor=False,
            kbdint_auth=False,
            gss_host=None,
        )
        await connection.wait_closed()
    except (OSError, asyncssh.Error):
        return
    except asyncio.CancelledError:
        if connection is not None:
            connection.abort()
            await connection.wait_closed()
        raise
