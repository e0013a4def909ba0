"""Credentials in the API: secrets are written, never read."""

import uuid
from typing import Any

import pytest
from rest_framework.test import APIClient

from credentials.models import Credential
from devices.models import Device
from tests.api.conftest import wrong_fields
from tests.credentials.conftest import PASSPHRASE, MakeUser, stored

URL = "/api/credentials/"
SECRETS = {"password": "pass-Secret ", "enable_secret": "enable-Secret"}


def url_of(credential: Credential) -> str:
    return f"{URL}{credential.pk}/"


def test_a_credential_is_made_and_its_secrets_do_not_come_back(api: APIClient) -> None:
    response = api.post(URL, {"name": "core", "username": "backup", **SECRETS})
    assert response.status_code == 201
    assert "-Secret" not in response.content.decode()
    body = response.json()
    assert (body["has_password"], body["has_enable_secret"]) == (True, True)
    assert (body["has_private_key"], body["has_passphrase"]) == (False, False)
    assert not set(body) & set(Credential.SECRET_FIELDS)
    credential = Credential.objects.get(pk=body["id"])
    assert (credential.password, credential.enable_secret) == ("pass-Secret ", "enable-Secret")
    for url in (URL, url_of(credential)):
        assert "-Secret" not in api.get(url).content.decode()


@pytest.mark.parametrize("password", ["0", "no", "false", "off"])
def test_a_password_that_reads_like_false_counts_as_set(api: APIClient, password: str) -> None:
    assert api.post(URL, {"name": "core", "username": "u", "password": password}).json()["has_password"] is True


@pytest.mark.parametrize("method", ["patch", "put"])
def test_a_secret_that_is_left_out_is_kept_and_an_empty_one_clears(
    api: APIClient, credential: Credential, method: str
) -> None:
    body = {"name": "core", "username": "renamed", "enable_secret": ""}
    response = getattr(api, method)(url_of(credential), body)
    assert response.status_code == 200
    assert (response.json()["has_password"], response.json()["has_enable_secret"]) == (True, False)
    credential.refresh_from_db()
    assert (credential.username, credential.password, credential.enable_secret) == ("renamed", "first-Secret", "")


def test_two_people_who_change_different_secrets_both_get_their_way(credential: Credential) -> None:
    from credentials.api.serializers import CredentialSerializer

    edits = [CredentialSerializer(Credential.objects.get(), data={name: "new"}, partial=True) for name in SECRETS]
    for edit in edits:
        assert edit.is_valid()
    for edit in edits:
        edit.save()
    credential.refresh_from_db()
    assert (credential.password, credential.enable_secret) == ("new", "new")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("private_key", "rubbish-Secret"),
        ("password", None),
        ("password", {"encrypted": "rubbish-Secret"}),
        ("password", ["rubbish-Secret"]),
        ("password", "rubbish-Secret" * 1000),
        ("private_key", "rubbish-Secret" * 10_000),
        ("name", ""),
        ("name", "taken"),
    ],
)
def test_a_value_that_is_no_good_is_refused_by_field(
    api: APIClient, credential: Credential, field: str, value: Any
) -> None:
    Credential.objects.create(name="taken", username="u")
    response = api.patch(url_of(credential), {field: value})
    assert response.status_code == 400
    assert wrong_fields(response) == [field]
    assert "rubbish-Secret" not in response.content.decode()


@pytest.mark.parametrize("character", ["\\ud800", "\\u0000"])
def test_text_that_cannot_be_stored_is_refused(api: APIClient, character: str) -> None:
    body = f'{{"name": "core", "username": "u", "password": "{character}"}}'
    response = api.post(URL, body, content_type="application/json")
    assert response.status_code == 400


def test_a_protected_key_needs_its_passphrase_new_or_stored(api: APIClient, protected_key: str) -> None:
    body = {"name": "core", "username": "u", "private_key": protected_key}
    for passphrase in ("", "wrong"):
        response = api.post(URL, body | {"passphrase": passphrase})
        assert response.status_code == 400
        assert wrong_fields(response) == ["passphrase"]
    credential_id = api.post(URL, body | {"passphrase": PASSPHRASE}).json()["id"]
    url = f"{URL}{credential_id}/"
    assert api.patch(url, {"private_key": protected_key}).status_code == 200
    assert api.patch(url, {"passphrase": "wrong"}).status_code == 400
    assert api.patch(url, {"passphrase": ""}).status_code == 400
    assert api.patch(url, {"private_key": "", "passphrase": ""}).status_code == 200


def test_a_pasted_token_is_stored_as_the_text_it_is(api: APIClient, credential: Credential) -> None:
    token = stored(credential)
    assert api.patch(url_of(credential), {"enable_secret": token}).status_code == 200
    credential.refresh_from_db()
    assert credential.enable_secret == token


def test_a_credential_in_use_is_not_deleted(api: APIClient, device: Device) -> None:
    response = api.delete(url_of(device.credential))  # type: ignore[arg-type]
    assert response.status_code == 409
    assert response.json()["detail"] == (
        "This credential cannot be deleted: a device logs in with it. Give it another one first."
    )
    assert Credential.objects.exists()


def test_an_unused_credential_is_deleted(api: APIClient, credential: Credential) -> None:
    assert api.delete(url_of(credential)).status_code == 204
    assert not Credential.objects.exists()


@pytest.fixture
def three(db: None) -> None:
    for name, username in (("alpha", "zoe"), ("beta", "yan"), ("gamma", "zoe")):
        Credential.objects.create(name=name, username=username, description=f"of {name}")


@pytest.mark.usefixtures("three")
@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("", ["alpha", "beta", "gamma"]),
        ("name=beta", ["beta"]),
        ("name__icontains=A", ["alpha", "beta", "gamma"]),
        ("username=zoe", ["alpha", "gamma"]),
        ("username__icontains=YA", ["beta"]),
        ("search=of+gam", ["gamma"]),
        ("ordering=-name", ["gamma", "beta", "alpha"]),
        ("ordering=username,-name", ["beta", "gamma", "alpha"]),
    ],
)
def test_the_list_is_filtered_searched_and_ordered(api: APIClient, query: str, names: list[str]) -> None:
    body = api.get(f"{URL}?{query}").json()
    assert [row["name"] for row in body["results"]] == names


@pytest.mark.usefixtures("three")
@pytest.mark.parametrize(("query", "field"), [("ordering=password", "ordering"), ("password=anything", "password")])
def test_nobody_gets_at_a_secret_by_guessing(api: APIClient, query: str, field: str) -> None:
    assert wrong_fields(api.get(f"{URL}?{query}")) == [field]


@pytest.mark.parametrize(
    ("actions", "allowed"),
    [
        ([], []),
        (["view"], ["get"]),
        (["view", "add"], ["get", "post"]),
        (["view", "change"], ["get", "put", "patch"]),
        (["view", "delete"], ["get", "delete"]),
    ],
)
def test_each_method_needs_its_permission(
    credential: Credential, make_user: MakeUser, actions: list[str], allowed: list[str]
) -> None:
    client = APIClient()
    client.force_authenticate(make_user(*actions))
    for method in ("get", "post", "put", "patch", "delete"):
        url = URL if method == "post" else url_of(credential)
        response = getattr(client, method)(url, {"name": f"by {method}", "username": "u"})
        assert (response.status_code != 403) == (method in allowed), method


def test_nobody_gets_in_without_a_log_in(credential: Credential) -> None:
    assert APIClient().get(URL).status_code == 401


def test_an_unknown_credential_is_not_found(api: APIClient) -> None:
    assert api.get(f"{URL}{uuid.uuid4()}/").status_code == 404
    assert api.get(f"{URL}no-uuid/").status_code == 404
