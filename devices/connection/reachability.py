"""Is anybody there? A dead device is found out here, in seconds: drivers take up to half a minute."""

import ipaddress
import socket
import threading
import time
from dataclasses import dataclass
from typing import Any, Protocol

from devices.connection.terms import Target
from devices.exceptions import DeviceUnreachable


class Place(Protocol):
    """An IP address or a DNS name, and a port."""

    @property
    def address(self) -> str: ...  # noqa: D102
    @property
    def port(self) -> int: ...  # noqa: D102


@dataclass(frozen=True)
class Endpoint:
    """A resolved address, as `socket` wants it."""

    family: socket.AddressFamily
    sockaddr: tuple[Any, ...]

    @property
    def ip(self) -> str:
        """The address alone, without the port."""
        return str(self.sockaddr[0])


def check_reachable(target: Target, timeout: float) -> str:
    """The IP address that took a TCP connection; DeviceUnreachable if none did.

    `timeout` seconds are for its name, if it has one, and as many for the connection.
    """
    return first_answering(target, resolve(target, timeout), timeout)


def resolve(target: Place, timeout: float) -> list[Endpoint]:
    """Every address of the target, in the order to try them."""
    answers: list[Endpoint] = []
    # The C library's resolver can be neither bounded nor interrupted, so it works in a thread that may be left behind.
    resolver = threading.Thread(target=_look_up, args=(target, answers), daemon=True, name="resolver")
    resolver.start()
    resolver.join(timeout)
    if resolver.is_alive():
        raise DeviceUnreachable(f"The name server did not resolve {target.address} within {timeout:g} seconds.")
    if not answers:
        raise DeviceUnreachable(f"The name {target.address} cannot be resolved.")
    allowed = [endpoint for endpoint in answers if _may_be_device(endpoint.ip)]
    if not allowed:
        raise DeviceUnreachable(f"{target.address} resolves to {answers[0].ip}, which cannot be a device's address.")
    return allowed


def _look_up(target: Place, answers: list[Endpoint]) -> None:
    try:
        found = socket.getaddrinfo(target.address, target.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):  # UnicodeError: a label that is empty or too long
        return
    answers.extend(Endpoint(family, sockaddr) for family, _, _, _, sockaddr in found)


def _may_be_device(ip: str) -> bool:
    """Link-local addresses are where cloud metadata services live: a DNS name must not lead there either."""
    address = ipaddress.ip_address(ip)
    address = getattr(address, "ipv4_mapped", None) or address
    return not (address.is_link_local or address.is_multicast or address.is_unspecified)


def refuse_forbidden(target: Place) -> None:
    """For an address that somebody else will resolve. Raises DeviceUnreachable if it is one where no device can be."""
    try:
        ip = str(ipaddress.ip_address(target.address))
    except ValueError:
        try:  # numbers that the C library takes for an address, such as 0xa9fea9fe
            ip = socket.inet_ntoa(socket.inet_aton(target.address))
        except OSError:
            return  # a name
    if not _may_be_device(ip):
        raise DeviceUnreachable(f"{target.address} cannot be a device's address.")


def first_answering(target: Target, endpoints: list[Endpoint], timeout: float) -> str:
    """The IP address of the first endpoint that takes a TCP connection; together they have `timeout` seconds."""
    try:
        with connect(target, endpoints, timeout) as probe:
            return str(probe.getpeername()[0])
    except DeviceUnreachable as error:
        sentence = str(error)
    raise DeviceUnreachable(f"{target.hostname}: {sentence}")


def connect(target: Place, endpoints: list[Endpoint], timeout: float) -> socket.socket:
    """A connection to the first endpoint that takes one; together they have `timeout` seconds."""
    ends = time.monotonic() + timeout
    sentence = ""
    for number, endpoint in enumerate(endpoints):
        share = (ends - time.monotonic()) / (len(endpoints) - number)
        connection = socket.socket(endpoint.family, socket.SOCK_STREAM)
        try:
            connection.settimeout(max(share, 0.1))
            connection.connect(endpoint.sockaddr)
            return connection
        except OSError as error:
            connection.close()
            sentence = _explain(error, f"{endpoint.ip} port {target.port}", timeout)
    raise DeviceUnreachable(sentence)


def _explain(error: OSError, where: str, timeout: float) -> str:
    if isinstance(error, TimeoutError):
        return f"no answer from {where} within {timeout:g} seconds."
    if isinstance(error, ConnectionRefusedError):
        return f"{where} refused the connection: nothing listens there."
    return f"no connection to {where}: {(error.strerror or str(error)).lower()}."
