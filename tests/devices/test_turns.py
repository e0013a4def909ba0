"""Processes take turns at a log-in that may be wrong; here they are threads, each with nothing but the shared cache."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, cast

import pytest
from django.core.cache import cache
from pytest_django import Settings

from credentials.models import Credential
from devices import turns
from devices.exceptions import GatewayRejected
from devices.models import Gateway
from devices.turns import Turns

GATEWAY = Gateway(name="jump1", address="192.0.2.9", port=22)
PROCESSES = 8


@pytest.fixture(autouse=True)
def clean_cache() -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()


def turns_of(password: str = "wrong-Secret", *, at_once: bool = False) -> Turns:
    return Turns(GATEWAY, Credential(username="jump", password=password), at_once=at_once)


class Door:
    """A gateway's log-in, which takes a moment; counts the tries."""

    def __init__(self, *, opens: bool) -> None:
        self.opens = opens
        self.tries = 0

    def try_once(self, password: str = "wrong-Secret", *, at_once: bool = False) -> GatewayRejected | None:
        """None if it opened."""
        try:
            with turns_of(password, at_once=at_once).turn(5):
                self.tries += 1
                time.sleep(0.2)
                if not self.opens:
                    raise GatewayRejected("Rejected.")
        except GatewayRejected as error:
            return error
        return None

    def try_together(self) -> list[GatewayRejected | None]:
        with ThreadPoolExecutor(PROCESSES) as pool:
            return list(pool.map(lambda _: self.try_once(), range(PROCESSES)))


def test_a_wrong_log_in_is_sent_by_one_of_many() -> None:
    door = Door(opens=False)
    errors = door.try_together()
    assert door.tries == 1
    assert [str(error) for error in errors] == ["Rejected."] * PROCESSES
    assert sorted(error.seconds_ago > 0 for error in errors if error) == [False] + [True] * (PROCESSES - 1)
    door.try_once()
    assert door.tries == 1


def test_a_log_in_that_is_known_to_work_needs_no_turns() -> None:
    door = Door(opens=True)
    assert door.try_once() is None
    started = time.monotonic()
    assert door.try_together() == [None] * PROCESSES
    assert time.monotonic() - started < 2 * 0.2 * 2
    assert door.tries == 1 + PROCESSES


def test_all_get_in_when_the_first_one_does() -> None:
    door = Door(opens=True)
    assert door.try_together() == [None] * PROCESSES


def test_a_rejection_is_forgotten_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "REJECTED", 1)
    door = Door(opens=False)
    door.try_once()
    door.opens = True
    time.sleep(1.1)
    assert door.try_once() is None


def test_another_password_is_another_log_in() -> None:
    door = Door(opens=False)
    door.try_once()
    door.opens = True
    assert door.try_once("right-Secret") is None


def test_a_person_who_asks_is_not_kept_waiting_and_tells_the_others() -> None:
    door = Door(opens=False)
    door.try_once()
    assert door.try_once(at_once=True)
    assert door.tries == 2
    door.opens = True
    assert door.try_once(at_once=True) is None
    assert door.try_once() is None


def test_one_that_died_over_it_holds_nobody_up_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "TURN", 1)
    turns_of()._wait(1)
    assert Door(opens=True).try_once() is None


def test_a_cache_that_is_away_does_not_matter(settings: Settings) -> None:
    away = "redis://127.0.0.1:1/0"
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": away}}
    door = Door(opens=True)
    assert door.try_once() is None
    door.opens = False
    assert door.try_once()
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}


def test_no_secret_is_in_the_cache(settings: Settings) -> None:
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": "own"}}
    Door(opens=False).try_once()
    stored = repr(cast(Any, cache)._cache)
    assert "rejected" in stored
    assert "Secret" not in stored
