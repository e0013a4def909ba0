"""Logging in for a token, and revoking it."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from knox.models import AuthToken
from rest_framework.test import APIClient
from rest_framework.throttling import SimpleRateThrottle

from tests.api.conftest import PASSWORD, MakeUser, client_of

URL = "/api/auth/token"
pytestmark = pytest.mark.django_db


@pytest.fixture
def three_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SimpleRateThrottle, "THROTTLE_RATES", {"log-in": "3/min"})


def log_in(username: str = "anna", password: str = PASSWORD, **headers: Any) -> Any:
    return APIClient().post(URL, {"username": username, "password": password}, **headers)


def test_a_token_opens_the_api_until_it_expires(make_user: MakeUser) -> None:
    make_user("anna", "devices.view_device")
    response = log_in()
    assert response.status_code == 200
    assert set(response.json()) == {"token", "expiry"}
    hours = (datetime.fromisoformat(response.json()["expiry"]) - timezone.now()) / timedelta(hours=1)
    assert 9.9 < hours <= 10
    client = APIClient(HTTP_AUTHORIZATION=f"Bearer {response.json()['token']}")
    assert client.get("/api/devices").status_code == 200
    AuthToken.objects.update(expiry=timezone.now() - timedelta(seconds=1))
    assert client.get("/api/devices").status_code == 401


def test_the_database_keeps_no_token(make_user: MakeUser) -> None:
    make_user("anna")
    token = log_in().json()["token"]
    assert token not in str(list(AuthToken.objects.values()))


def test_logging_in_is_recorded(make_user: MakeUser) -> None:
    make_user("anna")
    log_in()
    assert User.objects.get(username="anna").last_login is not None


@pytest.mark.parametrize(("username", "password"), [("anna", "wrong"), ("bob", PASSWORD), ("idle", PASSWORD)])
def test_wrong_password_unknown_and_inactive_user_get_the_same_answer(
    make_user: MakeUser, username: str, password: str
) -> None:
    make_user("anna")
    make_user("idle", is_active=False)
    response = log_in(username, password)
    assert response.status_code == 401
    assert response["WWW-Authenticate"] == "Bearer"
    assert response.json()["detail"] == "Wrong username or password."


def test_a_deactivated_user_s_token_is_refused(make_user: MakeUser) -> None:
    user = make_user("anna", "devices.view_device")
    client = client_of(user)
    user.is_active = False
    user.save()
    assert client.get("/api/devices").status_code == 401


def test_delete_revokes_only_the_token_it_is_sent_with(make_user: MakeUser) -> None:
    user = make_user("anna", "devices.view_device")
    one, other = client_of(user), client_of(user)
    assert one.delete(URL).status_code == 204
    assert one.get("/api/devices").status_code == 401
    assert other.get("/api/devices").status_code == 200


def test_an_old_token_in_the_headers_does_not_prevent_logging_in(make_user: MakeUser) -> None:
    make_user("anna")
    assert log_in(HTTP_AUTHORIZATION="Bearer 0123").status_code == 200


def test_a_user_has_a_limited_number_of_tokens(make_user: MakeUser) -> None:
    user = make_user("anna")
    for _ in range(20):
        AuthToken.objects.create(user=user)
    response = log_in()
    assert response.status_code == 403
    assert "Revoke one" in response.json()["detail"]
    AuthToken.objects.filter(pk=AuthToken.objects.first().pk).update(expiry=timezone.now() - timedelta(hours=1))
    assert log_in().status_code == 200


def test_guessing_from_one_address_is_throttled(three_a_minute: None) -> None:
    assert [log_in(f"user{number}", "wrong").status_code for number in range(4)] == [401, 401, 401, 429]
    response = log_in("somebody", "wrong")
    assert 0 < int(response["Retry-After"]) <= 60
    assert "detail" in response.json()


def test_another_address_is_not_throttled_with_it(three_a_minute: None) -> None:
    for number in range(4):
        log_in(f"user{number}", "wrong")
    assert log_in("somebody", "wrong", REMOTE_ADDR="192.0.2.9").status_code == 401


def test_guessing_one_user_s_password_from_many_addresses_is_throttled(three_a_minute: None) -> None:
    codes = [log_in("anna", "wrong", REMOTE_ADDR=f"192.0.2.{number}").status_code for number in range(4)]
    assert codes == [401, 401, 401, 429]


def test_a_client_cannot_choose_the_address_it_is_throttled_by(three_a_minute: None) -> None:
    codes = [log_in(f"u{number}", "wrong", HTTP_X_FORWARDED_FOR=f"192.0.2.{number}").status_code for number in range(4)]
    assert codes == [401, 401, 401, 429]


@pytest.mark.parametrize("header", ["Bearer", "Bearer a b", "Bearer \xff\xfe", "Bearer \x00", "Bearer " + "f" * 9000])
def test_a_malformed_token_is_a_401(header: str) -> None:
    response = APIClient().get("/api/devices", HTTP_AUTHORIZATION=header)
    assert response.status_code == 401
    assert response["WWW-Authenticate"] == "Bearer"


def test_a_browser_s_session_reads_and_writes_with_a_csrf_token(make_user: MakeUser) -> None:
    user = make_user("anna", "devices.view_tag", "devices.add_tag")
    client = APIClient(enforce_csrf_checks=True)
    client.force_login(user)
    assert client.get("/api/tags").status_code == 200
    refused = client.post("/api/tags", {"name": "core"})
    assert refused.status_code == 403
    assert "CSRF" in refused.json()["detail"]
    client.cookies["csrftoken"] = "a" * 32
    assert client.post("/api/tags", {"name": "core"}, HTTP_X_CSRFTOKEN="a" * 32).status_code == 201
