"""A job of real backups, watched in a real browser with the keyboard alone."""

import os
import subprocess
import sys

import pytest
from django.conf import settings
from django.urls import reverse

from backups.models import Job
from backups.services import request_backups
from credentials.models import Credential
from devices.models import Device
from netraven.lab import Fault
from tests.conftest import MakeDevice, database_url
from tests.pages.conftest import Network
from tests.pages.test_browser import OpenBrowser, barriers, browser, listened_page, network, open_browser

__all__ = ["browser", "network", "open_browser"]  # fixtures
pytestmark = [
    pytest.mark.browser,
    pytest.mark.worker,
    pytest.mark.django_db(transaction=True, serialized_rollback=True),
]
WORK = "from backups.worker import work; work()"


def test_a_job_is_watched_to_its_end_and_its_failures_retried_by_keyboard(
    network: Network, make_device: MakeDevice, open_browser: OpenBrowser
) -> None:
    good, rejected = make_device("ios", Fault.SLOW, delay=2.5), make_device("ios")
    Credential.objects.filter(devices=rejected).update(password="wrong")
    wanted = Device.objects.filter(hostname__in=[good.hostname, rejected.hostname])
    job = request_backups(wanted, user=None, trigger=Job.Trigger.COMMAND).job
    page, told = listened_page(open_browser())
    page.goto(reverse("pages:jobs"))
    while page.evaluate("document.activeElement.textContent") != "Backup of 2 devices":
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{reverse('pages:job', args=[job.pk])}")
    assert "0 of 2" in page.locator(".nr-progress").inner_text()
    page.locator("#cancel").focus()
    environment = os.environ | {"DATABASE_URL": database_url(), "DJANGO_SETTINGS_MODULE": "netraven.settings"}
    command = [sys.executable, "manage.py", "shell", "-c", WORK]
    worker = subprocess.Popen(command, cwd=settings.BASE_DIR, env=environment, stdout=subprocess.DEVNULL)
    try:
        page.locator(".nr-progress:has-text('Running')").wait_for(timeout=30_000)
        assert page.evaluate("document.activeElement.id") == "cancel", "what is new does not take the focus away"
        page.locator("#said", has_text="The job has ended: failed, 1 completed, 1 failed.").wait_for(timeout=60_000)
    finally:
        worker.wait(60)
    page.locator("#live:not([hx-get])").wait_for(timeout=15_000)
    log = page.locator("#log-rows tr").all_inner_texts()
    assert "Job ended: 1 completed, 1 failed" in log[-1]
    ids = page.locator("#log-rows tr[id]").evaluate_all("rows => rows.map(row => row.id)")
    assert len(ids) == len(set(ids)), "no entry is there twice"
    text = page.locator("#live").inner_text()
    assert text.index(rejected.hostname) < text.index(good.hostname)
    assert "Edit the credential" in text
    assert page.title().startswith("Backup of 2 devices, failed")
    assert told == []
    assert barriers(page) == []
    page.locator("#content").focus()
    while page.evaluate("document.activeElement.id") != "retry":
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.get_by_text("Backup of 1 device requested.").wait_for(timeout=10_000)
    assert page.locator("h1").inner_text().startswith(f"Backup of {rejected.hostname}")
