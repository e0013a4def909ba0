"""What of the secrets in configurations the pages show to whom."""

from collections.abc import Callable
from itertools import pairwise

import pytest
from django.test import Client
from django.urls import reverse

from backups.blocks import MARKER
from backups.models import Backup, JobLog
from devices.models import Platform
from tests.pages.conftest import Network, make_backup

Login = Callable[..., Client]

OLD = "hostname core1\nenable secret hunter-one\nsnmp-server community hunter-two RO\nend\n"
NEW = OLD.replace("hunter-one", "hunter-six")
QUOTE = "The device answered with an error text: enable secret hunter-one"
SECRETS = "backups.view_secrets"


@pytest.fixture
def backups(network: Network) -> tuple[Backup, Backup, Backup]:
    """Two versions of a configuration, between which one secret changed, and an incomplete one that is quoted."""
    job, device = network.job, network.device
    incomplete = {"status": "failed", "failure_reason": "incomplete", "error": QUOTE}
    made = (
        make_backup(job, device, OLD, minutes_ago=6, version=3, changed=True, comments="enable secret hunter-one"),
        make_backup(job, device, NEW, minutes_ago=5, version=4, changed=True),
        make_backup(job, device, OLD + "half\n", minutes_ago=4, **incomplete),
    )
    details = {"reason": "incomplete"}
    JobLog.objects.create(
        job=job, backup=made[2], event="backup_failure", level="error", message=QUOTE, details=details
    )
    return made


def pages_of(network: Network, backups: tuple[Backup, Backup, Backup]) -> list[str]:
    """Every page and every page of the console on which text of a configuration may stand."""
    pages = [("device", network.device.pk), ("job", network.job.pk), ("accept", backups[2].pk)]
    pages += [(page, backup.pk) for page in ("backup", "download") for backup in backups]
    urls = [reverse(f"pages:{page}", args=[pk]) for page, pk in pages]
    diffs = [reverse("pages:diff", args=[old.pk, new.pk]) for old, new in pairwise(backups)]
    urls += [f"{diff}{query}" for diff in diffs for query in ("", "?format=patch", "?volatile=1", "?view=split")]
    urls += [f"{diff}?lines=all" for diff in diffs]
    urls += [reverse("pages:backup", args=[backups[1].pk]) + "?blame=1&find=enable&fold=1"]
    urls += [reverse("admin:backups_backup_change", args=[backup.pk]) for backup in backups]
    urls += [reverse("admin:backups_job_change", args=[network.job.pk]), reverse("admin:backups_backup_changelist")]
    return [*urls, reverse("admin:devices_device_changelist")]


@pytest.mark.parametrize("kind", ["viewer", "reader", "operator"])
def test_no_page_shows_a_secret_to_who_may_not_read_them(
    network: Network, backups: tuple[Backup, Backup, Backup], login: Login, kind: str
) -> None:
    client = login(kind, staff=True)
    for url in pages_of(network, backups):
        for more in ("", "&secrets=1" if "?" in url else "?secrets=1"):
            answer = client.get(url + more)
            assert answer.status_code in (200, 302, 403), url
            assert b"hunter" not in answer.content, url


def test_who_may_read_secrets_sees_them_when_asking(
    network: Network, backups: tuple[Backup, Backup, Backup], login: Login
) -> None:
    client = login("operator", SECRETS, staff=True)
    urls = [url for url in pages_of(network, backups) if url.startswith("/backups/")]
    quoting = [
        reverse(f"pages:{page}", args=[backups[at].pk]) for page, at in (("backup", 0), ("backup", 2), ("accept", 2))
    ]
    assert [url for url in urls if b"hunter" in client.get(url).content and url not in quoting] == []
    raw = [url for url in urls if b"hunter" in client.get(f"{url}{'&' if '?' in url else '?'}secrets=1").content]
    assert len(raw) >= 15
    page = client.get(reverse("pages:backup", args=[backups[1].pk]), {"secrets": "1"}).content.decode()
    assert backups[1].content_hash in page
    assert "Mask secrets" in page
    assert f"{reverse('pages:download', args=[backups[1].pk])}?secrets=1" in page


def test_a_configuration_is_shown_with_markers_and_says_so(
    backups: tuple[Backup, Backup, Backup], login: Login
) -> None:
    page = login("reader").get(reverse("pages:backup", args=[backups[1].pk])).content.decode()
    assert "Secrets are masked" in page
    assert MARKER.findall(page.replace("&lt;", "<").replace("&gt;", ">").partition("nr-listing")[2])
    assert "Show secrets" not in page
    assert backups[1].content_hash not in page


def test_a_download_says_in_its_name_that_it_is_masked(backups: tuple[Backup, Backup, Backup], login: Login) -> None:
    url = reverse("pages:download", args=[backups[1].pk])
    masked, exact = login("reader").get(url), login("reader", SECRETS).get(url, {"secrets": "1"})
    assert exact.content.decode() == NEW
    assert MARKER.sub("*", masked.content.decode()) == (
        "hostname core1\nenable secret *\nsnmp-server community * RO\nend\n"
    )
    assert ".masked.txt" in masked["Content-Disposition"]
    assert ".masked" not in exact["Content-Disposition"]
    assert (masked["X-NetRaven-Masked"], exact["X-NetRaven-Masked"]) == ("true", "false")


def test_a_diff_shows_that_a_secret_changed(backups: tuple[Backup, Backup, Backup], login: Login) -> None:
    client, url = login("reader"), reverse("pages:diff", args=[backups[0].pk, backups[1].pk])
    page = client.get(url).content.decode()
    assert 'class="nr-added">+1</span> <span class="nr-removed">−1' in page
    patch = client.get(url, {"format": "patch"})
    changes = [line for line in patch.content.decode().splitlines()[2:] if line[0] in "+-"]
    assert [MARKER.sub("*", line) for line in changes] == ["-enable secret *", "+enable secret *"]
    assert patch["X-NetRaven-Masked"] == "true"


def test_a_pattern_of_the_platform_is_used(backups: tuple[Backup, Backup, Backup], login: Login) -> None:
    Platform.objects.filter(slug="ios").update(secret_patterns="^hostname (.+)$")
    page = login("reader").get(reverse("pages:download", args=[backups[1].pk])).content.decode()
    assert MARKER.sub("*", page).startswith("hostname *\nenable secret *\n")


def test_who_may_not_read_secrets_sees_patterns_but_changes_none(login: Login) -> None:
    url = reverse("admin:devices_platform_change", args=[Platform.objects.get(slug="ios").pk])
    edit = ("devices.view_platform", "devices.change_platform")
    fields = [
        login("viewer", *edit, *more, staff=True).get(url).content.decode().count('<textarea name="secret_patterns"')
        for more in ((), ("backups.view_config", SECRETS))
    ]
    assert fields == [0, 1]
