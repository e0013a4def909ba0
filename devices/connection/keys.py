"""Private keys: read before anything is sent, and handed to each library in the one form that it takes."""

import io
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

import paramiko
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
    load_ssh_private_key,
)

from devices.connection.terms import Login
from devices.exceptions import AuthenticationFailed

PrivateKey = RSAPrivateKey | EllipticCurvePrivateKey | Ed25519PrivateKey


def load_key(login: Login) -> PrivateKey:
    """The private key of a log-in. Raises AuthenticationFailed if it cannot be used."""
    text = "\n".join(login.private_key.strip().splitlines()).encode() + b"\n"
    load = load_ssh_private_key if b"OPENSSH PRIVATE KEY" in text else load_pem_private_key
    try:
        try:
            key = load(text, login.passphrase.encode() or None)
        except TypeError:  # a passphrase for a key that is not encrypted, or none for one that is
            if not login.passphrase:
                raise
            key = load(text, None)
    except TypeError:
        raise AuthenticationFailed("The private key is encrypted and the credential has no passphrase.") from None
    except Exception:
        raise AuthenticationFailed(
            "The private key cannot be read: its passphrase is wrong, or it is no private key."
        ) from None
    if not isinstance(key, PrivateKey):
        raise AuthenticationFailed("The private key is of a kind that is not supported: use RSA, ECDSA or Ed25519.")
    return key


def as_object(key: PrivateKey) -> paramiko.PKey:
    """For netmiko: in memory only."""
    kinds = {RSAPrivateKey: paramiko.RSAKey, EllipticCurvePrivateKey: paramiko.ECDSAKey}
    kind = next((kind for base, kind in kinds.items() if isinstance(key, base)), paramiko.Ed25519Key)
    text = _serialize(key, NoEncryption()).decode()
    return kind.from_private_key(io.StringIO(text))


@contextmanager
def as_file(key: PrivateKey, password: str) -> Iterator[str]:
    """For ncclient, which takes only a file: its path, of mode 0600, while the block runs.

    ncclient tries the log-in's password as the passphrase, so the file is encrypted with that, if there is one.
    """
    encryption = BestAvailableEncryption(password.encode()) if password else NoEncryption()
    with tempfile.NamedTemporaryFile(prefix="netraven-", suffix=".key") as file:
        file.write(_serialize(key, encryption))
        file.flush()
        yield file.name


def _serialize(key: PrivateKey, encryption: KeySerializationEncryption) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, encryption)
