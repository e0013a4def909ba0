"""Logging in to a gateway: reached, recognised by its host key, and only then told who comes."""

import socket
import time
from collections.abc import Callable

import paramiko

from devices.connection.gateway_transport import GatewayTransport
from devices.connection.guards import prefer
from devices.connection.jump_host import JumpHost
from devices.connection.keys import as_object, load_key
from devices.connection.peer_keys import SSH, PeerKey
from devices.connection.reachability import connect, resolve
from devices.connection.terms import Login, Timeouts
from devices.exceptions import (
    AuthenticationFailed,
    DeviceUnreachable,
    GatewayFailed,
    GatewayRejected,
    GatewayUnreachable,
    HostKeyRejected,
)

QUOTED_LENGTH = 300
UNACKNOWLEDGED_SECONDS = 30  # then the system gives the connection up
BANNER_ERROR = "Error reading SSH protocol banner"  # how paramiko tells of silence, and of a connection that ended

Check = Callable[[PeerKey], None]


def log_in(host: JumpHost, timeouts: Timeouts, check: Check) -> GatewayTransport:
    """A connection to a gateway, logged in.

    `check` is shown the gateway's host key before the log-in is sent, and raises HostKeyRejected. Raises GatewayFailed:
    GatewayRejected if the log-in was sent.
    """
    login, key = _usable_login(host)
    transport = GatewayTransport(_reach(host, timeouts.tcp))
    try:
        ends = time.monotonic() + timeouts.connect
        _shake_hands(transport, host, ends, timeouts.connect)
        _recognise(transport, check)
        with host.turn(ends - time.monotonic()):
            _authenticate(transport, host.name, login, key, ends)
    except BaseException:
        transport.end()
        raise
    return transport


def _usable_login(host: JumpHost) -> tuple[Login, paramiko.PKey | None]:
    """The log-in and its private key, if it has one; whether they can be used is found out before anything is sent."""
    if host.login is None:
        raise GatewayFailed(
            f"The gateway {host.name} has no log-in that can be used: no key in NETRAVEN_FIELD_KEYS decrypts it."
        )
    if not (host.login.private_key or host.login.password):
        raise GatewayFailed(f"The gateway {host.name} has a credential without password and private key.")
    try:
        return host.login, as_object(load_key(host.login)) if host.login.private_key else None
    except AuthenticationFailed as error:
        raise GatewayFailed(f"The gateway {host.name}: {error}") from None


def _reach(host: JumpHost, timeout: float) -> socket.socket:
    try:
        connection = connect(host, resolve(host, timeout), timeout)
    except DeviceUnreachable as error:
        raise GatewayUnreachable(f"The gateway {host.name}: {error}") from None
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if hasattr(socket, "TCP_USER_TIMEOUT"):  # on Linux
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNACKNOWLEDGED_SECONDS * 1000)
    return connection


def _shake_hands(transport: GatewayTransport, host: JumpHost, ends: float, timeout: float) -> None:
    trouble = ""
    prefer(host.guard.trusted(SSH), transport)
    transport.banner_timeout = transport.handshake_timeout = timeout
    try:
        transport.start_client(timeout=ends - time.monotonic())
    except (EOFError, OSError):
        trouble = BANNER_ERROR
    except paramiko.SSHException as error:
        trouble = f"{type(error).__name__}: {error}"
    if transport.initial_kex_done and not trouble:
        return
    if not trouble or time.monotonic() >= ends:
        raise GatewayUnreachable(f"The gateway {host.name} did not answer as an SSH server within {timeout:g} seconds.")
    if BANNER_ERROR in trouble:
        raise GatewayUnreachable(f"The gateway {host.name} closed the connection before the log-in.")
    quoted = "".join(filter(str.isprintable, trouble))[:QUOTED_LENGTH]
    raise GatewayFailed(f"The gateway {host.name} cannot be talked to. {quoted}")


def _recognise(transport: GatewayTransport, check: Check) -> None:
    try:
        check(PeerKey.of_ssh(transport.get_remote_server_key()))
    except HostKeyRejected as error:
        raise GatewayFailed(f"The gateway {error}") from None


def _authenticate(
    transport: GatewayTransport, gateway: str, login: Login, key: paramiko.PKey | None, ends: float
) -> None:
    """Once a secret has been sent, whatever goes wrong counts as a rejection: trying again might lock the account."""
    transport.auth_timeout = max(ends - time.monotonic(), 1.0)
    problem = "rejected the log-in"
    try:
        _offer_secrets(transport, login, key)
    except (EOFError, OSError, paramiko.SSHException):
        if not transport.is_active():
            problem = "closed the connection during the log-in"
        elif time.monotonic() >= ends:
            problem = "did not answer in time to the log-in"
    if not transport.is_authenticated():
        raise GatewayRejected(f"The gateway {gateway} {problem} as “{login.username}”.")


def _offer_secrets(transport: GatewayTransport, login: Login, key: paramiko.PKey | None) -> None:
    """The key, if there is one, and then the password only where the gateway wants both. Raises SSHException."""
    if key is None:
        transport.auth_password(login.username, login.password)
        return
    if "server-sig-algs" not in transport.server_extensions:  # RFC 8332: then it knows RSA with SHA-1 only
        transport.disabled_algorithms = {"pubkeys": ("rsa-sha2-512", "rsa-sha2-256")}
    transport.auth_publickey(login.username, key)
    if not transport.is_authenticated() and login.password:
        transport.auth_password(login.username, login.password)
