"""The keys by which simulated devices are known: those of the whole Lab, until a device gets keys of its own."""

import datetime
import os
import ssl
from collections.abc import Iterable
from functools import cached_property
from pathlib import Path

import asyncssh
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


class LabIdentity:
    """Made when first needed and kept in `directory`, so that devices keep their keys when a Lab starts again."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._host_keys: dict[str, asyncssh.SSHKey] = {}

    def host_keys(self, algorithms: Iterable[str]) -> list[asyncssh.SSHKey]:
        """An SSH host key of each algorithm (`ssh-ed25519`, `ssh-rsa`, …)."""
        return [self._host_key(algorithm) for algorithm in algorithms]

    def _host_key(self, algorithm: str) -> asyncssh.SSHKey:
        if algorithm not in self._host_keys:
            path = self._directory / f"ssh_host_key_{algorithm}"
            if not path.exists():
                write_private(path, asyncssh.generate_private_key(algorithm).export_private_key())
            self._host_keys[algorithm] = asyncssh.read_private_key(path)
        return self._host_keys[algorithm]

    @cached_property
    def tls_context(self) -> ssl.SSLContext:
        """For the HTTPS servers, with the self-signed certificate."""
        path = self._directory / "tls.pem"
        if not path.exists():
            write_private(path, self_signed_certificate("netraven-lab"))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(path)
        return context


def write_private(path: Path, content: bytes) -> None:
    """Write a file that only its owner may read."""
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(content)


def self_signed_certificate(common_name: str) -> bytes:
    """A private key and its certificate, PEM, valid from yesterday for ten years."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
    start = datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=1)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + datetime.timedelta(days=3650))
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return private + certificate.public_bytes(serialization.Encoding.PEM)
