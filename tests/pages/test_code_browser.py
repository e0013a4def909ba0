"""Configurations and diffs in a real browser: with the keyboard alone, in both schemes, and on a narrow screen."""

import re

import pytest
from django.urls import reverse
from playwright.sync_api import Page

from backups.models import Backup
from tests.pages.conftest import Network, make_backup
from tests.pages.test_browser import OpenBrowser, barriers, browser, listened_page, network, open_browser

__all__ = ["browser", "network", "open_browser"]

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True, serialized_rollback=True)]

OLD = "\n".join(
    f'interface Vlan{number}\n description "users" {number}\n ip address 10.0.0.{number} 255.255.255.0\n no shutdown\n!'
    for number in range(1, 61)
)


@pytest.fixture
def versions(network: Network) -> tuple[Backup, Backup]:
    """Two of 300 lines, with changes in three places and a secret."""
    old = f"{OLD}\nenable secret hunter2\n"
    new = re.sub(r'"users" (5|30|58)\b', r'"staff" \1', old)
    return (
        make_backup(network.job, network.device, old, minutes_ago=6, version=3, changed=True),
        make_backup(network.job, network.device, new, minutes_ago=5, version=4, changed=True),
    )


def tab_to(page: Page, element: str) -> None:
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate(f"document.activeElement.matches({element!r})"):
            return
    raise AssertionError(f"{element} is not reached with the Tab key")


def is_in_view(page: Page, element: str) -> bool:
    place = page.evaluate(f"document.querySelector({element!r}).getBoundingClientRect().top")
    return bool(0 <= place < page.evaluate("innerHeight"))


def test_with_the_keyboard_alone_one_jumps_to_a_line_and_from_change_to_change(
    versions: tuple[Backup, Backup], open_browser: OpenBrowser
) -> None:
    page, told = listened_page(open_browser())
    page.goto(reverse("pages:backup", args=[versions[1].pk]))
    tab_to(page, "#line")
    page.keyboard.type("250")
    page.keyboard.press("Enter")
    page.wait_for_url("**/#L250")
    assert is_in_view(page, "#L250:target")
    tab_to(page, "#find")
    page.keyboard.type("staff")
    page.keyboard.press("Enter")
    page.wait_for_url("**find=staff**")
    page.locator("mark").first.wait_for()
    page.keyboard.press("n")
    page.wait_for_url("**#L22")
    page.keyboard.press("n")
    page.wait_for_url("**#L147")
    page.goto(reverse("pages:diff-with-previous", args=[versions[1].pk]))
    for key, change in ("n1", "n2", "n3", "n3", "p2"):
        page.keyboard.press(key)
        page.wait_for_url(f"**#change-{change}")
        assert is_in_view(page, f"#change-{change}:target")
    assert told == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_code_is_accessible_and_fits_a_narrow_screen(
    scheme: str, versions: tuple[Backup, Backup], open_browser: OpenBrowser
) -> None:
    page, told = listened_page(open_browser(color_scheme=scheme, viewport={"width": 360, "height": 740}))
    config = reverse("pages:backup", args=[versions[1].pk])
    diff = reverse("pages:diff", args=[backup.pk for backup in versions])
    other = reverse("pages:compare-with", args=[versions[1].pk])
    found: dict[str, list[str]] = {}
    for path in (f"{config}?find=users&blame=1#L22", f"{config}?fold=1&secrets=1", f"{diff}?view=split", other):
        page.goto(path)
        found[path] = barriers(page)
        if (width := page.evaluate("document.documentElement.scrollWidth")) > 360:
            found[path].append(f"{width} wide")
    assert {path: problems for path, problems in found.items() if problems} == {}
    assert told == []
