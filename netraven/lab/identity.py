"""The keys by which the simulated devices are known: one SSH host key and one TLS certificate for a whole Lab."""

import datetime
import os
import ssl
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
        self._host_key_path = directory / "ssh_host_key"
        self._certificate_path = directory / "tls.pem"

    @cached_property
    def host_key(self) -> asyncssh.SSHKey:
        """The SSH host key of every device."""
        if not self._host_key_path.exists():
            key = asyncssh.generate_private_key("ssh-ed25519")
            write_private(self._host_key_path, key.export_private_key())
        return asyncssh.read_private_key(self._host_key_path)

    @cached_property
    def tls_context(self) -> ssl.SSLContext:
        """For the HTTPS servers, with the self-signed certificate."""
        if not self._certificate_path.exists():
            write_private(self._certificate_path, self_signed_certificate("netraven-lab"))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self._certificate_path)
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
