"""A user's own tokens: made, listed, limited and revoked."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import Permission, User
from django.utils import timezone
from knox.models import AuthToken
from rest_framework.test import APIClient

from backups.models import Job
from netraven.api_tokens.models import TokenDetails
from netraven.api_tokens.scopes import SCOPES, allows
from tests.api.conftest import (
    PASSWORD,
    MakeUser,
    add_backup,
    add_credential,
    add_device,
    client_of,
    problem_of,
    wrong_fields,
)

pytestmark = pytest.mark.django_db
URL = "/api/tokens"


@pytest.fixture
def anna(make_user: MakeUser) -> User:
    return make_user("anna", is_superuser=True)


@pytest.fixture
def client(anna: User) -> APIClient:
    return client_of(anna)


def token_of(client: APIClient, **wanted: Any) -> APIClient:
    """A client with a new token."""
    answer = client.post(URL, {"name": "ticket system"} | wanted)
    assert answer.status_code == 201, answer.content
    return APIClient(HTTP_AUTHORIZATION=f"Bearer {answer.json()['token']}")


def test_a_token_is_made_once_shown_and_then_listed_without_itself(client: APIClient) -> None:
    expires = (timezone.now() + timedelta(days=90)).isoformat()
    made = client.post(
        URL, {"name": "ticket system", "expires_at": expires, "read_only": True, "scopes": ["devices:read"]}
    )
    assert made.status_code == 201
    token = made.json().pop("token")
    shown = {name: value for name, value in made.json().items() if name != "token"}
    assert (shown["name"], shown["prefix"], shown["read_only"]) == ("ticket system", token[:8], True)
    assert (shown["scopes"], shown["last_used_at"], shown["current"]) == (["devices:read"], None, False)
    listed = client.get(URL)
    assert listed.json()["results"][0] == shown == client.get(f"{URL}/{shown['id']}").json()
    assert token not in listed.content.decode()
    assert token not in str(list(AuthToken.objects.values()) + list(TokenDetails.objects.values()))
    assert [row["current"] for row in listed.json()["results"]] == [False, True]


def test_a_token_lives_as_long_as_it_was_to(client: APIClient) -> None:
    add_device()
    new = token_of(client, expires_at=(timezone.now() + timedelta(days=90)).isoformat())
    usual = token_of(client)
    for days, codes in ((0, [200, 200]), (89, [200, 401]), (91, [401, 401])):
        with time_machine.travel(timezone.now() + timedelta(days=days)):
            assert [one.get("/api/devices").status_code for one in (new, usual)] == codes


def test_the_last_use_is_told_to_the_minute(client: APIClient) -> None:
    new = token_of(client)
    moments = []
    for seconds in (0, 30, 61):
        with time_machine.travel(timezone.now().replace(microsecond=0) + timedelta(seconds=seconds), tick=False):
            new.get("/api/me")
        moment = TokenDetails.objects.get(name="ticket system").last_used_at
        assert moment
        moments.append(moment)
    assert moments[0] == moments[1]
    assert moments[2] - moments[0] >= timedelta(seconds=60)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "name"),
        ({"name": ""}, "name"),
        ({"name": "x" * 101}, "name"),
        ({"name": "a", "scopes": ["everything"]}, "scopes"),
        ({"name": "a", "scopes": "devices:read"}, "scopes"),
        ({"name": "a", "scopes": [["devices:read"]]}, "scopes"),
        ({"name": "a", "read_only": "perhaps"}, "read_only"),
        ({"name": "a", "expires_at": "tomorrow"}, "expires_at"),
        ({"name": "a", "expires_at": "2020-01-01T00:00:00Z"}, "expires_at"),
        ({"name": "a", "expires_at": "2999-01-01T00:00:00Z"}, "expires_at"),
        ({"name": "a", "expires_at": None}, "expires_at"),
    ],
)
def test_a_wrong_wish_is_refused_by_field(client: APIClient, body: dict[str, Any], field: str) -> None:
    assert wrong_fields(client.post(URL, body)) == [field]
    assert AuthToken.objects.count() == 1


def test_nobody_has_more_than_twenty(client: APIClient) -> None:
    for _ in range(19):
        token_of(client)
    refused = client.post(URL, {"name": "one more"})
    assert (refused.status_code, "Revoke one" in problem_of(refused)["detail"]) == (403, True)


def test_one_is_revoked_and_the_others_live(client: APIClient) -> None:
    one, other = token_of(client), token_of(client, name="other")
    made = {row["name"]: row["id"] for row in client.get(URL).json()["results"]}
    assert client.delete(f"{URL}/{made['ticket system']}").status_code == 204
    assert [token.get("/api/me").status_code for token in (one, other, client)] == [401, 200, 200]


def test_all_are_revoked_at_once_and_only_ones_own(client: APIClient, make_user: MakeUser) -> None:
    one, bob = token_of(client), client_of(make_user("bob"))
    assert client.delete(URL).status_code == 204
    assert [token.get("/api/me").status_code for token in (one, client, bob)] == [401, 401, 200]


def test_other_users_tokens_do_not_exist(client: APIClient, make_user: MakeUser) -> None:
    bob = client_of(make_user("bob"))
    token_of(bob, name="of bob")
    details = TokenDetails.objects.get(name="of bob")
    assert all(row["name"] != "of bob" for row in client.get(URL).json()["results"])
    assert client.get(f"{URL}/{details.pk}").status_code == client.delete(f"{URL}/{details.pk}").status_code == 404


def test_an_expired_token_is_not_listed(client: APIClient) -> None:
    token_of(client)
    AuthToken.objects.filter(details__name="ticket system").update(expiry=timezone.now())
    assert [row["name"] for row in client.get(URL).json()["results"]] == [""]


def test_a_token_for_reading_writes_nothing_whatever_its_user_may(client: APIClient) -> None:
    reader, device = token_of(client, read_only=True), add_device()
    assert reader.get(f"/api/devices/{device.pk}").status_code == 200
    url = f"/api/devices/{device.pk}"
    answers = [
        reader.patch(url, {"description": "a"}),
        reader.delete(url),
        reader.post(f"{url}/backup"),
        reader.post("/api/devices/import", []),
        reader.post(URL, {"name": "a"}),
        reader.delete(URL),
    ]
    assert [answer.status_code for answer in answers] == [403] * 6
    assert {problem_of(answer)["detail"] for answer in answers} == {"This token is for reading only."}
    assert not Job.objects.exists()
    assert reader.delete("/api/auth/token").status_code == 204, "every token can be given back"


# What a superuser's token with one scope gets: device list, new tag, configuration, backup, credentials.
ANSWERS = {
    "devices:read": [200, 403, 403, 403, 403],
    "devices:write": [200, 201, 403, 403, 403],
    "backups:read": [403, 403, 403, 403, 403],
    "backups:run": [403, 403, 403, 202, 403],
    "backups:write": [403, 403, 403, 403, 403],
    "config:read": [403, 403, 200, 403, 403],
    "secrets:read": [403, 403, 200, 403, 403],
    "credentials": [403, 403, 403, 403, 200],
    "schedules": [403, 403, 403, 403, 403],
    "audit:read": [403, 403, 403, 403, 403],
    "notifications": [403, 403, 403, 403, 403],
}


@pytest.mark.parametrize("scope", SCOPES)
def test_a_scope_holds_what_it_names_and_no_more(client: APIClient, scope: str) -> None:
    backup = add_backup(add_device())
    limited = token_of(client, scopes=[scope])
    answers = [
        limited.get("/api/devices"),
        limited.post("/api/tags", {"name": "core"}),
        limited.get(f"/api/backups/{backup.pk}/content"),
        limited.post(f"/api/devices/{backup.device_id}/backup"),
        limited.get("/api/credentials"),
    ]
    assert [answer.status_code for answer in answers] == ANSWERS[scope]


def test_a_scope_gives_no_right_that_the_user_has_not(make_user: MakeUser) -> None:
    limited = token_of(client_of(make_user("bob", "devices.view_device")), scopes=["devices:write", "config:read"])
    add_device()
    assert limited.get("/api/devices").status_code == 200
    assert limited.post("/api/tags", {"name": "core"}).status_code == 403
    assert limited.get("/api/me").json()["permissions"] == ["devices.view_device"]


def test_scopes_hold_inside_of_a_request_too(client: APIClient) -> None:
    """To name a credential takes a permission that the view does not ask for."""
    limited, credential = token_of(client, scopes=["backups:run"]), add_credential()
    url = f"/api/devices/{add_device().pk}/backup"
    assert limited.post(url, {"credential": str(credential.pk)}).status_code == 403
    assert limited.post(url).status_code == 202
    assert Job.objects.get().requested_by == User.objects.get(username="anna")


def test_a_limited_token_makes_no_token_without_limits(client: APIClient) -> None:
    for limited in (token_of(client, scopes=list(SCOPES)), token_of(client, read_only=True)):
        answers = [limited.get(URL), limited.post(URL, {"name": "a"}), limited.delete(URL)]
        assert [answer.status_code for answer in answers] == [403] * 3
    assert AuthToken.objects.count() == 3


def test_a_user_in_a_session_makes_tokens(anna: User) -> None:
    client = APIClient()
    client.force_login(anna)
    assert client.get("/api/me").json()["token"] is None
    new = token_of(client, scopes=["devices:read"], read_only=True)
    assert new.get("/api/me").json()["token"] == {"read_only": True, "scopes": ["devices:read"]}


def test_a_token_from_logging_in_has_no_limits(anna: User) -> None:
    token = APIClient().post("/api/auth/token", {"username": "anna", "password": PASSWORD}).json()["token"]
    client = APIClient(HTTP_AUTHORIZATION=f"Bearer {token}")
    assert client.get("/api/me").json()["token"] == {"read_only": False, "scopes": []}


def test_every_permission_of_ours_is_in_a_scope() -> None:
    ours = Permission.objects.filter(content_type__app_label__in=["devices", "credentials", "scheduling"])
    names = [f"{permission.content_type.app_label}.{permission.codename}" for permission in ours]
    names += ["backups.view_backup", "backups.run_backup", "backups.view_config", "backups.accept_backup"]
    assert not [name for name in names if not allows(list(SCOPES), name)]
    of_others = ("auth.change_user", "auth.add_group", "knox.view_authtoken")
    assert not [name for name in of_others if allows(list(SCOPES), name)]
