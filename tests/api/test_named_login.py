"""Backups by the API whose request names the log-in."""

import uuid
from typing import Any

import pytest

from backups.models import Job
from devices.models import Tag
from tests.api.conftest import MakeClient, add_credential, add_device, wrong_fields

pytestmark = pytest.mark.django_db
NAMING = ["backups.run_backup", "credentials.view_credential", "devices.view_tag"]


@pytest.fixture
def url() -> str:
    return f"/api/devices/{add_device().pk}/backup"


def test_a_backup_is_asked_for_with_a_credential(url: str, client_with: MakeClient) -> None:
    credential = add_credential()
    client = client_with(*NAMING, "backups.view_job")
    answer = client.post(url, {"credential": str(credential.pk), "comments": "new password"})
    assert answer.status_code == 202
    job = Job.objects.get()
    assert (job.credential, job.tag) == (credential, None)
    shown = client.get(answer.json()["url"]).json()
    assert (shown["credential"], shown["tag"]) == (str(credential.pk), None)
    assert shown["metadata"]["log_in"] == {"credential": credential.name}


def test_a_backup_is_asked_for_with_a_tag(url: str, client_with: MakeClient) -> None:
    tag = Tag.objects.create(name="emergency")
    client = client_with(*NAMING, "backups.view_job")
    answer = client.post(url, {"tag": "emergency"})
    assert answer.status_code == 202
    assert (Job.objects.get().credential, Job.objects.get().tag) == (None, tag)
    shown = client.get(answer.json()["url"]).json()
    assert (shown["credential"], shown["tag"]) == (None, "emergency")


def test_null_names_nothing(url: str, client_with: MakeClient) -> None:
    assert client_with("backups.run_backup").post(url, {"credential": None, "tag": None}).status_code == 202
    assert "log_in" not in Job.objects.get().metadata


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"credential": "both", "tag": "emergency"}, "tag"),
        ({"credential": str(uuid.uuid4())}, "credential"),
        ({"credential": "no id"}, "credential"),
        ({"credential": ["a", "list"]}, "credential"),
        ({"tag": "unknown"}, "tag"),
        ({"tag": {}}, "tag"),
    ],
)
def test_what_cannot_be_meant_is_refused_by_field(
    url: str, client_with: MakeClient, body: dict[str, Any], field: str
) -> None:
    Tag.objects.create(name="emergency")
    if body.get("credential") == "both":
        body = body | {"credential": str(add_credential().pk)}
    answer = client_with(*NAMING).post(url, body)
    assert (answer.status_code, wrong_fields(answer)) == (400, [field])
    assert not Job.objects.exists()


@pytest.mark.parametrize(
    ("kind", "sentence"),
    [("credential", "You may not choose credentials."), ("tag", "You may not choose tags.")],
)
def test_who_may_not_see_log_ins_does_not_learn_which_there_are(
    url: str, client_with: MakeClient, kind: str, sentence: str
) -> None:
    Tag.objects.create(name="emergency")
    client = client_with("backups.run_backup")
    known = str(add_credential().pk) if kind == "credential" else "emergency"
    unknown = str(uuid.uuid4()) if kind == "credential" else "unknown"
    for value in (known, unknown):
        answer = client.post(url, {kind: value})
        assert (answer.status_code, answer.json()["detail"]) == (403, sentence)
    assert not Job.objects.exists()
