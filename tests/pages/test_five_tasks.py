"""What people come for is a few clicks from the dashboard: at most four, or one form. Without JavaScript."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, Page

from backups.models import Backup
from devices.models import Device
from scheduling.models import Schedule
from tests.pages.conftest import Network
from tests.pages.test_browser import OpenBrowser, browser, network, open_browser

__all__ = ["browser", "network", "open_browser"]

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True, serialized_rollback=True)]

MOST = 4


class Hand:
    """Clicks, and counts: a form that is sent counts as one."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.clicks = 0

    def click(self, target: Locator) -> None:
        self.clicks += 1
        assert self.clicks <= MOST
        target.click()

    def link(self, name: str) -> None:
        self.click(self.page.get_by_role("link", name=name).first)

    def button(self, name: str) -> None:
        self.click(self.page.get_by_role("button", name=name, exact=True))


@pytest.fixture
def hand(open_browser: OpenBrowser, network: Network) -> Iterator[Hand]:
    page = open_browser(java_script_enabled=False).new_page()
    page.goto("/")
    yield Hand(page)
    page.close()


def test_what_changed_last_night_on_a_device(hand: Hand) -> None:
    hand.link("Diff of core1")
    assert hand.page.locator(".nr-plus .nr-text").inner_text() == " description staff of core1"


def test_every_device_with_a_given_line(hand: Hand) -> None:
    search = hand.page.get_by_label("Search configurations")
    search.fill("interface Vlan10")
    search.press("Enter")
    assert hand.page.get_by_role("heading", name="core1").is_visible()


def test_why_a_backup_failed_and_to_try_again(hand: Hand, network: Network) -> None:
    hand.link("1 device failing")
    hand.link("core1")
    assert network.incomplete.error in hand.page.locator("main").inner_text()
    hand.button("Back up now")
    assert Backup.objects.get(status="pending").device == network.device


def test_a_new_device_is_backed_up(hand: Hand) -> None:
    hand.link("Devices")
    hand.link("Add a device")
    for name, value in (("hostname", "core9"), ("address", "192.0.2.9")):
        hand.page.locator(f"[name={name}]").fill(value)
    hand.page.locator("[name=platform]").select_option(label="Cisco IOS / IOS-XE")
    hand.page.locator("[name=credential]").select_option(label="lab")
    hand.button("Save and back up now")
    assert Backup.objects.get(status="pending").device == Device.objects.get(hostname="core9")


def test_a_tag_is_scheduled(hand: Hand) -> None:
    hand.link("Schedules")
    hand.link("Add a schedule")
    hand.page.locator("[name=name]").fill("branches")
    hand.page.locator("[name=tags]").select_option(label="branch")
    hand.page.locator("[name=time]").fill("02:30")
    hand.button("Save")
    assert [tag.name for tag in Schedule.objects.get(name="branches").tags.all()] == ["branch"]
