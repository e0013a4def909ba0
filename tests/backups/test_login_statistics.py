"""How log-ins fared, counted from rows made by hand."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from backups.login_statistics import newest_attempts, with_login_statistics
from backups.models import LoginAttempt
from credentials.models import Credential
from devices.models import Device, Platform, Tag

pytestmark = pytest.mark.django_db


def make_device(hostname: str) -> Device:
    return Device.objects.create(hostname=hostname, address="192.0.2.1", platform=Platform.objects.get(slug="ios"))


def attempt(credential: Credential, device: Device, accepted: bool, *, days_ago: float, tag: Tag | None = None) -> None:
    time = timezone.now() - timedelta(days=days_ago)
    LoginAttempt.objects.create(credential=credential, device=device, accepted=accepted, time=time, tag=tag)


def figures(rows: Any, owner: str) -> dict[str, tuple[int, int, datetime | None, Any]]:
    return {
        row.name: (row.accepted, row.rejected, row.last_used_at, row.last_used_on)
        for row in with_login_statistics(rows, owner)
    }


def test_attempts_of_the_last_thirty_days_are_counted_and_the_last_use_is_known_for_ever() -> None:
    first, second = make_device("d1"), make_device("d2")
    busy, old, _ = (Credential.objects.create(name=name, username="u") for name in ("busy", "old", "unused"))
    for days_ago in (1, 2, 29.9):
        attempt(busy, first, True, days_ago=days_ago)
    attempt(busy, second, False, days_ago=0.5)
    attempt(busy, second, True, days_ago=30.1)
    attempt(old, second, True, days_ago=40)
    attempt(old, first, False, days_ago=50)
    times = {name: LoginAttempt.objects.filter(credential__name=name).latest("time").time for name in ("busy", "old")}
    assert figures(Credential.objects.all(), "credential") == {
        "busy": (3, 1, times["busy"], second.pk),
        "old": (0, 0, times["old"], second.pk),
        "unused": (0, 0, None, None),
    }


def test_a_tag_counts_only_what_it_offered() -> None:
    device = make_device("d1")
    credential = Credential.objects.create(name="shared", username="u")
    branch, core = Tag.objects.create(name="branch"), Tag.objects.create(name="core")
    attempt(credential, device, True, days_ago=1, tag=branch)
    attempt(credential, device, False, days_ago=2, tag=branch)
    attempt(credential, device, False, days_ago=3, tag=core)
    attempt(credential, device, True, days_ago=0)
    found = figures(Tag.objects.all(), "tag")
    assert {name: row[:2] for name, row in found.items()} == {"branch": (1, 1), "core": (0, 1)}
    assert figures(Credential.objects.all(), "credential")["shared"][:2] == (2, 2)


def test_any_number_of_rows_is_counted_with_one_query() -> None:
    device = make_device("d1")
    for number in range(20):
        attempt(Credential.objects.create(name=f"c{number}", username="u"), device, True, days_ago=1)
    with CaptureQueriesContext(connection) as queries:
        assert len(figures(Credential.objects.without_secrets(), "credential")) == 20
    assert len(queries) == 1


def test_the_newest_attempts_are_told_with_names_and_whether_the_device_is_seen() -> None:
    seen, hidden = make_device("seen"), make_device("hidden")
    secret = Tag.objects.create(name="secret")
    secret.groups.add(Group.objects.create(name="others"))
    hidden.tags.add(secret)
    credential = Credential.objects.create(name="shared", username="u", password="p")
    for number in range(25):
        attempt(credential, hidden if number % 2 else seen, number > 3, days_ago=number, tag=secret)
    viewer = User.objects.create_user("viewer")
    with CaptureQueriesContext(connection) as queries:
        rows: list[Any] = list(newest_attempts(LoginAttempt.objects.all(), viewer))
    assert len(queries) == 1
    assert [row.hostname for row in rows] == ["seen", "hidden"] * 10
    assert [row.seen for row in rows] == [True, False] * 10
    assert {(row.credential_name, row.tag_name) for row in rows} == {("shared", "secret")}
    assert [row.accepted for row in rows] == [False] * 4 + [True] * 16
