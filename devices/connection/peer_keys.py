"""Who is at the other end: SSH host keys and TLS certificates, and whether they are the ones that are known."""

import base64
import hashlib
from dataclasses import dataclass

import paramiko

from devices.exceptions import HostKeyRejected

SSH = "ssh"
TLS = "tls"


@dataclass(frozen=True)
class PeerKey:
    """What a device or a gateway proves to be itself with; `text` is `ssh-ed25519 AAAA...` or a certificate, base64."""

    kind: str
    text: str

    @classmethod
    def of_ssh(cls, key: paramiko.PKey) -> "PeerKey":
        """An SSH host key."""
        return cls(SSH, f"{key.get_name()} {key.get_base64()}")

    @classmethod
    def of_certificate(cls, der: bytes) -> "PeerKey":
        """A TLS certificate, in DER."""
        return cls(TLS, base64.b64encode(der).decode())

    @property
    def algorithm(self) -> str:
        """`ssh-ed25519`; empty for a certificate."""
        return self.text.split()[0] if self.kind == SSH else ""

    @property
    def fingerprint(self) -> str:
        """As ssh-keygen prints it (`ssh-ed25519 SHA256:...`), or openssl (`SHA256 AB:CD:...`)."""
        digest = hashlib.sha256(base64.b64decode(self.text.split()[-1])).digest()
        if self.kind == TLS:
            return f"SHA256 {digest.hex(':').upper()}"
        return f"{self.algorithm} SHA256:{base64.b64encode(digest).decode().rstrip('=')}"


class KeyGuard:
    """Lets a peer pass that shows the trusted key; without one, whoever comes first, unless `strict`.

    `seen` is what the peer showed last, None before it showed anything.
    """

    def __init__(self, name: str, trusted: PeerKey | None = None, *, strict: bool = False) -> None:
        self.name = name
        self.trusted = trusted
        self.strict = strict
        self.seen: PeerKey | None = None

    def check(self, offered: PeerKey) -> None:
        """Raises HostKeyRejected."""
        self.seen = offered
        if self.trusted is None and self.strict:
            raise HostKeyRejected(
                f"{self.name} is not known yet: its key {offered.fingerprint} waits for somebody to accept it."
            )
        if self.trusted is not None and self.trusted != offered:
            raise HostKeyRejected(
                f"{self.name} shows another key than before: {offered.fingerprint}, "
                f"where {self.trusted.fingerprint} is known. Nothing was sent to it. "
                "If the device was replaced or has new keys, accept the new one; else find out who answers there."
            )
