"""A simulated gateway: an SSH server that forwards connections to devices, as sshd does, and counts log-ins."""

import asyncio
import os
import shutil
import socket
from collections.abc import Awaitable, Callable
from enum import StrEnum
from pathlib import Path
from typing import Any

import asyncssh
from asyncssh.forward import SSHForwarder

from netraven.lab.identity import LabIdentity


class GatewayFault(StrEnum):
    """What a misbehaving gateway does. It holds from the next connection, or from the next request of an open one."""

    NONE = "none"
    AWAY = "away"  # the port is bound but not listening: connection refused
    SILENT = "silent"  # accepts TCP, never says a byte
    REJECTS = "rejects-log-ins"
    HANGS_UP = "hangs-up-at-log-in"
    FORBIDS = "forbids-forwarding"  # as sshd with AllowTcpForwarding no


class LabGateway:
    """A gateway of the simulated network; `algorithms` are options of asyncssh's server, such as `kex_algs`."""

    def __init__(
        self,
        name: str,
        *,
        username: str = "jump",
        password: str = "jump-password",  # noqa: S107 - of a fake gateway on loopback
        authorized_key: str = "",
        host_key_algorithms: tuple[str, ...] = ("ssh-ed25519",),
        **algorithms: object,
    ) -> None:
        self.name = name
        self.address = ""
        self.port = 0
        self.username = username
        self.password = password
        self.authorized_key = authorized_key
        self.host_key_algorithms = host_key_algorithms
        self.keys_directory = Path()  # the Lab says where
        self.algorithms = algorithms
        self.logins = 0
        self.failed_logins = 0
        self.active_sessions = 0
        self.channels = 0  # open now
        self.forwarded_bytes = 0
        self.names: dict[str, str] = {}  # that it alone resolves, with their addresses
        self.outgoing: set[int] = set()  # the local ports of all connections that it has made to devices
        self.connections: set[asyncssh.SSHServerConnection] = set()
        self.on_fault_change: Callable[[], None] = lambda: None
        self.on_every_connection: Callable[[Callable[[asyncssh.SSHServerConnection], None]], None] = lambda do: None
        self._fault = GatewayFault.NONE

    def __repr__(self) -> str:
        return f"<LabGateway {self.name} {self.address}:{self.port} {self.fault}>"

    @property
    def fault(self) -> GatewayFault:
        """How the gateway misbehaves now."""
        return self._fault

    @fault.setter
    def fault(self, fault: GatewayFault) -> None:
        self._fault = GatewayFault(fault)
        self.on_fault_change()

    @property
    def refuses(self) -> bool:
        """It is away."""
        return self.fault is GatewayFault.AWAY

    @property
    def silent(self) -> bool:
        """It says nothing."""
        return self.fault is GatewayFault.SILENT

    def admits(self, port: int) -> bool:
        """Anybody may connect, from any port."""
        return True

    def change_identity(self) -> None:
        """Show another host key from the next connection on, as if another machine had taken its place."""
        shutil.rmtree(self.keys_directory)
        self.keys_directory.mkdir()

    def hang_up(self) -> None:
        """Cut every connection, as a crash does."""
        self.on_every_connection(lambda connection: connection.abort())

    def freeze(self) -> None:
        """Take nothing more from any connection, and answer nothing, as a machine that has run out of memory."""

        def stop_reading(connection: asyncssh.SSHServerConnection) -> None:
            if connection._transport:
                connection._transport.pause_reading()

        self.on_every_connection(stop_reading)

    async def serve(self, client: socket.socket) -> None:
        """Serve one TCP connection until it is closed."""
        connection: asyncssh.SSHServerConnection | None = None
        try:
            connection = await asyncssh.run_server(
                client,
                server_factory=lambda: JumpServer(self),
                server_host_keys=LabIdentity(self.keys_directory).host_keys(self.host_key_algorithms),
                kbdint_auth=False,
                gss_host=None,
                **self.algorithms,
            )
            self.connections.add(connection)
            await connection.wait_closed()
        except (OSError, asyncssh.Error):
            return
        except asyncio.CancelledError:
            if connection is not None:
                connection.abort()
                await connection.wait_closed()
            raise
        finally:
            if connection is not None:
                self.connections.discard(connection)


class JumpServer(asyncssh.SSHServer):
    """Checks log-ins, counts them, and forwards."""

    def __init__(self, gateway: LabGateway) -> None:
        self._gateway = gateway
        self._connection: asyncssh.SSHServerConnection | None = None

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        """Keep it, to be able to hang up."""
        self._connection = conn

    def begin_auth(self, username: str) -> bool:
        """Nobody gets in without credentials."""
        return True

    def password_auth_supported(self) -> bool:
        """Always offered."""
        return True

    def validate_password(self, username: str, password: str) -> bool:
        """Compare, and count a failure."""
        return self._judge((username, password) == (self._gateway.username, self._gateway.password))

    def public_key_auth_supported(self) -> bool:
        """Offered by gateways that know a key."""
        return bool(self._gateway.authorized_key)

    def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
        """Compare with the authorised key."""
        authorized = asyncssh.import_public_key(self._gateway.authorized_key)
        return self._judge(username == self._gateway.username and key == authorized)

    def auth_completed(self) -> None:
        """Count the log-in."""
        self._gateway.logins += 1

    def connection_requested(self, dest_host: str, dest_port: int, orig_host: str, orig_port: int) -> Awaitable[Any]:
        """Forward."""
        if self._gateway.fault is GatewayFault.FORBIDS:
            raise asyncssh.ChannelOpenError(asyncssh.OPEN_ADMINISTRATIVELY_PROHIBITED, "open failed")
        return self._forward(dest_host, dest_port)

    def _judge(self, right: bool) -> bool:
        accepted = right and self._gateway.fault is not GatewayFault.REJECTS
        self._gateway.failed_logins += not accepted
        if self._gateway.fault is GatewayFault.HANGS_UP and self._connection:
            self._connection.abort()
        return accepted

    async def _forward(self, host: str, port: int) -> SSHForwarder:
        loop = asyncio.get_running_loop()
        host = self._gateway.names.get(host, host)
        try:
            [(family, kind, protocol, _, address), *_] = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            outgoing = socket.socket(family, kind, protocol)
        except OSError as error:
            raise asyncssh.ChannelOpenError(asyncssh.OPEN_CONNECT_FAILED, str(error)) from None
        try:
            outgoing.setblocking(False)
            outgoing.bind(("", 0))
            self._gateway.outgoing.add(outgoing.getsockname()[1])  # before the device sees it
            await loop.sock_connect(outgoing, address)
        except OSError as error:
            outgoing.close()
            reason = os.strerror(error.errno) if error.errno else str(error)
            raise asyncssh.ChannelOpenError(asyncssh.OPEN_CONNECT_FAILED, reason) from None
        except asyncio.CancelledError:
            outgoing.close()
            raise
        _, device_side = await loop.create_connection(lambda: Counting(self._gateway), sock=outgoing)
        return ChannelSide(self._gateway, device_side)


class Counting(SSHForwarder):
    """One side of a forwarded connection."""

    def __init__(self, gateway: LabGateway, peer: SSHForwarder | None = None) -> None:
        super().__init__(peer)
        self._gateway = gateway

    def data_received(self, data: bytes, datatype: int | None = None) -> None:
        """Pass it on."""
        self._gateway.forwarded_bytes += len(data)
        super().data_received(data, datatype)


class ChannelSide(Counting):
    """The side towards NetRaven."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """One channel more."""
        self._gateway.channels += 1
        super().connection_made(transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """One less."""
        self._gateway.channels -= 1
        super().connection_lost(exc)
