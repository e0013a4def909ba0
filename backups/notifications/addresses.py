"""Where webhooks may be posted to: never to what only this host or its network can reach, unless a setting says so.

A name is resolved once, each of its addresses is looked at, and the connection goes to one of these very addresses:
whoever owns the name cannot have it mean something else a moment later.
"""

import ipaddress
import re
import socket
from dataclasses import dataclass
from urllib.parse import urlsplit

from django.conf import settings

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
PORTS = {"https": 443, "http": 80}
# Reachable by public addresses, and yet the cloud's own: Azure's agent, and the metadata of older Oracle images
METADATA = {ipaddress.ip_address("168.63.129.16"), ipaddress.ip_address("192.0.0.192")}
NAT64 = ipaddress.ip_network("64:ff9b::/96")
COMPATIBLE = ipaddress.ip_network("::/96")
_NAME = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)(\.(?!-)[a-z0-9_-]{1,63}(?<!-))*\.?", re.ASCII)
_NUMBER = re.compile(r"0x[0-9a-f]*|[0-9]+", re.ASCII)


class RefusedAddress(Exception):
    """It is not an address to post to; str() is a sentence for the operator."""


@dataclass(frozen=True)
class Target:
    """A URL taken apart: `path` with its query."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def host_header(self) -> str:
        """As the receiver expects it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == PORTS[self.scheme] else f"{host}:{self.port}"


def check_url(url: str) -> Target:
    """Take a URL apart, without asking anybody what its name means. Raises RefusedAddress."""
    if not url.isascii() or not url.isprintable() or re.search(r"[\s\\\"<>^`{|}]", url):
        raise RefusedAddress("Write the URL in plain ASCII, without spaces.")
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").lower(), parts.port
    except ValueError:
        raise RefusedAddress("This is no URL.") from None
    if parts.scheme not in PORTS or not host:
        raise RefusedAddress("Give a URL that begins with https://.")
    if parts.username is not None or parts.password is not None or "@" in parts.netloc:
        raise RefusedAddress("Leave user name and password out of the URL: messages are signed instead.")
    if parts.fragment or port == 0:
        raise RefusedAddress("Leave out what begins with #, and give a port from 1 to 65535.")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    target = Target(parts.scheme, host, port or PORTS[parts.scheme], path)
    if literal := _literal(target):
        refuse_unless_allowed(target, [literal])
    elif target.scheme == "http" and not allowed_networks():
        raise RefusedAddress("Use https://. Plain http:// goes only to networks in NETRAVEN_WEBHOOK_ALLOW.")
    return target


def resolve(target: Target) -> list[str]:
    """The addresses to connect to, the best first; every one of them is allowed. Raises RefusedAddress."""
    if literal := _literal(target):
        addresses = [literal]
    else:
        try:
            found = socket.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError):
            raise RefusedAddress(f"The name {target.host} cannot be resolved.") from None
        addresses = [ipaddress.ip_address(str(entry[4][0])) for entry in found]
    refuse_unless_allowed(target, addresses)
    return list(dict.fromkeys(map(str, addresses)))


def refuse_unless_allowed(target: Target, addresses: list[Address]) -> None:
    """Raises RefusedAddress if it may not be posted to one of them: then none is tried."""
    for address in addresses:
        embedded = _embedded(address)
        if _is_listed(address) or (embedded and all(map(_is_listed, embedded))):
            continue
        if target.scheme == "http":
            raise RefusedAddress(f"Use https://: {address} is not in NETRAVEN_WEBHOOK_ALLOW.")
        if not all(map(_is_public, [address, *embedded])):
            where = "" if str(address) == target.host else f"{target.host} is "
            raise RefusedAddress(f"{where}{address}: no public address, and not in NETRAVEN_WEBHOOK_ALLOW.")


def allowed_networks() -> list[ipaddress.IPv4Network | ipaddress.IPv6Network]:
    """The networks that the setting opens."""
    networks: list[ipaddress.IPv4Network | ipaddress.IPv6Network] = settings.NETRAVEN["WEBHOOK_ALLOW"]
    return networks


def _literal(target: Target) -> Address | None:
    """The address that the URL itself names; None for a name. Raises RefusedAddress for odd forms of either."""
    try:
        address = ipaddress.ip_address(target.host)
    except ValueError:
        pass
    else:
        if "%" in target.host:
            raise RefusedAddress("An address with a zone reaches this host's own network only.")
        return address
    # 2130706433, 0x7f.1 and 0177.0.0.1 all are 127.0.0.1 to a resolver
    if _NUMBER.fullmatch(target.host.rstrip(".").rpartition(".")[2]):
        raise RefusedAddress("Write the address as four decimal numbers, such as 192.0.2.1.")
    if not _NAME.fullmatch(target.host) or len(target.host) > 253:
        raise RefusedAddress(f"“{target.host[:100]}” is no name of a host.")
    return None


def _embedded(address: Address) -> list[Address]:
    """The IPv4 addresses that an IPv6 address leads to."""
    if isinstance(address, ipaddress.IPv4Address):
        return []
    found: list[Address] = [*filter(None, (address.ipv4_mapped, address.sixtofour)), *(address.teredo or ())]
    if address in NAT64 or (address in COMPATIBLE and int(address) > 1):
        found.append(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
    return found


def _is_listed(address: Address) -> bool:
    return any(address in network for network in allowed_networks())


def _is_public(address: Address) -> bool:
    """Not loopback, link-local, private, shared, reserved, multicast or unspecified; nor a cloud's own."""
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped or address in NAT64:
            return True  # what it leads to decides
        if address.is_site_local:
            return False
    return address.is_global and not address.is_multicast and not address.is_reserved and address not in METADATA
