"""Guessing passwords, at the API and at the console."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from axes.models import AccessAttempt
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings
from rest_framework.test import APIClient

from tests.api.conftest import PASSWORD, MakeUser, problem_of

pytestmark = pytest.mark.django_db
URL = "/api/auth/token"
LIMIT = 5


@pytest.fixture(autouse=True)
def anna(make_user: MakeUser) -> None:
    make_user("anna", is_superuser=True, is_staff=True)


def at_api(password: str = "wrong", username: str = "anna", **more: Any) -> Any:
    return APIClient().post(URL, {"username": username, "password": password}, **more)


def at_console(password: str = "wrong", **more: Any) -> Any:
    return Client().post(reverse("admin:login"), {"username": "anna", "password": password}, **more)


def test_after_five_failures_the_right_password_is_refused_too() -> None:
    assert [at_api().status_code for _ in range(LIMIT)] == [401] * (LIMIT - 1) + [429]
    refused = at_api(PASSWORD)
    assert (refused.status_code, refused["Retry-After"]) == (429, "900")
    document = problem_of(refused)
    assert document["type"] == "/problems/throttled"
    assert "locked for your address for 15 minutes" in document["detail"]
    assert at_console(PASSWORD).status_code == 429, "the console counts the same failures"


def test_the_console_locks_and_says_so() -> None:
    for _ in range(LIMIT):
        answer = at_console()
    assert answer.status_code == 429
    assert b"Too many failed log-ins" in answer.content
    assert at_api(PASSWORD).status_code == 429


def test_nobody_is_locked_out_by_somebody_elsewhere() -> None:
    for _ in range(LIMIT):
        at_api(REMOTE_ADDR="192.0.2.66")
    assert at_api(PASSWORD, REMOTE_ADDR="192.0.2.66").status_code == 429
    assert at_api(PASSWORD, REMOTE_ADDR="192.0.2.1").status_code == 200
    assert at_api(username="bob", REMOTE_ADDR="192.0.2.66").status_code == 401


@pytest.mark.parametrize(("behind_proxy", "code"), [(True, 200), (False, 429)])
def test_behind_a_proxy_the_address_is_the_one_that_it_has_seen(
    settings: Settings, behind_proxy: bool, code: int
) -> None:
    settings.BEHIND_PROXY = behind_proxy
    for _ in range(LIMIT):
        at_console(HTTP_X_FORWARDED_FOR="192.0.2.1, 192.0.2.66")
    other = at_console(PASSWORD, HTTP_X_FORWARDED_FOR="192.0.2.66, 192.0.2.1")
    assert (200 if other.status_code == 302 else other.status_code) == code


def test_a_success_forgets_the_failures_before_it() -> None:
    for _ in range(3):
        codes = [at_console().status_code for _ in range(LIMIT - 1)] + [at_console(PASSWORD).status_code]
        assert codes == [200] * (LIMIT - 1) + [302]


def test_the_lock_opens_by_itself_and_by_command() -> None:
    for _ in range(LIMIT):
        at_console()
    with time_machine.travel(timezone.now() + timedelta(minutes=14)):
        assert at_console(PASSWORD).status_code == 429
    with time_machine.travel(timezone.now() + timedelta(minutes=31)):
        assert at_console(PASSWORD).status_code == 302
    for _ in range(LIMIT):
        at_console()
    call_command("axes_reset_username", "anna", verbosity=0)
    assert at_console(PASSWORD).status_code == 302


def test_no_password_is_recorded() -> None:
    at_api("s3cret-at-the-api")
    at_console("s3cret-at-the-console")
    assert AccessAttempt.objects.exists()
    assert "s3cret" not in str(list(AccessAttempt.objects.values()))


@pytest.mark.parametrize("address", ["", "not an address", "x" * 300])
def test_a_strange_forwarded_address_is_no_traceback(settings: Settings, address: str) -> None:
    settings.BEHIND_PROXY = True
    assert at_console(HTTP_X_FORWARDED_FOR=address).status_code == 200
