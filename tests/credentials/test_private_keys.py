"""Private keys that people paste."""

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from credentials.private_keys import UnusableKey, load_private_key, tidy_private_key
from tests.credentials.conftest import PASSPHRASE, dump

ED25519 = ed25519.Ed25519PrivateKey.generate()


@pytest.mark.parametrize("format", [PrivateFormat.OpenSSH, PrivateFormat.PKCS8])
@pytest.mark.parametrize("passphrase", ["", PASSPHRASE])
def test_a_key_that_opens_is_good(format: PrivateFormat, passphrase: str) -> None:
    load_private_key(dump(ED25519, format, passphrase), passphrase)


def test_a_pem_key_that_opens_is_good(protected_key: str) -> None:
    load_private_key(protected_key, PASSPHRASE)


def test_an_ecdsa_key_is_good() -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    load_private_key(key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()).decode(), "")


def test_a_passphrase_that_is_not_needed_does_no_harm(open_key: str) -> None:
    load_private_key(open_key, "whatever")


@pytest.mark.parametrize("format", [PrivateFormat.OpenSSH, PrivateFormat.PKCS8])
@pytest.mark.parametrize(("passphrase", "sentence"), [("", "is protected"), ("wrong", "does not open")])
def test_a_protected_key_needs_its_passphrase(format: PrivateFormat, passphrase: str, sentence: str) -> None:
    with pytest.raises(UnusableKey, match=sentence) as caught:
        load_private_key(dump(ED25519, format, PASSPHRASE), passphrase)
    assert caught.value.field == "passphrase"


def test_text_that_is_no_private_key_is_refused_with_the_reason() -> None:
    public = ED25519.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()
    refused = {
        public: "public key",
        "PuTTY-User-Key-File-3: ssh-ed25519\n": "PuTTY",
        "rubbish": "not a private key",
        "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n": "not a private key",
        "\0☃" * 1000: "not a private key",
    }
    for text, sentence in refused.items():
        with pytest.raises(UnusableKey, match=sentence) as caught:
            load_private_key(text, "")
        assert caught.value.field == "private_key"


def test_a_key_that_ssh_has_no_use_for_is_refused() -> None:
    key = ed448.Ed448PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    with pytest.raises(UnusableKey, match="use RSA, ECDSA or Ed25519"):
        load_private_key(key.decode(), "")


def test_line_ends_of_a_browser_are_mended(open_key: str) -> None:
    pasted = "\r\n  " + open_key.strip().replace("\n", "  \r\n")
    assert tidy_private_key(pasted) == open_key
    assert tidy_private_key("  \r\n ") == ""
