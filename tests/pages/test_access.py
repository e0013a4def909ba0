"""Who sees which page."""

import uuid
from collections.abc import Callable

import pytest
from django.contrib.auth.models import Group
from django.test import Client
from django.urls import reverse

from backups.models import Backup, Job
from backups.urls import urlpatterns
from devices.models import Tag
from tests.pages.conftest import Network

Login = Callable[..., Client]

# page: status for nobody (logged in, no permission), viewer, reader, operator, superuser
PAGES = {
    "start": (200, 200, 200, 200, 200),
    "dashboard-jobs": (403, 200, 200, 200, 200),
    "devices": (403, 200, 200, 200, 200),
    "device": (403, 200, 200, 200, 200),
    "back-up-devices": (403, 403, 403, 302, 302),
    "backups": (403, 200, 200, 200, 200),
    "back-up": (403, 403, 403, 302, 302),
    "stale": (403, 200, 200, 200, 200),
    "back-up-stale": (403, 403, 403, 302, 302),
    "compare": (403, 403, 302, 302, 302),
    "backup": (403, 200, 200, 200, 200),
    "download": (403, 403, 200, 200, 200),
    "accept": (403, 403, 403, 200, 200),
    "compare-with": (403, 403, 200, 200, 200),
    "diff-with-previous": (403, 403, 302, 302, 302),
    "diff": (403, 403, 200, 200, 200),
    "host-keys": (403, 200, 200, 200, 200),
    "search": (403, 403, 200, 200, 200),
    "jobs": (403, 200, 200, 200, 200),
    "job": (403, 200, 200, 200, 200),
    "job-live": (403, 200, 200, 200, 200),
    "backup-live": (403, 200, 200, 200, 200),
    "retry": (403, 403, 403, 302, 302),
    "cancel": (403, 403, 403, 200, 200),
}
OPEN = {"logout"}  # Django's own view
# Of no record in particular
LISTS = {"start", "dashboard-jobs", "devices", "back-up-devices", "backups", "jobs", "search", "stale", "back-up-stale"}
BUTTONS = {"back-up", "back-up-devices", "back-up-stale", "retry"}
USERS = ["nobody", "viewer", "reader", "operator", "superuser"]


def address(page: str, network: Network) -> str:
    if page == "host-keys":
        return f"{reverse('pages:host-keys')}?key={network.offered_key.pk}"
    if page in LISTS:
        return reverse(f"pages:{page}")
    arguments = {
        "device": [network.device.pk],
        "back-up": [network.device.pk],
        "compare": [network.device.pk],
        "diff": [network.old.pk, network.new.pk],
        "job": [network.job.pk],
        "job-live": [network.job.pk],
        "retry": [network.job.pk],
        "cancel": [network.job.pk],
        "accept": [network.incomplete.pk],
    }
    return reverse(f"pages:{page}", args=arguments.get(page, [network.new.pk]))


def test_every_page_has_a_row_in_the_table() -> None:
    assert {pattern.name for pattern in urlpatterns} == set(PAGES) | OPEN


@pytest.mark.parametrize("page", PAGES)
def test_the_anonymous_are_sent_to_the_log_in(page: str, network: Network, client: Client) -> None:
    url = address(page, network)
    answer = client.post(url) if page in BUTTONS else client.get(url)
    assert answer.status_code == 302
    assert answer["Location"].startswith(reverse("admin:login"))


@pytest.mark.parametrize(
    ("page", "user", "status"), [(p, u, s) for p, row in PAGES.items() for u, s in zip(USERS, row, strict=True)]
)
def test_pages_follow_permissions(page: str, user: str, status: int, network: Network, login: Login) -> None:
    url = address(page, network)
    client = login(user)
    answer = client.post(url) if page in BUTTONS else client.get(url)
    assert answer.status_code == status
    if status == 200:
        assert "no-store" in answer["Cache-Control"]


@pytest.mark.parametrize("page", sorted(set(PAGES) - LISTS))
def test_what_a_user_does_not_see_is_not_found(page: str, network: Network, login: Login) -> None:
    tag = Tag.objects.create(name="restricted")
    tag.groups.add(Group.objects.create(name="others"))
    network.device.tags.add(tag)
    url = address(page, network)
    client = login("operator")
    answer = client.post(url) if page in BUTTONS else client.get(url)
    assert answer.status_code == 404
    assert network.device.hostname.encode() not in answer.content
    assert network.device.hostname.encode() not in client.get(reverse("pages:devices")).content


@pytest.mark.parametrize("page", sorted(set(PAGES) - LISTS - BUTTONS))
def test_unknown_ids_are_not_found_in_the_same_shell(page: str, network: Network, login: Login) -> None:
    url = address(page, network)
    records = (network.device, network.old, network.new, network.incomplete, network.job, network.offered_key)
    for record in records:
        url = url.replace(str(record.pk), str(uuid.uuid4()))
    answer = login("superuser").get(url)
    assert answer.status_code == 404
    assert b"Go to the dashboard" in answer.content


def test_a_user_without_view_config_sees_no_configuration_text_anywhere(network: Network, login: Login) -> None:
    client = login("viewer", staff=True)
    urls = [address(page, network) for page in ("devices", "device", "backup", "job")]
    urls += [reverse("pages:backup", args=[network.incomplete.pk])]
    urls += [reverse("admin:backups_backup_change", args=[pk]) for pk in (network.incomplete.pk, network.new.pk)]
    urls += [reverse("admin:backups_job_change", args=[network.job.pk]), reverse("admin:backups_backup_changelist")]
    for url in urls:
        answer = client.get(url)
        assert answer.status_code == 200, url
        for text in ("hostname half", "interface Vlan10", "description users"):
            assert text not in answer.content.decode(), url
    reader = login("reader")
    assert "hostname half" in reader.get(address("device", network)).content.decode()


def test_somebody_who_is_not_staff_can_log_in_and_out(network: Network, client: Client, login: Login) -> None:
    user = login("viewer").get(reverse("pages:devices")).wsgi_request.user
    form = {"username": user.get_username(), "password": "only for tests", "next": reverse("pages:devices")}
    answer = client.post(reverse("admin:login"), form)
    assert (answer.status_code, answer["Location"]) == (302, reverse("pages:devices"))
    assert client.get(reverse("pages:devices")).status_code == 200
    client.post(reverse("pages:logout"))
    assert client.get(reverse("pages:devices")).status_code == 302


def test_pressing_back_up_now_makes_a_job_and_leads_to_it(network: Network, login: Login) -> None:
    answer = login("operator").post(address("back-up", network), follow=True)
    backup = Backup.objects.get(status="pending")
    assert backup.job.trigger == Job.Trigger.PAGE
    assert answer.redirect_chain == [(reverse("pages:job", args=[backup.job_id]), 302)]
    assert b"Backup of 1 device requested." in answer.content
    assert b'http-equiv="refresh"' in answer.content


def test_back_up_now_needs_a_post(network: Network, login: Login) -> None:
    assert login("operator").get(address("back-up", network)).status_code == 405
    assert not Backup.objects.active().exists()


def test_back_up_now_needs_the_csrf_token(network: Network, login: Login) -> None:
    client = login("operator")
    client.handler.enforce_csrf_checks = True
    assert client.post(address("back-up", network)).status_code == 403
