"""Keys, log-ins and people for the tests of the credentials."""

from collections.abc import Callable

import encrypted_model_fields.fields as library
import pytest
from cryptography.fernet import Fernet
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
)
from django.contrib.auth.models import Permission, User
from django.db import connection
from pytest_django import Settings
from rest_framework.test import APIClient

from credentials.models import Credential
from devices.models import Device, Platform

UseKeys = Callable[..., None]
MakeUser = Callable[..., User]
PASSPHRASE = "öpen-the-key 7"


def new_key() -> str:
    return Fernet.generate_key().decode()


@pytest.fixture
def use_keys(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> UseKeys:
    """Run with these keys, as after a restart: the library reads them once, when it is imported."""

    def use(*keys: str) -> None:
        settings.FIELD_ENCRYPTION_KEY = list(keys)
        monkeypatch.setattr(library, "CRYPTER", library.get_crypter())

    return use


def stored(credential: Credential, column: str = "password") -> str:
    """What the database holds."""
    with connection.cursor() as cursor:
        pk = Credential._meta.pk.get_db_prep_value(credential.pk, connection)
        cursor.execute(f"SELECT {column} FROM credentials_credential WHERE id = %s", [pk])
        (value,) = cursor.fetchone()
    return str(value)


def dump(key: ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey, format: PrivateFormat, passphrase: str = "") -> str:
    encryption: KeySerializationEncryption = NoEncryption()
    if passphrase:
        encryption = BestAvailableEncryption(passphrase.encode())
    return key.private_bytes(Encoding.PEM, format, encryption).decode()


@pytest.fixture(scope="session")
def open_key() -> str:
    return dump(ed25519.Ed25519PrivateKey.generate(), PrivateFormat.OpenSSH)


@pytest.fixture(scope="session")
def protected_key() -> str:
    """An RSA key in PEM format that opens with PASSPHRASE."""
    return dump(rsa.generate_private_key(65537, 2048), PrivateFormat.TraditionalOpenSSL, PASSPHRASE)


@pytest.fixture
def make_user(db: None) -> MakeUser:
    """A person with these permissions on credentials: `make_user("view", "change", is_staff=True)`."""

    def make(*actions: str, **details: object) -> User:
        user = User.objects.create(username=f"user-{User.objects.count()}", **details)
        names = [f"{action}_credential" for action in actions]
        user.user_permissions.set(Permission.objects.filter(codename__in=names))
        return user

    return make


@pytest.fixture
def api(make_user: MakeUser) -> APIClient:
    """A client of somebody who may do everything with credentials."""
    client = APIClient()
    client.force_authenticate(make_user("view", "add", "change", "delete"))
    return client


@pytest.fixture
def credential(db: None) -> Credential:
    return Credential.objects.create(
        name="core", username="backup", password="first-Secret", enable_secret="second-Secret"
    )


@pytest.fixture
def device(credential: Credential) -> Device:
    """One that logs in with `credential`."""
    platform = Platform.objects.create(slug="box", name="Box", driver="ios", default_port=22)
    return Device.objects.create(hostname="r1", address="127.0.0.1", platform=platform, credential=credential)
