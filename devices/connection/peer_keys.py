"""Who is at the other end: SSH host keys and TLS certificates, and whether they are the ones that are known."""

import base64
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

import paramiko

from devices.connection.terms import SessionLog
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

    @property
    def noun(self) -> str:
        """What people call it."""
        return "host key" if self.kind == SSH else "certificate"


class KeyGuard:
    """Lets a peer pass that shows the key trusted for its kind; without one, whoever comes first, unless `strict`.

    One guard serves all connections of a backup, and holds on to the first key that it let pass. `shown` has every key
    that it was shown, and whether it refused that one.
    """

    def __init__(self, name: str, trusted: Iterable[PeerKey] = (), *, strict: bool = False) -> None:
        self.name = name
        self.strict = strict
        self.shown: dict[PeerKey, bool] = {}
        self._trusted = {key.kind: key for key in trusted}

    def trusted(self, kind: str) -> PeerKey | None:
        """The key of this kind that is let pass."""
        return self._trusted.get(kind)

    def check(self, offered: PeerKey, log: SessionLog) -> None:
        """Let the peer pass that shows this key, or raise HostKeyRejected; log what is new."""
        known = self.trusted(offered.kind)
        objection = self._objection(known, offered)
        self.shown[offered] = bool(objection)
        if objection:
            details = {"known": known.fingerprint} if known else {}
            log("host_key", objection, level="error", offered=offered.fingerprint, **details)
            raise HostKeyRejected(objection)
        if known is None:
            self._trusted[offered.kind] = offered
            message = f"First {offered.noun} of {self.name}: {offered.fingerprint} is trusted from now on"
            log("host_key", message, known=offered.fingerprint)

    def _objection(self, known: PeerKey | None, offered: PeerKey) -> str:
        """Why this key is refused, for an operator; empty if it is not."""
        if known is None and self.strict:
            return (
                f"{self.name} is not known yet: its {offered.noun} {offered.fingerprint} waits for somebody to accept "
                "it. No log-in was sent."
            )
        if known is not None and known != offered:
            return (
                f"{self.name} shows another {offered.noun} than before: {offered.fingerprint}, "
                f"where {known.fingerprint} is known. No log-in was sent. "
                "If it was replaced or has new keys, accept the new one; else find out who answers there."
            )
        return ""
