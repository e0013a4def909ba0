"""The page of the API's description: from this server alone, under a policy that lets nothing else in."""

import pytest
from django.test import Client
from playwright.sync_api import Browser
from pytest_django.live_server_helper import LiveServer

from tests.pages.conftest import MakeUser
from tests.pages.test_browser import browser, network

__all__ = ["browser", "network"]


@pytest.mark.django_db
def test_the_page_is_for_those_who_are_logged_in(client: Client, make_user: MakeUser) -> None:
    assert client.get("/api-docs/").status_code == 302
    client.force_login(make_user("nobody"))
    answer = client.get("/api-docs/")
    assert answer.status_code == 200
    policy = answer["Content-Security-Policy"]
    assert "default-src 'self';" in policy
    assert "unsafe" not in policy
    assert b"http" not in answer.content.replace(b"http-equiv", b"")


@pytest.mark.browser
@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_the_page_shows_the_operations_and_asks_nobody_else(
    browser: Browser, live_server: LiveServer, make_user: MakeUser
) -> None:
    client = Client()
    client.force_login(make_user("reader"))
    context = browser.new_context()
    session = client.cookies["sessionid"].value
    context.add_cookies([{"name": "sessionid", "value": session, "url": live_server.url}])
    page = context.new_page()
    asked: list[str] = []
    complaints: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(f"{live_server.url}/api-docs/")
    page.get_by_text("/api/devices/{device_id}/backup", exact=True).first.wait_for(timeout=30_000)
    assert not complaints
    assert [url for url in asked if not url.startswith((live_server.url, "data:"))] == []
    context.close()
