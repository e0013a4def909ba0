"""Every SSH and TLS connection of a session shows whose it is, before a log-in is sent over it.

No driver offers that: netmiko and PyEZ check no host key, ncclient takes any that it does not know, and certificates of
devices are self-signed. All SSH libraries stand on paramiko, and all HTTPS libraries on Python's ssl, so `use_guards`
puts the check there. It concerns the connections that a thread makes while it records a `Wire`, and no others.
"""

import ssl
import threading

import paramiko

from devices.connection.peer_keys import SSH, PeerKey
from devices.connection.wire import current_wire

# An RSA key signs in three ways; its name is the last of them.
RSA_SIGNATURES = ("rsa-sha2-512", "rsa-sha2-256", "ssh-rsa")

start_client = paramiko.Transport.start_client


def start_guarded_client(
    transport: paramiko.Transport, event: threading.Event | None = None, timeout: float | None = None
) -> None:
    """Exchange keys, and show the server's to the session's guard. Raises HostKeyRejected, and what paramiko raises."""
    wire = current_wire()
    if wire is None:
        start_client(transport, event, timeout)
        return
    prefer(wire.guard.trusted(SSH), transport)
    start_client(transport, None, timeout)
    try:
        wire.show(PeerKey.of_ssh(transport.get_remote_server_key()))
    except BaseException:
        transport.close()
        raise
    if event is not None:
        event.set()


def prefer(trusted: PeerKey | None, transport: paramiko.Transport) -> None:
    """Ask for the key that is known: a server has several, and with another one it would look like another server."""
    if trusted is None:
        return
    wanted = RSA_SIGNATURES if trusted.algorithm == RSA_SIGNATURES[-1] else (trusted.algorithm,)
    options = transport.get_security_options()
    options.key_types = sorted(options.key_types, key=lambda name: name not in wanted)


class GuardedSSLSocket(ssl.SSLSocket):
    """A TLS connection that shows the server's certificate to the session's guard."""

    def do_handshake(self, block: bool = False) -> None:
        """Agree on keys; nothing is sent of what the connection is for. Raises HostKeyRejected, OSError."""
        super().do_handshake(block)
        wire = current_wire()
        if wire is None or self.server_side:
            return
        try:
            certificate = self.getpeercert(binary_form=True)
            if certificate is None:
                raise ssl.SSLError("the server has no certificate")
            wire.show(PeerKey.of_certificate(certificate))
        except BaseException:
            self.close()
            raise


def use_guards() -> None:
    """Have paramiko and ssl do so, from now on, in the whole process."""
    paramiko.Transport.start_client = start_guarded_client
    ssl.SSLContext.sslsocket_class = GuardedSSLSocket
