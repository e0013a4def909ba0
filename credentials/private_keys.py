"""SSH private keys that people paste: refuse what cannot log in, and say why."""

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_ssh_private_key

PUBLIC_KEY_STARTS = ("ssh-", "ecdsa-", "sk-", "-----BEGIN PUBLIC KEY", "---- BEGIN SSH2 PUBLIC KEY")
NOT_A_KEY = "This is not a private key in OpenSSH or PEM format."

PrivateKey = RSAPrivateKey | EllipticCurvePrivateKey | Ed25519PrivateKey


class UnusableKey(ValueError):
    """The key, or the passphrase with it, is no good; `field` says which, str() is a sentence for people."""

    def __init__(self, field: str, sentence: str) -> None:
        super().__init__(sentence)
        self.field = field


def tidy_private_key(text: str) -> str:
    """With the line ends that SSH libraries expect: forms send CRLF, and pasting loses the last one."""
    lines = text.strip().splitlines()
    return "".join(f"{line.rstrip()}\n" for line in lines)


def load_private_key(text: str, passphrase: str) -> PrivateKey:
    """The key. Raises UnusableKey unless it opens with the passphrase (needed or not) and is RSA, ECDSA or Ed25519."""
    start = text.lstrip()
    if start.startswith(PUBLIC_KEY_STARTS):
        raise UnusableKey("private_key", "This is the public key: paste the private one.")
    if start.startswith("PuTTY-User-Key-File"):
        raise UnusableKey("private_key", "This is a PuTTY key: export it in OpenSSH format and paste that.")
    key = _load(tidy_private_key(text).encode(), passphrase.encode())
    if not isinstance(key, PrivateKey):
        raise UnusableKey("private_key", "Keys of this type are not supported: use RSA, ECDSA or Ed25519.")
    return key


def _load(text: bytes, passphrase: bytes) -> object:
    load = load_ssh_private_key if b"OPENSSH PRIVATE KEY" in text else load_pem_private_key
    try:
        return load(text, None)
    except TypeError:  # it is protected
        if not passphrase:
            raise UnusableKey("passphrase", "This private key is protected: give its passphrase.") from None
    except UnsupportedAlgorithm:
        raise UnusableKey("private_key", "Keys of this type are not supported: use RSA, ECDSA or Ed25519.") from None
    except ValueError:
        raise UnusableKey("private_key", NOT_A_KEY) from None
    try:
        return load(text, passphrase)
    except UnsupportedAlgorithm:
        raise UnusableKey("private_key", "The private key is protected in a way that is not supported.") from None
    except (ValueError, TypeError):
        raise UnusableKey("passphrase", "The passphrase does not open this private key.") from None
