"""`python -m netraven.lab.screenshots`: pictures of every page, for docs/images, from a running `make serve`.

It reads the records from the same NETRAVEN_DATA_DIR as the server, and makes itself a session of the first superuser.
"""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from netraven.lab import playground

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext

    from backups.models import Backup

CHROMIUM = "/usr/bin/chromium"
WIDE = (1280, 800)
NARROW = (360, 740)
SCHEDULES = ("week", "console-schedules", "console-schedule", "console-schedule-new", "console-schedule-preview")
PAGES = ("dashboard", "devices", "device", "backup", "blame", "diff", "diff-split", "search", "jobs", "job", "stale")
BOTH_AND_NARROW = (*PAGES, "host-key", *SCHEDULES)  # also dark, and on a narrow screen


def main() -> int:
    """Take all pictures; 0 if each page answered 200."""
    parser = argparse.ArgumentParser(prog="python -m netraven.lab.screenshots", description=__doc__)
    parser.add_argument("--url", default="http://127.0.0.1:8000", help="where NetRaven is served")
    parser.add_argument("--output", type=Path, default=playground.ROOT / "docs" / "images")
    options = parser.parse_args()
    playground.configure(fresh=False)
    paths = dict(page_paths())
    cookie = session_cookie()
    options.output.mkdir(parents=True, exist_ok=True)
    problems = take(options.url, paths, cookie, options.output)
    for problem in problems:
        print(problem, file=sys.stderr)
    return 1 if problems else 0


def page_paths() -> Iterator[tuple[str, str]]:
    """Name and path of each page worth a picture, of the records that show most."""
    from django.urls import reverse

    from backups.models import Backup, Job, LoginAttempt
    from devices.models import Gateway

    changed = Backup.objects.completed().filter(changed=True, version__gt=1).latest("finished_at")
    yield "dashboard", reverse("pages:start")
    yield "devices", reverse("pages:devices")
    yield "device", reverse("pages:device", args=[changed.device_id])
    yield "stale", reverse("pages:stale")
    yield "backup", reverse("pages:backup", args=[changed.pk])
    yield "blame", reverse("pages:backup", args=[changed.pk]) + "?blame=1#configuration"
    yield "diff", _diff_path(changed) + "?view=unified"
    yield "diff-split", _diff_path(changed) + "?view=split"
    yield "search", reverse("pages:search") + "?q=description"
    yield "jobs", reverse("pages:jobs")
    job = Job.objects.filter(backups__failure_reason="incomplete").latest("created_at")
    yield "job", reverse("pages:job", args=[job.pk])
    incomplete = Backup.objects.filter(failure_reason="incomplete").exclude(file_path="").latest("finished_at")
    yield "incomplete", reverse("pages:backup", args=[incomplete.pk])
    yield "accept", reverse("pages:accept", args=[incomplete.pk])
    refused = Backup.objects.filter(failure_reason="security").latest("finished_at")
    yield "refused", reverse("pages:backup", args=[refused.pk])
    offered = refused.device.host_keys.offered().get()
    yield "host-key", f"{reverse('pages:host-keys')}?key={offered.pk}"
    yield from schedule_paths()
    yield "console", reverse("admin:index")
    names = ("devices_device", "devices_platform", "devices_tag", "devices_hostkey", "backups_backup", "backups_job")
    for name in names:
        yield f"console-{name.split('_')[1]}s", reverse(f"admin:{name}_changelist")
    yield "console-hostkey", reverse("admin:devices_hostkey_change", args=[offered.pk])
    gateway = Gateway.objects.get()
    yield "console-gateways", reverse("admin:devices_gateway_changelist")
    yield "console-gateway", reverse("admin:devices_gateway_change", args=[gateway.pk])
    yield "console-workers", reverse("admin:backups_workerprocess_changelist")
    yield "console-audit", reverse("admin:audit_auditentry_changelist")
    yield "console-channel-new", reverse("admin:backups_channel_add")
    yield "console-credentials", reverse("admin:credentials_credential_changelist")
    attempt = LoginAttempt.objects.filter(accepted=True, tag__isnull=False).latest("time")
    yield (
        "console-credential",
        reverse("admin:credentials_credential_change", args=[attempt.credential_id]) + "#log-ins",
    )
    yield "console-tag", reverse("admin:devices_tag_change", args=[attempt.tag_id]) + "#log-ins"
    pair = f"?credential={attempt.credential_id}&device={attempt.device_id}"
    yield "console-login-test", reverse("admin:credentials_credential_test") + pair
    yield "console-device", reverse("admin:devices_device_change", args=[changed.device_id])
    yield "console-backup", reverse("admin:backups_backup_change", args=[incomplete.pk])
    yield "console-job", reverse("admin:backups_job_change", args=[job.pk])


def schedule_paths() -> Iterator[tuple[str, str]]:
    """The coming week, the list, a form, an empty form, and what one will do."""
    from django.urls import reverse

    from scheduling.models import Schedule

    run = Schedule.objects.filter(runs__isnull=False).earliest("created_at")
    page = reverse("admin:scheduling_schedule_change", args=[run.pk])
    names = (reverse("schedules:week"), reverse("admin:scheduling_schedule_changelist"), page)
    yield from zip(SCHEDULES, (*names, reverse("admin:scheduling_schedule_add"), f"{page}#preview"), strict=True)


def session_cookie() -> str:
    """The key of a new session of the first superuser."""
    from django.conf import settings
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.contrib.auth.models import User
    from django.contrib.sessions.backends.db import SessionStore

    user = User.objects.filter(is_superuser=True, is_active=True).order_by("pk").first()
    if user is None:
        sys.exit("netraven: there is no superuser; run `make demo` first")
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[-1]
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.set_expiry(600)
    session.create()
    return str(session.session_key)


def take(url: str, paths: dict[str, str], cookie: str, output: Path) -> list[str]:
    """Save the pictures; the problems met, in words."""
    from playwright.sync_api import sync_playwright

    problems = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        for suffix, size, dark in (("", WIDE, False), ("-dark", WIDE, True), ("-narrow", NARROW, False)):
            context = browser.new_context(
                viewport={"width": size[0], "height": size[1]}, color_scheme="dark" if dark else "light"
            )
            if not suffix:
                problems += _shoot(context, f"{url}/admin/login/", output / "log-in.png")
            context.add_cookies([{"name": "sessionid", "value": cookie, "url": url}])
            for name, path in paths.items():
                if not suffix or name in BOTH_AND_NARROW:
                    problems += _shoot(context, url + path, output / f"{name}{suffix}.png")
            context.close()
        browser.close()
    return problems


def _shoot(context: "BrowserContext", url: str, file: Path) -> list[str]:
    page = context.new_page()
    answer = page.goto(url)
    page.screenshot(path=file)
    page.close()
    return [] if answer and answer.ok else [f"{url} answered {answer.status if answer else 'nothing'}"]


def _diff_path(new: "Backup") -> str:
    from django.urls import reverse

    from backups.models import Backup

    old = Backup.objects.completed().filter(device=new.device_id, version__lt=new.version).latest("finished_at")
    return reverse("pages:diff", args=[old.pk, new.pk])


if __name__ == "__main__":
    sys.exit(main())
