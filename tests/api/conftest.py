"""Users, tokens and records for the tests of the REST API."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.core.cache import cache
from django.utils import timezone
from knox.models import AuthToken
from pytest_django import Settings
from rest_framework.test import APIClient

from backups import storage
from backups.fingerprint import content_hash
from backups.models import Backup, Job
from credentials.models import Credential
from devices.models import Device, Platform
from netraven.api_tokens.models import TokenDetails

PASSWORD = "correct horse battery staple"
CONFIG = "hostname core1\ninterface Gi0/1\n description Zürich → Genève\nend\n".encode()

MakeUser = Callable[..., User]
MakeClient = Callable[..., APIClient]


@pytest.fixture(autouse=True)
def own_cache(settings: Settings) -> Iterator[None]:
    """Throttles count in the cache: every test starts with none counted."""
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def make_user(db: None) -> MakeUser:
    """`make_user("anna", "devices.view_device")`: a user with these permissions."""

    def make(username: str, *permissions: str, **fields: Any) -> User:
        user = User.objects.create_user(username, password=PASSWORD, **fields)
        for name in permissions:
            app, codename = name.split(".")
            user.user_permissions.add(Permission.objects.get(content_type__app_label=app, codename=codename))
        return user

    return make


def client_of(user: User, *, age: timedelta = timedelta()) -> APIClient:
    """A client with a token of this user, made so long ago."""
    record, token = AuthToken.objects.create(user=user)
    TokenDetails.objects.create(token=record, last_used_at=timezone.now())  # in use: that is not written each time
    if age:
        AuthToken.objects.filter(pk=record.pk).update(expiry=timezone.now() + timedelta(hours=10) - age)
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
    return client


@pytest.fixture
def client_with(make_user: MakeUser) -> MakeClient:
    """`client_with("backups.run_backup")`: an API client whose user has just these permissions."""

    def make(*permissions: str, **fields: Any) -> APIClient:
        return client_of(make_user(f"user{User.objects.count()}", *permissions, **fields))

    return make


@pytest.fixture
def root(make_user: MakeUser) -> APIClient:
    """An API client of a superuser."""
    return client_of(make_user("root", is_superuser=True))


def problem_of(response: Any) -> dict[str, Any]:
    """The problem document that an error is: whole, and of the status of its answer."""
    assert response["Content-Type"] == "application/problem+json", response.content
    document: dict[str, Any] = response.json()
    assert set(document) - {"errors"} == {"type", "title", "status", "detail", "instance", "request_id"}
    assert document["type"].startswith("/problems/")
    assert document["status"] == response.status_code >= 400
    assert document["request_id"] == response["X-Request-ID"]
    assert document["detail"]
    assert document["title"]
    return document


def wrong_fields(response: Any) -> list[str]:
    """The fields that an error names: `devices` for `devices.0` too; `detail` when it is about no single one."""
    errors = problem_of(response).get("errors", {})
    assert all(isinstance(sentence, str) for sentences in errors.values() for sentence in sentences)
    return list(dict.fromkeys(name.split(".")[0] for name in errors)) or ["detail"]


def add_device(hostname: str = "core1", **fields: Any) -> Device:
    """A device that nothing connects to."""
    details = {"address": "192.0.2.1", "platform": Platform.objects.get(slug="ios")} | fields
    return Device.objects.create(hostname=hostname, **details)


def add_backup(device: Device, status: str = "completed", content: bytes | None = None, **fields: Any) -> Backup:
    """A backup of the device, in a job of its own unless one is given; `content` is stored for it."""
    now = timezone.now()
    details: dict[str, Any] = {"started_at": now, "finished_at": now}
    if status == "completed":
        content = CONFIG if content is None else content
        details |= {"version": 1, "changed": True}
    if status == "failed":
        details |= {"failure_reason": "timeout", "error": "No answer."}
    if content is not None:
        name = storage.store(content, storage.file_name(device.pk, device.hostname, now))
        digest = content_hash(content)
        details |= {"file_path": name, "file_size": len(content), "content_hash": digest, "change_hash": digest}
    job = fields.pop("job", None) or Job.objects.create(trigger="api", status=status)
    return Backup.objects.create(device=device, job=job, status=status, **(details | fields))


def add_credential(name: str = "shared log-in") -> Credential:
    """A credential with a password."""
    return Credential.objects.create(name=name, username="backup", password="s3cret-of-" + name)
