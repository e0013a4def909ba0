"""Every route against every kind of caller; a route without a row here fails."""

import re
from collections.abc import Callable, Iterator
from datetime import time, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.urls import URLPattern
from rest_framework.test import APIClient

from backups.models import Backup, Channel, Delivery
from devices.models import Gateway, HostKey, Platform, Tag, TagCredential
from netraven.api import urlpatterns
from netraven.api_tokens.making import make_token
from scheduling.models import Schedule
from scheduling.services import save_schedule
from tests.api.conftest import PASSWORD, MakeUser, add_backup, add_credential, add_device, client_of, wrong_fields

VIEW_PERMISSIONS = [
    "devices.view_device",
    "devices.view_tag",
    "devices.view_platform",
    "devices.view_gateway",
    "devices.view_hostkey",
    "credentials.view_credential",
    "backups.view_backup",
    "backups.view_job",
    "backups.view_channel",
    "backups.view_delivery",
    "scheduling.view_schedule",
    "audit.view_auditentry",
]
LISTED = ("list", "detail")
Body = dict[str, object] | list[object]
NOWHERE = "00000000-0000-4000-8000-000000000000"
CALLERS = ["no token", "bad token", "expired token", "no permissions", "viewer", "superuser"]
# What follows from a column of the table: another kind of token of the same user, or a role between two.
DERIVED = ["operator", "session", "read-only token", "scoped token"]
OPERATOR = [*VIEW_PERMISSIONS, "backups.run_backup", "backups.change_backup", "backups.view_config"]

READ = [401, 401, 401, 403, 200, 200]
CREATE = [401, 401, 401, 403, 403, 201]
CHANGE = [401, 401, 401, 403, 403, 200]
DELETE = [401, 401, 401, 403, 403, 204]
MODELS = ["device", "tag", "platform", "gateway", "credential", "schedule", "channel"]
EXPECTED: dict[tuple[str, str], list[int]] = {
    ("api-token", "post"): [200, 200, 200, 200, 200, 200],
    ("api-token", "delete"): [401, 401, 401, 204, 204, 204],
    **{(f"api-{model}-list", "get"): READ for model in [*MODELS, "hostkey", "backup", "job", "delivery"]},
    **{(f"api-{model}-detail", "get"): READ for model in [*MODELS, "hostkey", "backup", "job", "delivery"]},
    **{(f"api-{model}-list", "post"): CREATE for model in MODELS},
    **{(f"api-{model}-detail", method): CHANGE for model in MODELS for method in ("put", "patch")},
    **{(f"api-{model}-detail", "delete"): DELETE for model in MODELS},
    ("api-device-backup", "post"): [401, 401, 401, 403, 403, 202],
    ("api-device-backups", "get"): READ,
    ("api-backup-content", "get"): CHANGE,
    ("api-backup-diff", "get"): CHANGE,
    ("api-backup-accept", "post"): CHANGE,
    ("api-credential-statistics", "get"): READ,
    ("api-credential-statistics-list", "get"): READ,
    ("api-credential-test", "post"): CHANGE,
    ("api-gateway-test", "post"): CHANGE,
    ("api-channel-test", "post"): CHANGE,
    ("api-delivery-resend", "post"): [401, 401, 401, 403, 403, 202],
    ("api-tag-statistics", "get"): READ,
    ("api-tag-statistics-list", "get"): READ,
    ("api-tag-credentials", "get"): READ,
    ("api-tag-credentials", "post"): CREATE,
    **{("api-tag-credential", method): CHANGE for method in ("put", "patch")},
    ("api-tag-credential", "get"): READ,
    ("api-tag-credential", "delete"): DELETE,
    ("api-hostkey-accept", "post"): CHANGE,
    ("api-hostkey-dismiss", "post"): CHANGE,
    ("api-job-list", "post"): [401, 401, 401, 403, 403, 202],
    ("api-job-cancel", "post"): CHANGE,
    ("api-job-retry", "post"): [401, 401, 401, 403, 403, 202],
    ("api-backup-detail", "patch"): CHANGE,
    ("api-device-check", "post"): CHANGE,
    ("api-device-export", "get"): READ,
    ("api-device-import", "post"): CHANGE,
    ("api-tag-assign", "post"): CHANGE,
    ("api-tag-unassign", "post"): CHANGE,
    ("api-health", "get"): [503] * 6,  # no worker runs
    ("api-owntoken-list", "get"): [401, 401, 401, 200, 200, 200],
    ("api-owntoken-list", "post"): [401, 401, 401, 201, 201, 201],
    ("api-owntoken-list", "delete"): [401, 401, 401, 204, 204, 204],
    ("api-owntoken-detail", "get"): [401, 401, 401, 404, 404, 404],  # somebody else's
    ("api-owntoken-detail", "delete"): [401, 401, 401, 404, 404, 404],
    ("api-schema", "get"): [401, 401, 401, 200, 200, 200],
    ("api-me", "get"): [401, 401, 401, 200, 200, 200],
    ("api-job-backups", "get"): READ,
    ("api-job-log", "get"): READ,
    ("api-stale", "get"): READ,
    ("api-audit", "get"): READ,
    ("api-search", "get"): CHANGE,
    ("api-schedule-preview-unsaved", "post"): READ,
    **{(f"api-schedule-{what}", "get"): READ for what in ("preview", "week", "jobs", "devices")},
    ("api-schedule-run", "post"): [401, 401, 401, 403, 403, 202],
    ("api-schedule-toggle", "post"): CHANGE,
    ("api-schedule-duplicate", "post"): CREATE,
    ("api-device-schedules", "get"): READ,
}


# What an operator may beside what a viewer may.
OPERATES = {
    *(("api-device-backup", "post"), ("api-device-check", "post"), ("api-credential-test", "post")),
    *(("api-job-list", "post"), ("api-job-cancel", "post"), ("api-job-retry", "post")),
    *(("api-backup-content", "get"), ("api-backup-diff", "get"), ("api-backup-detail", "patch")),
    ("api-search", "get"),
}
# What the scope devices:read holds.
IN_SCOPE = {
    *(
        (f"api-{model}-{kind}", "get")
        for model in ("device", "tag", "platform", "gateway", "hostkey")
        for kind in LISTED
    ),
    *(("api-device-export", "get"), ("api-tag-statistics", "get"), ("api-tag-statistics-list", "get")),
    *(("api-me", "get"), ("api-schema", "get")),
}
QUERIES = {"api-search": "?q=hostname"}  # without which there is nothing to do
WITHOUT_RIGHTS = {("api-token", "post"), ("api-token", "delete"), ("api-health", "get")}  # whatever the token
OF_TOKENS = ("api-owntoken-list", "api-owntoken-detail")  # limited tokens manage none


def expected(name: str, method: str, caller: str) -> int:
    """The status that the caller gets; one of a limited token follows from that of its user."""
    row = dict(zip(CALLERS, EXPECTED[name, method], strict=True))
    route, of_superuser = (name, method), row["superuser"]
    match caller:
        case "operator":
            return of_superuser if route in OPERATES else row["viewer"]
        case "session":
            return 401 if route == ("api-token", "delete") else of_superuser
        case "read-only token":
            may = route in WITHOUT_RIGHTS or (method == "get" and name not in OF_TOKENS)
        case "scoped token":
            may = route in WITHOUT_RIGHTS or route in IN_SCOPE
        case _:
            return row[caller]
    return of_superuser if may else 403


def routes() -> Iterator[tuple[str, str, str]]:
    """(name, method, path with placeholders) of everything the API offers."""
    for pattern in urlpatterns:
        assert isinstance(pattern, URLPattern)
        if pattern.name == "api-unknown":
            continue
        view: Any = pattern.callback
        actions = getattr(view, "actions", None)
        methods = actions or [name for name in view.view_class.http_method_names if hasattr(view.view_class, name)]
        for method in methods:
            if method not in ("head", "options"):
                yield str(pattern.name), method, str(pattern.pattern)


ROUTES = list(routes())


def test_every_route_is_in_the_table() -> None:
    assert {(name, method) for name, method, _ in ROUTES} == set(EXPECTED)


def in_session(user: User) -> APIClient:
    client = APIClient()
    client.force_login(user)
    return client


def limited(user: User, **limits: Any) -> APIClient:
    _, token = make_token(user, **limits)
    return APIClient(HTTP_AUTHORIZATION=f"Bearer {token}")


def test_what_is_derived_is_of_routes_that_there_are() -> None:
    assert set(EXPECTED) >= OPERATES | IN_SCOPE | WITHOUT_RIGHTS


@pytest.fixture
def callers(make_user: MakeUser) -> dict[str, APIClient]:
    bad = APIClient()
    bad.credentials(HTTP_AUTHORIZATION=f"Bearer {'0' * 64}")
    superuser = make_user("super", is_superuser=True)
    return {
        "no token": APIClient(),
        "bad token": bad,
        "expired token": client_of(superuser, age=timedelta(hours=11)),
        "no permissions": client_of(make_user("nobody")),
        "viewer": client_of(make_user("viewer", *VIEW_PERMISSIONS)),
        "superuser": client_of(superuser),
        "operator": client_of(make_user("operator", *OPERATOR)),
        "session": in_session(superuser),
        "read-only token": limited(superuser, read_only=True),
        "scoped token": limited(superuser, scopes=["devices:read"]),
    }


def prepare_token() -> tuple[str, Body]:
    User.objects.create_user("someone", password=PASSWORD)
    return "", {"username": "someone", "password": PASSWORD}


def prepare_device() -> tuple[str, Body]:
    return str(add_device().pk), {"hostname": "core2", "address": "192.0.2.2", "platform": "ios"}


def prepare_incomplete() -> tuple[str, Body]:
    device = add_device()
    add_backup(device, version=1)
    backup = add_backup(device, "failed", b"half of it", failure_reason=Backup.FailureReason.INCOMPLETE)
    return str(backup.pk), {}


def prepare_offered_key() -> tuple[str, Body]:
    key = HostKey.objects.create(device=add_device(), kind="ssh", text="ssh-rsa AA==", fingerprint="x", state="offered")
    return str(key.pk), {}


def prepare_platform() -> tuple[str, Body]:
    platform = Platform.objects.create(slug="mine", name="Mine", driver="ios", default_port=22)
    return platform.slug, {"slug": "other", "name": "Other", "driver": "ios", "default_port": 22}


def prepare_tag() -> tuple[str, Body]:
    body: dict[str, object] = {"name": "edge", "credential": str(add_credential("another").pk)}
    return str(Tag.objects.create(name="core").pk), body


def prepare_credential() -> tuple[str, Body]:
    device = add_device(address="127.0.0.1", port=1)  # nothing listens there
    return str(add_credential().pk), {"name": "new", "username": "backup", "password": "a", "device": str(device.pk)}


def prepare_tag_credential() -> tuple[str, Body]:
    tag, credential = Tag.objects.create(name="core"), add_credential()
    TagCredential.objects.create(tag=tag, credential=credential)
    return f"{tag.pk}/{credential.pk}", {"credential": str(credential.pk), "priority": 1}


def prepare_gateway() -> tuple[str, Body]:
    credential = add_credential("jump")
    gateway = Gateway.objects.create(name="jump1", address="127.0.0.1", port=1, credential=credential)
    return str(gateway.pk), {"name": "jump2", "address": "192.0.2.9", "credential": str(credential.pk)}


def prepare_channel() -> tuple[str, Body]:
    channel = Channel.objects.create(name="noc", kind="webhook", url="https://127.0.0.1/", secret="x" * 24)
    return str(channel.pk), {"name": "anna", "kind": "email", "addresses": ["anna@example.net"]}


def prepare_delivery() -> tuple[str, Body]:
    channel = Channel.objects.get(pk=prepare_channel()[0])
    return str(Delivery.objects.create(channel=channel, status="failed").pk), {}


def prepare_schedule() -> tuple[str, Body]:
    device = add_device()
    schedule = Schedule(name="nightly", time=time(2, 30), all_devices=True)
    key = str(save_schedule(schedule).pk)
    return key, {"name": "hourly", "schedule_type": "cron", "cron": "0 * * * *", "devices": [str(device.pk)]}


def prepare_reachable_or_not() -> tuple[str, Body]:
    return str(add_device(address="127.0.0.1", port=1).pk), {}  # nothing listens there


def prepare_tagging() -> tuple[str, Body]:
    return str(Tag.objects.create(name="core").pk), {"devices": [str(add_device().pk)]}


def prepare_comments() -> tuple[str, Body]:
    return str(add_backup(add_device()).pk), {"comments": "before the upgrade"}


PREPARE: dict[str, Callable[[], tuple[str, Body]]] = {
    "token": prepare_token,
    "owntoken": lambda: (NOWHERE, {"name": "ticket system"}),
    "schema": lambda: ("", {}),
    "health": lambda: ("", {}),
    "me": lambda: ("", {}),
    "device-import": lambda: ("", [{"hostname": "core2", "address": "192.0.2.2", "platform": "ios"}]),
    "device-check": prepare_reachable_or_not,
    "tag-assign": prepare_tagging,
    "tag-unassign": prepare_tagging,
    "backup-detail": prepare_comments,
    "device": prepare_device,
    "tag": prepare_tag,
    "tag-credential": prepare_tag_credential,
    "platform": prepare_platform,
    "credential": prepare_credential,
    "gateway": prepare_gateway,
    "hostkey": prepare_offered_key,
    "schedule": prepare_schedule,
    "channel": prepare_channel,
    "delivery": prepare_delivery,
    "schedule-toggle": lambda: (prepare_schedule()[0], {"enabled": False}),
    "backup": prepare_incomplete,
    "stale": prepare_device,
    "audit": prepare_device,
    "search": prepare_device,
    "job-retry": lambda: (str(add_backup(add_device(), "failed").job_id), {}),
    "job": lambda: (str(add_backup(add_device(), "pending").job_id), {"all": True}),
}


def path_of(pattern: str, keys: str) -> str:
    """`^devices/(?P<pk>[^/.]+)/?$` -> `/api/devices/<key>`; one key for each placeholder, with a slash between them."""
    path = pattern.strip("^$").removesuffix("/?")
    for key in keys.split("/"):
        path = re.sub(r"\(\?P<\w+>[^)]*\)", key, path, count=1)
    return f"/api/{path}"


@pytest.mark.parametrize("caller", [*CALLERS, *DERIVED])
@pytest.mark.parametrize(("name", "method", "pattern"), ROUTES)
def test_each_caller_gets_what_it_may(
    callers: dict[str, APIClient], name: str, method: str, pattern: str, caller: str
) -> None:
    kind = name.removeprefix("api-")
    key, body = PREPARE.get(kind, PREPARE[kind.split("-")[0]])()
    response = getattr(callers[caller], method)(
        path_of(pattern, key) + QUERIES.get(name, ""), body if method not in ("get", "delete") else None
    )
    assert response.status_code == expected(name, method, caller), response.content
    if response.status_code == 401:
        assert response["WWW-Authenticate"] == "Bearer"
    if response.status_code >= 400 and name != "api-health":
        assert wrong_fields(response) == ["detail"]
