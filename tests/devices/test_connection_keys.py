"""Log-in with a private key, and only with the one that was given."""

import tempfile
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key as generate_rsa_key
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from credentials.private_keys import PrivateKey
from devices.connection import Login, Target, open_session
from devices.exceptions import AuthenticationFailed
from netraven.lab import Lab
from tests.devices.conftest import PLATFORMS, QUICK, SSH_PLATFORMS, RecordedLog, anybody, no_leaks, target_of

KEYS: dict[str, PrivateKey] = {
    "ed25519": Ed25519PrivateKey.generate(),
    "ecdsa": generate_private_key(SECP256R1()),
    "rsa": generate_rsa_key(65537, 2048),
}
PASSPHRASE = "open-the-key"


def private_text(kind: str = "ed25519", passphrase: str = "") -> str:
    encryption = BestAvailableEncryption(passphrase.encode()) if passphrase else NoEncryption()
    return KEYS[kind].private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, encryption).decode()


def public_text(kind: str = "ed25519") -> str:
    return KEYS[kind].public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()


@pytest.fixture
def temporary_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where temporary files go, empty."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


@pytest.mark.parametrize(("passphrase", "password"), [("", ""), (PASSPHRASE, "some-other-password")])
@pytest.mark.parametrize("platform", SSH_PLATFORMS)
def test_key_logs_in(
    lab: Lab, log: RecordedLog, temporary_files: Path, platform: str, passphrase: str, password: str
) -> None:
    device = lab.add(platform, authorized_key=public_text())
    login = Login(device.username, password, device.enable_secret, private_text(passphrase=passphrase), passphrase)
    with no_leaks(device), open_session(target_of(device), login, guard=anybody(), timeouts=QUICK, log=log):
        assert not list(temporary_files.iterdir())
    assert (device.logins, device.failed_logins) == (1, 0)


@pytest.mark.parametrize("kind", KEYS)
@pytest.mark.parametrize("platform", ["ios", "junos"])
def test_every_kind_of_key_logs_in(lab: Lab, log: RecordedLog, platform: str, kind: str) -> None:
    device = lab.add(platform, authorized_key=public_text(kind))
    login = Login(device.username, enable_secret=device.enable_secret, private_key=private_text(kind))
    with open_session(target_of(device), login, guard=anybody(), timeouts=QUICK, log=log):
        assert device.logins == 1


@pytest.mark.parametrize("platform", SSH_PLATFORMS)
def test_rejected_key_is_an_authentication_failure(
    lab: Lab, log: RecordedLog, temporary_files: Path, platform: str
) -> None:
    device = lab.add(platform, authorized_key=public_text("ecdsa"))
    login = Login(device.username, private_key=private_text())
    with (
        no_leaks(device),
        pytest.raises(AuthenticationFailed),
        open_session(target_of(device), login, guard=anybody(), timeouts=QUICK, log=log),
    ):
        pass
    assert not list(temporary_files.iterdir())
    assert private_text().splitlines()[1] not in str(log.entries)


@pytest.mark.parametrize(
    ("key", "passphrase", "explanation"),
    [
        (private_text(passphrase=PASSPHRASE), "", "give its passphrase"),
        (private_text(passphrase=PASSPHRASE), "wrong", "does not open"),
        ("-----BEGIN OPENSSH PRIVATE KEY-----\nnonsense\n-----END OPENSSH PRIVATE KEY-----", "", "not a private key"),
        (public_text(), "", "public key"),
    ],
    ids=["no passphrase", "wrong passphrase", "damaged", "public key"],
)
@pytest.mark.parametrize("platform", ["ios", "junos"])
def test_key_that_cannot_be_read_is_an_authentication_failure(
    lab: Lab, log: RecordedLog, platform: str, key: str, passphrase: str, explanation: str
) -> None:
    device = lab.add(platform, authorized_key=public_text())
    login = Login(device.username, private_key=key, passphrase=passphrase)
    with (
        pytest.raises(AuthenticationFailed, match=explanation),
        open_session(target_of(device), login, guard=anybody(), timeouts=QUICK, log=log),
    ):
        pass
    assert (device.logins, device.failed_logins) == (0, 0)


@pytest.mark.parametrize(("platform", "transport"), [("eos", "https"), ("nxos", "https"), ("ios", "telnet")])
def test_driver_that_cannot_use_a_key_says_so(lab: Lab, log: RecordedLog, platform: str, transport: str) -> None:
    device = lab.add(platform)
    target = Target(device.name, device.address, device.port, platform, {"transport": transport})
    login = Login(device.username, private_key=private_text())
    with (
        pytest.raises(AuthenticationFailed, match="needs a password"),
        open_session(target, login, guard=anybody(), timeouts=QUICK, log=log),
    ):
        pass
    assert device.failed_logins == 0


@pytest.mark.parametrize("platform", ["eos", "nxos"])
def test_password_is_used_where_a_key_cannot_be(lab: Lab, log: RecordedLog, platform: str) -> None:
    device = lab.add(platform)
    login = Login(device.username, device.password, private_key=private_text())
    with open_session(target_of(device), login, guard=anybody(), timeouts=QUICK, log=log):
        assert device.failed_logins == 0


@pytest.mark.parametrize("platform", PLATFORMS)
def test_keys_and_settings_of_the_operator_are_never_used(
    lab: Lab, log: RecordedLog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, platform: str
) -> None:
    device = lab.add(platform, authorized_key=public_text())
    ssh = tmp_path / ".ssh"
    ssh.mkdir()
    (ssh / "id_ed25519").write_text(private_text())
    (ssh / "id_ed25519").chmod(0o600)
    (ssh / "config").write_text(f"Host *\n  Port 1\n  User root\n  IdentityFile {ssh}/id_ed25519\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    with (
        pytest.raises(AuthenticationFailed),
        open_session(
            target_of(device), Login(device.username, "not-the-password"), guard=anybody(), timeouts=QUICK, log=log
        ),
    ):
        pass
    assert (device.logins, device.failed_logins) == (0, 1)
