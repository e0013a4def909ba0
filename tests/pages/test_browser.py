"""The pages and the console in a real browser: accessible, without JavaScript, without complaints in its log."""

import os
import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.db import connections
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
from pytest_django.live_server_helper import LiveServer

from backups.models import Backup
from credentials.models import Credential
from devices.models import Device, Tag
from scheduling.models import Schedule, ScheduleRun
from tests.pages.conftest import MakeUser, Network, make_network
from tests.scheduling.conftest import make_schedule
from tests.services import missing

CHROMIUM = "/usr/bin/chromium"
PAGES = ["dashboard", "devices", "backups", "device", "stale", "backup", "diff", "accept", "job", "host-keys", "week"]
PAGES += ["jobs", "search", "not-found"]
CONSOLE = [
    "index",
    "devices_device",
    "devices_platform",
    "devices_tag",
    "devices_gateway",
    "devices_hostkey",
    "backups_backup",
    "backups_job",
    "backups_workerprocess",
    "scheduling_schedule",
    "audit_auditentry",
]
CONSOLE_RECORDS = ["devices_device", "devices_hostkey", "backups_backup", "backups_job", "scheduling_schedule"]

# The widgets with which Django picks tags lack a label inside, or have one where there may be none: their own matter.
EXAMINED = {"exclude": [[".select2-container"], [".selector .help-tooltip"]]}

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True, serialized_rollback=True)]


@pytest.fixture
def network(transactional_db: None) -> Network:
    Credential.objects.create(name="lab", username="backup")
    network = make_network()
    Tag.objects.update(max_age_hours=1)
    Device.objects.update(last_success_at=timezone.now() - timedelta(hours=3))
    schedule = make_schedule("nightly")
    ScheduleRun.objects.create(schedule=schedule, due_at=timezone.now(), outcome="started", job=network.job)
    ScheduleRun.objects.create(schedule=schedule, due_at=timezone.now(), cause="manual", outcome="missed")
    make_schedule("asleep", enabled=False)
    return network


@pytest.fixture
def browser(network: Network, monkeypatch: pytest.MonkeyPatch) -> Iterator[Browser]:
    """Started after the database was set up, and ended before that is undone.

    Playwright's loop runs in this thread, so Django takes the thread for an asynchronous one: it refuses the database
    there unless told otherwise, and has another connection there.
    """
    if not os.path.exists(CHROMIUM):
        missing(f"no {CHROMIUM}")
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()
        connections.close_all()


OpenBrowser = Callable[..., BrowserContext]


@pytest.fixture
def open_browser(live_server: LiveServer, make_user: MakeUser, browser: Browser) -> Iterator[OpenBrowser]:
    """A browser window of a superuser, with Playwright's options."""
    opened: list[BrowserContext] = []

    def open_it(**options: Any) -> BrowserContext:
        client = Client()
        client.force_login(make_user("superuser"))
        context = browser.new_context(base_url=live_server.url, **options)
        context.add_cookies([{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_server.url}])
        opened.append(context)
        return context

    yield open_it
    for context in opened:
        context.close()


def page_path(name: str, network: Network) -> str:
    return {
        "dashboard": reverse("pages:start"),
        "backups": reverse("pages:backups"),
        "devices": reverse("pages:devices"),
        "device": reverse("pages:device", args=[network.device.pk]),
        "search": f"{reverse('pages:search')}?q=hostname&versions=all",
        "stale": reverse("pages:stale"),
        "backup": reverse("pages:backup", args=[network.new.pk]),
        "diff": reverse("pages:diff", args=[network.old.pk, network.new.pk]),
        "accept": reverse("pages:accept", args=[network.incomplete.pk]),
        "jobs": reverse("pages:jobs"),
        "job": reverse("pages:job", args=[network.job.pk]),
        "host-keys": f"{reverse('pages:host-keys')}?key={network.offered_key.pk}",
        "week": reverse("schedules:week"),
        "not-found": "/devices/no-such-page/",
    }[name]


def console_path(name: str, network: Network) -> str:
    if name == "index":
        return reverse("admin:index")
    if name == "new schedule":
        return reverse("admin:scheduling_schedule_add")
    if name == "history":
        return reverse("admin:devices_device_history", args=[network.device.pk])
    if name.startswith("one "):
        record = {
            "devices_device": network.device,
            "devices_hostkey": network.offered_key,
            "backups_backup": network.incomplete,
            "backups_job": network.job,
            "scheduling_schedule": Schedule.objects.get(name="nightly"),
        }
        return reverse(f"admin:{name[4:]}_change", args=[record[name[4:]].pk])
    return reverse(f"admin:{name}_changelist")


def listened_page(context: BrowserContext) -> tuple[Page, list[str]]:
    """A page, and the list to which its complaints will be added."""
    page = context.new_page()
    told: list[str] = []
    page.on("console", lambda message: told.append(message.text) if message.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: told.append(str(error)))
    return page, told


def barriers(page: Page) -> list[str]:
    """What axe finds."""
    return [
        f"{violation['id']}: {node['html'][:160]} {node.get('failureSummary', '')[:300]}"
        for violation in Axe()
        .run(page, context=EXAMINED, options={"resultTypes": ["violations"]})
        .response["violations"]
        if violation["impact"] in ("serious", "critical")
        for node in violation["nodes"][:3]
    ]


def serious_problems(context: BrowserContext, path: str) -> list[str]:
    """What axe finds in light and in dark, what does not fit 360 pixels, and what the browser complains about.

    The policy of every page refuses inline scripts and styles; the browser complains of each.
    """
    page, told = listened_page(context)
    answer = page.goto(path)
    assert answer is not None
    assert "default-src 'self'" in answer.headers["content-security-policy"]
    found = [text for text in told if not (answer.status == 404 and "404" in text)]  # axe itself sets styles later
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # no colour half-way to another
        found += [f"{scheme}: {barrier}" for barrier in barriers(page)]
    page.set_viewport_size({"width": 360, "height": 740})
    width = page.evaluate("document.documentElement.scrollWidth")
    page.close()
    return [*found, f"{width} pixels wide"] if width > 360 else found


def test_pages_are_accessible_and_fit_a_narrow_screen(network: Network, open_browser: OpenBrowser) -> None:
    context = open_browser()
    problems = {name: serious_problems(context, page_path(name, network)) for name in PAGES}
    context.clear_cookies()
    problems["log-in"] = serious_problems(context, reverse("admin:login"))
    assert {name: found for name, found in problems.items() if found} == {}


def test_the_console_is_accessible_and_fits_a_narrow_screen(network: Network, open_browser: OpenBrowser) -> None:
    context = open_browser()
    names = [*CONSOLE, *(f"one {name}" for name in CONSOLE_RECORDS), "new schedule", "history"]
    problems = {name: serious_problems(context, console_path(name, network)) for name in names}
    assert {name: found for name, found in problems.items() if found} == {}


def test_the_way_from_device_to_diff_works_without_javascript(network: Network, open_browser: OpenBrowser) -> None:
    page = open_browser(java_script_enabled=False).new_page()
    page.goto("/")
    page.locator("tbody").get_by_role("link", name="core1", exact=True).click()
    page.locator(f'input[name="old"][value="{network.old.pk}"]').check()
    page.locator(f'input[name="new"][value="{network.new.pk}"]').check()
    page.get_by_role("button", name="Compare the two picked").click()
    assert page.locator(".nr-plus .nr-text").text_content() == " description staff of core1"
    page.get_by_role("link", name="Compare every line").click()
    assert page.locator(".nr-plus").count() == 2


def test_back_up_now_and_its_job_page_work_without_javascript(network: Network, open_browser: OpenBrowser) -> None:
    page = open_browser(java_script_enabled=False).new_page()
    page.goto(page_path("device", network))
    page.get_by_role("button", name="Back up now").click()
    backup = Backup.objects.get(status="pending")
    assert page.url.endswith(reverse("pages:job", args=[backup.job_id]))
    assert "0 of 1" in page.locator(".nr-progress").inner_text()
    Backup.objects.update(status="failed", failure_reason="timeout", error="Too late.")
    backup.job.status = "failed"
    backup.job.save()
    page.locator("strong", has_text="1 of 1").wait_for(timeout=10_000)  # the page renewed itself
    assert "Too late." in page.locator("main").inner_text()


def test_stale_devices_are_narrowed_selected_and_backed_up_without_javascript(
    network: Network, open_browser: OpenBrowser
) -> None:
    other = make_network("core2").device
    other.tags.set([Tag.objects.create(name="other", max_age_hours=1)])
    Device.objects.filter(pk=other.pk).update(last_success_at=timezone.now() - timedelta(hours=2))
    page = open_browser(java_script_enabled=False).new_page()
    page.goto("/")
    page.get_by_role("link", name="Stale 2").click()
    assert page.locator("tbody th a").all_inner_texts() == ["core1", "core2"]
    page.get_by_label("Tag").select_option("other")
    page.get_by_role("button", name="Filter").click()
    assert page.locator("tbody th a").all_inner_texts() == ["core2"]
    page.get_by_role("button", name="Back up selected").click()
    assert "Select devices first." in page.locator(".nr-messages").inner_text()
    page.get_by_label("Select core2").check()
    page.get_by_role("button", name="Back up selected").click()
    backup = Backup.objects.get(status="pending")
    assert backup.device == other
    assert page.url.endswith(reverse("pages:job", args=[backup.job_id]))
    page.goto(page_path("stale", network))
    page.get_by_role("button", name="Back up all 2").click()
    assert {backup.device for backup in Backup.objects.active()} == {network.device, other}


def test_a_keyboard_selects_a_stale_device_and_backs_it_up(network: Network, open_browser: OpenBrowser) -> None:
    page = open_browser().new_page()
    page.goto(page_path("stale", network))
    page.get_by_role("button", name="Filter").focus()
    reached: list[str] = []
    while not reached or reached[-1] != "Back up selected":
        page.keyboard.press("Tab")
        label = "document.activeElement.getAttribute('aria-label') || document.activeElement.textContent"
        reached.append(page.evaluate(label))
        assert len(reached) < 12, reached
        if reached[-1] == "Select core1":
            page.keyboard.press("Space")
    page.keyboard.press("Enter")
    page.get_by_text("Backup of 1 device requested.").wait_for(timeout=10_000)


def test_the_action_in_the_console_works_in_a_browser(network: Network, open_browser: OpenBrowser) -> None:
    page = open_browser().new_page()
    page.goto(reverse("admin:devices_device_changelist"))
    page.locator("input.action-select").check()
    page.locator("select[name=action]").select_option("back_up_selected")
    page.get_by_role("button", name="Go").click()
    page.get_by_text("Backup of 1 device requested.").wait_for(timeout=10_000)
    assert page.url.endswith(reverse("pages:job", args=[Backup.objects.get(status="pending").job_id]))


def test_a_new_key_is_found_compared_and_accepted_without_javascript(
    network: Network, open_browser: OpenBrowser
) -> None:
    page = open_browser(java_script_enabled=False).new_page()
    page.goto(page_path("device", network))
    page.get_by_role("link", name="Compare and decide").click()
    assert {network.known_key.fingerprint, network.offered_key.fingerprint} <= set(
        page.locator("td .nr-mono").all_inner_texts()
    )
    page.get_by_role("button", name="Accept new key").click()
    assert f"{network.offered_key.fingerprint} is trusted now." in page.locator(".nr-messages").inner_text()
    network.offered_key.refresh_from_db()
    assert network.offered_key.state == "trusted"


def test_a_keyboard_user_can_skip_to_the_content(network: Network, open_browser: OpenBrowser) -> None:
    page = open_browser().new_page()
    page.goto(page_path("devices", network))
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to main content"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "content"


def test_a_weekly_schedule_is_made_previewed_and_run_by_keyboard(network: Network, open_browser: OpenBrowser) -> None:
    page, told = listened_page(open_browser(timezone_id="Asia/Tokyo"))
    page.goto(reverse("admin:scheduling_schedule_add"))
    assert not page.locator(".field-weekdays").is_visible(), "a daily schedule has none"
    assert page.evaluate("document.activeElement.name") == "name"
    keys = page.keyboard
    keys.type("weekend")
    keys.press("Tab")
    keys.press("Tab")
    assert page.evaluate("document.activeElement.name") == "schedule_type"
    keys.type("Weekly")
    page.locator(".field-weekdays").wait_for(state="visible")
    assert not page.locator(".field-cron").is_visible()
    keys.press("Tab")
    keys.press("Control+A")
    keys.type("UTC")
    keys.press("Tab")
    for _ in range(5):  # from Monday to Saturday
        keys.press("Tab")
    keys.press("Space")
    keys.press("Tab")
    keys.press("Tab")
    assert page.evaluate("document.activeElement.name") == "time"
    page.locator("[name=time]").fill("20:30")
    page.locator("[name=all_devices]").focus()
    keys.press("Space")
    page.locator("[name=_preview]").press("Enter")
    page.locator("#preview").wait_for()
    preview = page.locator("#preview").inner_text()
    assert "Every Saturday at 20:30 (UTC)" in preview
    assert "In your time, Asia/Tokyo" in preview
    assert preview.count(" 20:30 UTC+00:00") == 10
    assert page.evaluate("document.activeElement.id") == "preview", "one is led there"
    assert len(re.findall(r"Sun \d{4}-\d\d-\d\d 05:30", preview)) == 10
    assert "1 device now" in preview
    assert told == []
    assert barriers(page) == []
    told.clear()  # axe sets styles where none may be
    assert not Schedule.objects.filter(name="weekend").exists()
    page.locator("[name=_continue]").press("Enter")
    page.get_by_text("was added successfully").wait_for()
    page.get_by_role("button", name="Run now").press("Enter")
    page.get_by_text("“weekend” runs now: 1 device.").wait_for()
    assert ScheduleRun.objects.get(schedule__name="weekend").job == Backup.objects.get(status="pending").job
    page.get_by_role("link", name="Schedules").press("Enter")
    page.get_by_role("link", name="1 backup").first.press("Enter")
    assert "weekend" in page.locator(".nr-days").inner_text()
    assert told == []


def test_a_schedule_is_made_without_javascript(network: Network, open_browser: OpenBrowser) -> None:
    page = open_browser(java_script_enabled=False).new_page()
    page.goto(reverse("admin:scheduling_schedule_add"))
    page.locator("[name=name]").fill("monthly")
    page.locator("[name=schedule_type]").select_option("monthly")
    page.locator("[name=day]").fill("31")
    page.locator("[name=time]").fill("01:00")
    page.locator("[name=hostnames]").fill("core1\nnosuch")
    page.locator("[name=_preview]").click()
    assert "“nosuch”" in page.locator(".field-hostnames .errorlist").inner_text()
    page.locator("[name=hostnames]").fill("core1")
    page.locator("[name=_preview]").click()
    assert "On day 31, or the last day, of each month at 01:00" in page.locator("#preview").inner_text()
    page.locator("[name=_save]").click()
    assert list(Schedule.objects.get(name="monthly").devices.all()) == [network.device]
    page.goto(reverse("schedules:week"))
    page.get_by_role("link", name="Next week").click()
    assert "Previous week" in page.locator("main").inner_text()


def test_the_form_asks_for_what_the_type_needs(network: Network, open_browser: OpenBrowser) -> None:
    page = open_browser().new_page()
    page.goto(reverse("admin:scheduling_schedule_add"))
    own = ["interval_minutes", "weekdays", "month", "day_rule", "day", "ordinal", "time", "cron", "end_at"]
    shown = {}
    for kind in Schedule.Type.values:
        page.locator("[name=schedule_type]").select_option(kind)
        shown[kind] = [name for name in own if page.locator(f".form-row.field-{name}").is_visible()]
    assert shown == {
        "once": [],
        "interval": ["interval_minutes", "end_at"],
        "daily": ["time", "end_at"],
        "weekly": ["weekdays", "time", "end_at"],
        "monthly": ["day_rule", "day", "time", "end_at"],
        "yearly": ["month", "day_rule", "day", "time", "end_at"],
        "cron": ["cron", "end_at"],
    }
    page.locator("[name=schedule_type]").select_option("monthly")
    page.locator("[name=day_rule]").select_option("weekday")
    assert not page.locator(".form-row.field-day").is_visible()
    assert page.locator("[name=ordinal_weekday]").is_visible()
    page.locator("[name=all_devices]").check()
    assert not page.locator(".form-row.field-devices").is_visible()
