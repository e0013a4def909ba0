"""Private keys: read before anything is sent, and handed to each library in the one form that it takes."""

import io
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

import paramiko
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
)

from credentials.private_keys import PrivateKey, UnusableKey, load_private_key
from devices.connection.terms import Login
from devices.exceptions import AuthenticationFailed


def load_key(login: Login) -> PrivateKey:
    """The private key of a log-in. Raises AuthenticationFailed if it cannot be used."""
    try:
        return load_private_key(login.private_key, login.passphrase)
    except UnusableKey as error:
        raise AuthenticationFailed(f"The log-in's private key cannot be used. {error}") from None


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
