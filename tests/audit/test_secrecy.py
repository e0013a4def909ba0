"""No secret ever gets into the trail, new or old, by whatever way it came."""

import json
from typing import Any

import pytest
from django.core.exceptions import FieldDoesNotExist
from django.db import connection
from django.db.models import Model
from django.urls import reverse
from rest_framework.test import APIClient

from backups.models import Channel
from credentials.fields import SecretField
from credentials.models import Credential
from credentials.stored import models_with_secrets
from devices.models import Gateway, Platform, Tag
from netraven.api_tokens.making import make_token
from netraven.audit.followed import HIDDEN
from netraven.audit.models import AuditEntry
from scheduling.models import Schedule
from tests.api.conftest import add_backup, add_device
from tests.audit.conftest import Action, entries
from tests.pages.conftest import MakeUser

pytestmark = pytest.mark.django_db


def whole_table() -> str:
    """Every column of every row, as the database holds it."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT * FROM {AuditEntry._meta.db_table}")
        return "\n".join(str(value) for row in cursor.fetchall() for value in row)


def spellings(secret: str) -> set[str]:
    return {secret, json.dumps(secret)[1:-1], ascii(secret)[1:-1]}


def secrets_of(round_: str) -> dict[str, str]:
    return {name: f"{round_}-{name}-Pässword-4711" for name in ("password", "enable_secret", "passphrase")}


def test_secrets_of_credentials_are_not_there_but_that_they_changed_is(root: APIClient, login: Any) -> None:
    made = root.post("/api/credentials", {"name": "lab", "username": "backup", **secrets_of("new")}).json()
    root.patch(f"/api/credentials/{made['id']}", secrets_of("api"))
    console = {"name": "lab", "username": "other", **secrets_of("console"), "description": "password hunter-4712"}
    login("superuser").post(reverse("admin:credentials_credential_change", args=[made["id"]]), console)
    credential = Credential.objects.get()
    assert credential.password == secrets_of("console")["password"]
    device = {"hostname": "core1", "address": "192.0.2.1", "platform": "ios"}
    root.post("/api/devices", device | {"username": "own", "password": "own-Pässword-4713"})
    root.post("/api/devices/import?update=true", [device | {"username": "own", "password": "table-Pässword-4714"}])
    credential.delete()
    wanted = [secret for way in ("new", "api", "console") for secret in secrets_of(way).values()]
    wanted += ["hunter-4712", "own-Pässword-4713", "table-Pässword-4714"]
    table = whole_table()
    assert not [spelling for secret in wanted for spelling in spellings(secret) if spelling in table]
    about = entries(object_repr="lab")
    assert [entry.action for entry in about] == [Action.CREATE, Action.UPDATE, Action.UPDATE, Action.DELETE]
    assert about[0].changes["password"] == ["", HIDDEN]
    assert about[1].changes == {name: [HIDDEN, HIDDEN] for name in secrets_of("")}
    assert about[2].changes["username"] == ["backup", "other"]
    assert about[3].changes["password"] == [HIDDEN, ""]


def test_the_signing_secret_of_a_channel_is_not_there() -> None:
    channel = Channel.objects.create(
        name="chat", kind="webhook", url="https://chat.example.net/", secret="sign-here-4719-and-be-long"
    )
    channel.secret = "sign-there-4720-and-be-long"
    channel.save()
    assert not [text for text in ("4719", "4720") if text in whole_table()]
    assert entries(action=Action.UPDATE, object_repr="chat")[-1].changes == {"secret": [HIDDEN, HIDDEN]}


def test_passwords_and_tokens_of_users_are_not_there(make_user: MakeUser) -> None:
    user = make_user("nobody")
    hashes = [user.password]
    user.set_password("another-4715")
    user.save()
    details, token = make_token(user, name="script")
    table = whole_table()
    hashes += [user.password, details.token.digest, token, token[:8], "another-4715"]
    assert not [text for text in hashes if text in table]
    assert entries(action=Action.UPDATE, object_repr=user.username)[-1].changes == {"password": [HIDDEN, HIDDEN]}


def test_what_looks_like_a_secret_in_free_text_is_masked_everywhere(root: APIClient) -> None:
    """Notes may hold a line of a configuration, and arguments of a driver may be what nobody should have entered."""
    line = "snmp-server community hunter-4716 RO"
    credential = Credential.objects.create(name="a", username="a", description=line)
    device, tag = add_device(description=line), Tag.objects.create(name="t", description=line)
    Gateway.objects.create(name="g", address="192.0.2.2", credential=credential, description=line)
    Schedule.objects.create(name="s", comments=line)
    platform = Platform.objects.get(slug="ios")
    platform.optional_args = {"secret": "hunter-4716", "password": "hunter-4716"}
    platform.save()
    backup = add_backup(device, comments=line)
    root.patch(f"/api/backups/{backup.pk}", {"comments": f"{line} again"})
    for record in (device, tag, credential):
        record.description = f"was\n{line}"
        record.save()
    assert "hunter-4716" not in whole_table()
    assert len(entries(changes__icontains="snmp-server community <secret:")) >= 7


def test_every_field_that_holds_a_secret_is_hidden_by_its_kind() -> None:
    """A secret field that is added some day is not forgotten."""
    from auditlog.registry import auditlog

    for model, names in models_with_secrets():
        if auditlog.contains(model):
            assert set(names) <= set(auditlog.get_model_fields(model)["mask_fields"])
    for model in auditlog.get_models():
        assert auditlog.get_model_fields(model)["include_fields"], f"{model} would tell all its fields"
        assert all(is_told(model, name) for name in auditlog.get_model_fields(model)["include_fields"])


def is_told(model: type[Model], name: str) -> bool:
    try:
        field = model._meta.get_field(name)
    except FieldDoesNotExist:
        return False
    return not isinstance(field, SecretField) or model in (Credential, Channel)
