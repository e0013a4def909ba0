"""The page that searches configurations."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from rest_framework.throttling import SimpleRateThrottle

from devices.models import Tag
from tests.pages.conftest import Network, make_backup, make_network

Login = Callable[..., Client]
URL = "/search/"


@pytest.fixture(autouse=True)
def none_counted() -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()


def page(client: Client, status: int = 200, **query: str) -> str:
    answer = client.get(URL, query)
    assert answer.status_code == status
    return str(answer.content.decode())


def test_the_form_says_what_to_do(login: Login, network: Network) -> None:
    text = page(login("reader"))
    assert "Give a text that stands within one line" in text
    assert "RE2" in text
    assert "Mask secrets" not in text


def test_a_hit_is_marked_and_linked_to_its_line(login: Login, network: Network) -> None:
    text = page(login("reader"), q="STAFF of")
    assert "1 line on 1 device" in text
    assert f'<a href="{reverse("pages:backup", args=[network.new.pk])}#L5" aria-label="Line 5">5</a>' in text
    assert "<mark>staff of</mark> core1" in text
    assert "interface Vlan10" in text, "what is around it"
    assert "Secrets are masked" in text


def test_all_versions_and_absence(login: Login, network: Network) -> None:
    make_network("core2")
    make_backup(network.job, network.device, "hostname core1\n", minutes_ago=5, version=3)
    client = login("reader")
    assert "No current configuration contains it" in page(client, q="staff", device="core1")
    text = page(client, q="staff of core", versions="all", device="core1")
    assert "Version 2 of" in text
    text = page(client, q="staff of core", find="absent")
    assert "1 device does not contain it" in text
    assert ">core1<" in text
    assert "Every device that was searched contains it" in page(client, q="hostname", find="absent")


def test_what_a_device_sends_is_text(login: Login, network: Network) -> None:
    make_backup(network.job, network.device, "<script>alert(1)</script>\x1b[2J\n", minutes_ago=5, version=3)
    text = page(login("reader"), q="<script>")
    assert "<mark>&lt;script&gt;</mark>alert(1)&lt;/script&gt;␛[2J" in text
    assert "<script>alert" not in text


def test_a_wrong_expression_is_told_beside_the_form(login: Login) -> None:
    text = page(login("reader"), status=400, q="(?=a)", regex="1")
    assert 'role="alert">Not available here: look-around' in text
    assert 'value="(?=a)"' in text


def test_filters_that_match_nothing_say_so(login: Login, network: Network) -> None:
    Tag.objects.create(name="unused")
    assert "No device matches the filters" in page(login("reader"), q="hostname", tag="unused")


def test_where_the_time_was_up_one_goes_on(login: Login, network: Network, settings: Any) -> None:
    make_network("core2")
    settings.NETRAVEN = settings.NETRAVEN | {"SEARCH_SECONDS": 0}
    client = login("reader")
    text = page(client, q="hostname")
    assert "Searched 1 of 2 devices when the time was up" in text
    assert 'href="?q=hostname&amp;after=core1">Go on after core1</a>' in text
    assert "Searched to the last of 2 devices" in page(client, q="hostname", after="core1")


def test_who_may_read_secrets_chooses(login: Login, network: Network) -> None:
    make_backup(network.job, network.device, "enable secret hunter2\n", minutes_ago=5, version=3)
    client = login("reader", "backups.view_secrets")
    assert "Nothing found" in page(client, q="hunter2")
    assert "<mark>hunter2</mark>" in page(client, q="hunter2", secrets="1")
    assert "Nothing found" in page(login("reader"), q="hunter2", secrets="1")


@pytest.mark.parametrize("query", ["%00a", "%ED%A0%80", "x" * 5000, "a%0Ab"])
def test_odd_texts_are_answered(login: Login, network: Network, query: str) -> None:
    assert login("reader").get(URL, {"q": query, "tag": query, "device": query, "after": query}).status_code in (
        200,
        400,
    )


def test_too_many_searches_wait(login: Login, network: Network, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(SimpleRateThrottle.THROTTLE_RATES, "heavy", "1/min")
    client = login("reader")
    page(client, q="hostname")
    assert "try again in" in page(client, status=429, q="hostname")
